import { bark } from './bark.ts';
import { dingtalk } from './dingtalk.ts';
import { feishu, lark } from './feishu.ts';
import type { ChannelKind, KindId } from './kind.ts';
import { serverchan } from './serverchan.ts';
import { webhook } from './webhook.ts';
import { wecom } from './wecom.ts';

/** Every kind of channel: another one is a file and an entry here. */
export const KINDS: Readonly<Record<KindId, ChannelKind>> = {
  ...{ feishu, lark, dingtalk, wecom },
  ...{ bark, serverchan, webhook },
};
