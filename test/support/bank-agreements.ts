import { beijingDate, beijingMidnight, type Clock, DAY_MS } from '../../src/domain/clock.ts';
import type { Fen } from '../../src/domain/money.ts';
import { nthDay, plusDays } from '../../src/domain/period.ts';
import {
  type AgreementRules,
  type AgreementSnapshot,
  type Agreements,
  type AgreementTerms,
  ChargeDeclined,
  GatewayDeclined,
  type PaidTrade,
} from '../../src/providers/contract.ts';
import type { Fault, Operation, Trade } from './bank.ts';

/** What somebody has signed, as the bank has it. */
export interface Agreement {
  readonly terms: AgreementTerms;
  readonly agreementNo: string;
  readonly signedAt: number;
  state: 'ACTIVE' | 'ENDED';
  endedAt?: number;
  /** It ends by itself then, and nobody is told. */
  validUntil?: number;
  /** There is no money in the account. */
  isPoor: boolean;
  /** What was taken: one entry for each number. */
  readonly charges: {
    readonly number: string;
    readonly at: number;
    readonly amountFen: Fen;
    readonly day: string;
  }[];
}

export const BANK_RULES: AgreementRules = {
  ...{ leastDays: 7, latestDayOfMonth: 28, daysBefore: 3, tellsWindow: true },
  ...{ retryAfterMs: [6 * 3_600_000], signWithinMs: 30 * DAY_MS },
};

type Exchange = <T>(operation: Operation, number: string, effect: (fault: Fault) => T) => Promise<T>;

/** The bank's own word on consent: it takes no more than was signed, in no other window; but twice in one, if it is asked to. */
export class BankAgreements {
  /** What links are about, by our number. */
  readonly offered = new Map<string, AgreementTerms>();
  readonly signed = new Map<string, Agreement>();
  /** Refusals that no program of ours should ever see. */
  readonly outrages: string[] = [];
  /** Charges are taken, and paid only later. */
  onlyAccepts: (number: string) => boolean = () => false;
  readonly #clock: Clock;
  readonly #trades: Map<string, Trade>;

  constructor(clock: Clock, trades: Map<string, Trade>) {
    this.#clock = clock;
    this.#trades = trades;
  }

  /** The subscriber opens the link and agrees. Whether that went. */
  sign(signNo: string): boolean {
    const terms = this.offered.get(signNo);
    const now = this.#clock.now();
    if (!terms || this.signed.has(signNo) || now >= terms.signBefore) return false;
    const facts = { agreementNo: `AG${signNo}`, signedAt: now, state: 'ACTIVE', isPoor: false } as const;
    this.signed.set(signNo, { terms, ...facts, charges: [] });
    return true;
  }

  /** Whoever pays an order that is signed by being paid agrees to this. */
  signByPaying(plan: string): void {
    const { signs } = JSON.parse(plan) as { readonly signs?: AgreementTerms };
    if (!signs) return;
    this.offered.set(signs.signNo, signs);
    this.sign(signs.signNo);
  }

  /** The subscriber ends it in the bank's own app. */
  revoke(signNo: string): void {
    const agreement = this.signed.get(signNo);
    if (agreement?.state !== 'ACTIVE') return;
    agreement.state = 'ENDED';
    agreement.endedAt = this.#clock.now();
  }

  /** What the bank knows of an agreement now. */
  snapshot(signNo: string, account: string): AgreementSnapshot {
    const agreement = this.#now(signNo);
    if (!agreement) return { exists: false };
    const { agreementNo, state, signedAt, validUntil, terms } = agreement;
    const window = state === 'ACTIVE' ? this.#nextWindow(agreement) : undefined;
    return {
      ...{ exists: true, account, signNo, agreementNo, state, gatewayState: state, signedAt },
      mostFen: terms.mostFen,
      ...(validUntil === undefined ? {} : { validUntil }),
      ...(window ? { window: { from: window.from, to: window.to } } : {}),
    };
  }

  port(account: string, exchange: Exchange): Agreements {
    return {
      rules: BANK_RULES,
      planSigning: (terms) => JSON.stringify(terms),
      sign: async ({ signNo }, plan) => {
        this.offered.set(signNo, JSON.parse(plan));
        return { signUrl: `https://bank.example/sign/${signNo}` };
      },
      queryAgreement: ({ signNo }) =>
        exchange('agreement', signNo, (fault) =>
          fault === 'lag' && this.signed.get(signNo)?.state === 'ACTIVE' && !this.#isOld(signNo)
            ? { exists: false }
            : this.snapshot(signNo, account),
        ),
      payAndSign: {
        scene: 'app',
        plan: ({ sentAt: _, ...first }, signs) => JSON.stringify({ ...first, signs }),
      },
      planCharge: (order, agreement) => JSON.stringify({ ...order, ...agreement }),
      sendCharge: (order, plan) => exchange('charge', order.outTradeNo, () => this.#charge(plan, account)),
      postpone: async () => undefined,
      planUnsign: (agreement) => JSON.stringify(agreement),
      unsign: ({ signNo }) =>
        exchange('unsign', signNo, () => {
          const agreement = this.#now(signNo);
          if (!agreement) throw new GatewayDeclined('not-exist', 'NO_AGREEMENT', true);
          if (agreement.state === 'ENDED') throw new GatewayDeclined('closed', 'ENDED', true);
          this.revoke(signNo);
        }),
    };
  }

  /** A replica may not have heard of what was signed just now. */
  #isOld(signNo: string): boolean {
    return this.#clock.now() - (this.signed.get(signNo)?.signedAt ?? 0) > 60_000;
  }

  #now(signNo: string): Agreement | undefined {
    const agreement = this.signed.get(signNo);
    const { validUntil } = agreement ?? {};
    if (agreement?.state === 'ACTIVE' && validUntil !== undefined && this.#clock.now() >= validUntil) {
      agreement.state = 'ENDED';
      agreement.endedAt = validUntil;
    }
    return agreement;
  }

  #charge(planned: string, account: string): PaidTrade | 'accepted' {
    const plan = JSON.parse(planned) as { outTradeNo: string; amountFen: Fen; signNo: string };
    const { outTradeNo, amountFen, signNo } = plan;
    const known = this.#trades.get(outTradeNo);
    if (known && known.plan !== planned) {
      this.outrages.push(`other parameters for ${outTradeNo}`);
      throw new GatewayDeclined('number-conflict', 'OTHER_PARAMS', true);
    }
    if (known?.state === 'CLOSED') throw new ChargeDeclined('never', 'closed', 'CLOSED');
    const agreement = this.#now(signNo);
    if (known?.state !== 'PAID') {
      if (agreement?.state !== 'ACTIVE')
        throw new ChargeDeclined('agreement-ended', 'other', 'AGREEMENT_NOT_EXIST');
      const window = this.#windowNow(agreement);
      if (!window || amountFen > agreement.terms.mostFen) {
        this.outrages.push(`${outTradeNo} is out of its window, or too much`);
        throw new ChargeDeclined('never', 'other', 'DATE_NOT_MATCH');
      }
      const trade: Trade = known ?? { plan: planned, amountFen, state: 'NOTPAY', refunds: new Map() };
      this.#trades.set(outTradeNo, trade);
      if (agreement.isPoor) throw new ChargeDeclined('later', 'balance', 'BUYER_BALANCE_NOT_ENOUGH');
      trade.state = 'PAID';
      trade.paidAt = this.#clock.now();
      agreement.charges.push({ number: outTradeNo, at: trade.paidAt, amountFen, day: window.day });
      if (this.onlyAccepts(outTradeNo)) return 'accepted';
    }
    const trade = this.#trades.get(outTradeNo);
    return {
      ...{ exists: true, account, outTradeNo, state: 'PAID', gatewayState: 'PAID', amountFen },
      gatewayTradeNo: `T${outTradeNo}`,
      ...(trade?.paidAt === undefined ? {} : { paidAt: trade.paidAt }),
    };
  }

  /** The window in which this instant lies, whether anything was taken in it or not. */
  #windowNow({ terms }: Agreement) {
    const now = this.#clock.now();
    return this.#windows(terms).find(({ from, to }) => now >= from && now <= to);
  }

  /** The first that is not over and in which nothing was taken. */
  #nextWindow({ terms, charges }: Agreement) {
    const now = this.#clock.now();
    return this.#windows(terms).find(
      ({ to, day }) => now <= to && !charges.some((charge) => charge.day === day),
    );
  }

  #windows({ firstDay, period, times }: AgreementTerms) {
    const until = plusDays(beijingDate(this.#clock.now()), 800);
    const found: { readonly day: string; readonly from: number; readonly to: number }[] = [];
    for (let n = 1; n <= (times ?? 200); n++) {
      const day = nthDay(firstDay, period, n);
      if (day > until) break;
      const at = beijingMidnight(day) ?? 0;
      found.push({ day, from: at - BANK_RULES.daysBefore * DAY_MS, to: at + DAY_MS - 1 });
    }
    return found;
  }
}
