import type { OrderRecord } from '../ledger/records.ts';

/** Tells which of the orders that something happens to are new: made since, and not told of before. */
export class Newest {
  #madeAt: number;
  #outTradeNo: string | undefined;

  /** @param now from when on (ms) */
  constructor(now: number) {
    this.#madeAt = now;
  }

  takes({ createdAt, outTradeNo }: Pick<OrderRecord, 'createdAt' | 'outTradeNo'>): boolean {
    if (createdAt < this.#madeAt || outTradeNo === this.#outTradeNo) return false;
    this.#madeAt = createdAt;
    this.#outTradeNo = outTradeNo;
    return true;
  }
}
