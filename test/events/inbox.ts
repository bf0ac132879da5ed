import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { egress } from '../../src/events/egress.ts';
import type { Judged, KindId, OpenChannel, Telling } from '../../src/events/kinds/kind.ts';
import { KINDS } from '../../src/events/kinds/registry.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { RECEIVERS } from '../../src/simulator/inbox/receivers.ts';
import { openSimulator, type Simulator } from '../../src/simulator/index.ts';
import type { Arrived, Refusal, Shown } from '../../src/simulator/state/inbox.ts';
import { lendKeys } from '../support/lent-keys.ts';
import { NOW } from './telling.ts';

/** Everybody who takes messages, at the simulator, and a clock for both sides. */
export interface Inbox {
  readonly simulator: Simulator;
  /** ms, of the receivers and of who tells. */
  at: number;
  /** Sends, and says what came of it. `secret`: another one than the robot's. */
  tell(kind: KindId, box: string, what: Telling, now?: number, secret?: string): Promise<Judged>;
  /** The same with nothing between the two: what a phone would show of it, or why it is refused. */
  shown(kind: KindId, what: Telling): Shown | Refusal;
  /** What arrived, the newest first. */
  messages(): Promise<readonly Arrived[]>;
  close(): Promise<void>;
}

export async function openInbox(): Promise<Inbox> {
  const folder = await mkdtemp(join(tmpdir(), 'inbox-'));
  await lendKeys(folder);
  let at = NOW;
  const clock = { now: () => at, sleep: systemClock.sleep };
  const simulator = await openSimulator({
    folder: join(folder, 'simulator'),
    clock,
    randomBytes: systemRandom,
  });
  await simulator.serve();
  const send = egress();
  return {
    simulator,
    get at() {
      return at;
    },
    set at(ms) {
      at = ms;
    },
    async tell(kind, box, what, now = at, secret) {
      const opened = openAt(simulator, kind, box, secret);
      const request = opened.compose(what, now);
      const how = { allowPrivate: false, signal: new AbortController().signal };
      return opened.judge(await send(request, how), now);
    },
    shown(kind, what) {
      const { secret = '' } = simulator.inboxOf(kind, 'read');
      const { url, headers, body } = openAt(simulator, kind, 'read').compose(what, at);
      const target = url.slice(simulator.origin.length);
      const incoming = { method: 'POST', target, headers, body: Buffer.from(body) };
      const receiver = RECEIVERS.find((one) => one.kind === kind);
      if (!receiver) throw new Error(`nobody takes ${kind}`);
      return receiver.read(incoming, secret, at);
    },
    async messages() {
      const answer = await fetch(`${simulator.origin}/control/inbox`, {
        headers: { 'x-simulator-control': '1' },
      });
      return ((await answer.json()) as { messages: Arrived[] }).messages;
    },
    async close() {
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A channel that leads to a box. */
export function openAt(simulator: Simulator, kind: KindId, box: string, other?: string): OpenChannel {
  const { url, secret } = simulator.inboxOf(kind, box);
  const opened = KINDS[kind].open({ url: new URL(url), secret: other ?? secret });
  if ('wrong' in opened) throw new Error(opened.text.en);
  return opened;
}
