import { Pool } from 'pg';
import { WALLETS } from '../../../src/providers/registry.ts';
import { addToken } from '../../http/tokens.ts';
import { SlowNetwork } from '../../support/fake-gateway-server.ts';
import { PostgresServer } from '../../support/postgres-server.ts';
import { RoundRobin } from '../../support/proxy.ts';
import { Late, until, within } from '../../support/server-process.ts';
import { seeded } from '../../support/virtual-time.ts';
import { Shop } from '../shop.ts';
import { FREE_REFUND_FEN } from '../wishes.ts';
import { Books } from './books.ts';
import { Callers } from './callers.ts';
import { Journal } from './journal.ts';
import { Limits } from './limits.ts';
import { Persons } from './persons.ts';
import { Replica } from './replica.ts';
import { writeReport } from './report.ts';
import { AGENTS, BOSS, LIMITED, policy } from './rules.ts';
import { Seller, WAYS } from './seller.ts';
import { Storm } from './storm.ts';
import { newTrade, type Trade, type Wanted } from './trade.ts';

const REPLICAS = ['A', 'B', 'C'];
/** How many wishes are being fulfilled at the same time. */
const AT_A_TIME = 10;
/** No wish is made later (share of the storm). */
const SELLS_UNTIL = 0.95;
/** A storm of so many kills has seen everything. */
const TELLING = 100;

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
  readonly #pool: Pool;
  readonly #network: SlowNetwork;
  readonly #proxies: readonly RoundRobin[];
  readonly #replicas: Replica[] = [];
  readonly #callers: Callers;
  readonly #seller: Seller;
  readonly #limits: Limits;
  readonly #storm: Storm;
  readonly #books: Books;
  readonly #trades: Trade[] = [];
  readonly #wrongs = new Set<string>();

  private constructor(
    seed: number,
    parts: {
      readonly shop: Shop;
      readonly server: PostgresServer;
      readonly network: SlowNetwork;
      readonly proxies: readonly RoundRobin[];
      readonly tokens: ReadonlyMap<string, string>;
    },
  ) {
    this.#seed = seed;
    this.#random = seeded(seed);
    this.#shop = parts.shop;
    this.#server = parts.server;
    this.#network = parts.network;
    this.#proxies = parts.proxies;
    this.#pool = new Pool({ connectionString: parts.server.url, max: 4 });
    this.#pool.on('error', () => undefined);
    const wrong = (what: string) => this.#wrong(what);
    const { simulator } = parts.shop;
    const common = { journal: this.#journal, random: this.#random, wrong };
    this.#callers = new Callers({
      ...common,
      origins: parts.proxies.map(({ origin }) => origin),
      tokens: parts.tokens,
    });
    const persons = new Persons(parts.shop, this.#pool, this.#journal, this.#random);
    this.#books = new Books(parts.shop, this.#pool, this.#callers);
    const approve = (id: string) => persons.approve(id);
    this.#seller = new Seller({ ...common, callers: this.#callers, simulator, approve });
    this.#limits = new Limits({
      ...common,
      seller: this.#seller,
      wish: (caller, fen, fate) => this.#wish({ caller, fen, fate }),
      topUp: (caller, fen) => persons.topUp(caller, fen),
      isOneDay: () => this.#books.isOneDay,
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
    const proxies = [await RoundRobin.open(), await RoundRobin.open()];
    const tokens = new Map<string, string>();
    for (const name of [...AGENTS, ...LIMITED]) tokens.set(name, await addToken(shop, name));
    tokens.set(BOSS, await addToken(shop, BOSS, '--orders', 'all'));
    const fleet = new Fleet(seed, { shop, server, network, proxies, tokens });
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

  /** Does this; rejects with {@link Late} after so long (ms), with every wish that has not come to its end among what is wrong. */
  async within(ms: number, deed: () => Promise<void>): Promise<void> {
    await within(ms, 'the end of it', deed()).catch((error: unknown) => {
      if (error instanceof Late)
        for (const trade of this.#trades)
          if (trade.asked.create && !trade.isDone) this.#wrong(`${trade.title} has not ended`);
      throw error;
    });
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
      const orders = await this.#books.orders();
      const open = orders.filter(
        ({ state, refunds }) => state === 'UNKNOWN' || refunds.some((refund) => refund.state === 'UNKNOWN'),
      );
      return open.length === 0 || undefined;
    }).catch((error: unknown) => this.#wrong(String(error)));
    for (const caller of [...AGENTS, ...LIMITED]) {
      const own = this.#trades.filter((trade) => trade.caller === caller && trade.isOpen);
      await this.#seller.look(caller, own);
    }
    for (const wrong of await this.#books.compare(this.#trades, this.#limits.filled)) this.#wrong(wrong);
    const unheard = WAYS.filter((way) => !this.#seller.heard.has(way));
    if (this.#storm.kills >= TELLING && unheard.length > 0) this.#wrong(`nobody has learned by ${unheard}`);
  }

  /** Everything that tells how what was found wrong came about, as a file; its name. */
  report(error?: unknown): Promise<string> {
    const { summary, wrongs } = this;
    const failed = error instanceof Error ? [String(error.stack)] : [];
    const told = { seed: this.#seed, summary, wrongs: [...failed, ...wrongs] };
    return writeReport(told, this.#trades, this.#journal, this.#shop.simulator, this.#pool);
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
    const [proxy, other] = this.#proxies;
    const origin = proxy?.origin ?? '';
    const env = {
      ...this.#network.env,
      CASHIER_PUBLIC_URL: origin,
      CASHIER_ALLOWED_HOSTS: new URL(other?.origin ?? '').host,
      ...Object.fromEntries(WALLETS.map(({ id, notify }) => [notify.variable, `${origin}/notify/${id}`])),
    };
    const site = {
      shop: this.#shop,
      env,
      database: this.#server.url,
      proxies: this.#proxies,
      journal: this.#journal,
      wasAway: (since: number) => this.#storm.wasAway(since),
      wrong: (what: string) => this.#wrong(what),
    };
    // The first one makes the ledger.
    for (const name of REPLICAS) this.#replicas.push(await Replica.open(name, site));
  }

  #wish(wanted: Wanted = {}): Trade {
    const trade = newTrade(this.#trades.length + 1, wanted, this.#random);
    this.#trades.push(trade);
    return trade;
  }

  /** There is no need to make more of it. */
  #wrong(what: string): void {
    this.#wrongs.add(what);
    this.#storm.end();
    this.#journal.tell(`WRONG ${what}`);
  }
}
