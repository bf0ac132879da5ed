import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { addToken } from '../../http/tokens.ts';
import { SlowNetwork } from '../../support/fake-gateway-server.ts';
import { PostgresServer } from '../../support/postgres-server.ts';
import { RoundRobin } from '../../support/proxy.ts';
import { until } from '../../support/server-process.ts';
import { type GatewayCall, WALLETS } from '../../support/simulator-client.ts';
import { seeded } from '../../support/virtual-time.ts';
import { type PaymentList, readList } from '../shapes.ts';
import { Shop } from '../shop.ts';
import {
  type Fate,
  FREE_REFUND_FEN,
  findOddSums,
  findUnfinished,
  findWrongs,
  readOrders,
  readSteps,
  type Sides,
} from '../wishes.ts';
import { Callers } from './callers.ts';
import { Journal } from './journal.ts';
import { Limits } from './limits.ts';
import { Replica } from './replica.ts';
import {
  COUNT,
  COUNTED,
  GIVEN_FEN,
  GIVING,
  LIMITED,
  PREPAID,
  policy,
  RETURNING,
  SUM_FEN,
  SUMMED,
  TOP_FEN,
} from './rules.ts';
import { Seller, Trade } from './seller.ts';
import { Storm } from './storm.ts';

const REPLICAS = ['A', 'B', 'C'];
/** Agents without limits of their own. */
const AGENTS = ['alice', 'bob', 'carol'];
/** Who sees all orders. */
const BOSS = 'boss';
/** How many wishes are being fulfilled at the same time. */
const AT_A_TIME = 10;
/** No wish is made later (share of the storm). */
const SELLS_UNTIL = 0.85;
/** Faults of the gateways, by words in a title; most wishes have none. */
const FAULTS = [
  'sim:lost-create-after',
  'sim:lost-create-before',
  'sim:http-502@create*1',
  'sim:garbage@create*1',
  'sim:system-error-done@create*1',
  'sim:slow@create*1',
  'sim:forged-answer@create*1',
  'sim:notify-twice',
  'sim:notify-late',
  'sim:notify-forged',
  'sim:notify-never',
  'sim:wrong-amount@notify',
  'sim:wrong-account@notify',
  'sim:refund-lost-after',
  'sim:refund-lost-before',
];
/** Calls that the simulator remembers. */
const REMEMBERED = 20_000;
const DEAF = 'sim:notify-never';
/** Where what is needed to understand a failure is written. */
const REPORTS = fileURLToPath(new URL('../../../coverage/', import.meta.url));

export interface Measure {
  readonly kills: number;
  readonly outages: number;
}

/** Three replicas of the service on one PostgreSQL, all who call them, and all that befalls them. */
export class Fleet {
  readonly #seed: number;
  readonly #random: () => number;
  readonly #journal = new Journal(process.env.FLEET_LOUD !== undefined);
  readonly #shop: Shop;
  readonly #server: PostgresServer;
  readonly #database: string;
  readonly #pool: Pool;
  readonly #network: SlowNetwork;
  readonly #proxies: readonly RoundRobin[];
  readonly #replicas: Replica[] = [];
  readonly #callers: Callers;
  readonly #seller: Seller;
  readonly #limits: Limits;
  readonly #storm: Storm;
  readonly #trades: Trade[] = [];
  readonly #approved = new Map<string, Promise<void>>();
  readonly #wrongs = new Set<string>();

  private constructor(
    seed: number,
    parts: {
      readonly shop: Shop;
      readonly server: PostgresServer;
      readonly database: string;
      readonly network: SlowNetwork;
      readonly proxies: readonly RoundRobin[];
      readonly tokens: ReadonlyMap<string, string>;
    },
  ) {
    this.#seed = seed;
    this.#random = seeded(seed);
    this.#shop = parts.shop;
    this.#server = parts.server;
    this.#database = parts.database;
    this.#network = parts.network;
    this.#proxies = parts.proxies;
    this.#pool = new Pool({ connectionString: parts.database, max: 4 });
    this.#pool.on('error', () => undefined);
    const wrong = (what: string) => this.#wrong(what);
    const { simulator } = parts.shop;
    const common = { journal: this.#journal, random: this.#random, wrong };
    this.#callers = new Callers({
      ...common,
      origins: parts.proxies.map(({ origin }) => origin),
      tokens: parts.tokens,
    });
    const approve = (id: string) => this.#approve(id);
    this.#seller = new Seller({ ...common, callers: this.#callers, simulator, approve });
    this.#limits = new Limits({
      ...common,
      seller: this.#seller,
      simulator,
      wish: (caller, fen, fate) => this.#wish({ caller, fen, fate }),
      topUp: (caller, fen) => this.#topUp(caller, fen),
    });
    this.#storm = new Storm({
      journal: this.#journal,
      random: seeded(seed + 1),
      replicas: this.#replicas,
      network: parts.network,
      server: parts.server,
      pool: this.#pool,
      answered: () => this.#callers.answered,
    });
  }

  static async open(seed: number): Promise<Fleet> {
    const server = await PostgresServer.open();
    const env = { CASHIER_LANG: 'en', CASHIER_LEDGER: server.url };
    const shop = await Shop.open({ policy: policy(FREE_REFUND_FEN), env });
    const network = await SlowNetwork.before(shop.simulator);
    const proxies = [await RoundRobin.open(), await RoundRobin.open({ isSticky: true })];
    const tokens = new Map<string, string>();
    for (const name of [...AGENTS, ...LIMITED]) tokens.set(name, await addToken(shop, name));
    tokens.set(BOSS, await addToken(shop, BOSS, '--orders', 'all'));
    const fleet = new Fleet(seed, { shop, server, database: server.url, network, proxies, tokens });
    await fleet.#launch();
    return fleet;
  }

  /** What was found wrong. */
  get wrongs(): readonly string[] {
    return [...this.#wrongs, ...this.#trades.flatMap(({ violations }) => violations)];
  }

  /** What was done, in numbers. */
  get summary(): string {
    const lines = (counts: ReadonlyMap<string, number>) =>
      [...counts].sort().map(([what, count]) => `  ${count} ${what}`);
    const { edges, refused } = this.#limits.counts;
    return [
      `seed ${this.#seed}: ${this.#storm.kills} kills, ${this.#storm.outages} outages of the database, ${this.#trades.length} wishes, ${edges} edges of limits with ${refused} refusals, ${this.#journal.now.toFixed(0)} s`,
      ...lines(this.#storm.counts),
      ...lines(this.#callers.counts),
      ...lines(this.#seller.heard),
    ].join('\n');
  }

  /** Everybody calls, and everything breaks. */
  async storm({ kills, outages }: Measure): Promise<void> {
    const progress = () => (this.#storm.isOver ? 1 : this.#storm.kills / kills);
    let isBusy = true;
    const raging = this.#storm.rage(kills, outages, () => isBusy);
    const busy = async () => {
      const selling = Array.from({ length: AT_A_TIME }, async () => {
        while (progress() < SELLS_UNTIL) await this.#seller.fulfil(this.#wish());
      });
      await Promise.all([...selling, this.#limits.exhaust(progress)]);
      await this.#limits.exhaustAll(AGENTS);
    };
    const done = busy().finally(() => {
      isBusy = false;
    });
    done.catch(() => this.#storm.end());
    await raging;
    await done;
  }

  /** The weather clears: what nobody asks about any more is settled, and all books are compared. */
  async reconcile(): Promise<void> {
    this.#journal.tell('calm');
    for (const trade of this.#trades) if (trade.leftAlone) await this.#seller.settled(trade);
    this.#journal.tell('settled');
    await until('nothing is unknown', async () => {
      const orders = readOrders(await this.#command('orders', '--json', '--limit', '100000'));
      const open = orders.filter(
        ({ state, refunds }) => state === 'UNKNOWN' || refunds.some((refund) => refund.state === 'UNKNOWN'),
      );
      return open.length === 0 || undefined;
    }).catch((error: unknown) => this.#wrong(String(error)));
    for (const caller of [...AGENTS, ...LIMITED]) {
      const own = this.#trades.filter((trade) => trade.caller === caller && trade.isOpen);
      await this.#seller.look(caller, own);
    }
    const sides = await this.#sides();
    if (sides.calls.length >= REMEMBERED)
      this.#wrong('the simulator has forgotten what it was asked at first');
    const { items, totals } = await this.#listAll();
    for (const wrong of [
      ...findWrongs(sides),
      ...findUnfinished(sides),
      ...findOddSums(items, totals, sides),
      ...this.#findOddLimits(sides.calls, sides.trades),
    ])
      this.#wrong(wrong);
    await this.#compareBudgets();
    const { code, stdout, stderr } = await this.#shop.command(['audit', 'verify', '--json']);
    if (code !== 0) this.#wrong(`audit verify: ${stdout} ${stderr}`);
  }

  /** Everything that tells how what was found wrong came about, as a file; its name. */
  async report(error?: unknown): Promise<string> {
    const about = (trade: Trade) => {
      const number = trade.isOpen || 'outTradeNo' in trade.createArgs ? trade.outTradeNo : trade.title;
      return this.wrongs.some((wrong) => wrong.includes(trade.title) || wrong.includes(number));
    };
    const concerned = this.#trades.filter(about).slice(0, 20);
    const { rows: calls } = { rows: await this.#shop.simulator.calls().catch(() => []) };
    const parts = concerned.map(async (trade) => {
      const number = trade.isOpen || 'outTradeNo' in trade.createArgs ? trade.outTradeNo : '-';
      const records = await this.#pool
        .query(
          `SELECT audit.seq, audit.at, word, to_jsonb(audit) AS record FROM audit LEFT JOIN words ON words.id = audit.kind
           WHERE audit.out_trade_no = $1 ORDER BY audit.seq`,
          [number],
        )
        .then(
          ({ rows }) => rows.map((row) => JSON.stringify(row)),
          (failed: unknown) => [String(failed)],
        );
      return [
        `=== ${trade.title} ${number} (${trade.caller}, ${trade.fate})`,
        ...this.#journal.of(trade.title),
        '--- gateway',
        ...calls.filter((call) => call.outTradeNo === number).map((call) => JSON.stringify(call)),
        '--- ledger',
        ...records,
      ].join('\n');
    });
    const text = [
      this.summary,
      ...(error === undefined ? [] : [String(error instanceof Error ? error.stack : error)]),
      ...this.wrongs,
      ...(await Promise.all(parts)),
      '=== fleet',
      ...this.#journal.common,
    ].join('\n');
    mkdirSync(REPORTS, { recursive: true });
    const path = `${REPORTS}fleet-${this.#seed}.txt`;
    writeFileSync(path, text);
    return path;
  }

  async end(): Promise<void> {
    await this.#callers.close();
    await Promise.all(this.#replicas.map((replica) => replica.end()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    await this.#network.close();
    await this.#pool.end();
    await this.#shop.close();
    await this.#server.stop('immediate');
  }

  async #launch(): Promise<void> {
    const [proxy, sticky] = this.#proxies;
    const origin = proxy?.origin ?? '';
    const env = {
      ...this.#network.env,
      CASHIER_PUBLIC_URL: origin,
      CASHIER_ALLOWED_HOSTS: new URL(sticky?.origin ?? '').host,
      AP_NOTIFY_URL: `${origin}/notify/alipay`,
      WXPAY_NOTIFY_URL: `${origin}/notify/wechatpay`,
    };
    const site = {
      shop: this.#shop,
      env,
      database: this.#database,
      proxies: this.#proxies,
      journal: this.#journal,
      wasAway: (since: number) => this.#storm.wasAway(since),
      wrong: (what: string) => this.#wrong(what),
    };
    // The first one makes the ledger.
    for (const name of REPLICAS) this.#replicas.push(await Replica.open(name, site));
  }

  #wish(wanted: { readonly caller?: string; readonly fen?: number; readonly fate?: Fate } = {}): Trade {
    const number = String(this.#trades.length + 1).padStart(5, '0');
    const chance = (share: number) => this.#random() < share;
    const pick = <T>(items: readonly T[]) => items[Math.floor(this.#random() * items.length)] as T;
    const isFree = wanted.fate === undefined;
    const fate =
      wanted.fate ??
      pick<Fate>(['refunded', 'refunded', 'refunded', 'paid', 'paid', 'unpaid', 'closed', 'late']);
    const leftAlone = isFree && fate === 'paid' && chance(0.4);
    const fault = leftAlone ? DEAF : chance(isFree ? 0.5 : 0.15) ? pick(FAULTS) : '';
    const fen = wanted.fen ?? 100 + Math.floor(this.#random() * 900);
    const provider = pick(WALLETS);
    const trade = new Trade(wanted.caller ?? pick(AGENTS), {
      provider,
      title: `${fault} wish-${number}`.trim(),
      amountYuan: (fen / 100).toFixed(2),
      fate,
      numbers: chance(0.7) ? { outTradeNo: `K_${number}`, outRefundNo: `R_${number}` } : undefined,
      refundYuan: ((chance(0.5) ? fen : Math.ceil(fen / 2)) / 100).toFixed(2),
      leftAlone,
    });
    this.#trades.push(trade);
    return trade;
  }

  /** A person says yes, once for each approval, and looks whether that stands where nobody told. */
  #approve(id: string): Promise<void> {
    const known = this.#approved.get(id);
    if (known) return known;
    const approving = until(`the yes to ${id}`, async () => {
      const { stderr } = await this.#shop.command(['approvals', 'approve', id]);
      const { rows } = await this.#pool
        .query('SELECT state FROM approvals WHERE id = $1', [id])
        .catch(() => ({ rows: [] }));
      const [{ state } = { state: undefined }] = rows as { state?: string }[];
      if (state === 'pending' || state === undefined) this.#journal.tell(`approve ${id}: ${state} ${stderr}`);
      return state === undefined || state === 'pending' ? undefined : true;
    }).then(() => undefined);
    this.#approved.set(id, approving);
    return approving;
  }

  /** A person fills a budget; where nobody told whether that stands, the budget does. */
  async #topUp(caller: string, fen: number): Promise<void> {
    const note = `filling ${this.#random()}`;
    await until(`${caller} is filled`, async () => {
      const yuan = (fen / 100).toFixed(2);
      const { code, stderr } = await this.#shop.command(['budget', 'top-up', caller, yuan, '--note', note]);
      if (code === 0) return true;
      this.#journal.tell(`top-up of ${caller}: ${stderr}`);
      const stands = await until('the budget', () =>
        this.#pool.query('SELECT 1 FROM budget_moves WHERE note = $1', [note]).then(
          ({ rowCount }) => ({ stands: rowCount !== 0 }),
          () => undefined,
        ),
      );
      return stands.stands || undefined;
    });
  }

  async #command(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#shop.command(args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async #sides(): Promise<Sides> {
    const { simulator } = this.#shop;
    const [trades, calls] = await Promise.all([simulator.trades(), simulator.calls()]);
    const orders = readOrders(await this.#command('orders', '--json', '--limit', '100000'));
    const rows = async (sql: string) => (await this.#pool.query(sql)).rows;
    return { wishes: this.#trades, orders, trades, calls, steps: await readSteps({ rows }) };
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
  #findOddLimits(calls: readonly GatewayCall[], trades: Sides['trades']): string[] {
    const wrongs: string[] = [];
    const equal = (what: string, is: number, shall: number) => {
      if (is !== shall) wrongs.push(`${what}: ${is} instead of ${shall}`);
    };
    const byNumber = new Map(
      this.#trades.filter(({ isOpen }) => isOpen).map((trade) => [trade.outTradeNo, trade]),
    );
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
    for (const caller of SUMMED) equal(`fen of ${caller}`, sumOf(numbersOf(caller)), SUM_FEN);
    for (const caller of COUNTED) equal(`orders of ${caller}`, numbersOf(caller).length, COUNT);
    for (const caller of GIVING) equal(`fen given back by ${caller}`, givenBy(caller), GIVEN_FEN);
    for (const caller of PREPAID)
      equal(`fen of ${caller}'s budget`, sumOf(numbersOf(caller)), this.#limits.filled.get(caller) ?? 0);
    for (const caller of RETURNING)
      equal(`fen of ${caller}'s budget given back`, givenBy(caller), this.#limits.filled.get(caller) ?? 0);
    equal('fen of all callers', sumOf(made), TOP_FEN);
    return wrongs;
  }

  async #compareBudgets(): Promise<void> {
    const { items } = JSON.parse(await this.#command('budget', 'show', '--json')) as {
      items: { caller: string; filledYuan: string; heldYuan: string; leftYuan: string }[];
    };
    for (const [caller, fen] of this.#limits.filled) {
      const shown = items.find((item) => item.caller === caller);
      const yuan = (fen / 100).toFixed(2);
      const isSo = shown?.filledYuan === yuan && shown.heldYuan === yuan && Number(shown.leftYuan) === 0;
      if (!isSo)
        this.#wrong(`${caller} was filled with ${yuan} yuan and has spent it; ${JSON.stringify(shown)}`);
    }
  }

  /** There is no need to make more of it. */
  #wrong(what: string): void {
    this.#wrongs.add(what);
    this.#storm.end();
    this.#journal.tell(`WRONG ${what}`);
  }
}
