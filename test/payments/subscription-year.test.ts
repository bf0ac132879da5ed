import { expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/clock.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Book } from '../../src/ledger/book.ts';
import { mayCharge } from '../../src/ledger/subscription-machine.ts';
import type { PeriodRecord, SubscriptionRecord } from '../../src/ledger/subscription-records.ts';
import { spanOf } from '../../src/payments/agreements/calendar.ts';
import { cancelSubscription } from '../../src/payments/agreements/cancel-subscription.ts';
import { createSubscription } from '../../src/payments/agreements/create-subscription.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import type { Till } from '../../src/payments/till.ts';
import { freeze, unfreeze } from '../../src/policy/decisions.ts';
import { FAULTS, type Fault } from '../support/bank.ts';
import { Dice } from '../support/dice.ts';
import { hasPostgres } from '../support/postgres.ts';
import { seeds } from '../support/seeds.ts';
import { postgresMark } from '../support/skipped.ts';
import { CALL, person, World } from '../support/world.ts';

/** `SUBSCRIPTION_YEAR=1000` plays a whole year of so many; else a share of it is. */
const ALL = process.env.SUBSCRIPTION_YEAR;
const SHORT = { size: 24, days: 100 };
/** PostgreSQL takes its time. */
const SHORTER = { size: 6, days: 30 };
const [SQLITE, POSTGRES] = ALL
  ? [
      { size: Number(ALL), days: 366 },
      { size: Math.ceil(Number(ALL) / 10), days: 366 },
    ]
  : [SHORT, SHORTER];
const PROCESSES = 3;
const HOUR_MS = 3_600_000;
/** How far time jumps at once, and how late an end may so be learned of: with a look that nobody has answered. */
const JUMP_MS = 5 * HOUR_MS;
const LEARNED_WITHIN_MS = 2 * JUMP_MS + HOUR_MS;
const PERIODS = ['P7D', 'P10D', 'P2W', 'P30D', 'P1M', 'P1M', 'P1M', 'P2M', 'P3M', 'P1Y'];

const NEVER_ARRIVES: readonly Fault[] = ['lost-before', 'unavailable', 'crash-before'];

/** Who ends a subscription on any of its days: mostly nobody. */
const ENDS = [...Array.from({ length: 1_000 }, () => 'nobody'), 'caller', 'subscriber'];

/** One subscriber, and what has happened to them beside the ledger. */
interface Life {
  readonly no: string;
  /** Of the order that was both paid and signed by, where that is how they agreed. */
  readonly first: string | undefined;
  /** Spans (ms) in which there was no money in the account. */
  readonly poor: { from: number; to: number }[];
  /** When (ms) a cancel was answered. */
  cancelledAt?: number;
}

interface Extent {
  readonly size: number;
  readonly days: number;
}

class Year {
  readonly extent: Extent;
  readonly world: World;
  readonly dice: Dice;
  readonly lives: Life[] = [];
  /** When (ms) charges left, by the number of their order. */
  readonly sent: { readonly number: string; readonly at: number }[] = [];
  /** When (ms) charges left that never arrived, and, where they left once more, after how long (ms). */
  readonly unheard = new Map<string, number>();
  readonly unheardFor: number[] = [];
  readonly frozen: { from: number; to: number }[] = [];
  readonly running: { readonly till: Till; readonly stop: AbortController }[] = [];
  readonly unexpected: unknown[] = [];
  #first: Till | undefined;
  #isFrozen = false;
  /** Requests that have left and are yet to arrive: time does not jump over them. */
  #onTheirWay = 0;

  constructor(seed: number, store: 'sqlite' | 'postgres', extent: Extent) {
    this.extent = extent;
    this.world = new World(7000 + seed, store);
    this.world.bank.hasAgreements = true;
    this.dice = Dice.of(seed, 1);
  }

  get first(): Till {
    if (!this.#first) throw new Error('nobody');
    return this.#first;
  }

  async start(): Promise<void> {
    const made = await this.world.process();
    this.#first ??= made;
    this.running.push({ till: made, stop: this.world.serveSubscriptions(made) });
  }

  /** Whoever has died is followed by another. */
  async revive(): Promise<void> {
    for (const process of [...this.running]) {
      const { senders } = process.till;
      if (senders.mayBeAlive(senders.next())) continue;
      process.stop.abort();
      this.running.splice(this.running.indexOf(process), 1);
      await this.start();
    }
  }

  stop(): void {
    for (const { stop } of this.running.splice(0)) stop.abort();
  }

  /** Bad weather: a share of all exchanges goes wrong, and answers take their time, but no longer than they are waited for. */
  storm(): void {
    const { bank, clock } = this.world;
    bank.fault = (operation, number) => {
      const fault = this.dice.chance(0.25) ? this.dice.pick(FAULTS) : 'none';
      if (operation === 'charge') this.left(number, fault);
      return fault;
    };
    bank.delay = async () => {
      this.#onTheirWay += 1;
      await clock.sleep(this.dice.below(this.dice.chance(0.9) ? 300 : 20_000));
      this.#onTheirWay -= 1;
    };
    bank.agreements.onlyAccepts = () => this.dice.chance(0.1);
  }

  clear(): void {
    const { bank } = this.world;
    bank.fault = (operation, number) => {
      if (operation === 'charge') this.left(number, 'none');
      return 'none';
    };
    bank.delay = async () => undefined;
  }

  left(number: string, fault: Fault): void {
    const { bank, clock } = this.world;
    const at = clock.now();
    this.sent.push({ number, at });
    const before = this.unheard.get(number);
    if (before !== undefined && !overlaps(this.frozen, before, at)) this.unheardFor.push(at - before);
    if (NEVER_ARRIVES.includes(fault) && !bank.trades.has(number)) this.unheard.set(number, at);
    else this.unheard.delete(number);
  }

  /** Time passes, in jumps: after each everybody looks until nothing is due. */
  async pass(ms: number): Promise<void> {
    const { clock } = this.world;
    const until = clock.now() + ms;
    while (clock.now() < until) {
      const waits = [...this.unheard.values()].some((at) => clock.now() - at < HOUR_MS);
      const jump = waits ? HOUR_MS / 6 : JUMP_MS;
      clock.advance(Math.min(jump, Math.max(0, until - clock.now() - 10_000)));
      for (let looks = 0; looks < 40; looks++) {
        await this.revive();
        await clock.sleep(2_000);
        const due = await this.first.ledger.read((book) => book.subscriptions.due('bank 1', clock.now(), 1));
        if (due.length === 0 && this.#onTheirWay === 0) break;
      }
    }
  }

  /** What people do in a day. */
  async day(today: number): Promise<void> {
    const { world, dice } = this;
    const { agreements } = world.bank;
    const { size, days } = this.extent;
    const wanted = Math.ceil((size * (today + 1)) / Math.min(days / 2, 45));
    while (this.lives.length < Math.min(size, wanted)) await this.subscribe();
    for (const life of this.lives) {
      const { no, poor } = life;
      const agreement = agreements.signed.get(no);
      if (!agreement) {
        if (dice.chance(0.7) && (await this.agree(life)) && dice.chance(0.5)) await this.tell(no);
        continue;
      }
      if (agreement.state === 'ENDED') continue;
      if (dice.chance(agreement.isPoor ? 0.2 : 0.01)) {
        agreement.isPoor = !agreement.isPoor;
        if (agreement.isPoor) poor.push({ from: world.clock.now(), to: Number.POSITIVE_INFINITY });
        else Object.assign(poor.at(-1) ?? {}, { to: world.clock.now() });
      }
      if (dice.chance(0.0005)) agreement.validUntil = world.clock.now() + dice.below(10 * DAY_MS);
      const whoEnds = dice.pick(ENDS);
      if (whoEnds === 'caller' && life.cancelledAt === undefined) await this.cancel(life);
      if (whoEnds !== 'subscriber') continue;
      agreements.revoke(no);
      if (dice.chance(0.7)) await this.tell(no);
    }
    if (dice.chance(0.05)) await this.start();
    if (this.running.length > PROCESSES) this.running.shift()?.stop.abort();
    if (dice.chance(this.#isFrozen ? 0.6 : 0.02)) await this.freezeOrNot();
  }

  async freezeOrNot(): Promise<void> {
    const now = this.world.clock.now();
    if (this.#isFrozen) {
      const operator = await person(this.first);
      await this.first.ledger.write((book) => unfreeze(book, operator));
      Object.assign(this.frozen.at(-1) ?? {}, { to: now });
    } else {
      await this.first.ledger.write((book) => freeze(book, 'page', undefined));
      this.frozen.push({ from: now, to: Number.POSITIVE_INFINITY });
    }
    this.#isFrozen = !this.#isFrozen;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  async subscribe(): Promise<void> {
    if (this.#isFrozen) return this.freezeOrNot();
    const { dice } = this;
    const no = `GYM${String(this.lives.length).padStart(5, '0')}`;
    const times = dice.chance(0.2) ? dice.between(1, 6) : undefined;
    const firstFen = dice.chance(0.2) ? fen(100) : undefined;
    const terms = { amountFen: fen(1900), title: 'Reader', period: dice.pick(PERIODS), times, firstFen };
    const scene = times !== 1 && dice.chance(0.2) ? ('app' as const) : undefined;
    const wish = { ...terms, scene, subscriber: no, contractNo: no };
    await this.#answered(createSubscription(this.first, CALL, wish));
    const first = scene && (await this.first.ledger.read((book) => firstOrderOf(book, no)));
    this.lives.push({ no, poor: [], first });
  }

  /** Whether they have: nobody pays what was never handed out. */
  async agree({ no, first }: Life): Promise<boolean> {
    const { bank } = this.world;
    if (first === undefined) return bank.agreements.sign(no);
    const order = await this.first.ledger.read((book) => book.orders.get(first));
    if (order?.credential.orderString !== undefined) bank.pay(first);
    return bank.agreements.signed.has(no);
  }

  async cancel(life: Life): Promise<void> {
    const { clock } = this.world;
    const cancelled = cancelSubscription(this.first, CALL, { contractNo: life.no });
    await this.#answered(cancelled.then(() => Object.assign(life, { cancelledAt: clock.now() })));
  }

  /** Where whoever was asked has died, nobody is; a gateway may have refused. */
  async #answered(asked: Promise<unknown>): Promise<void> {
    const heard = asked.catch((error: unknown) => {
      const isRefused = error instanceof CashierError && error.code === 'GATEWAY_DECLINED';
      if (!isRefused) this.unexpected.push(error);
    });
    await Promise.race([heard, this.world.clock.sleep(180_000)]);
  }

  async tell(no: string): Promise<void> {
    const [provider] = [...this.first.providers.values()];
    if (provider) await applyNotify(this.first, provider, this.world.bank.agreementNotification(no));
  }
}

/** The number of the order of its first period. */
async function firstOrderOf(book: Book, contractNo: string): Promise<string | undefined> {
  const subscription = await book.subscriptions.get(contractNo);
  return subscription && book.subscriptions.numberOf(subscription, 1);
}

const overlaps = (spans: readonly { from: number; to: number }[], from: number, to: number) =>
  spans.some((span) => span.from < to && span.to > from);

async function settled(year: Year): Promise<void> {
  year.clear();
  for (const { no, poor } of year.lives) {
    const agreement = year.world.bank.agreements.signed.get(no);
    if (!agreement?.isPoor) continue;
    agreement.isPoor = false;
    Object.assign(poor.at(-1) ?? {}, { to: year.world.clock.now() });
  }
  if (year.isFrozen) await year.freezeOrNot();
  year.stop();
  for (let i = 0; i < PROCESSES; i++) await year.start();
  // What has ended without a word is asked for within a week.
  await year.pass(8 * DAY_MS);
}

/** What must be true of one subscription when the weather has cleared up. */
async function examine(year: Year, life: Life): Promise<{ paid: number; missed: number; state: string }> {
  const { first: till, world } = year;
  const now = world.clock.now();
  const [found, periods] = await till.ledger.read(async (book) => [
    await book.subscriptions.get(life.no),
    await book.subscriptions.periods(life.no),
  ]);
  const subscription = found as SubscriptionRecord;
  const agreement = world.bank.agreements.signed.get(life.no);
  const charges = agreement?.charges ?? [];
  const { first: byHand = '' } = life;
  const paidAtBank = [
    ...(world.bank.trades.get(byHand)?.state === 'PAID' ? [byHand] : []),
    ...charges.map(({ number }) => number),
  ];
  const about = `${life.no} ${subscription.state} ${subscription.reason ?? ''}`;

  // No period is charged twice, and what was taken is what the ledger has.
  expect(new Set(charges.map(({ day }) => day)).size, about).toBe(charges.length);
  expect(subscription.charged, about).toBe(paidAtBank.length);
  const paid = periods.filter(({ outcome }) => outcome === 'paid');
  expect(paid.map(({ outTradeNo }) => outTradeNo).sort(), about).toEqual(paidAtBank.sort());
  for (const { outTradeNo, amountFen } of paid) {
    const order = await till.ledger.read((book) => book.orders.get(outTradeNo));
    expect(order, about).toMatchObject({ state: 'PAID', amountFen });
    expect(world.bank.trades.get(outTradeNo)?.amountFen, about).toBe(amountFen);
  }
  // None after its end.
  const { cancelledAt } = life;
  if (cancelledAt !== undefined) {
    const numbers = new Set(periods.map(({ outTradeNo }) => outTradeNo));
    expect(
      year.sent.filter(({ number, at }) => numbers.has(number) && at > cancelledAt),
      about,
    ).toEqual([]);
    expect(
      charges.filter(({ at }) => at > cancelledAt),
      about,
    ).toEqual([]);
  }
  if (agreement?.endedAt !== undefined)
    expect(
      charges.filter(({ at }) => at > (agreement.endedAt ?? 0)),
      about,
    ).toEqual([]);
  // Every state is proven.
  const isThere = agreement?.state === 'ACTIVE' && (agreement.validUntil ?? now + 1) > now;
  expect(mayCharge(subscription.state), about).toBe(isThere);
  if (!isThere && agreement) expect(subscription.state, about).toBe('ENDED');
  // None is forgotten, up to its end.
  const { nextPeriod, times = nextPeriod, endingAt = now, signedAt } = subscription;
  if (signedAt !== undefined && nextPeriod <= times)
    expect(spanOf(subscription, nextPeriod).untilAt, about).toBeGreaterThan(endingAt - LEARNED_WITHIN_MS);
  if (mayCharge(subscription.state)) {
    expect(periods.filter(({ outcome }) => outcome === undefined).length, about).toBeLessThanOrEqual(1);
    expect(subscription.tryAt, about).toBeDefined();
  }
  for (const period of periods.filter(({ outcome }) => outcome === 'missed')) {
    expect(isExcused(year, life, period), `${about} missed ${period.period}`).toBe(true);
  }
  return { paid: paid.length, missed: periods.length - paid.length, state: subscription.state };
}

/** Without money, or with everything stopped, a period may go by; in bad weather also the first of who has signed late. */
function isExcused(
  { frozen, world }: Year,
  { poor, no }: Life,
  { period, dueAt, untilAt }: PeriodRecord,
): boolean {
  const { signedAt = 0 } = world.bank.agreements.signed.get(no) ?? {};
  if (period === 1 && signedAt > untilAt - 2 * DAY_MS) return true;
  return overlaps(poor, dueAt, untilAt) || overlaps(frozen, dueAt, untilAt);
}

/** Three processes on one ledger, which come and go, through all of it. */
async function play(store: 'sqlite' | 'postgres', seed: number): Promise<void> {
  const extent = store === 'sqlite' ? SQLITE : POSTGRES;
  const year = new Year(seed, store, extent);
  const { world } = year;
  try {
    for (let i = 0; i < PROCESSES; i++) await year.start();
    year.storm();
    for (let today = 0; today < extent.days; today++) {
      await year.day(today);
      await year.pass(DAY_MS);
    }
    await settled(year);
    const seen = { paid: 0, missed: 0 };
    const states: Record<string, number> = {};
    for (const life of year.lives) {
      const { paid, missed, state } = await examine(year, life);
      seen.paid += paid;
      seen.missed += missed;
      states[state] = (states[state] ?? 0) + 1;
    }
    expect(year.unexpected).toEqual([]);
    // What never arrived was sent again soon.
    expect(Math.max(...year.unheardFor)).toBeLessThan(1.5 * HOUR_MS);
    expect(world.bank.agreements.outrages).toEqual([]);
    expect((await verifyAudit(year.first.ledger, [])).intact).toBe(true);
    if (ALL) process.stderr.write(`${JSON.stringify({ ...seen, states })}\n`);
    // It was a year in which something happened.
    expect(seen.paid).toBeGreaterThan(extent.size);
    expect(states.ENDED).toBeGreaterThan(0);
  } finally {
    year.stop();
    await world.end();
  }
}

const said = ({ size, days }: Extent) => `${size} subscriptions over ${days} days in bad weather`;
const LIMIT_MS = 3 * 3_600_000;

it.each(ALL ? [0] : seeds(4))(`${said(SQLITE)}, seed %i`, (seed) => play('sqlite', seed), LIMIT_MS);

it.skipIf(!hasPostgres)(
  `${said(POSTGRES)}, on PostgreSQL${postgresMark(hasPostgres)}`,
  () => play('postgres', 1),
  LIMIT_MS,
);
