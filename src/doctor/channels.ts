import type { Config } from '../config.ts';
import type { Text } from '../domain/errors.ts';
import type { Channel } from '../events/channel.ts';
import { CHANNELS_VARIABLE, readChannels } from '../events/channels-file.ts';
import { NotSent } from '../events/kinds/kind.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Finding, ok, refusal, warning } from '../providers/finding.ts';
import { openFile } from './env-file.ts';
import type { DoctorPorts } from './ports.ts';

const variable = CHANNELS_VARIABLE;

/** Who is told what happens: the file, and whether somebody answers where each channel leads. */
export async function* examineChannels(
  config: Config,
  { reach }: Pick<DoctorPorts, 'reach'>,
): AsyncIterable<Finding> {
  const { channelsFile, language } = config;
  if (channelsFile === undefined) {
    yield nobody(config);
    return;
  }
  let channels: readonly Channel[];
  try {
    ({ channels } = await readChannels(channelsFile, language));
  } catch (thrown) {
    yield refusal(thrown, () => 'channels.unusable');
    return;
  }
  yield* openFile(variable, channelsFile);
  yield ok('channels.file', {
    variable,
    zh: `通知渠道文件 ${channelsFile} 正确，有 ${channels.length} 个渠道。`,
    en: `The channels file ${channelsFile} is valid, with ${channels.length} channels.`,
  });
  if (reach !== undefined) yield* await Promise.all(channels.map((channel) => examineReach(channel, reach)));
}

/** The channels of the file that the ledger knows to be off. */
export async function* examineSilent(
  ledger: Ledger,
  { channelsFile, language }: Config,
): AsyncIterable<Finding> {
  if (channelsFile === undefined) return;
  // What is wrong with the file is said where it is looked at.
  const { channels } = await readChannels(channelsFile, language).catch(() => ({ channels: [] }));
  const names = channels.map(({ name }) => name);
  const states = await ledger.read(({ outbox }) => outbox.states(names));
  for (const name of names) {
    const { disabledAt, disabledWhy = '' } = states.get(name) ?? {};
    if (disabledAt !== undefined) yield silent(name, disabledWhy);
  }
}

function nobody({ embeddedSimulator }: Config): Finding {
  if (embeddedSimulator) {
    return ok('channels.inbox', {
      variable,
      zh: '没有通知渠道文件：模拟环境的消息都进模拟器的收件箱，地址见 mcp-cashier channels。',
      en: 'There is no channels file: in the simulator all messages go to its inbox; mcp-cashier channels says where that is.',
    });
  }
  return ok('channels.none', {
    variable,
    zh: '没有通知渠道：有审批等待时，没有人会收到消息，15 分钟后过期。',
    en: 'There are no channels: nobody is told of an approval that waits, and it expires after 15 minutes.',
    remedy: [
      '写一个 channels.yaml，例如把消息发到飞书、钉钉或企业微信群（见 docs/zh-CN/channels.md）。',
      'Write a channels.yaml, say for a group chat of Feishu, DingTalk or WeCom (see docs/channels.md).',
    ],
  });
}

/** Whether somebody answers; nothing is told. An address is never quoted. */
async function examineReach(
  { name, url, allowPrivate }: Channel,
  reach: NonNullable<DoctorPorts['reach']>,
): Promise<Finding> {
  try {
    await reach(url, { allowPrivate, signal: new AbortController().signal });
    return ok('channels.reached', {
      variable,
      zh: `渠道 ${name} 的主机有应答；mcp-cashier channels test ${name} 会给它发一条测试消息。`,
      en: `The host of the channel ${name} answers; mcp-cashier channels test ${name} sends it a word.`,
    });
  } catch (thrown) {
    if (!(thrown instanceof NotSent)) throw thrown;
    if (thrown.code === 'not-allowed') return inside(name);
    return warning('channels.unreachable', {
      variable,
      zh: `从本机访问不到渠道 ${name} 的主机（${thrown.message}）。`,
      en: `The host of the channel ${name} cannot be reached from here (${thrown.message}).`,
      remedy: [
        '检查地址、网络、代理和证书；消息会一直等到能送达。',
        'See to its address, the network, the proxy and the certificate; messages wait until they can be delivered.',
      ],
    });
  }
}

function inside(name: string): Finding {
  return warning('channels.inside', {
    variable,
    zh: `渠道 ${name} 的主机名指向本机或内网地址，消息不会发往那里。`,
    en: `The host of the channel ${name} has an address of this machine or an inner network; nothing is sent there.`,
    remedy: [
      '如果确实在自己的内网（或代理软件改写了域名解析），在这个渠道写 allowPrivate: true。',
      'If it does stand in a network of yours (or a proxy program rewrites names), write allowPrivate: true for this channel.',
    ],
  });
}

const WHY: Readonly<Record<string, Text>> = {
  'wrong-key': { zh: '地址或密钥不正确', en: 'its address or key is wrong' },
  removed: { zh: '机器人或接收端已被移除', en: 'its robot or endpoint has been removed' },
  refused: {
    zh: '平台不收（关键词或 IP 白名单）',
    en: 'it is refused there (keywords or a list of addresses)',
  },
  unreachable: { zh: '很久没有一条消息送达', en: 'nothing has arrived there for a long time' },
};

function silent(name: string, why: string): Finding {
  const said = Object.hasOwn(WHY, why) ? WHY[why] : undefined;
  return warning('channels.disabled', {
    variable,
    zh: `渠道 ${name} 已停用：${said?.zh ?? why}。`,
    en: `The channel ${name} is off: ${said?.en ?? why}.`,
    remedy: [
      `改正后执行 mcp-cashier channels enable ${name}。`,
      `Mend it, then run mcp-cashier channels enable ${name}.`,
    ],
  });
}
