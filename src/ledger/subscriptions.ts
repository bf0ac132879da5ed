import { beijingDay } from '../domain/clock.ts';
import type { ProviderId } from '../domain/order.ts';
import { rowDigest } from './audit-digest.ts';
import type { AuditDetails } from './audit-kinds.ts';
import { DueRows } from './due-rows.ts';
import type { History } from './history.ts';
import type { Usage } from './quotas.ts';
import type { OrderRecord } from './records.ts';
import type { SqlValue, Tx } from './store.ts';
import {
  nextSubscriptionState,
  SUBSCRIPTION_STATES,
  type SubscriptionEvent,
  type SubscriptionState,
} from './subscription-machine.ts';
import {
  contractSubject,
  type PeriodOutcome,
  type PeriodRecord,
  SUBSCRIPTION_PERIODS,
  SUBSCRIPTIONS,
  type SubscriptionRecord,
} from './subscription-records.ts';
import type { Tallies } from './tallies.ts';

/** What may still change of a subscription beside its state. */
type Patch = Partial<
  Pick<
    SubscriptionRecord,
    | (
        | 'openedAt'
        | 'plan'
        | 'firstDay'
        | 'signBefore'
        | 'agreementNo'
        | 'gatewayState'
        | 'signedAt'
        | 'provenAt'
      )
    | ('validUntil' | 'windowFrom' | 'windowTo' | 'nextPeriod' | 'charged' | 'missed' | 'endingAt' | 'reason')
    | ('unsignPlan' | 'endedAt' | 'tryAt' | 'tries')
  >
>;

export interface SubscriptionFilter {
  readonly caller?: string | undefined;
  readonly state?: SubscriptionState | undefined;
  readonly provider?: ProviderId | undefined;
  readonly after?: { readonly createdAt: number; readonly contractNo: string } | undefined;
}

/**
 * Subscriptions and their periods inside one transaction. Who writes one does so alone. What happens to a contract the
 * trail tells under the contract, what happens to a period under the number of its order.
 */
export class Subscriptions extends DueRows<SubscriptionRecord> {
  readonly #now: number;
  readonly #history: History;
  readonly #tallies: Tallies;

  constructor(tx: Tx, now: number, history: History, tallies: Tallies) {
    super(tx, SUBSCRIPTIONS);
    this.#now = now;
    this.#history = history;
    this.#tallies = tallies;
  }

  async get(contractNo: string): Promise<SubscriptionRecord | undefined> {
    return this.#one('contract_no = ?', contractNo);
  }

  again({ contractNo }: SubscriptionRecord): Promise<SubscriptionRecord | undefined> {
    return this.get(contractNo);
  }

  /** By the number under which the gateway knows it for us. */
  async bySignNo(signNo: string): Promise<SubscriptionRecord | undefined> {
    return this.#one('sign_no = ?', signNo);
  }

  /** By the gateway's own number. */
  async byAgreementNo(provider: ProviderId, agreementNo: string): Promise<SubscriptionRecord | undefined> {
    return this.#one('agreement_no = ? AND provider = ?', agreementNo, provider);
  }

  /** A caller's that has not ended, asked for with the same arguments without a number. */
  async byCall(inputHash: string, caller: string): Promise<SubscriptionRecord | undefined> {
    return this.#one(`input_hash = ? AND caller = ? AND state <> 'ENDED'`, inputHash, caller);
  }

  /** Newest first, each state by the index that is for it. */
  async list({ caller, state, provider, after }: SubscriptionFilter, limit: number) {
    const found: SubscriptionRecord[] = [];
    for (const one of state ? [state] : SUBSCRIPTION_STATES) {
      const where = ['state = ?'];
      const values: SqlValue[] = [one];
      const add = (sql: string, ...bound: SqlValue[]) => {
        where.push(sql);
        values.push(...bound);
      };
      if (caller !== undefined) add('caller = ?', caller);
      if (provider !== undefined) add('provider = ?', provider);
      if (after) {
        add('created_at <= ?', after.createdAt);
        add('(created_at < ? OR contract_no < ?)', after.createdAt, after.contractNo);
      }
      const rows = await this.tx.all(
        `SELECT * FROM subscriptions WHERE ${where.join(' AND ')}
         ORDER BY created_at DESC, contract_no DESC LIMIT ?`,
        ...values,
        limit,
      );
      found.push(...rows.map(SUBSCRIPTIONS.fromRow));
    }
    return found
      .sort((a, b) => b.createdAt - a.createdAt || (a.contractNo < b.contractNo ? 1 : -1))
      .slice(0, limit);
  }

  /** How many may be agreed to, or are, and have not ended; counts no further than `most`. */
  async countOpen(most: number): Promise<number> {
    const [row] = await this.tx.all(
      `SELECT COUNT(*) AS count FROM (SELECT 1 AS one FROM subscriptions WHERE state <> 'ENDED' AND opened_at IS NOT NULL LIMIT ?) AS open`,
      most,
    );
    return Number(row?.count);
  }

  /**
   * How many could be agreed to for the first time on the day of Beijing of `at` (ms), and what one period of each comes
   * to (fen). The next day's too, or setting the clock back would widen a limit.
   */
  async madeOn(at: number): Promise<Usage> {
    const today = beijingDay(at);
    const [row] = await this.tx.all(
      'SELECT COALESCE(SUM(count), 0) AS count, COALESCE(SUM(fen), 0) AS fen FROM subscription_tallies WHERE day IN (?, ?)',
      ...[today, today + 1],
    );
    const pending = (sum: string) =>
      this.#tallies.pending('subscription_tallies', sum, ([day]) => day === today || day === today + 1);
    return { count: Number(row?.count) + pending('count'), fen: Number(row?.fen) + pending('fen') };
  }

  async insert(subscription: SubscriptionRecord): Promise<void> {
    await SUBSCRIPTIONS.insert(this.tx, subscription);
    this.#count(subscription);
    const { contractNo, provider, mode, amountFen, caller, state } = subscription;
    await this.#history.event(contractSubject(contractNo), 'subscription-created', {
      ...{ provider, mode, amountFen, caller, state },
      terms: await this.termsOf(subscription),
    });
  }

  /** What never changes of one, as its row has it. */
  async termsOf(subscription: SubscriptionRecord): Promise<string> {
    const { signNo, title, period, times, firstFen, inputHash, graceDays, signingScene } = subscription;
    const told = [signNo, title, period, String(times ?? ''), String(firstFen ?? ''), inputHash];
    // Older ones were told without it.
    const scene = signingScene === undefined ? [] : [signingScene];
    return rowDigest(await this.#history.salt(), ...told, String(graceDays), ...scene);
  }

  async patch(subscription: SubscriptionRecord, patch: Patch): Promise<SubscriptionRecord> {
    if (subscription.openedAt === undefined) this.#count({ ...subscription, ...patch });
    return this.change(subscription, { ...patch, updatedAt: this.#now });
  }

  /** Somebody may agree to it from now on. */
  #count({ openedAt, amountFen }: SubscriptionRecord): void {
    if (openedAt === undefined) return;
    this.#tallies.add('subscription_tallies', [beijingDay(openedAt)], { count: 1, fen: amountFen });
  }

  /** Follows the table. When the event changes nothing, neither does this, and the same record comes back. */
  async move(
    subscription: SubscriptionRecord,
    event: SubscriptionEvent,
    patch: Patch = {},
  ): Promise<SubscriptionRecord> {
    const { contractNo, state } = subscription;
    const to = nextSubscriptionState(state, event);
    if (to === undefined) return subscription;
    const reason = patch.reason ?? subscription.reason;
    await this.#history.event(contractSubject(contractNo), `subscription-${event}`, {
      ...{ from: state, to },
      ...(event === 'ending' || event === 'ended' ? { ...(reason === undefined ? {} : { reason }) } : {}),
      ...(patch.gatewayState === undefined ? {} : { gatewayState: patch.gatewayState }),
    });
    const { endingAt = this.#now } = subscription;
    const over = event === 'ended' ? { endingAt, endedAt: this.#now } : {};
    return this.change(subscription, { ...over, ...patch, state: to, updatedAt: this.#now });
  }

  /** Its periods that were begun, from `from` on, at most so many. */
  async periods(contractNo: string, from = 1, limit = 400): Promise<PeriodRecord[]> {
    const rows = await this.tx.all(
      'SELECT * FROM subscription_periods WHERE contract_no = ? AND period >= ? ORDER BY period LIMIT ?',
      ...[contractNo, from, limit],
    );
    return rows.map(SUBSCRIPTION_PERIODS.fromRow);
  }

  /** The one that was begun last. */
  async lastPeriod(contractNo: string): Promise<PeriodRecord | undefined> {
    const [row] = await this.tx.all(
      'SELECT * FROM subscription_periods WHERE contract_no = ? ORDER BY period DESC LIMIT 1',
      contractNo,
    );
    return row && SUBSCRIPTION_PERIODS.fromRow(row);
  }

  async period(contractNo: string, period: number): Promise<PeriodRecord | undefined> {
    const [found] = await this.periods(contractNo, period, 1);
    return found?.period === period ? found : undefined;
  }

  /** The period whose order has this number. */
  async periodOf(outTradeNo: string): Promise<PeriodRecord | undefined> {
    const [row] = await this.tx.all('SELECT * FROM subscription_periods WHERE out_trade_no = ?', outTradeNo);
    return row && SUBSCRIPTION_PERIODS.fromRow(row);
  }

  /** The number of a period's one order: nobody who calls can guess it, and it is the same whoever makes it. */
  async numberOf({ signNo }: SubscriptionRecord, period: number): Promise<string> {
    const salt = await this.#history.salt();
    return `S${rowDigest(salt, 'period', signNo, String(period)).toUpperCase()}`;
  }

  /** The intent to have a period paid: once for the contract and the period. */
  async begin({ mode }: SubscriptionRecord, period: PeriodRecord): Promise<void> {
    await SUBSCRIPTION_PERIODS.insert(this.tx, period);
    const { contractNo, outTradeNo, amountFen, dueAt, untilAt } = period;
    await this.#history.event({ outTradeNo }, 'subscription-due', {
      ...{ contract: contractNo, period: period.period, mode, amountFen, dueAt, untilAt },
    });
  }

  async note(period: PeriodRecord, patch: Partial<PeriodRecord>): Promise<PeriodRecord> {
    const changed = { ...period, ...patch };
    await SUBSCRIPTION_PERIODS.update(this.tx, period, changed);
    return changed;
  }

  /** The gateway has refused it; the first time is told. */
  async refused(period: PeriodRecord, code: string): Promise<PeriodRecord> {
    const { contractNo, outTradeNo } = period;
    if (period.code === undefined) {
      await this.#history.event({ outTradeNo }, 'subscription-failed', {
        ...{ contract: contractNo, period: period.period, code },
      });
    }
    return this.note(period, { code, triedAt: this.#now });
  }

  /**
   * Its time has gone by, and its order provably is not paid.
   * @param counts whether it is one of those that end a subscription
   */
  async miss(
    subscription: SubscriptionRecord,
    period: PeriodRecord,
    counts: boolean,
  ): Promise<SubscriptionRecord> {
    await this.#end(period, 'missed', 'subscription-missed', {});
    const missed = subscription.missed + (counts ? 1 : 0);
    return this.#over(subscription, period, { missed });
  }

  /**
   * In the transaction in which an order becomes PAID: the period that it is for is paid, also where that is late. The
   * first of one that is paid from period to period is the subscriber's consent.
   */
  async paid({ outTradeNo, amountFen }: OrderRecord): Promise<void> {
    const period = await this.periodOf(outTradeNo);
    const subscription = period && (await this.get(period.contractNo));
    if (!subscription || period.outcome === 'paid') return;
    await this.#end(period, 'paid', 'subscription-charged', { amountFen });
    const charged = subscription.charged + 1;
    const counted = await this.#over(subscription, period, { charged, missed: 0, tryAt: this.#now });
    const signs = subscription.mode === 'reminded' && subscription.endingAt === undefined;
    const after = signs ? await this.move(counted, 'signed', { signedAt: this.#now }) : counted;
    await this.move(after, 'resumed');
  }

  async #end<Kind extends 'subscription-missed' | 'subscription-charged'>(
    period: PeriodRecord,
    outcome: PeriodOutcome,
    kind: Kind,
    more: Omit<AuditDetails[Kind], 'contract' | 'period' | 'outcome'>,
  ): Promise<void> {
    const { contractNo, outTradeNo } = period;
    await this.note(period, { outcome });
    const told = { contract: contractNo, period: period.period, outcome, ...more };
    await this.#history.event({ outTradeNo }, kind, told as AuditDetails[Kind]);
  }

  /** The next one is next. */
  #over(subscription: SubscriptionRecord, { period }: PeriodRecord, patch: Patch) {
    const nextPeriod = Math.max(subscription.nextPeriod, period + 1);
    return this.patch(subscription, { ...patch, nextPeriod });
  }

  /** Of those that ended before `before` (ms), the subscriber is forgotten. Returns of how many, at most `limit`. */
  async forget(before: number, limit: number): Promise<number> {
    return this.tx.run(
      `UPDATE subscriptions SET subscriber_hash = '' WHERE contract_no IN
       (SELECT contract_no FROM subscriptions WHERE subscriber_hash <> '' AND ended_at < ? ORDER BY ended_at LIMIT ?)`,
      before,
      limit,
    );
  }

  /** Whether {@link forget} has something to do. */
  async anyToForget(before: number): Promise<boolean> {
    return (await this.#one(`subscriber_hash <> '' AND ended_at < ?`, before)) !== undefined;
  }

  async #one(where: string, ...values: SqlValue[]): Promise<SubscriptionRecord | undefined> {
    const [row] = await this.tx.all(`SELECT * FROM subscriptions WHERE ${where} LIMIT 1`, ...values);
    return row && SUBSCRIPTIONS.fromRow(row);
  }
}
