import { fenFromYuan } from '../../../src/domain/money.ts';
import { pause } from '../killed-shop.ts';
import type { Refusal } from '../shapes.ts';
import {
  COUNT,
  COUNTED,
  GIVEN_FEN,
  GIVING,
  PREPAID,
  RETURNING,
  SUM_FEN,
  SUMMED,
  TOP_FEN,
  yuan,
} from './rules.ts';
import type { Seller } from './seller.ts';
import type { Trade } from './trade.ts';

/** At its edge a limit is asked by so many clients at once. */
const AT_ONCE = 5;
/** A beat of one caller's (ms). */
const BEAT_MS = 400;
/** Between two fillings of a budget (ms), at most. */
const REST_MS = 4_000;
/** No limit is begun with later, and no budget filled (share of the storm): there is to be time for the end. */
const LAST_BEGINS = 0.8;

export interface Shopfloor {
  readonly seller: Seller;
  readonly random: () => number;
  readonly wrong: (what: string) => void;
  /** A new wish of this caller's. */
  readonly wish: (caller: string, fen: number, fate: 'unpaid' | 'paid') => Trade;
  readonly topUp: (caller: string, fen: number) => Promise<void>;
  /** False once a day has begun in which all limits are new. */
  readonly isOneDay: () => boolean;
}

/** What came of a draw: it fits, or is refused, with what is used up already. */
type Draw = (fen: number) => Promise<{ readonly fits: boolean; readonly usedFen: number }>;

/**
 * Drives limits and budgets to their edges: what is left is asked for by several clients at once, of which no more may
 * have it than it is enough for, and that many must.
 */
export class Limits {
  readonly #at: Shopfloor;
  /** How many edges were reached, and how many draws were refused. */
  readonly counts = { edges: 0, refused: 0 };
  /** What each budget was filled with (fen). */
  readonly filled = new Map<string, number>();

  constructor(shopfloor: Shopfloor) {
    this.#at = shopfloor;
  }

  /**
   * All of them, each to its last edge, one after the other begins; budgets again and again.
   * @param progress how far the storm has come, up to 1
   */
  async exhaust(progress: () => number): Promise<void> {
    const edges = [
      ...SUMMED.map(
        (caller) => () => this.#toTheEdge(caller, this.#paymentsOf(caller, 'totalYuan'), SUM_FEN),
      ),
      ...COUNTED.map((caller) => () => this.#toTheCount(caller)),
      ...GIVING.map(
        (caller) => () => this.#toTheEdge(caller, this.#refundsOf(caller, 'totalYuan'), GIVEN_FEN),
      ),
    ];
    const comes = async (share: number) => {
      while (progress() < share) await pause(100);
    };
    await Promise.all([
      ...edges.map((edge, i) => comes((i / edges.length) * LAST_BEGINS).then(edge)),
      ...PREPAID.map((caller) => this.#spend(caller, this.#paymentsOf(caller, 'from'), progress)),
      ...RETURNING.map((caller) => this.#spend(caller, this.#refundsOf(caller, 'from'), progress)),
    ]);
  }

  /** What all callers together may have, to its edge, by all of these. */
  async exhaustAll(callers: readonly string[]): Promise<void> {
    let turn = 0;
    const draw: Draw = (fen) =>
      this.#payment(callers[turn++ % callers.length] ?? '', fen, 'payments.perDay.totalYuan');
    await this.#toTheEdge('all callers', draw, TOP_FEN);
  }

  /** A budget, filled again and again. */
  async #spend(caller: string, draw: Draw, progress: () => number): Promise<void> {
    while (progress() < LAST_BEGINS) {
      const fen = 500 + Math.floor(this.#at.random() * 2_000);
      await this.#at.topUp(caller, fen);
      const filled = (this.filled.get(caller) ?? 0) + fen;
      this.filled.set(caller, filled);
      await this.#toTheEdge(caller, draw, filled);
      await pause(this.#upTo(REST_MS));
    }
  }

  async #toTheCount(caller: string): Promise<void> {
    const draw: Draw = (fen) => this.#payment(caller, fen, `clients.${caller}.payments.perDay.count`);
    for (let used = 0; used < COUNT; ) {
      // The first ones one by one, so that the rest is not a multiple of how many come at once.
      const count = used < 3 ? 1 : AT_ONCE;
      const drawn = await Promise.all(
        Array.from({ length: count }, () => draw(1 + Math.floor(this.#upTo(300)))),
      );
      const fits = drawn.filter(({ fits }) => fits).length;
      const wanted = Math.min(count, COUNT - used);
      this.#insist(
        fits === wanted,
        `${caller}: ${used} of ${COUNT} were used, and ${fits} of ${count} at once had one`,
      );
      used += wanted;
      await pause(this.#upTo(BEAT_MS));
    }
    this.counts.edges += 1;
    for (const { fits } of await Promise.all([1, 2, 3].map(draw)))
      this.#insist(!fits, `${caller}: one more than ${COUNT}`);
  }

  async #toTheEdge(whose: string, draw: Draw, limitFen: number): Promise<void> {
    // What can never fit tells what is used.
    const usedFen = async () => (await draw(limitFen + 1)).usedFen;
    for (let used = await usedFen(), round = 0; used < limitFen; round += 1) {
      const left = limitFen - used;
      // At first so much for each that it is not yet the edge, then so much that all of them would be too much.
      const shares = round === 0 ? AT_ONCE * 2 : 1 + Math.floor(this.#upTo(AT_ONCE - 1));
      const fen = Math.max(1, Math.floor(left / shares));
      const fitting = Math.min(AT_ONCE, Math.floor(left / fen));
      const drawn = await Promise.all(Array.from({ length: AT_ONCE }, () => draw(fen)));
      const fits = drawn.filter((one) => one.fits).length;
      this.#insist(
        fits === fitting,
        `${whose}: ${left} of ${limitFen} fen were left, and ${fits} of ${AT_ONCE} at once had ${fen} fen`,
      );
      if (fitting < AT_ONCE) this.counts.edges += 1;
      const now = await usedFen();
      this.#insist(
        now === used + fitting * fen,
        `${whose}: ${now} fen are used; it is ${used + fitting * fen}`,
      );
      if (now > limitFen) return;
      used = now;
      await pause(this.#upTo(BEAT_MS));
    }
    const { fits, usedFen: used } = await draw(1);
    this.#insist(!fits && used === limitFen, `${whose}: at the edge of ${limitFen} fen, ${used} are used`);
  }

  #paymentsOf(caller: string, rule: 'totalYuan' | 'from'): Draw {
    const path = `clients.${caller}.payments.${rule === 'from' ? rule : `perDay.${rule}`}`;
    return (fen) => this.#payment(caller, fen, path);
  }

  async #payment(caller: string, fen: number, rule: string) {
    const trade = this.#at.wish(caller, fen, 'unpaid');
    const refused = await this.#at.seller.create(trade);
    if (refused) trade.fate = 'denied';
    return this.#drawn(trade, refused, rule);
  }

  /** Refunds of orders that are paid before, one of each. */
  #refundsOf(caller: string, rule: 'totalYuan' | 'from'): Draw {
    const path = `clients.${caller}.refunds.${rule === 'from' ? rule : `perDay.${rule}`}`;
    const sold: Trade[] = [];
    return async (fen) => {
      const trade = sold.pop() ?? (await this.#sold(caller));
      trade.refundYuan = yuan(fen);
      const refused = await this.#at.seller.refund(trade);
      if (refused) sold.push(trade);
      else trade.fate = 'refunded';
      return this.#drawn(trade, refused, path);
    };
  }

  async #sold(caller: string): Promise<Trade> {
    const trade = this.#at.wish(caller, 100_000, 'paid');
    const refused = await this.#at.seller.create(trade);
    if (refused) throw new Error(`${trade.title}: ${JSON.stringify(refused)}`);
    await this.#at.seller.learnByAsking(trade);
    return trade;
  }

  #drawn(trade: Trade, refused: Refusal | undefined, rule: string) {
    if (!refused) return { fits: true, usedFen: Number.NaN };
    this.counts.refused += 1;
    const isOurs = refused.code === 'POLICY_DENIED' && refused.rule === rule;
    this.#insist(isOurs, `${trade.title}: not by ${rule}, but ${JSON.stringify(refused)}`);
    return { fits: false, usedFen: fenFromYuan(String(refused.used)) ?? Number.NaN };
  }

  #insist(holds: boolean, wrong: string): void {
    if (!holds && this.#at.isOneDay()) this.#at.wrong(wrong);
  }

  #upTo(most: number): number {
    return this.#at.random() * most;
  }
}
