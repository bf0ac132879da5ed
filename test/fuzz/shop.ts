import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/domain/clock.ts';
import { defined } from '../../src/domain/defined.ts';
import { fen } from '../../src/domain/money.ts';
import type { ProviderId } from '../../src/domain/order.ts';
import type { Log } from '../../src/domain/ports.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { Desk } from '../../src/payments/desk.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { type Database, sqlite } from '../../src/platform/sqlite.ts';
import { OutcomeUnknown, type PaymentProvider } from '../../src/providers/contract.ts';
import type { GatewayHttp, GatewayRequest, GatewayResponse } from '../../src/providers/gateway-http.ts';
import { WALLET_IDS, WALLETS } from '../../src/providers/registry.ts';
import { FAKES } from '../../src/simulator/fakes.ts';
import type { Outgoing } from '../../src/simulator/http.ts';
import { pay } from '../../src/simulator/payer.ts';
import { scan } from '../../src/simulator/scanner.ts';
import { SimulatorDatabase } from '../../src/simulator/state/database.ts';
import {
  complete,
  type Identity,
  type KeyName,
  type KeyPair,
  loadIdentity,
} from '../../src/simulator/state/identity.ts';
import { createWorld, fakeOf, type World } from '../../src/simulator/world.ts';
import { closeAt } from '../support/close.ts';
import { Dice } from '../support/dice.ts';
import { payment, refund } from '../support/inputs.ts';
import { pairOf } from '../support/named-keys.ts';
import { pem } from '../support/pem.ts';

export const CALL: Call = { caller: 'shop-agent' };
const ORIGIN = 'http://127.0.0.1:20999';
const START = Date.parse('2026-11-21T14:30:05+08:00');
const KEYS: readonly KeyName[] = [
  ...(['app', 'alipay', 'merchant', 'wechatpay', 'authority', 'forger'] as const),
  ...(['skillhub', 'douyinMerchant', 'douyinpay', 'unionMerchant', 'unionpay'] as const),
];

/** Stands still, but for who sleeps: that is over at once. */
export class StillClock implements Clock {
  #now = START;
  #base = START;

  now(): number {
    return this.#now;
  }
  async sleep(ms: number): Promise<void> {
    this.#now += ms;
    await turn();
  }
  pass(ms: number): void {
    this.#now += ms;
    this.#base = this.#now;
  }
  /** Undoes what was slept. */
  back(): void {
    this.#now = this.#base;
  }
}

/** A database whose transactions are all within one that never ends well, so that everything can be put back at once. */
class Inner {
  readonly db: Database;
  /** For whoever takes it for a whole one. */
  readonly asDatabase: Database;
  #isHeld = false;
  #isOpen = false;

  constructor(db: Database) {
    this.db = db;
    const exec = (sql: string) => this.#exec(sql);
    const isTransaction = () => (this.#isHeld ? this.#isOpen : db.isTransaction);
    this.asDatabase = new Proxy(db, {
      get(of, name) {
        if (name === 'exec') return exec;
        if (name === 'isTransaction') return isTransaction();
        const value: unknown = Reflect.get(of, name, of);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
  }

  begin(): void {
    this.db.exec('BEGIN');
    this.#isHeld = true;
  }

  back(): void {
    this.#isOpen = false;
    this.db.exec('ROLLBACK; BEGIN');
  }

  #exec(sql: string): void {
    if (!this.#isHeld) {
      this.db.exec(sql);
      return;
    }
    const word = /^(BEGIN|COMMIT|ROLLBACK(?! TO)|PRAGMA)/.exec(sql)?.[1];
    if (word === 'PRAGMA') return;
    if (word === 'BEGIN') {
      this.db.exec('SAVEPOINT whole');
      this.#isOpen = true;
    } else if (word === undefined) this.db.exec(sql);
    else {
      this.#isOpen = false;
      this.db.exec(word === 'COMMIT' ? 'RELEASE whole' : 'ROLLBACK TO whole; RELEASE whole');
    }
  }
}

/** A genuine answer of a gateway, and to what. */
export interface Sample {
  readonly operation: string;
  readonly outTradeNo: string;
  readonly outRefundNo: string | undefined;
  readonly response: GatewayResponse;
}

export type WalletId = ProviderId;

/** The orders of each wallet, by how they stand in the ledger, and the refunds of two of them. */
export const ORDERS = ['OPEN', 'PAID', 'PART', 'BACK', 'SHUT', 'LOST'] as const;
export const numberOf = (wallet: WalletId, order: string) => `${wallet[0]?.toUpperCase()}${order}0001`;
export const ORDER_NUMBERS = WALLET_IDS.flatMap((wallet) => ORDERS.map((order) => numberOf(wallet, order)));
export const REFUNDS = { PART: 'REFUND01', BACK: 'REFUND02' } as const;
export const NOBODYS = 'NOBODYS1';
/** One that the gateway knows, and the ledger does not. */
export const STRANGER = 'STRANGER';

/**
 * A merchant's till with all wallets, on a ledger in memory that can be put back, over the gateways' simulator in the
 * same process: what it was told on the way is genuine, and the same to the byte every time.
 */
export class Shop {
  readonly clock: StillClock;
  readonly till: Till;
  readonly world: World;
  readonly identity: Identity;
  /** Of the merchant's configuration. */
  readonly secrets: readonly string[];
  readonly samples = new Map<WalletId, Sample[]>();
  readonly logged: string[] = [];
  /** How the gateways answer; as they would by default. */
  answer: GatewayHttp['send'] | undefined;
  readonly #db: Database;
  readonly #inner: Inner;
  readonly #folder: string;
  readonly #database: SimulatorDatabase;
  #base = 0;

  private constructor(
    parts: Pick<Shop, 'clock' | 'till' | 'world'>,
    inner: Inner,
    database: SimulatorDatabase,
    folder: string,
    logged: string[],
  ) {
    this.clock = parts.clock;
    this.till = parts.till;
    this.world = parts.world;
    this.identity = parts.world.identity;
    this.logged = logged;
    this.#db = inner.db;
    this.#inner = inner;
    this.#database = database;
    this.#folder = folder;
    const { keys, apiV3Key, douyin } = this.identity;
    const own = [keys.app, keys.merchant, keys.douyinMerchant, keys.unionMerchant];
    const bodies = own.map(({ privateKey }) => pem(privateKey).split('\n').slice(3, 5).join(''));
    this.secrets = [apiV3Key, douyin.apiKey, ...bodies];
  }

  /** @param mode how the wallets prove themselves */
  static async open(mode: 'keys' | 'certificates' = 'keys'): Promise<Shop> {
    const clock = new StillClock();
    const { bytes: randomBytes } = Dice.named('shop', mode);
    const folder = mkdtempSync(join(tmpdir(), 'cashier-fuzz-'));
    const database = await SimulatorDatabase.open(folder, { clock, randomBytes });
    const keys = Object.fromEntries(KEYS.map((name) => [name, pem(pairOf(name).privateKey)]));
    await complete(database, { keys });
    const identity = await loadIdentity(database, randomBytes, FAKES);
    const world = createWorld({ clock, randomBytes }, database, identity, ORIGIN, FAKES);

    const { open, ...found } = await sqlite();
    const db = open(':memory:');
    const inner = new Inner(db);
    const opened = () => inner.asDatabase;
    const store = await openSqliteStore(':memory:', {
      clock,
      randomBytes,
      sqlite: { ...found, open: opened },
    });
    const ledger = await Ledger.open(store, 'simulator', { clock, randomBytes });
    const logged: string[] = [];
    const note = (event: string, facts?: object) => {
      if (logged.length < 100) logged.push(`${event} ${JSON.stringify(facts ?? {})}`);
    };
    const log: Log = { info: note, warn: note, error: note };
    // The wallets ask through it, and it is made with them.
    const made: { shop?: Shop } = {};
    const http: GatewayHttp = {
      async send(request) {
        const { shop } = made;
        if (!shop) throw new Error('nobody answers yet');
        return (shop.answer ?? shop.genuine)(request);
      },
    };
    const env = Object.assign(
      { AP_NOTIFY_URL: 'http://127.0.0.1:3920/notify/alipay' },
      ...FAKES.map((fake) =>
        mode === 'keys'
          ? fake.env(identity, ORIGIN)
          : (fake.certificateEnv ?? fake.env).call(fake, identity, ORIGIN),
      ),
    );
    const providers = new Map<WalletId, PaymentProvider>();
    for (const wallet of WALLETS) {
      const provider = await wallet.configure(env, { clock, randomBytes, http, log });
      if (provider) providers.set(wallet.id, provider);
    }
    let senders = 0;
    const till: Till = {
      ...{ clock, randomBytes, ledger, providers, log },
      policy: { payments: {}, refunds: {} },
      foreignOrders: 'refuse',
      senders: { next: () => `fuzz ${++senders}`, mayBeAlive: () => true },
      desk: new Desk({ ledger, clock }),
    };
    const shop = new Shop({ clock, till, world }, inner, database, folder, logged);
    made.shop = shop;
    for (const wallet of WALLET_IDS) await shop.#trade(wallet);
    inner.begin();
    shop.back();
    return shop;
  }

  provider(wallet: WalletId): PaymentProvider {
    const provider = this.till.providers.get(wallet);
    if (!provider) throw new Error(`no ${wallet}`);
    return provider;
  }

  /** What the simulated gateway answers. */
  readonly genuine = async (request: GatewayRequest): Promise<GatewayResponse> => {
    const target = request.url.slice(ORIGIN.length);
    const [path = ''] = target.split('?');
    const routes = this.world.fakes.flatMap((fake) => fake.routes);
    const route = routes.find(
      (one) =>
        (one.method === 'ALL' || one.method === request.method) &&
        new RegExp(`^${one.path.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`).test(path),
    );
    if (!route) throw new Error(`nobody answers ${request.method} ${path}`);
    const headers = lower(request.headers);
    const outgoing: Outgoing = await route.handle(this.world, {
      ...{ method: request.method, target, headers },
      body: Buffer.from(request.body ?? ''),
    });
    if (outgoing === 'cut') throw new OutcomeUnknown('connection-lost');
    return { status: outgoing.status, headers: lower(outgoing.headers), body: Buffer.from(outgoing.body) };
  };

  /** How many rows have changed since it was put back last. */
  get changes(): number {
    return this.#total() - this.#base;
  }

  /** Orders and refunds as they stand, for comparing. */
  books(): { readonly orders: ReadonlyMap<string, Row>; readonly refunds: ReadonlyMap<string, Row> } {
    const all = (table: string) => this.#db.prepare(`SELECT * FROM ${table}`).all() as Row[];
    return {
      orders: new Map(all('orders').map((row) => [String(row.out_trade_no), row])),
      refunds: new Map(all('refunds').map((row) => [`${row.out_trade_no} ${row.out_refund_no}`, row])),
    };
  }

  /** Puts everything back as it was when the shop was opened. */
  back(): void {
    this.answer = undefined;
    this.logged.length = 0;
    this.clock.back();
    if (this.changes > 0) this.#inner.back();
    this.#base = this.#total();
  }

  async close(): Promise<void> {
    await this.till.ledger.close();
    this.#database.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #total(): number {
    return Number(this.#db.prepare('SELECT total_changes() AS total').get()?.total);
  }

  /** Whatever the gateway answers in the meantime is kept as an answer to this. */
  async #heard<T>(
    wallet: WalletId,
    operation: string,
    about: readonly [string, string?],
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    const [outTradeNo, outRefundNo] = about;
    const found = this.samples.get(wallet) ?? [];
    this.samples.set(wallet, found);
    this.answer = async (request) => {
      const response = await this.genuine(request);
      // The certificates that a call brings along are no answer to it.
      const kind = isList(request) ? 'certificates' : operation;
      found.push({ operation: kind, outTradeNo, outRefundNo, response });
      return response;
    };
    try {
      return await work();
    } catch {
      return undefined; // an answer that is a refusal is one, too
    } finally {
      this.answer = undefined;
    }
  }

  /** Brings one order of each kind about, and has every kind of answer and notification given on the way. */
  async #trade(wallet: WalletId): Promise<void> {
    const { till, world } = this;
    const provider = this.provider(wallet);
    const no = (order: string) => numberOf(wallet, order);
    const make = (outTradeNo: string, more = {}) =>
      this.#heard(wallet, 'create', [outTradeNo], () =>
        createPayment(till, CALL, payment({ provider: wallet, outTradeNo, ...more })),
      );
    const ask = (outTradeNo: string) =>
      this.#heard(wallet, 'query', [outTradeNo], () =>
        queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 }),
      );
    const opened = async (outTradeNo: string, shown: string) =>
      scan(world, shown, true).then(() => outTradeNo);
    const paid = async (outTradeNo: string) =>
      world.database.write(() => {
        const trade = world.trades.byNumber(wallet, outTradeNo);
        if (!trade) throw new Error(`no trade ${outTradeNo}`);
        pay(world, trade, true);
      });
    for (const order of ['OPEN', 'PAID', 'PART', 'BACK', 'SHUT']) {
      const made = await make(no(order));
      const shown = made?.order.credential.qrCode;
      if (shown === undefined) throw new Error(`no code for ${no(order)}`);
      await ask(no(order));
      await opened(no(order), shown);
      await ask(no(order));
      this.clock.pass(1_000);
    }
    // Where none is closed, it is asked whether it was paid.
    await this.#heard(wallet, provider.closeTrade ? 'close' : 'query', [no('SHUT')], () =>
      closePayment(till, CALL, { outTradeNo: no('SHUT') }),
    );
    await ask(no('SHUT'));
    for (const order of ['PAID', 'PART', 'BACK', 'SHUT']) {
      await paid(no(order));
      if (order !== 'SHUT') await ask(no(order));
    }
    for (const [order, outRefundNo, amount] of [
      ['PART', REFUNDS.PART, 300],
      ['BACK', REFUNDS.BACK, 1000],
    ] as const) {
      const outTradeNo = no(order);
      const input = refund({ outTradeNo, outRefundNo, refundFen: fen(amount) });
      await this.#heard(wallet, 'refund', [outTradeNo, outRefundNo], () => refundPayment(till, CALL, input));
      await this.#heard(wallet, 'query-refund', [outTradeNo, outRefundNo], () =>
        provider.queryRefund(outTradeNo, outRefundNo, { plan: this.#planOf(outTradeNo) }),
      );
      if (order === 'BACK') continue;
      this.clock.pass(120_000);
      await this.#heard(wallet, 'query-refund', [outTradeNo, outRefundNo], () =>
        queryRefund(till, CALL, { outTradeNo, outRefundNo }),
      );
      await ask(outTradeNo);
    }
    await this.#heard(wallet, 'query-refund', [no('PAID'), 'NONE'], () =>
      provider.queryRefund(no('PAID'), 'NONE', { sentAt: this.clock.now() }),
    );
    // Somebody else sells under the same account.
    const theirs = `${STRANGER}${wallet}`;
    const terms = {
      outTradeNo: theirs,
      scene: 'qr',
      amountFen: fen(1000),
      title: 'x',
      sentAt: this.clock.now(),
      expiresAt: this.clock.now() + 1_800_000,
    } as const;
    const sold = await this.#heard(wallet, 'create', [theirs], () =>
      provider.sendPayment(terms, provider.planPayment(terms)),
    );
    await opened(theirs, sold?.qrCode ?? '');
    await paid(theirs);
    await this.#heard(wallet, 'query', [theirs], () => provider.queryTrade(theirs, terms));
    // The create's answer is lost.
    const known = { sentAt: this.clock.now() };
    this.answer = async (request) => {
      await this.genuine(request);
      throw new OutcomeUnknown('timeout');
    };
    await createPayment(till, CALL, payment({ provider: wallet, outTradeNo: no('LOST') })).catch(
      () => undefined,
    );
    this.answer = undefined;
    this.clock.pass(120_000);
    await this.#heard(wallet, 'query', [no('LOST')], () => provider.queryTrade(no('LOST'), known));
    await this.#heard(wallet, 'query', [NOBODYS], () => provider.queryTrade(NOBODYS, known));
    await this.#heard(wallet, 'close', [NOBODYS], () => closeAt(provider, NOBODYS));
    await this.#heard(wallet, 'close', [no('PAID')], () => closeAt(provider, no('PAID')));
    await this.#heard(wallet, 'bill', ['2026-11-21'], () => provider.downloadBill('2026-11-21'));
    await this.#heard(wallet, 'bill', ['2026-11-20'], () => provider.downloadBill('2026-11-20'));
    await paid(no('OPEN'));
    const { sentAt } = this.world.trades.byNumber(wallet, no('OPEN')) ?? {};
    await this.#heard(wallet, 'query', [no('OPEN')], () =>
      provider.queryTrade(no('OPEN'), defined({ sentAt })),
    );
  }

  /** As it was sent: of the one refund of an order. */
  #planOf(outTradeNo: string): string {
    return String(this.#db.prepare('SELECT plan FROM refunds WHERE out_trade_no = ?').get(outTradeNo)?.plan);
  }

  /** What the gateways would post, signed at this moment. */
  notifications(wallet: WalletId): {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly outTradeNo: string;
  }[] {
    const waiting = this.world.deliveries.waiting().filter(({ provider }) => provider === wallet);
    return waiting.map((delivery) => {
      const { headers, body } = fakeOf(this.world, wallet).message(this.world, delivery);
      return { headers: lower(headers), body, outTradeNo: delivery.outTradeNo };
    });
  }

  keys(name: KeyName): KeyPair {
    return this.identity.keys[name];
  }
}

export type Row = Readonly<Record<string, unknown>>;

/** Whether a request is for the certificates with which a gateway signs. */
export function isList({ url }: Pick<GatewayRequest, 'url'>): boolean {
  return /\/(v3\/certificates|getPlatformCertificates)$/.test(url);
}

export function lower(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
