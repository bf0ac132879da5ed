import { orderKey } from './beside.ts';
import type { History } from './history.ts';
import { OFFERS, type OfferRecord } from './records.ts';
import type { Tx } from './store.ts';

/**
 * Payments of which the buyer is yet to choose the wallet. One has a number of its own, which no order has before that
 * choice and one order has from then on: that order is found first, and what stands here says no more.
 */
export class Offers {
  readonly #tx: Tx;
  readonly #history: History;

  constructor(tx: Tx, history: History) {
    this.#tx = tx;
    this.#history = history;
  }

  /** Nobody chooses or closes it until a transaction that writes ends. */
  async get(outTradeNo: string): Promise<OfferRecord | undefined> {
    await this.#tx.lock(orderKey(outTradeNo));
    return this.#one('out_trade_no = ?', outTradeNo);
  }

  async byPageToken(token: string): Promise<OfferRecord | undefined> {
    return this.#one('page_token = ?', token);
  }

  /** The newest of a buyer's that nobody has chosen or closed, asked for with the same arguments; it may have expired. */
  async byCall(inputHash: string, caller: string): Promise<OfferRecord | undefined> {
    return this.#one(
      `input_hash = ? AND caller = ? AND buyer_hash IS NOT NULL AND closed_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.out_trade_no = offers.out_trade_no)`,
      inputHash,
      caller,
    );
  }

  async insert(offer: OfferRecord): Promise<void> {
    await this.#tx.lock(orderKey(offer.outTradeNo));
    await OFFERS.insert(this.#tx, offer);
    const { amountFen, caller, expiresAt } = offer;
    const terms = await this.#history.offerOf(offer);
    await this.#history.event(offer, 'offer-made', { amountFen, caller, expiresAt, terms });
  }

  /** Nobody can choose any more. @param now ms */
  async close(offer: OfferRecord, now: number): Promise<OfferRecord> {
    const closed = { ...offer, closedAt: now, buyerHash: undefined };
    await OFFERS.update(this.#tx, offer, closed);
    await this.#history.event(offer, 'offer-closed', { closedAt: now });
    return closed;
  }

  /** Of those made before `before` (ms), whoever was to buy is forgotten. Returns of how many, at most `limit`. */
  async forget(before: number, limit: number): Promise<number> {
    return this.#tx.run(
      `UPDATE offers SET buyer_hash = NULL WHERE out_trade_no IN
       (SELECT out_trade_no FROM offers WHERE buyer_hash IS NOT NULL AND created_at < ? ORDER BY created_at LIMIT ?)`,
      before,
      limit,
    );
  }

  /** Whether {@link forget} has something to do. */
  async anyToForget(before: number): Promise<boolean> {
    return (await this.#one('buyer_hash IS NOT NULL AND created_at < ?', before)) !== undefined;
  }

  async #one(where: string, ...values: (string | number)[]): Promise<OfferRecord | undefined> {
    const [row] = await this.#tx.all(
      `SELECT * FROM offers WHERE ${where} ORDER BY created_at DESC LIMIT 1`,
      ...values,
    );
    return row && OFFERS.fromRow(row);
  }
}
