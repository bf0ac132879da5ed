import { createHash } from 'node:crypto';
import { beijingIso } from '../../src/domain/clock.ts';
import { type Agreement, AgreementBook } from '../../src/simulator/state/agreements.ts';
import { type BillFile, BillFileBook } from '../../src/simulator/state/bill-files.ts';
import { CodeBook, type IssuedCode } from '../../src/simulator/state/codes.ts';
import { type Delivery, DeliveryBook } from '../../src/simulator/state/deliveries.ts';
import type { Tables } from '../../src/simulator/state/kept.ts';
import { type PaymentCode, PaymentCodeBook } from '../../src/simulator/state/payment-codes.ts';
import { type LoggedRequest, RequestLog } from '../../src/simulator/state/request-log.ts';
import { keyOf, type Provider, type Trade, TradeBook } from '../../src/simulator/state/trades.ts';

/*
 * The books of the simulated gateways, kept in memory: no table is asked for anything. Of an order every version is
 * kept with its time, since a lagging replica answers with an older one.
 */

const refuse = (): never => {
  throw new Error('the gateways of a history keep no tables');
};
const NO_TABLES: Tables = { rows: refuse, row: refuse, run: refuse };

interface Version {
  readonly at: number;
  readonly trade: Trade;
}
/** What books of one gateway share, whenever they are of. */
interface Kept {
  readonly versions: Map<string, Version[]>;
  readonly refundNumbers: Map<string, string>;
  readonly now: () => number;
}

export class Trades extends TradeBook {
  readonly #kept: Kept;
  readonly #own: string | undefined;
  readonly #lagMs: number;

  /** @param lagMs how old what it says is; what is saved is saved now all the same */
  constructor(now: () => number, kept?: Kept, space?: string, lagMs = 0) {
    super(NO_TABLES);
    this.#kept = kept ?? { versions: new Map(), refundNumbers: new Map(), now };
    this.#own = space;
    this.#lagMs = lagMs;
  }

  /** The same books as a replica has them that lags so far (ms) behind. */
  lagging(ms: number): Trades {
    return new Trades(this.#kept.now, this.#kept, this.#own, ms);
  }

  override of(space: string | undefined): Trades {
    return new Trades(this.#kept.now, this.#kept, space, this.#lagMs);
  }

  override byNumber(provider: Provider, outTradeNo: string): Trade | undefined {
    return this.#known(`${keyOf(provider, this.#own)} ${outTradeNo}`);
  }

  override byTradeNo(provider: Provider, tradeNo: string): Trade | undefined {
    return this.all().find((trade) => trade.provider === provider && trade.tradeNo === tradeNo);
  }

  override byRefundNumber(provider: Provider, outRefundNo: string): Trade | undefined {
    const number = this.#kept.refundNumbers.get(`${keyOf(provider, this.#own)} ${outRefundNo}`);
    return number === undefined ? undefined : this.byNumber(provider, number);
  }

  override recent(limit: number): Trade[] {
    return this.all().reverse().slice(0, limit);
  }

  /** Every order, oldest first. */
  all(): Trade[] {
    return [...this.#kept.versions.keys()].flatMap((key) => this.#known(key) ?? []);
  }

  override save(trade: Trade): void {
    const key = `${keyOf(trade.provider, trade.space)} ${trade.outTradeNo}`;
    const versions = this.#kept.versions.get(key) ?? [];
    versions.push({ at: this.#kept.now(), trade });
    this.#kept.versions.set(key, versions);
    for (const { outRefundNo } of trade.refunds) {
      const number = `${keyOf(trade.provider, trade.space)} ${outRefundNo}`;
      if (!this.#kept.refundNumbers.has(number)) this.#kept.refundNumbers.set(number, trade.outTradeNo);
    }
  }

  #known(key: string): Trade | undefined {
    const versions = this.#kept.versions.get(key);
    if (this.#lagMs === 0) return versions?.at(-1)?.trade;
    const until = this.#kept.now() - this.#lagMs;
    return versions?.findLast(({ at }) => at <= until)?.trade;
  }
}

/** Agreements, kept in memory as well. */
export class Agreements extends AgreementBook {
  readonly #kept: Map<string, Agreement>;
  readonly #own: string | undefined;

  constructor(kept = new Map<string, Agreement>(), space?: string) {
    super(NO_TABLES);
    this.#kept = kept;
    this.#own = space;
  }

  override of(space: string | undefined): Agreements {
    return new Agreements(this.#kept, space);
  }

  override byNumber(_provider: Provider, agreementNo: string): Agreement | undefined {
    const found = this.#kept.get(agreementNo);
    return found?.space === this.#own ? found : undefined;
  }

  override byExternal(_provider: Provider, externalNo: string): Agreement | undefined {
    return this.recent().find((one) => one.externalNo === externalNo && one.space === this.#own);
  }

  override recent(): Agreement[] {
    return [...this.#kept.values()];
  }

  override save(agreement: Agreement): void {
    this.#kept.set(agreement.agreementNo, agreement);
  }

  override address(): undefined {
    return undefined;
  }
}

export class Codes extends CodeBook {
  readonly #codes = new Map<string, IssuedCode>();

  constructor() {
    super(NO_TABLES);
  }

  override of(): this {
    return this;
  }

  override issue(code: IssuedCode): void {
    this.#codes.set(code.code, code);
  }

  override find(code: string): IssuedCode | undefined {
    return this.#codes.get(code);
  }

  override latest(provider: Provider, outTradeNo: string): IssuedCode | undefined {
    return [...this.#codes.values()].findLast(
      (code) => code.provider === provider && code.outTradeNo === outTradeNo,
    );
  }

  override expire(provider: Provider, outTradeNo: string, now: number): void {
    for (const code of this.#codes.values()) {
      if (code.provider === provider && code.outTradeNo === outTradeNo && code.diesAt > now)
        this.#codes.set(code.code, { ...code, diesAt: now });
    }
  }
}

export class PaymentCodes extends PaymentCodeBook {
  readonly #codes = new Map<string, PaymentCode>();

  constructor() {
    super(NO_TABLES);
  }

  override issue(code: PaymentCode): void {
    this.#codes.set(code.code, code);
  }

  override find(code: string): PaymentCode | undefined {
    return this.#codes.get(code);
  }
}

export class Deliveries extends DeliveryBook {
  readonly #posted: (delivery: Delivery) => void;

  constructor(posted: (delivery: Delivery) => void) {
    super(NO_TABLES);
    this.#posted = posted;
  }

  override save(delivery: Delivery): void {
    this.#posted(delivery);
  }
}

export class Requests extends RequestLog {
  readonly #logged: LoggedRequest[] = [];

  constructor() {
    super(NO_TABLES);
  }

  override add(request: Omit<LoggedRequest, 'bodyDigest' | 'at'>, body: string | Buffer, now: number): void {
    const bodyDigest = createHash('sha256').update(body).digest('hex');
    this.#logged.push({ ...request, bodyDigest, at: beijingIso(now) });
  }

  override all(): LoggedRequest[] {
    return this.#logged;
  }
}

export class BillFiles extends BillFileBook {
  readonly #files = new Map<string, { readonly file: BillFile; readonly diesAt: number }>();

  constructor() {
    super(NO_TABLES);
  }

  override save(token: string, file: BillFile, diesAt: number): void {
    this.#files.set(token, { file, diesAt });
  }

  override find(token: string, now: number): BillFile | undefined {
    const found = this.#files.get(token);
    return found && found.diesAt > now ? found.file : undefined;
  }
}
