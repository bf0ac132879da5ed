import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beijingIso, beijingMidnight, DAY_MS } from '../domain/clock.ts';
import { CashierError, invalidArgument, type Text } from '../domain/errors.ts';
import { meantOrKnown } from '../domain/nearest.ts';
import type { Channel } from '../events/channel.ts';
import { sumUpNow } from '../events/daily.ts';
import { dayEvent } from '../events/derive.ts';
import { DISABLED_WHY } from '../events/event.ts';
import { lineOf, wordsOf } from '../events/message.ts';
import { type ChannelState, KEPT_MS, type Waiting } from '../ledger/channel-rows.ts';
import { inboxPage, namedChannels, simulatorFolder } from '../open-channels.ts';
import { systemClock } from '../platform/system.ts';
import { type Books, withBooks } from './books.ts';
import { adviceOn, test } from './channel-test.ts';
import type { CommandContext, Typed } from './command.ts';
import type { Say } from './speaker.ts';
import { print, printJson, printTable, tell } from './terminal.ts';

const NONE: Text = {
  zh: '没有配置通知渠道：在 channels.yaml 或 CASHIER_CHANNELS 指向的文件中写明。',
  en: 'No channels are configured: name them in channels.yaml, or in the file of CASHIER_CHANNELS.',
};
/** What is told once more where nobody says since when. */
const REPLAYED_MS = DAY_MS;

/**
 * `mcp-cashier channels [list] | test NAME | enable NAME | replay [NAME] [--since TIME] | summary`, each with `--json`: who is told
 * what happens. Exit code 1 where a test did not arrive.
 */
export async function run(typed: Typed<'channels'>, context: CommandContext): Promise<number> {
  const { values } = typed;
  const [name = ''] = typed.args;
  const { channels = [] } = await namedChannels(await context.config('operator', values));
  if (typed.action === 'list') {
    return withBooks(context, values, 'read', (books) => list(channels, books, values.json, context.say));
  }
  if (typed.action === 'summary') {
    return withBooks(context, values, 'write', (books) => summary(books, values.json, context.say));
  }
  if (typed.action === 'replay') {
    const since = sinceIn(typed.values.since, systemClock.now());
    const those = name === '' ? channels : [named(name, channels)];
    return withBooks(context, values, 'write', (books) =>
      replay(those, since, books, values.json, context.say),
    );
  }
  const channel = named(name, channels);
  if (typed.action === 'test') {
    return withBooks(context, values, 'read', (books) => test(channel, books, values.json, context));
  }
  return withBooks(context, values, 'write', (books) => enable(channel, books, values.json, context.say));
}

interface Listed {
  readonly channel: Channel;
  /** undefined: no server has told it anything yet. */
  readonly state: ChannelState | undefined;
  readonly waiting: Waiting;
}

async function list(
  channels: readonly Channel[],
  { ledger, where, announce, settings }: Books,
  json: boolean,
  say: Say,
): Promise<number> {
  const listed = await ledger.read(async ({ outbox }) => {
    const states = await outbox.states(channels.map(({ name }) => name));
    const found: Listed[] = [];
    for (const channel of channels) {
      const waiting = await outbox.waiting(channel.name);
      found.push({ channel, state: states.get(channel.name), waiting });
    }
    return found;
  });
  if (json) {
    printJson({ ...where, file: settings.channelsFile ?? null, items: listed.map(asJson) });
    return 0;
  }
  announce();
  if (channels.length === 0) {
    tell(say, NONE);
    const folder = simulatorFolder(settings);
    if (settings.realm === 'simulator' && existsSync(join(folder, 'simulator.db'))) {
      const page = await inboxPage(folder);
      tell(say, {
        zh: `模拟环境的消息在这里看（服务器运行时能打开）：${page}`,
        en: `In the simulator, messages stand here (it opens while a server runs): ${page}`,
      });
    }
    return 0;
  }
  printTable([
    say.row('名称|种类|通知什么|状态|等待|最早|上次送达', 'name|kind|told of|state|waiting|oldest|last told'),
    ...listed.map(({ channel, state, waiting }) => [
      channel.name,
      channel.kind.id,
      channel.events.join(' '),
      stateSaid(state, say),
      String(waiting.count),
      instant(waiting.since),
      instant(state?.toldAt),
    ]),
  ]);
  for (const one of listed) remarks(one, say);
  return 0;
}

/** What a person should do. */
function remarks({ channel: { name }, state, waiting }: Listed, say: Say): void {
  if (state?.disabledAt !== undefined) {
    const why = DISABLED_WHY.find((one) => one === state.disabledWhy) ?? 'unreachable';
    const advice = adviceOn(name, why);
    tell(say, { zh: `✘ ${name}：${advice.zh}`, en: `✘ ${name}: ${advice.en}` });
  }
  if (waiting.refused > 0) {
    tell(say, {
      zh: `⚠ ${name}：7 天内有 ${waiting.refused} 条没有被接收，不再重发；对方收不了，或是我们的错误，日志中有原因。`,
      en: `⚠ ${name}: ${waiting.refused} were not taken within 7 days and are not sent again: the receiver's fault, or ours; the log says why.`,
    });
  }
}

type StateName = 'new' | 'disabled' | 'failing' | 'ok';

function stateOf(state: ChannelState | undefined): StateName {
  if (state === undefined) return 'new';
  if (state.disabledAt !== undefined) return 'disabled';
  return state.failures > 0 ? 'failing' : 'ok';
}

function stateSaid(state: ChannelState | undefined, say: Say): string {
  return {
    new: () => say.line('还没有用过', 'not used yet'),
    disabled: () => say.line(`已停用（${state?.disabledWhy}）`, `disabled (${state?.disabledWhy})`),
    failing: () =>
      say.line(`没有送达，将重试（${state?.failures} 次）`, `failing, tried again (${state?.failures})`),
    ok: () => say.line('正常', 'ok'),
  }[stateOf(state)]();
}

function asJson({ channel, state, waiting }: Listed) {
  const iso = (ms: number | undefined) => (ms === undefined ? null : beijingIso(ms));
  return {
    ...{ name: channel.name, kind: channel.kind.id, events: channel.events, lang: channel.language },
    state: stateOf(state),
    disabledWhy: state?.disabledWhy ?? null,
    disabledAt: iso(state?.disabledAt),
    failingSince: iso(state?.failingSince),
    lastToldAt: iso(state?.toldAt),
    ...{ waiting: waiting.count, oldestWaitingAt: iso(waiting.since), refused: waiting.refused },
  };
}

async function enable(
  { name }: Channel,
  { ledger, where, announce }: Books,
  json: boolean,
  say: Say,
): Promise<number> {
  const enabled = await ledger.as({ actor: 'operator', tool: 'channels enable' }).write(async (book) => {
    const wasDisabled = await book.outbox.enable(name);
    if (wasDisabled) await book.audit.append({ kind: 'channel-enabled', detail: { channel: name } });
    return wasDisabled;
  });
  if (json) {
    printJson({ ...where, name, enabled });
    return 0;
  }
  announce();
  print(
    enabled
      ? say.line(
          `✔ 已恢复 ${name}：停用期间（至多 7 天）的事件会补发`,
          `✔ ${name} is enabled: it is told what it has missed, of 7 days at most`,
        )
      : say.line(`${name} 没有停用`, `${name} was not disabled`),
  );
  return 0;
}

async function replay(
  channels: readonly Channel[],
  since: number,
  { ledger, where, announce }: Books,
  json: boolean,
  say: Say,
): Promise<number> {
  const names = channels.map(({ name }) => name);
  await ledger.as({ actor: 'operator', tool: 'channels replay' }).write(async (book) => {
    const seq = await book.trail.before(since);
    for (const name of names) {
      await book.outbox.replay(name, seq);
      await book.audit.append({ kind: 'channel-replayed', detail: { channel: name, since } });
    }
  });
  if (json) {
    printJson({ ...where, names, since: beijingIso(since) });
    return 0;
  }
  announce();
  if (names.length === 0) tell(say, NONE);
  for (const name of names) {
    print(
      say.line(
        `✔ ${name} 会再次收到 ${beijingIso(since)} 以来的事件（由运行中的服务器发送）`,
        `✔ ${name} is told again what has happened since ${beijingIso(since)}, by a running server`,
      ),
    );
  }
  return 0;
}

/** Tells everybody what today has come to so far, as each morning says it of the day before. */
async function summary(
  { ledger, where, announce, settings }: Books,
  json: boolean,
  say: Say,
): Promise<number> {
  const now = systemClock.now();
  const sum = await sumUpNow(ledger.as({ actor: 'operator', tool: 'channels summary' }), now);
  const event = dayEvent(sum, now, settings.realm === 'simulator');
  if (json) {
    printJson({ ...where, ...event.data });
    return 0;
  }
  announce();
  const { title, facts } = wordsOf(
    { messages: [event], language: say.language, payee: undefined, attempt: 0 },
    now,
  );
  print(title);
  for (const fact of facts) print(`  ${lineOf(fact, say.language)}`);
  tell(say, {
    zh: '运行中的服务器会发给各个渠道。',
    en: 'A running server tells it to every channel.',
  });
  return 0;
}

function instant(ms: number | undefined): string {
  return ms === undefined ? '-' : beijingIso(ms);
}

/** An instant (ms) as a person types it: a day or a time, of Beijing where it says no zone. */
function sinceIn(text: string | undefined, now: number): number {
  if (text === undefined) return now - REPLAYED_MS;
  const [, time] =
    /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:Z|[+-]\d{2}:?\d{2})?$/.exec(text) ?? [];
  const zoned = time === text ? `${text}+08:00` : text;
  const since = time === undefined ? beijingMidnight(text) : Date.parse(zoned.replace(' ', 'T'));
  const isUsable = since !== undefined && !Number.isNaN(since) && since <= now && since >= now - KEPT_MS;
  if (isUsable) return since;
  throw invalidArgument(
    'since',
    {
      zh: '--since 要写 7 天以内的时间，例如 2026-11-28 或 2026-11-28T09:30+08:00。',
      en: '--since takes a time of the last 7 days, such as 2026-11-28 or 2026-11-28T09:30+08:00.',
    },
    { zh: '', en: '' },
  );
}

function named(name: string, channels: readonly Channel[]): Channel {
  const channel = channels.find((one) => one.name === name);
  if (channel) return channel;
  const names = channels.map((one) => one.name);
  throw new CashierError('INVALID_ARGUMENT', {
    zh: `没有名为 ${name.slice(0, 40)} 的通知渠道。`,
    en: `There is no channel called ${name.slice(0, 40)}.`,
    next: meantOrKnown(name, names, {
      zh: '还没有配置通知渠道（CASHIER_CHANNELS）。',
      en: 'No channels are configured (CASHIER_CHANNELS).',
    }),
  });
}
