import type { Pool } from 'pg';
import { beijingDay } from '../../../src/domain/clock.ts';
import { type PaymentList, readList } from '../shapes.ts';
import type { Shop } from '../shop.ts';
import {
  findOddSums,
  findUnfinished,
  findWrongs,
  isLost,
  type LedgerOrder,
  readOrders,
  readSteps,
  type Sides,
} from '../wishes.ts';
import type { Callers } from './callers.ts';
import {
  BOSS,
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
import type { Trade } from './trade.ts';

/** Calls that the simulator remembers. */
const REMEMBERED = 20_000;

/** All that is written down of a fleet, by clients, gateways and the ledger, and whether it agrees. */
export class Books {
  readonly #shop: Shop;
  readonly #pool: Pool;
  readonly #callers: Callers;
  readonly #day = beijingDay(Date.now());

  constructor(shop: Shop, pool: Pool, callers: Callers) {
    this.#shop = shop;
    this.#pool = pool;
    this.#callers = callers;
  }

  /** Limits of a day are of one day only. */
  get isOneDay(): boolean {
    return beijingDay(Date.now()) === this.#day;
  }

  /** The ledger's, as a person is shown them. */
  async orders(): Promise<readonly LedgerOrder[]> {
    return readOrders(await this.#command('orders', '--json', '--limit', '100000'));
  }

  /**
   * What does not agree, once everything is settled.
   * @param filled what each budget was filled with (fen), all of which was spent
   */
  async compare(trades: readonly Trade[], filled: ReadonlyMap<string, number>): Promise<string[]> {
    const sides = await this.#sides(trades);
    const { items, totals } = await this.#listAll();
    const wrongs = [
      ...findWrongs(sides),
      ...findUnfinished(sides),
      ...findOddSums(items, totals, sides),
      ...this.#findOddLimits(sides, trades, filled),
      ...(await this.#findOddBudgets(filled)),
    ];
    if (sides.calls.length >= REMEMBERED) wrongs.push('the simulator has forgotten what it was asked first');
    const { code, stdout, stderr } = await this.#shop.command(['audit', 'verify', '--json']);
    if (code !== 0) wrongs.push(`audit verify: ${stdout} ${stderr}`);
    return wrongs;
  }

  async #command(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#shop.command(args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async #sides(wishes: readonly Trade[]): Promise<Sides> {
    const { simulator } = this.#shop;
    const [trades, calls] = await Promise.all([simulator.trades(), simulator.calls()]);
    const orders = await this.orders();
    const rows = async (sql: string) => (await this.#pool.query(sql)).rows;
    return { wishes, orders, trades, calls, steps: await readSteps({ rows }) };
  }

  async #listAll(): Promise<Pick<PaymentList, 'items' | 'totals'>> {
    const items: PaymentList['items'] = [];
    let totals: PaymentList['totals'] = { count: 0, paidYuan: '', refundedYuan: '' };
    let cursor: string | undefined;
    do {
      const args = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      const refused = await this.#callers.call('list', BOSS, 'list-payments', args, () => (reply) => {
        const page = readList(reply);
        items.push(...page.items);
        totals = page.totals;
        cursor = page.nextCursor;
      });
      if (refused) throw new Error(JSON.stringify(refused));
    } while (cursor !== undefined);
    return { items, totals };
  }

  /** What the gateways were asked for, by caller, against what each caller may have. */
  #findOddLimits(
    { calls, trades, orders }: Sides,
    wishes: readonly Trade[],
    filled: ReadonlyMap<string, number>,
  ): string[] {
    const wrongs: string[] = [];
    const equal = (what: string, is: number, shall: number) => {
      if (is !== shall) wrongs.push(`${what}: ${is} instead of ${shall}`);
    };
    const byNumber = new Map(wishes.filter(({ isOpen }) => isOpen).map((trade) => [trade.outTradeNo, trade]));
    for (const { outTradeNo, title } of orders.filter(isLost)) {
      const wish = wishes.find((trade) => trade.title === title);
      if (wish) byNumber.set(outTradeNo, wish);
    }
    const made = new Set(
      calls.filter(({ operation }) => operation === 'create').map((call) => call.outTradeNo),
    );
    const fenOf = (number: string) => Number(byNumber.get(number)?.amountYuan.replace('.', '') ?? Number.NaN);
    const numbersOf = (caller: string) =>
      [...made].filter((number) => byNumber.get(number)?.caller === caller);
    const sumOf = (numbers: Iterable<string>) => [...numbers].reduce((sum, number) => sum + fenOf(number), 0);
    const givenBy = (caller: string) =>
      trades
        .filter(({ outTradeNo }) => byNumber.get(outTradeNo)?.caller === caller)
        .flatMap(({ refunds }) => refunds)
        .reduce((sum, { amountFen }) => sum + amountFen, 0);
    const ofBudget = (caller: string) => filled.get(caller) ?? 0;
    for (const caller of PREPAID)
      equal(`fen of ${caller}'s budget`, sumOf(numbersOf(caller)), ofBudget(caller));
    for (const caller of RETURNING)
      equal(`fen of ${caller}'s budget given back`, givenBy(caller), ofBudget(caller));
    if (!this.isOneDay) return wrongs;
    for (const caller of SUMMED) equal(`fen of ${caller}`, sumOf(numbersOf(caller)), SUM_FEN);
    for (const caller of COUNTED) equal(`orders of ${caller}`, numbersOf(caller).length, COUNT);
    for (const caller of GIVING) equal(`fen given back by ${caller}`, givenBy(caller), GIVEN_FEN);
    equal('fen of all callers', sumOf(made), TOP_FEN);
    return wrongs;
  }

  async #findOddBudgets(filled: ReadonlyMap<string, number>): Promise<string[]> {
    const { items } = JSON.parse(await this.#command('budget', 'show', '--json')) as {
      items: { caller: string; filledYuan: string; heldYuan: string; leftYuan: string }[];
    };
    return [...filled].flatMap(([caller, fen]) => {
      const shown = items.find((item) => item.caller === caller);
      const isSo =
        shown?.filledYuan === yuan(fen) && shown.heldYuan === yuan(fen) && Number(shown.leftYuan) === 0;
      return isSo ? [] : [`${caller} has spent all of ${yuan(fen)} yuan, and not ${JSON.stringify(shown)}`];
    });
  }
}
