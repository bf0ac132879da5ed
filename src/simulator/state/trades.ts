import type { Fen } from '../../domain/money.ts';
import type { AgreementTerms } from './agreed.ts';
import { Kept, type Tables } from './kept.ts';

/** A wallet's id. */
export type Provider = string;
export type TradeScene = 'qr' | 'web' | 'h5' | 'jsapi' | 'app' | 'a2m' | 'deduct';

/** Of a trade that a buyer's agent has paid by a bill: what for, and what it can prove that by. */
export interface PaidByAgent {
  readonly resourceId: string;
  readonly serviceId: string;
  readonly buyer: string;
  readonly proof: string;
  readonly session: string;
  /** ms; when the seller said that it was handed over. */
  readonly fulfilledAt?: number;
}

/** A gateway's order. At Alipay it exists only once the payer has opened it, at WeChat Pay once it is placed. */
export interface Trade {
  readonly provider: Provider;
  /** Whose numbers it is counted among, where it is not the merchant's own: a service provider's, a seller's. */
  readonly space?: string;
  /** Who is paid, where a platform orders: a sub-merchant, an authorising seller. */
  readonly seller?: string;
  /** WeChat Pay: the AppID it was ordered with; in a platform's order that of the sub-merchant, if any. */
  readonly app?: string;
  readonly outTradeNo: string;
  readonly scene: TradeScene;
  readonly amountFen: Fen;
  readonly title: string;
  /** Canonical text of what must not differ when the number is used again. */
  readonly fingerprint: string;
  /** Alipay `passback_params`, WeChat Pay `attach`. */
  readonly attach?: string;
  /** Alipay `body`. */
  readonly body?: string;
  readonly notifyUrl?: string;
  readonly returnUrl?: string;
  /** The payer: WeChat Pay openid, Alipay buyer id. */
  readonly payer: string;
  /** 128 random bits: the address of the cashier page. */
  readonly cashierToken: string;
  /** ms */
  readonly createdAt: number;
  /** ms, whole second; without it the number says nothing, at a gateway whose numbers are timed. */
  readonly sentAt?: number;
  /** ms, whole second */
  readonly expiresAt: number;
  /** Alipay: from the start. WeChat Pay: once paid. */
  readonly tradeNo?: string;
  /** ms */
  readonly paidAt?: number;
  /** ms; closed by the merchant. */
  readonly closedAt?: number;
  /** ms; the payer pressed "refuse". The order stays payable. */
  readonly refusedAt?: number;
  readonly refunds: readonly Refund[];
  readonly a2m?: PaidByAgent;
  /** Whoever pays it agrees to this as well. */
  readonly signs?: AgreementTerms;
  /** Accepted, to be paid by itself at this instant (ms). */
  readonly paysAt?: number;
}

/** A refund as the gateway took it. */
export interface Refund {
  readonly outRefundNo: string;
  readonly refundId: string;
  readonly amountFen: Fen;
  readonly reason?: string;
  readonly fingerprint: string;
  readonly notifyUrl?: string;
  /** ms */
  readonly createdAt: number;
  /** As of its order. */
  readonly sentAt?: number;
  /** ms; until then it is PROCESSING. */
  readonly settlesAt: number;
  /** What it is from `settlesAt` on. */
  readonly outcome: RefundStatus;
}

export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL';
export type TradeState = 'NOTPAY' | 'PAID' | 'CLOSED';

/** An order as it is at an instant: what was accepted has been paid by then. */
export function asOf(trade: Trade, now: number): Trade {
  const { paysAt } = trade;
  return paysAt === undefined || now < paysAt ? trade : { ...trade, paidAt: trade.paidAt ?? paysAt };
}

/** The state at an instant: an unpaid order closes by itself when its time is over. */
export function tradeState(trade: Trade, now: number): TradeState {
  if (trade.paidAt !== undefined) return 'PAID';
  return trade.closedAt !== undefined || now >= trade.expiresAt ? 'CLOSED' : 'NOTPAY';
}

export function refundStatus(refund: Refund, now: number): RefundStatus {
  return now < refund.settlesAt ? 'PROCESSING' : refund.outcome;
}

/** Fen that refunds in any of `statuses` hold. */
export function refundedFen(trade: Trade, now: number, statuses: readonly RefundStatus[]): Fen {
  let sum = 0;
  for (const refund of trade.refunds) {
    if (statuses.includes(refundStatus(refund, now))) sum += refund.amountFen;
  }
  return sum as Fen;
}

/** How rows say whose numbers theirs are among. */
export function keyOf(provider: Provider, space: string | undefined): string {
  return space === undefined ? provider : `${provider}/${space}`;
}

/**
 * The gateways' books of orders and refunds. Numbers are looked up among the merchant's own; see {@link TradeBook.of}.
 * Call inside a write to change them.
 */
export class TradeBook extends Kept {
  readonly #space: string | undefined;

  constructor(database: Tables, space?: string) {
    super(database);
    this.#space = space;
  }

  /** The same book, opened where the numbers of others are. */
  of(space: string | undefined): TradeBook {
    return new TradeBook(this.database, space);
  }

  /** An order by its number, whoever's it is. Looks through all of them. */
  anywhere(provider: Provider, outTradeNo: string): Trade | undefined {
    return this.one(
      "out_trade_no = ? AND (provider = ? OR provider LIKE ? || '/%') ORDER BY provider",
      outTradeNo,
      provider,
      provider,
    );
  }

  byNumber(provider: Provider, outTradeNo: string): Trade | undefined {
    return this.one('provider = ? AND out_trade_no = ?', keyOf(provider, this.#space), outTradeNo);
  }

  byTradeNo(provider: Provider, tradeNo: string): Trade | undefined {
    return this.one('provider = ? AND trade_no = ?', keyOf(provider, this.#space), tradeNo);
  }

  byCashierToken(token: string): Trade | undefined {
    return this.one('cashier_token = ?', token);
  }

  /** The order that used a refund number, for a gateway where it is unique within the merchant. */
  byRefundNumber(provider: Provider, outRefundNo: string): Trade | undefined {
    const row = this.database.row(
      'SELECT out_trade_no FROM refund_numbers WHERE provider = ? AND out_refund_no = ?',
      keyOf(provider, this.#space),
      outRefundNo,
    );
    return row && this.byNumber(provider, String(row.out_trade_no));
  }

  /** The latest orders, newest first. */
  recent(limit: number): Trade[] {
    return this.database
      .rows('SELECT document FROM trades ORDER BY sequence DESC LIMIT ?', limit)
      .map((row) => JSON.parse(String(row.document)) as Trade);
  }

  save(trade: Trade): void {
    const key = keyOf(trade.provider, trade.space);
    this.database.run(
      `INSERT INTO trades (provider, out_trade_no, trade_no, cashier_token, document) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (provider, out_trade_no) DO UPDATE SET trade_no = excluded.trade_no, document = excluded.document`,
      key,
      trade.outTradeNo,
      trade.tradeNo ?? null,
      trade.cashierToken,
      JSON.stringify(trade),
    );
    for (const refund of trade.refunds) {
      this.database.run(
        'INSERT OR IGNORE INTO refund_numbers (provider, out_trade_no, out_refund_no) VALUES (?, ?, ?)',
        key,
        trade.outTradeNo,
        refund.outRefundNo,
      );
    }
  }

  private one(where: string, ...values: string[]): Trade | undefined {
    const row = this.database.row(`SELECT document FROM trades WHERE ${where}`, ...values);
    return row ? (JSON.parse(String(row.document)) as Trade) : undefined;
  }
}
