import { rowDigest } from './audit-digest.ts';
import { orderKey } from './beside.ts';
import { DueRows } from './due-rows.ts';
import type { History } from './history.ts';
import { type Course, type OrderRecord, PROMISES, type PromiseRecord } from './records.ts';
import { listed, type Tx } from './store.ts';

/** Which paid orders are delivered, and until when the others are to be, inside one transaction. */
export class Promises extends DueRows<PromiseRecord> {
  readonly #now: number;
  readonly #history: History;

  constructor(tx: Tx, now: number, history: History) {
    super(tx, PROMISES);
    this.#now = now;
    this.#history = history;
  }

  /** From the transaction in which it becomes PAID on, once; where nobody has said until when, nothing comes of it. */
  async make({ outTradeNo, account, paidAt, terms }: OrderRecord): Promise<PromiseRecord> {
    const known = await this.get(outTradeNo);
    if (known) return known;
    const within = terms.deliverWithinMs;
    const overdueAt = within === undefined ? undefined : Math.min(paidAt ?? this.#now, this.#now) + within;
    const made: PromiseRecord = {
      ...{ outTradeNo, account, overdueAt, tryAt: overdueAt, tries: 0, createdAt: this.#now },
      outRefundNo: `D${rowDigest(await this.#history.salt(), 'overdue', outTradeNo).toUpperCase()}`,
      ...{ toldAt: undefined, course: undefined, deliveredAt: undefined, note: undefined },
    };
    await PROMISES.insert(this.tx, made);
    await this.#history.event(made, 'delivery-awaited', {
      ...(overdueAt === undefined ? {} : { overdueAt }),
    });
    return made;
  }

  /** Nobody else changes it until a transaction that writes ends. */
  async get(outTradeNo: string): Promise<PromiseRecord | undefined> {
    await this.tx.lock(orderKey(outTradeNo));
    const [row] = await this.tx.all('SELECT * FROM promises WHERE out_trade_no = ?', outTradeNo);
    return row && PROMISES.fromRow(row);
  }

  again({ outTradeNo }: PromiseRecord): Promise<PromiseRecord | undefined> {
    return this.get(outTradeNo);
  }

  /** By the order. */
  async ofOrders(outTradeNos: readonly string[]): Promise<ReadonlyMap<string, PromiseRecord>> {
    const rows = await this.tx.all(
      `SELECT * FROM promises WHERE out_trade_no IN ${listed(outTradeNos)}`,
      ...outTradeNos,
    );
    return new Map(rows.map(PROMISES.fromRow).map((promise) => [promise.outTradeNo, promise]));
  }

  /** Whoever sells it says that it is delivered; the first time counts. Nothing else comes of it then. */
  async deliver(promise: PromiseRecord, note: string | undefined): Promise<PromiseRecord> {
    if (promise.deliveredAt !== undefined) return promise;
    const deliveredAt = this.#now;
    const delivered = await this.change(promise, { deliveredAt, note, tryAt: undefined });
    await this.#history.event({ outTradeNo: promise.outTradeNo }, 'delivery-confirmed', {
      deliveredAt,
      ...(note === undefined ? {} : { note: rowDigest(await this.#history.salt(), note) }),
    });
    return delivered;
  }

  /** Nobody has delivered it in time: told once. `course` is what comes of it. */
  async overdue(promise: PromiseRecord, course: Course): Promise<PromiseRecord> {
    if (promise.toldAt !== undefined) return promise;
    const told = await this.change(promise, { toldAt: this.#now, course });
    await this.#history.event({ outTradeNo: promise.outTradeNo }, 'delivery-overdue', {
      toldAt: this.#now,
      since: promise.overdueAt ?? this.#now,
      course,
    });
    return told;
  }

  /** What was to be sent is left to a person instead. */
  async leaveToPerson(promise: PromiseRecord): Promise<PromiseRecord> {
    return this.change(promise, { course: 'propose-refund' });
  }

  /** Nothing is left to do. */
  async end(promise: PromiseRecord): Promise<void> {
    const current = await this.again(promise);
    if (current?.tryAt !== undefined) await this.change(current, { tryAt: undefined });
  }
}
