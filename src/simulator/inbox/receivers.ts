import { DINGTALK } from './dingtalk.ts';
import { FEISHU, LARK } from './feishu.ts';
import { BARK, SERVERCHAN } from './push.ts';
import type { Receiver } from './receiver.ts';
import { WEBHOOK } from './webhook.ts';
import { WECOM } from './wecom.ts';

/** Everybody who takes messages for the merchant. */
export const RECEIVERS: readonly Receiver[] = [FEISHU, LARK, DINGTALK, WECOM, BARK, SERVERCHAN, WEBHOOK];
