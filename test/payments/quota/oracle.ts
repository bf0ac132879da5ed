import type { CashierError } from '../../../src/domain/errors.ts';
import type { Call, Till } from '../../../src/payments/till.ts';
import type { Ceiling, Policy, RuleSet } from '../../../src/policy/policy.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  type PaymentProvider,
} from '../../../src/providers/contract.ts';
import { closeAt } from '../../support/close.ts';
import type { World } from '../../support/world.ts';

type Kind = 'payment' | 'refund';

/** One intent that a gateway heard of, or may yet: from its commit on it draws on limits. */
interface Entry {
  readonly seq: number;
  readonly kind: Kind;
  readonly key: string;
  readonly fen: number;
  readonly at: number;
  readonly call: Call;
  readonly policy: Policy;
  readonly filled: ReadonlyMap<string, number>;
  readonly frozen: boolean;
  /** `planned`: perhaps committed; the gateway has not heard of it. */
  state: 'planned' | 'sent' | 'dropped';
  resent: number;
  /** From here on (seq) it draws on nothing: the gateway has refused it. */
  refusedAt?: number;
  /** Since when (seq) it has been refused after a lost answer: only the ledger knows whether that was a proof. */
  maybeRefusedAt?: number;
  /** The call that was refused is still on its way to record that. */
  settling?: boolean;
}

/** A person's yes as the test gave it. */
export interface Yes {
  readonly seq: number;
  readonly key: string;
  readonly caller: string;
  readonly fen: number;
  readonly expiresAt: number;
  used: boolean;
}

interface Limit {
  readonly path: string;
  readonly window: 'day' | 'minute';
  readonly ceiling: Ceiling;
  readonly covers: (entry: Entry) => boolean;
}

const day = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10);
const section = (kind: Kind) => (kind === 'payment' ? 'payments' : 'refunds');

/**
 * Keeps its own record of what was committed and sent, from what the gateway hears and from what the test does, and
 * says what of it no policy allowed. It never looks at the ledger's sums.
 */
export class Oracle {
  readonly violations: string[] = [];
  readonly entries: Entry[] = [];
  readonly yeses: Yes[] = [];
  /** Since when (seq). */
  readonly denied = new Map<string, number>();
  readonly counts = { denials: 0, approvedSends: 0, refusals: 0, heldBack: 0 };
  /** What holds in the ledger for whoever writes next; set inside the transactions that change it. */
  policy: Policy;
  readonly filled = new Map<string, number>();
  frozen = false;
  /** As {@link frozen}, once everything that was already on the wire is out. */
  frozenForAll = false;
  /** What is being read or written in the ledger, and may have seen it as it was before. */
  readonly #looking = new Set<Promise<unknown>>();
  readonly #world: World;
  #seq = 0;

  constructor(world: World, policy: Policy) {
    this.#world = world;
    this.policy = policy;
  }

  next(): number {
    return ++this.#seq;
  }

  /** Has been frozen, or let go again. Whoever looked before the commit may go on to the wire, and is waited for. */
  async frozenBy(commit: Promise<void>): Promise<void> {
    await commit;
    await Promise.allSettled([...this.#looking]);
    await new Promise((resolve) => setImmediate(resolve));
    this.frozenForAll = this.frozen;
  }

  #watchedLedger(ledger: Till['ledger']): Till['ledger'] {
    const looked = <T>(looking: Promise<T>): Promise<T> => {
      this.#looking.add(looking);
      const done = () => this.#looking.delete(looking);
      looking.then(done, done);
      return looking;
    };
    return new Proxy(ledger, {
      get(target, name) {
        if (name === 'read') return (work: Parameters<typeof ledger.read>[0]) => looked(target.read(work));
        if (name === 'write') return (work: Parameters<typeof ledger.write>[0]) => looked(target.write(work));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** The same process, watched during one call. `ended` must hear how that went. */
  watch(till: Till, call: Call): { till: Till; ended: (error?: CashierError) => Promise<void> } {
    const mine: Entry[] = [];
    const providers = new Map(
      [...till.providers].map(([id, provider]) => [id, this.#watched(provider, call, mine)]),
    );
    const ended = async (error?: CashierError) => {
      if (error?.code === 'POLICY_DENIED') this.#checkDenial(error, call, mine);
      for (const entry of mine) {
        entry.settling = false;
        if (entry.state !== 'planned') continue;
        const [outTradeNo = '', outRefundNo] = entry.key.split('/');
        const state = await till.ledger.read(async (book) =>
          outRefundNo === undefined
            ? (await book.orders.get(outTradeNo))?.state
            : (await book.refunds.get(outTradeNo, outRefundNo))?.state,
        );
        if (entry.state === 'planned' && state !== 'UNKNOWN') entry.state = 'dropped';
      }
    };
    return { till: { ...till, providers, ledger: this.#watchedLedger(till.ledger) }, ended };
  }

  #watched(provider: PaymentProvider, call: Call, mine: Entry[]): PaymentProvider {
    return {
      ...provider,
      planPayment: (terms) => {
        mine.push(this.#planned('payment', terms.outTradeNo, terms.amountFen, call));
        return provider.planPayment(terms);
      },
      planRefund: (terms) => {
        const key = `${terms.outTradeNo}/${terms.outRefundNo}`;
        mine.push(this.#planned('refund', key, terms.refundFen, call));
        return provider.planRefund(terms);
      },
      sendPayment: (terms, plan) =>
        this.#send(mine, terms.outTradeNo, () => provider.sendPayment(terms, plan)),
      sendRefund: (terms, plan) =>
        this.#send(mine, `${terms.outTradeNo}/${terms.outRefundNo}`, () => provider.sendRefund(terms, plan)),
      closeTrade: (outTradeNo) => {
        if (this.frozenForAll) this.violations.push(`closed ${outTradeNo} while frozen`);
        return closeAt(provider, outTradeNo);
      },
    };
  }

  #planned(kind: Kind, key: string, fen: number, call: Call): Entry {
    const before = this.#latest(key);
    if (before?.state === 'sent' && before.refusedAt === undefined) {
      if (before.maybeRefusedAt !== undefined) before.refusedAt = this.next();
      else this.violations.push(`${key} was committed again while it was in doubt`);
    }
    const { policy, frozen } = this;
    const entry: Entry = {
      seq: this.next(),
      ...{ kind, key, fen, call, policy, frozen },
      at: this.#world.clock.now(),
      filled: new Map(this.filled),
      state: 'planned',
      resent: 0,
    };
    this.entries.push(entry);
    return entry;
  }

  #latest(key: string): Entry | undefined {
    return this.entries.findLast((entry) => entry.key === key && entry.state !== 'dropped');
  }

  async #send<T>(mine: readonly Entry[], key: string, exchange: () => Promise<T>): Promise<T> {
    const entry = this.#latest(key);
    if (!entry || entry.refusedAt !== undefined) {
      this.violations.push(`${key} was sent without an intent`);
      return exchange();
    }
    if (this.frozenForAll) this.violations.push(`${key} was sent while frozen`);
    const first = entry.state === 'planned';
    if (first) {
      entry.state = 'sent';
      if (entry.frozen) this.violations.push(`${key} was committed while frozen`);
    } else {
      entry.resent++;
    }
    const yes = first ? this.#takeYes(entry) : undefined;
    try {
      return await exchange();
    } catch (error) {
      // Only the call that committed it knows that nothing had been sent before.
      const opening = first && mine.includes(entry);
      const refused = error instanceof GatewayDeclined && error.proven;
      const notSent = error instanceof GatewayUnavailable && opening;
      if (notSent && yes) yes.used = false;
      if (refused || notSent) {
        if (opening && entry.resent === 0) {
          entry.refusedAt = this.next();
          entry.settling = true;
          this.counts.refusals++;
        } else if (refused && entry.kind === 'refund' && !this.#hasMoved(entry)) {
          entry.maybeRefusedAt = this.next();
        }
      }
      throw error;
    }
  }

  /** Whether the bank has given that money back. */
  #hasMoved({ key }: Entry): boolean {
    const [outTradeNo = '', outRefundNo = ''] = key.split('/');
    return this.#world.bank.trades.get(outTradeNo)?.refunds.has(outRefundNo) === true;
  }

  #takeYes(entry: Entry): Yes | undefined {
    if (!needsPerson(entry)) return undefined;
    const yes = this.yeses.find(
      ({ key, caller, fen, used, expiresAt, seq }) =>
        !used &&
        key === entry.key &&
        caller === entry.call.caller &&
        fen === entry.fen &&
        expiresAt > entry.at &&
        seq < entry.seq,
    );
    if (!yes) {
      this.violations.push(`${entry.key} was sent by ${entry.call.caller} without a person's yes`);
      return undefined;
    }
    yes.used = true;
    this.counts.approvedSends++;
    return yes;
  }

  /** After every step: whatever was sent fits everything that was in force when it was committed. */
  check(): string[] {
    const sent = this.entries.filter(({ state }) => state === 'sent');
    for (const entry of sent) {
      if ((this.denied.get(entry.key) ?? Infinity) < entry.seq)
        this.violations.push(`${entry.key} was sent after a person's no`);
      const before = sent.filter(
        ({ seq, refusedAt, maybeRefusedAt }) =>
          seq <= entry.seq && (refusedAt ?? maybeRefusedAt ?? Number.POSITIVE_INFINITY) > entry.seq,
      );
      for (const { path, window, ceiling, covers } of limitsOf(entry.policy, entry.kind, entry.call)) {
        const drawn = before.filter(covers);
        const spans =
          window === 'day'
            ? [drawn.filter(({ at }) => day(at) === day(entry.at))]
            : drawn
                .filter(({ at }) => at <= entry.at && at > entry.at - 60_000)
                .map((start) => drawn.filter(({ at }) => at >= start.at && at < start.at + 60_000));
        for (const span of spans) {
          const fen = sum(span);
          if (span.length > (ceiling.count ?? Number.POSITIVE_INFINITY))
            this.violations.push(`${entry.key}: ${span.length} calls under ${path}`);
          if (fen > (ceiling.totalFen ?? Number.POSITIVE_INFINITY))
            this.violations.push(`${entry.key}: ${fen} fen under ${path}`);
        }
      }
      for (const budget of budgetsOf(entry)) {
        const drawn = sum(before.filter((other) => budgetsOf(other).includes(budget)));
        if (drawn > (entry.filled.get(budget) ?? 0))
          this.violations.push(`${entry.key}: ${drawn} fen out of budget ${budget}`);
      }
      for (const { maxFen } of rulesOf(entry.policy, entry.kind, entry.call)) {
        if (maxFen !== undefined && entry.fen > maxFen)
          this.violations.push(`${entry.key}: above the maximum`);
      }
    }
    return this.violations;
  }

  /** A call that fits is allowed: what is denied must not have fitted, and what is said to be used must be. */
  #checkDenial(error: CashierError, call: Call, mine: readonly Entry[]): void {
    this.counts.denials++;
    const rule = String(error.details.rule);
    const used = String(error.details.used);
    const now = this.#world.clock.now();
    const kind: Kind = rule.includes('payments.') ? 'payment' : 'refund';
    const most = this.entries.filter(
      (entry) =>
        entry.state !== 'dropped' &&
        !mine.includes(entry) &&
        (entry.refusedAt === undefined || entry.settling === true),
    );
    const least = most.filter(
      ({ state, refusedAt, maybeRefusedAt }) =>
        state === 'sent' && (refusedAt ?? maybeRefusedAt) === undefined,
    );
    const bounds = (pick: (entry: Entry) => boolean, amount: boolean): [number, number] => {
      const of = (entries: readonly Entry[]) =>
        amount ? sum(entries.filter(pick)) : entries.filter(pick).length;
      return [of(least), of(most)];
    };
    let told: number;
    let range: [number, number];
    if (rule.endsWith('.from')) {
      const budget = rule.startsWith('clients.') ? (rule.split('.')[1] ?? '') : call.caller;
      told = fenOf(used);
      range = bounds((entry) => budgetsOf(entry).includes(budget), true);
    } else {
      const path = rule.replace(/\.(count|totalYuan)$/, '');
      const limit = limitsOf(this.policy, kind, call).find((candidate) => candidate.path === path);
      if (!limit) return;
      const amount = rule.endsWith('.totalYuan');
      const inWindow = ({ at }: Entry) => (limit.window === 'day' ? day(at) >= day(now) : at > now - 60_000);
      told = amount ? fenOf(used) : Number(used);
      range = bounds((entry) => limit.covers(entry) && inWindow(entry), amount);
    }
    const [low, high] = range;
    if (told < low || told > high)
      this.violations.push(`${rule} says that ${told} are used; it is ${low} to ${high}`);
    if (low < high) this.counts.heldBack++;
  }
}

function rulesOf(policy: Policy, kind: Kind, { caller, client }: Call): RuleSet[] {
  const own = policy.clients?.[caller]?.[section(kind)] ?? {};
  const { perDay: _d, perMinute: _m, ...replaced } = own;
  const merged = { ...policy[section(kind)], ...replaced };
  const said =
    client === undefined || client === caller ? undefined : policy.clients?.[client]?.[section(kind)];
  return said === undefined ? [merged] : [merged, said];
}

function limitsOf(policy: Policy, kind: Kind, { caller, client }: Call): Limit[] {
  const limits: Limit[] = [];
  const add = (path: string, rules: RuleSet | undefined, covers: (entry: Entry) => boolean) => {
    for (const [name, window] of [
      ['perDay', 'day'],
      ['perMinute', 'minute'],
    ] as const) {
      const ceiling = rules?.[name];
      if (!ceiling) continue;
      limits.push({
        path: `${path}.${name}`,
        ...{ window, ceiling },
        covers: (entry) => entry.kind === kind && covers(entry),
      });
    }
  };
  const name = section(kind);
  add(name, policy[name], () => true);
  add(`clients.${caller}.${name}`, policy.clients?.[caller]?.[name], ({ call }) => call.caller === caller);
  if (client !== undefined && client !== caller)
    add(`clients.${client}.${name}`, policy.clients?.[client]?.[name], ({ call }) => call.client === client);
  return limits;
}

function budgetsOf({ policy, kind, call }: Entry): string[] {
  const [own, said] = rulesOf(policy, kind, call);
  return [
    ...(own?.from === 'budget' ? [call.caller] : []),
    ...(said?.from === 'budget' ? [call.client ?? ''] : []),
  ];
}

function needsPerson({ policy, kind, call, fen }: Entry): boolean {
  return rulesOf(policy, kind, call).some(
    ({ approveAboveFen }) =>
      approveAboveFen !== undefined && approveAboveFen !== 'none' && fen > approveAboveFen,
  );
}

function sum(entries: readonly Entry[]): number {
  return entries.reduce((total, { fen }) => total + fen, 0);
}

/** `12.34` → 1234, by digits alone. */
function fenOf(yuan: string): number {
  return Number(yuan.replace('.', ''));
}
