import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fen } from '../../src/domain/money.ts';
import type { Realm } from '../../src/domain/order.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import { miscounted } from '../../src/ledger/recount.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Store } from '../../src/ledger/store.ts';
import { runSubscriptions } from '../../src/payments/agreements/round.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { Desk } from '../../src/payments/desk.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { Person, type Role } from '../../src/persons/person.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { acceptPolicy } from '../../src/policy/decisions.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/policy/policy.ts';
import { Bank, type Fault } from './bank.ts';
import { payment } from './inputs.ts';
import { lockDatabase, newLedgerDatabase } from './postgres.ts';
import { readySqlite } from './ready-ledger.ts';
import { seeded, seededBytes, VirtualClock } from './virtual-time.ts';

export { payment, refund, subscriptionWish } from './inputs.ts';

export const CALL: Call = { caller: 'test' };
/** Refunds need nobody: for tests that are about something else. */
export const NO_APPROVAL: Policy = { payments: {}, refunds: {} };

/** Where worlds have their ledger, unless they say otherwise. */
export const worlds: { store: 'sqlite' | 'postgres' } = {
  store: process.env.CASHIER_TEST_STORE === 'postgres' ? 'postgres' : 'sqlite',
};

/** A ledger, a bank and any number of processes of ours, all under one seed and one clock. */
export class World {
  readonly clock = new VirtualClock();
  readonly bank = new Bank(this.clock);
  /** What its ledger is made as. */
  realm: Realm = 'simulator';
  /** Runs when somebody's write stands, before whoever asked for it goes on. */
  committed: () => Promise<void> = async () => undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cashier-'));
  readonly #random: () => number;
  readonly #dead = new Set<string>();
  readonly #ledgers: Ledger[] = [];
  readonly #servers: AbortController[] = [];
  readonly #kind: 'sqlite' | 'postgres';
  /** Told of what others commit, where the database tells. */
  readonly #hears = new Set<() => void>();
  #database: ReturnType<typeof newLedgerDatabase> | undefined;
  #processes = 0;

  constructor(seed = 1, store = worlds.store) {
    this.#random = seeded(seed);
    this.#kind = store;
  }

  get random(): () => number {
    return this.#random;
  }

  get ledgerPath(): string {
    return join(this.#folder, 'ledger.db');
  }

  /** Another process on the same ledger. */
  async process(policy: Policy = NO_APPROVAL, account?: string): Promise<Till> {
    const ports = { clock: this.clock, randomBytes: seededBytes(this.#random) };
    const ledger = await Ledger.open(await this.store(), this.realm, ports);
    this.#ledgers.push(ledger);
    const name = `p${++this.#processes}`;
    let count = 0;
    const silent = () => undefined;
    const provider = this.bank.provider({
      crash: () => this.#dead.add(name),
      ...(account === undefined ? {} : { account }),
    });
    return {
      ...ports,
      ledger,
      policy,
      ...(this.realm === 'trial' ? { trialMaxFen: fen(1000) } : {}),
      foreignOrders: 'refuse',
      providers: new Map([[provider.id, provider]]),
      senders: {
        next: () => `${name} ${++count}`,
        mayBeAlive: (sender) => !this.#dead.has(sender.split(' ')[0] ?? ''),
      },
      log: { info: silent, warn: silent, error: silent },
      desk: new Desk({ ledger, clock: this.clock }),
    };
  }

  /** A server, as far as a test needs one: what it runs goes on until it is stopped. */
  serve(...running: readonly ((signal: AbortSignal) => Promise<unknown>)[]): AbortController {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    this.#servers.push(stop);
    for (const run of running) void run(stop.signal);
    return stop;
  }

  /** One that charges subscriptions, and settles what is in doubt. */
  serveSubscriptions(till: Till): AbortController {
    return this.serve(
      (signal) => runSubscriptions(till, signal),
      (signal) => runSettler(till, signal),
    );
  }

  /** Stops all servers. */
  stop(): void {
    for (const server of this.#servers) server.abort();
  }

  /** Where its ledger is, for what is done with a ledger as a whole. */
  async address(): Promise<{ readonly ledger: string; readonly ledgerName: string }> {
    if (this.#kind === 'sqlite') return { ledger: this.ledgerPath, ledgerName: this.ledgerPath };
    this.#database ??= newLedgerDatabase();
    const { url } = await this.clock.during(this.#database);
    return { ledger: url, ledgerName: 'postgres://test' };
  }

  /** The ledger as it is stored, as another process has it. */
  async store(): Promise<Store> {
    const { clock } = this;
    const randomBytes = seededBytes(this.#random);
    if (this.#kind === 'sqlite') {
      await clock.during(readySqlite(this.ledgerPath));
      return this.#watched(await openSqliteStore(this.ledgerPath, { clock, randomBytes }));
    }
    // Nobody's clock stands still for a server, so ours does while it works.
    this.#database ??= newLedgerDatabase();
    const { url } = await clock.during(this.#database);
    const ports = { clock: systemClock, randomBytes: systemRandom, patienceMs: 5_000 };
    const store = await clock.during(openPostgresStore(url, 'postgres://test', ports));
    // The database's own word would come in real time: here it comes with the commit.
    const hears = this.#hears;
    let own: (() => void) | undefined;
    return this.#watched({
      ...store,
      listen(heard) {
        own = heard;
        hears.add(heard);
        return { isLive: true, tried: Promise.resolve(undefined) };
      },
      read: (work) => clock.during(store.read(work)),
      async write(work, how) {
        const result = await clock.during(store.write(work, how));
        for (const heard of hears) if (heard !== own) heard();
        return result;
      },
      note: (work) => clock.during(store.note(work)),
    });
  }

  #watched(store: Store): Store {
    const write: Store['write'] = async (work, how) => {
      const result = await store.write(work, how);
      await this.committed();
      return result;
    };
    return { ...store, write };
  }

  /** Does something once, right after the next commit. */
  afterCommit(deed: () => Promise<unknown>): void {
    this.committed = async () => {
      this.committed = async () => undefined;
      await deed();
    };
  }

  /** Nobody writes to the ledger until the returned function is called. */
  async lock(): Promise<() => Promise<void>> {
    if (this.#database) return lockDatabase((await this.#database).url);
    const blocker = await openSqlite(this.ledgerPath);
    blocker.exec('BEGIN IMMEDIATE');
    return async () => {
      blocker.exec('ROLLBACK');
      blocker.close();
    };
  }

  /** An order of 10.00 yuan is made, paid by its buyer, and known to be paid. */
  async sold(till: Till, outTradeNo = 'ORDER_1'): Promise<void> {
    await createPayment(till, CALL, payment({ outTradeNo }));
    this.bank.pay(outTradeNo);
    await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
  }

  /** So often the bank does not do this as it should, and never anything else. */
  failing(operation: string, fault: Fault, times = 1): void {
    let left = times;
    this.bank.fault = (op) => (op === operation && left-- > 0 ? fault : 'none');
  }

  /** Throws where the sums that the ledger keeps are not what its rows add up to, unless somebody has edited those. */
  async end(rows: 'as written' | 'edited' = 'as written'): Promise<void> {
    this.stop();
    const isChecked = rows === 'as written' && this.#ledgers.length > 0;
    const wrong = isChecked ? await (await this.process()).ledger.inspect(miscounted) : [];
    for (const ledger of this.#ledgers) await ledger.close();
    rmSync(this.#folder, { recursive: true, force: true });
    await (await this.#database)?.drop();
    if (wrong.length > 0) throw new Error(`miscounted: ${JSON.stringify(wrong)}`);
  }
}

export const DEFAULTS = DEFAULT_POLICY;

/** Puts a policy in force for every process on the ledger. */
export async function accept(till: Till, policy: Policy): Promise<void> {
  const operator = await person(till);
  await till.ledger.write((book) => acceptPolicy(book, operator, policy));
}

/** The operator at a terminal: a simulated ledger on which no secret is set takes anybody for that. */
export function person({ ledger }: Till): Promise<Person> {
  return Person.bySecret(ledger, 'simulator', undefined, 'terminal');
}

/** Somebody with a name and a role. */
export async function named({ ledger }: Till, role: Role): Promise<Person> {
  const somebody = await ledger.write(async (book) => {
    await book.persons.insert({
      id: role,
      name: role,
      signName: role,
      role,
      invitation: undefined,
      invitedUntil: undefined,
    });
    return Person.proven(book, role);
  });
  if (!somebody) throw new Error('nobody');
  return somebody;
}

/** That person decides. */
export async function decide(till: Till, id: string | undefined, approve = true) {
  const operator = await person(till);
  return till.ledger.write((book) => decideApproval(book, operator, id ?? '', { approve }, till.clock.now()));
}
