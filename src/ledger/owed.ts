import { beijingDate, beijingMidnight, DAY_MS } from '../domain/clock.ts';
import type { Fen } from '../domain/money.ts';
import { rowDigest } from './audit-digest.ts';
import { orderKey } from './beside.ts';
import { DueRows } from './due-rows.ts';
import type { History } from './history.ts';
import { type OrderRecord, OWED, type OwedRecord, type OwedWhy } from './records.ts';
import { byOrder, listed, type Tx } from './store.ts';

/** Whether a refund goes back under the number of a debt, or one made of it: by a letter that no digest has, once by `_`. */
export function isOfDebt({ outRefundNo }: { readonly outRefundNo: string }, owed: string): boolean {
  return (
    outRefundNo === owed || (/^[N_]\d+$/.test(outRefundNo.slice(owed.length)) && outRefundNo.startsWith(owed))
  );
}

/** What makes a debt. */
export interface Debt {
  readonly outTradeNo: string;
  /** `[A-Za-z0-9_]{1,48}`, which nobody who calls can guess; the same debt has the same one, whoever finds it. */
  readonly outRefundNo: string;
  readonly amountFen: Fen;
  /** ms */
  readonly dueAt: number;
  readonly why: OwedWhy;
}

/** So long (ms) after midnight the trial edition pays back what it was paid the day before. */
const TRIAL_HOUR_MS = 10 * 3_600_000;

/**
 * What the trial edition owes of an order that was paid: all of it, at ten o'clock of the next day in Beijing. The number
 * is the same whoever learns of the payment, also in a ledger that was put back from a backup.
 * @param salt of the ledger, which nobody is told
 * @param now ms
 */
export function trialDebt({ outTradeNo, amountFen, paidAt }: OrderRecord, salt: string, now: number): Debt {
  const day = beijingMidnight(beijingDate(Math.min(paidAt ?? now, now))) ?? now;
  return {
    ...{ outTradeNo, amountFen, why: 'trial' },
    outRefundNo: `T${rowDigest(salt, 'trial', outTradeNo).toUpperCase()}`,
    dueAt: day + DAY_MS + TRIAL_HOUR_MS,
  };
}

/** What the server owes, inside one transaction; see `payments/pay-back.ts` for how it is paid. */
export class Owed extends DueRows<OwedRecord> {
  readonly #now: number;
  readonly #history: History;

  constructor(tx: Tx, now: number, history: History) {
    super(tx, OWED);
    this.#now = now;
    this.#history = history;
  }

  /** In the transaction of the fact that causes it; once for the same two numbers, whatever else is said. */
  async owe({ outTradeNo, outRefundNo, amountFen, dueAt, why }: Debt): Promise<void> {
    if (await this.get(outTradeNo, outRefundNo)) return;
    const [order] = await this.tx.all('SELECT account FROM orders WHERE out_trade_no = ?', outTradeNo);
    if (!order) throw new Error(`nothing is owed of ${outTradeNo}, which is no order`);
    await OWED.insert(this.tx, {
      ...{ outTradeNo, outRefundNo, account: String(order.account), amountFen, why, dueAt },
      ...{ createdAt: this.#now, tryAt: dueAt, tries: 0, refusedCode: undefined, settledAt: undefined },
    });
    await this.#history.event({ outTradeNo, outRefundNo }, 'owed-made', { amountFen, dueAt, why });
  }

  /** Nobody else changes it until a transaction that writes ends. */
  async get(outTradeNo: string, outRefundNo: string): Promise<OwedRecord | undefined> {
    await this.tx.lock(orderKey(outTradeNo));
    const [row] = await this.tx.all(
      'SELECT * FROM owed WHERE out_trade_no = ? AND out_refund_no = ?',
      outTradeNo,
      outRefundNo,
    );
    return row && OWED.fromRow(row);
  }

  again({ outTradeNo, outRefundNo }: OwedRecord): Promise<OwedRecord | undefined> {
    return this.get(outTradeNo, outRefundNo);
  }

  /** By the order. */
  async ofOrders(outTradeNos: readonly string[]): Promise<ReadonlyMap<string, readonly OwedRecord[]>> {
    const rows = await this.tx.all(
      `SELECT * FROM owed WHERE out_trade_no IN ${listed(outTradeNos)} ORDER BY created_at, out_refund_no`,
      ...outTradeNos,
    );
    return byOrder(rows.map(OWED.fromRow));
  }

  /** How much is still owed, and of how many orders a refusal was told; goes through no more than that. */
  async open(): Promise<{ readonly count: number; readonly fen: number; readonly refused: number }> {
    const [row] = await this.tx.all(
      `SELECT COUNT(*) AS count, COALESCE(SUM(amount_fen), 0) AS fen, COUNT(refused_code) AS refused FROM owed
       WHERE account > '' AND try_at IS NOT NULL`,
    );
    return { count: Number(row?.count), fen: Number(row?.fen), refused: Number(row?.refused) };
  }

  /** The gateway, or what is known of the order, does not let it be paid: once, that is told. */
  async refused(debt: OwedRecord, code: string): Promise<void> {
    const current = await this.again(debt);
    if (!current || current.settledAt !== undefined || current.refusedCode !== undefined) return;
    await this.change(current, { refusedCode: code });
    await this.#history.event(current, 'owed-refused', { code, why: current.why });
  }

  /** Nothing is left to be paid: all of it has provably gone back. */
  async settle(debt: OwedRecord): Promise<void> {
    const current = await this.again(debt);
    if (!current || current.settledAt !== undefined) return;
    await this.change(current, { tryAt: undefined, settledAt: this.#now });
    await this.#history.event(current, 'owed-settled', { settledAt: this.#now });
  }
}
