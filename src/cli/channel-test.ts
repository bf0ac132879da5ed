import type { Text } from '../domain/errors.ts';
import type { Channel } from '../events/channel.ts';
import { egress } from '../events/egress.ts';
import type { CashierEvent, DisabledWhy } from '../events/event.ts';
import { eventWords } from '../events/event-words.ts';
import { type Judged, NotSent } from '../events/kinds/kind.ts';
import { outgoingProxyOf } from '../platform/outgoing-proxy.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import type { Books } from './books.ts';
import type { CommandContext } from './command.ts';
import { print, printJson, tell } from './terminal.ts';

/** Sends one message that says that it works; whether the channel is disabled changes nothing of that. */
export async function test(
  channel: Channel,
  { ledger, settings, where, announce }: Books,
  json: boolean,
  { env, signal, say }: CommandContext,
): Promise<number> {
  const now = systemClock.now();
  const simulated = settings.realm === 'simulator';
  const event: CashierEvent = {
    id: `evt_test_${systemRandom(9).toString('hex')}`,
    ...{ seq: 0, type: 'channel.test', at: now },
    data: { channel: channel.name, simulated },
  };
  const { language, opened, allowPrivate } = channel;
  const told = { messages: [event], language, payee: settings.merchantName, attempt: 0 } as const;
  const judged = await egress({ proxy: outgoingProxyOf(env) })(opened.compose(told, now), {
    ...{ allowPrivate, signal },
  }).then(
    (answer): Judged => opened.judge(answer, systemClock.now()),
    (error: unknown): Judged => {
      if (error instanceof NotSent) return { is: 'again', code: error.code };
      throw error;
    },
  );
  const arrived = judged.is === 'delivered';
  const code = 'code' in judged ? (judged.code ?? null) : null;
  const isDisabled = await ledger.read(
    async ({ outbox }) => (await outbox.states([channel.name])).get(channel.name)?.disabledAt !== undefined,
  );
  if (json) {
    const why = judged.is === 'disable' ? judged.why : null;
    printJson({ ...where, name: channel.name, delivered: arrived, why, code, disabled: isDisabled });
    return arrived ? 0 : 1;
  }
  announce();
  if (arrived) {
    print(say.line(`✔ ${channel.name} 已收到`, `✔ ${channel.name} has taken it`));
    if (isDisabled) {
      tell(say, {
        zh: `渠道仍停用。恢复：mcp-cashier channels enable ${channel.name}`,
        en: `It is disabled still. To enable it: mcp-cashier channels enable ${channel.name}`,
      });
    }
    return 0;
  }
  const why = whyNot(channel.name, judged);
  print(say.line(`✘ ${channel.name} 没有收到：${why.zh}`, `✘ ${channel.name} did not take it: ${why.en}`));
  return 1;
}

/** What to do about a channel that is silent. */
export function adviceOn(name: string, why: DisabledWhy): Text {
  const { advice = { zh: why, en: why } } = eventWords('channel.disabled', { why, simulated: false });
  return {
    zh: advice.zh.replaceAll('{channel}', name),
    en: advice.en.replaceAll('{channel}', name),
  };
}

/** Why a test has not arrived, and what to do. */
function whyNot(name: string, judged: Judged): Text {
  const code = 'code' in judged && judged.code !== undefined ? judged.code : '-';
  const coded = { zh: `（${code}）`, en: ` (${code})` };
  if (judged.is === 'disable') {
    const advice = adviceOn(name, judged.why);
    return { zh: `${advice.zh}${coded.zh}`, en: `${advice.en}${coded.en}` };
  }
  const known: Readonly<Record<string, Text>> = {
    timeout: { zh: '15 秒内没有回答', en: 'no answer within 15 seconds' },
    network: {
      zh: '连接不上：检查地址、网络和代理',
      en: 'it cannot be reached: see to address, network and proxy',
    },
    'not-allowed': {
      zh: '不允许连接这个地址：内网地址需要 allowPrivate: true',
      en: 'this address must not be connected to: one inside your network needs allowPrivate: true',
    },
    redirect: {
      zh: '对方要求跳转，跳转从不跟随：写最终地址',
      en: 'it redirects, which is never followed: write the final address',
    },
    'too-long': { zh: '回答过长', en: 'its answer is too long' },
  };
  return known[code] ?? { zh: `对方拒绝${coded.zh}`, en: `it was refused${coded.en}` };
}
