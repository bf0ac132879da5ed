import { afterEach, expect, it } from 'vitest';
import type { Deliverer } from '../../src/events/courier.ts';
import { EVENT_KINDS, laneOf, typeOf } from '../../src/events/derive.ts';
import type { ChannelKind } from '../../src/events/kinds/kind.ts';
import { RETRY_AFTER_MS } from '../../src/events/kinds/robots.ts';
import type { AuditRecord } from '../../src/ledger/records.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { Person } from '../../src/persons/person.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { freeze, unfreeze } from '../../src/policy/decisions.ts';
import { CANARY, channel, deliver, Endpoint, type Heard, kind } from '../support/channels.ts';
import { pick } from '../support/virtual-time.ts';
import { CALL, DEFAULTS, payment, refund, World } from '../support/world.ts';

/** So many in every run; `SCHEDULES` for as many as one likes, `SCHEDULES_SEED` for the first of them. */
const SCHEDULES = Number(process.env.SCHEDULES ?? 12);
const FIRST = Number(process.env.SCHEDULES_SEED ?? 1);
const ORDERS = ['ORDER_1', 'ORDER_2', 'ORDER_3', 'ORDER_4'];
/** Longer than any channel is given up to be well again. */
const WEEK_MS = 6 * 86_400_000;

let world: World;
afterEach(() => world.end());

/** A log that says nothing which must not be said, for whoever looks afterwards. */
function listening() {
  const lines: string[] = [];
  const note = (...said: unknown[]) => void lines.push(JSON.stringify(said));
  return { lines, log: { info: note, warn: note, error: note } };
}

it.each(Array.from({ length: SCHEDULES }, (_, i) => FIRST + i))(
  'schedule %i: all that was committed is told, and nothing else',
  async (seed) => {
    world = new World(seed);
    const { random, clock } = world;
    const endpoint = new Endpoint(clock);
    const { lines, log } = listening();
    const of = (limits: ChannelKind['limits'], sumsUp = false) =>
      kind({ limits, sumsUp, retryAfterMs: RETRY_AFTER_MS });
    const channels = [
      channel('all', { kind: of({ bytes: 20_000 }) }),
      channel('sums', { kind: of({ perMinute: 20, bytes: 20_000 }, true) }),
      channel('paid', {
        events: ['payment.paid', 'payment.late'],
        kind: of({ atOnce: 4, bytes: 20_000 }),
      }),
      // Nothing ever arrives there, and nobody is kept waiting by it.
      channel('dead', { kind: kind({ retryAfterMs: [5_000, 60_000] }) }),
    ];
    const ill = new Map<string, number>();
    endpoint.answer = async (name) => {
      await clock.sleep(Math.floor(random() * 2_000));
      if (name === 'dead') return random() < 0.5 ? 'silent' : { status: 500 };
      const isIll = (ill.get(name) ?? 0) > clock.now();
      if (!isIll) {
        if (random() < 0.2) ill.set(name, clock.now() + Math.floor(random() * 120_000));
        if (random() < 0.1) return 'silent';
        return random() < 0.05 ? { status: 429, body: JSON.stringify({ is: 'again', afterMs: 45_000 }) } : {};
      }
      return random() < 0.5 ? 'silent' : { status: 500 };
    };
    const till = { ...(await world.process(DEFAULTS)), log };
    const person = await Person.bySecret(till.ledger, 'simulator', undefined, 'terminal');
    type Running = { stop(): Promise<void>; readonly dead: { isDead: boolean } };
    const start = async (from: Till): Promise<Running> => {
      const dead = { isDead: false };
      const lost = new Promise<never>(() => undefined);
      // Of a process that was killed nothing more is heard, at the ledger or outside.
      const send: Deliverer['send'] = async (request, how) => {
        if (dead.isDead) return lost;
        const answer = await endpoint.send(request, how);
        return dead.isDead ? lost : answer;
      };
      const clockOf = {
        now: () => clock.now(),
        sleep: (ms: number, signal?: AbortSignal) => (dead.isDead ? lost : clock.sleep(ms, signal)),
      };
      const running = await deliver({ ...from, clock: clockOf }, endpoint, channels, { send, notices: true });
      return { ...running, dead };
    };
    let running = [await start(till)];
    const acts: readonly (() => Promise<unknown>)[] = [
      async () => createPayment(till, CALL, payment({ outTradeNo: pick(ORDERS, random) })),
      async () => world.bank.pay(pick(ORDERS, random)),
      async () => queryPayment(till, CALL, { outTradeNo: pick(ORDERS, random), waitSeconds: 0 }),
      async () => closePayment(till, CALL, { outTradeNo: pick(ORDERS, random) }),
      async () =>
        refundPayment(
          till,
          CALL,
          refund({ outTradeNo: pick(ORDERS, random), outRefundNo: `R${Math.floor(random() * 9)}` }),
        ),
      async () => {
        const [asked] = await till.ledger.read((book) => book.approvals.open());
        const decision = { approve: random() < 0.6, reason: 'as it is' };
        if (asked && random() < 0.7)
          await till.ledger.write((book) => decideApproval(book, person, asked.id, decision, clock.now()));
      },
      async () => till.ledger.write((book) => freeze(book, 'cli', undefined)),
      async () => till.ledger.write((book) => unfreeze(book, person, false)),
      async () => clock.sleep(Math.floor(random() * 90_000)),
      async () => {
        const [first, ...others] = running;
        if (first) first.dead.isDead = true;
        running = [...others, await start({ ...(await world.process(DEFAULTS)), log })];
      },
      async () => {
        if (running.length < 3) running.push(await start({ ...(await world.process(DEFAULTS)), log }));
      },
      async () => {
        const [first, ...others] = running;
        await first?.stop();
        running = [...others, await start({ ...(await world.process(DEFAULTS)), log })];
      },
    ];
    for (let i = 0; i < 25; i++) {
      await pick(acts, random)().catch(() => undefined);
      await clock.sleep(Math.floor(random() * 4_000));
    }
    // In the end everybody is well but the one that never is.
    endpoint.answer = async (name) => (name === 'dead' ? { status: 500 } : {});
    const committed = await till.ledger.read(async ({ trail }) =>
      trail.between(0, await trail.head(), EVENT_KINDS),
    );
    const due = (name: string) =>
      expected(committed, channels.find((one) => one.name === name)?.events ?? []);
    const isTold = () =>
      ['all', 'sums', 'paid'].every((name) => {
        const told = new Set(endpoint.of(name).map(({ seq }) => seq));
        return due(name).every(({ seq }) => told.has(seq));
      });
    const end = clock.now() + WEEK_MS;
    while (!isTold() && clock.now() < end) await clock.sleep(30_000);
    for (const one of running) if (!one.dead.isDead) await one.stop();

    for (const name of ['all', 'sums', 'paid']) {
      const told = endpoint.of(name);
      const wanted = due(name);
      const missing = wanted.filter(({ seq }) => !told.some((one) => one.seq === seq));
      expect({ name, missing }).toEqual({ name, missing: [] });
      // None that did not happen, each with what it is.
      const known = new Map(wanted.map((record) => [record.seq, record]));
      for (const one of told) {
        const record = known.get(one.seq);
        if (record === undefined && one.seq <= (committed.at(-1)?.seq ?? 0))
          throw new Error(`${name}: ${JSON.stringify(one)}`);
        if (record) expect(one.type).toBe(typeOf(record));
      }
      expect(inOrder(told, known)).toEqual([]);
    }
    expect(endpoint.of('dead')).toEqual([]);
    // Nothing of where they are told stands anywhere.
    const trail = await till.ledger.read((book) => book.audit.after(0, 100_000));
    expect(lines.join('\n')).not.toContain(CANARY);
    expect(JSON.stringify(trail)).not.toContain(CANARY);
  },
  240_000,
);

function expected(committed: readonly AuditRecord[], events: readonly string[]): readonly AuditRecord[] {
  return committed.filter((record) => {
    const type = typeOf(record);
    if (type === undefined || type === 'channel.disabled') return false;
    return events.includes('*') || events.includes(type);
  });
}

/** Of each lane: what was told for the first time after something later of it had been. */
function inOrder(told: readonly Heard[], known: ReadonlyMap<number, AuditRecord>): readonly Heard[] {
  const first = new Map<number, number>();
  for (const [i, { seq }] of told.entries()) if (!first.has(seq)) first.set(seq, i);
  return told.filter(({ seq }, i) => {
    const record = known.get(seq);
    if (!record || first.get(seq) !== i) return false;
    const type = typeOf(record);
    const lane = type && laneOf(record, type);
    return told.slice(0, i).some((earlier) => {
      const other = known.get(earlier.seq);
      const otherType = other && typeOf(other);
      return (
        other !== undefined &&
        otherType !== undefined &&
        laneOf(other, otherType) === lane &&
        earlier.seq > seq
      );
    });
  });
}
