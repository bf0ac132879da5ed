import { orderKey } from './beside.ts';
import { ORDERS, type OrderRecord, REFUNDS, type RefundRecord } from './records.ts';
import type { Row, Tx } from './store.ts';

/** So many callers are looked at in one go; those behind them come first the next time. */
const MOST_CALLERS = 100;
/** How many records a corrected clock brings back in one go. */
const MOST_PULLED = 200;
/**
 * Asked for fewer times than this an order is fresh: its buyer may be paying just now. The indexes of the schema say
 * the same, or no query would find them.
 */
const CLASSES = ['asked < 4', 'asked >= 4'] as const;

/** Under which what is due of an account is given out. */
const askingKey = (account: string) => `asking ${account}`;

/** What the gateways are to be asked about, inside one transaction. All of it is found by index, whatever the ledger holds. */
export class Asking {
  readonly #tx: Tx;
  readonly #now: number;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  /** The accounts of whom anything is not final, each found by a jump in an index; there are as many as a merchant has apps. */
  async accounts(): Promise<string[]> {
    const found = new Set<string>();
    for (const table of ['orders', 'refunds']) {
      for (let last = ''; ; ) {
        const [row] = await this.#tx.all(
          `SELECT MIN(account) AS next FROM ${table} WHERE account > ? AND ask_at IS NOT NULL`,
          last,
        );
        if (typeof row?.next !== 'string') break;
        last = row.next;
        found.add(last);
      }
    }
    return [...found];
  }

  /** The first instant (ms) at which anything of this account is due, orders and refunds alike. */
  async earliest(account: string): Promise<number | undefined> {
    const [row] = await this.#tx.all(
      `SELECT MIN(at) AS at FROM (
         SELECT MIN(ask_at) AS at FROM orders WHERE account = ? AND ask_at IS NOT NULL
         UNION ALL
         SELECT MIN(ask_at) FROM refunds WHERE account = ? AND ask_at IS NOT NULL) AS due`,
      account,
      account,
    );
    return row?.at === null || row?.at === undefined ? undefined : Number(row.at);
  }

  /** Whether anything at all is not final and has to be asked for. */
  async any(): Promise<boolean> {
    for (const table of ['orders', 'refunds']) {
      const rows = await this.#tx.all(`SELECT 1 AS one FROM ${table} WHERE ask_at IS NOT NULL LIMIT 1`);
      if (rows.length > 0) return true;
    }
    return false;
  }

  /**
   * Orders whose turn has come: fresh ones first, and one of each caller before a second of any.
   * @param after the caller that had its turn last; give `last` back the next time
   */
  async orders(
    account: string,
    limit: number,
    after: string,
  ): Promise<{ readonly orders: readonly OrderRecord[]; readonly last: string }> {
    await this.#tx.lock(askingKey(account));
    const orders: OrderRecord[] = [];
    let last = after;
    for (const which of CLASSES) {
      const room = limit - orders.length;
      if (room <= 0) break;
      const { callers, seen } = await this.#callers(which, account, after, room);
      const turns = await Promise.all(callers.map((caller) => this.#ofCaller(which, account, caller, room)));
      const inTurn = Array.from({ length: room }, (_, i) => turns.flatMap((rows) => rows.slice(i, i + 1)));
      orders.push(...inTurn.flat().slice(0, room).map(ORDERS.fromRow));
      last = seen;
    }
    return { orders, last };
  }

  /** Up to `room` callers of whom something is due, those by name behind `after` first; `seen` is the last looked at. */
  async #callers(
    which: (typeof CLASSES)[number],
    account: string,
    after: string,
    room: number,
  ): Promise<{ callers: string[]; seen: string }> {
    const callers: string[] = [];
    let seen = after;
    let wrapped = after === '';
    for (let i = 0; i < MOST_CALLERS && callers.length < room; i++) {
      const [row] = await this.#tx.all(
        `SELECT caller, ask_at FROM orders WHERE account = ? AND caller > ? AND ask_at IS NOT NULL AND ${which}
         ORDER BY caller, ask_at LIMIT 1`,
        account,
        seen,
      );
      if (row === undefined) {
        if (wrapped) break;
        wrapped = true;
        seen = '';
        continue;
      }
      const caller = String(row.caller);
      if (wrapped && after !== '' && caller > after) break;
      seen = caller;
      if (Number(row.ask_at) <= this.#now) callers.push(caller);
    }
    return { callers, seen };
  }

  #ofCaller(which: (typeof CLASSES)[number], account: string, caller: string, room: number): Promise<Row[]> {
    return this.#tx.all(
      `SELECT * FROM orders WHERE account = ? AND caller = ? AND ask_at <= ? AND ${which} ORDER BY ask_at LIMIT ?`,
      account,
      caller,
      this.#now,
      room,
    );
  }

  /** Refunds whose turn has come, the longest due first. */
  async refunds(account: string, limit: number): Promise<{ order: OrderRecord; refund: RefundRecord }[]> {
    await this.#tx.lock(askingKey(account));
    const rows = await this.#tx.all(
      'SELECT * FROM refunds WHERE account = ? AND ask_at <= ? ORDER BY ask_at LIMIT ?',
      account,
      this.#now,
      Math.max(0, limit),
    );
    const due: { order: OrderRecord; refund: RefundRecord }[] = [];
    for (const refund of rows.map(REFUNDS.fromRow)) {
      const [row] = await this.#tx.all('SELECT * FROM orders WHERE out_trade_no = ?', refund.outTradeNo);
      if (row) due.push({ order: ORDERS.fromRow(row), refund });
    }
    return due;
  }

  /**
   * Notes one more question and when the next is due (ms). It is no news to anybody who waits. Returns whether it was
   * due when the record says, still: what is settled meanwhile is not asked about again.
   */
  async schedule(record: OrderRecord | RefundRecord, askAt: number): Promise<boolean> {
    const { outTradeNo } = record;
    await this.#tx.lock(orderKey(outTradeNo));
    const due = record.askAt ?? null;
    const noted =
      'outRefundNo' in record
        ? await this.#tx.run(
            'UPDATE refunds SET ask_at = ?, asked = asked + 1 WHERE out_trade_no = ? AND out_refund_no = ? AND ask_at = ?',
            ...[askAt, outTradeNo, record.outRefundNo, due],
          )
        : await this.#tx.run(
            'UPDATE orders SET ask_at = ?, asked = asked + 1, asked_at = ? WHERE out_trade_no = ? AND ask_at = ?',
            ...[askAt, this.#now, outTradeNo, due],
          );
    return noted === 1;
  }

  /** When (ms) any process last asked about an order, as far as it was noted. */
  async askedAt(outTradeNo: string): Promise<number | undefined> {
    await this.#tx.lock(orderKey(outTradeNo));
    const [row] = await this.#tx.all('SELECT asked_at FROM orders WHERE out_trade_no = ?', outTradeNo);
    return row?.asked_at === null || row?.asked_at === undefined ? undefined : Number(row.asked_at);
  }

  /** Notes that somebody asks about an order now. */
  async noteAsked(outTradeNo: string): Promise<void> {
    await this.#tx.lock(orderKey(outTradeNo));
    await this.#tx.run('UPDATE orders SET asked_at = ? WHERE out_trade_no = ?', this.#now, outTradeNo);
  }

  /**
   * Makes what is due later than `horizon` (ms) due now: a clock that was ahead has put it there. Returns whether
   * there may be more of it.
   */
  async pull(account: string, horizon: number): Promise<boolean> {
    await this.#tx.alone();
    const pulled = [
      await this.#tx.run(
        `UPDATE orders SET ask_at = ? WHERE out_trade_no IN (
           SELECT out_trade_no FROM orders WHERE account = ? AND ask_at > ? ORDER BY ask_at LIMIT ${MOST_PULLED})`,
        this.#now,
        account,
        horizon,
      ),
      await this.#tx.run(
        `UPDATE refunds SET ask_at = ? WHERE (out_trade_no, out_refund_no) IN (
           SELECT out_trade_no, out_refund_no FROM refunds WHERE account = ? AND ask_at > ?
           ORDER BY ask_at LIMIT ${MOST_PULLED})`,
        this.#now,
        account,
        horizon,
      ),
    ];
    return pulled.includes(MOST_PULLED);
  }
}
