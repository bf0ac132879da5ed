import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  InMemoryTransport,
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { expect } from 'vitest';
import { anyoneAs, type Callers } from '../../src/auth/callers.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { type Fen, fen } from '../../src/domain/money.ts';
import type { ApprovalUrl } from '../../src/elicitation/means.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { ApprovalRecord } from '../../src/ledger/records.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { Desk } from '../../src/payments/desk.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { Identity } from '../../src/policy/identity.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { OrderNews } from '../../src/resources/order-news.ts';
import { buildServer, type ServerDeps } from '../../src/server.ts';
import { UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { presenter } from '../../src/tools/present.ts';
import { mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { KEEP_ALIVE_MS } from '../../src/transports/session-streams.ts';
import { Bank } from '../support/bank.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { receiptsOf } from '../support/receipts.ts';
import { type Arguments, type Reply, readReply, until } from '../support/server-process.ts';
import { seeded, seededBytes } from '../support/virtual-time.ts';
import { payment } from '../support/world.ts';

export const REVISION = '2026-07-28';
/** Who sleeps no longer (ms) only looks again and again; clients and their transports do that in real time. */
const PAUSE_MS = 2_000;
/** Who waits no longer (ms) keeps a distance between questions, and looks at the clock after it. */
const PACE_MS = 200;
/** How much shorter than life a pause is. */
const SPEED = 25;

/** Stands still but for {@link pass} and a pace; who pauses goes on. So nothing is over because a machine is slow. */
class StandingClock implements Clock {
  #now = Date.parse('2026-11-21T14:30:05+08:00');
  readonly #sleepers = new Map<() => void, { readonly at: number; readonly ms: number }>();

  now(): number {
    return this.#now;
  }

  /** For how long (ms) anybody wanted to sleep who still does, pauses left out. */
  get asleep(): readonly number[] {
    return [...this.#sleepers.values()].map(({ ms }) => ms);
  }

  /** Lets `ms` pass in no time. */
  pass(ms: number): void {
    this.#now += ms;
    for (const [wake, { at }] of [...this.#sleepers]) if (at <= this.#now) wake();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const at = this.#now + ms;
      const pause = () => {
        if (ms <= PACE_MS) this.#now = Math.max(this.#now, at);
        wake();
      };
      const timer = ms <= PAUSE_MS ? setTimeout(pause, ms / SPEED) : undefined;
      if (!timer) this.#sleepers.set(wake, { at, ms });
      signal?.addEventListener('abort', wake);
    });
  }
}

/** Every refund, and every payment above 100 yuan, needs a person. */
export const CAREFUL: Policy = {
  payments: { approveAboveFen: fen(10_000) },
  refunds: { approveAboveFen: 0 as Fen },
};
export const TRUSTING: Policy = { ...CAREFUL, trustForms: true };

/** What a client was asked, as it got it. */
export interface Asked {
  readonly mode?: string | undefined;
  readonly message: string;
  readonly url?: string | undefined;
  readonly elicitationId?: string | undefined;
  readonly requestedSchema?: unknown;
}
export interface Said {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Record<string, string | number | boolean | string[]>;
}
export const YES: Said = { action: 'accept', content: { approve: true } };
export type Answering = (asked: Asked) => Said | Promise<Said>;

/** `elicitation` as a client declares it; undefined: not at all. */
export type Declared = { readonly form?: object; readonly url?: object } | undefined;
export const DECLARED = {
  none: undefined,
  '{}': {},
  'form and url': { form: {}, url: {} },
} as const satisfies Record<string, Declared>;

export const WAYS = [
  'stdio 2025, client 1.x',
  'stdio 2025, client 2.x',
  'stdio 2026, client 2.x',
  'http 2025, client 1.x',
  'http 2026, client 2.x',
] as const;
export type Way = (typeof WAYS)[number];

export interface CallOptions {
  readonly onprogress?: (told: { readonly progress: number; readonly message?: string | undefined }) => void;
}

/** A client at the counter. */
export interface Customer {
  readonly asked: Asked[];
  call(tool: string, args: Arguments, options?: CallOptions): Promise<Reply>;
  /** A call in the raw: what comes back may be a question. Only for the 2026 era. */
  raw(tool: string, args: Arguments, more?: Arguments): Promise<Record<string, unknown>>;
  hangUp(): Promise<void>;
}

export interface CounterOptions {
  readonly policy?: Policy;
  readonly approvalUrl?: ApprovalUrl | undefined;
  readonly language?: 'zh' | 'en';
}

export const pageOf: ApprovalUrl = async (id) => `https://cashier.example/approvals/${id}`;

/** A ledger, a bank, and this process's server on it, reached over stdio or HTTP without either. */
export class Counter {
  readonly clock = new StandingClock();
  readonly bank = new Bank(this.clock);
  readonly logged: { readonly event: string; readonly facts: unknown }[] = [];
  readonly underWay = new Set<Promise<unknown>>();
  readonly stopping = new AbortController();
  readonly #folder = mkdtempSync(join(tmpdir(), 'counter-'));
  readonly #ports = { clock: this.clock, randomBytes: seededBytes(seeded(7)) };
  readonly #ends: (() => Promise<unknown>)[] = [];
  #orders = 0;

  /** Another process on the ledger. */
  async till(policy: Policy = CAREFUL): Promise<Till> {
    const store = await openSqliteStore(join(this.#folder, 'ledger.db'), this.#ports);
    const ledger = await Ledger.open(store, 'simulator', this.#ports);
    this.#ends.push(() => ledger.close());
    const note = (event: string, facts?: unknown) => void this.logged.push({ event, facts });
    const provider = this.bank.provider();
    return {
      ...this.#ports,
      ledger,
      policy,
      foreignOrders: 'refuse',
      providers: new Map([[provider.id, provider]]),
      senders: { next: () => `p ${Math.random()}`, mayBeAlive: () => true },
      log: { info: note, warn: note, error: note },
      desk: new Desk({ ledger, clock: this.#ports.clock }),
    };
  }

  async deps(options: CounterOptions, given?: Till): Promise<ServerDeps> {
    const till = given ?? (await this.till(options.policy));
    const language = options.language ?? 'en';
    return {
      version: '0.0.0',
      setting: { language, providers: ['alipay'], scenes: ['qr', 'web'] },
      tools: UNIFIED_TOOLS,
      present: presenter({
        language,
        simulated: true,
        now: () => this.clock.now(),
        buyerPage: async () => undefined,
        approvalUrl: async () => undefined,
      }),
      ledger: till.ledger,
      receipts: receiptsOf(till),
      clock: this.clock,
      bus: new OrderNews(till).busOf({ caller: 'test' }),
      identity: { caller: 'test' },
      stopping: this.stopping.signal,
      approvalUrl: 'approvalUrl' in options ? options.approvalUrl : pageOf,
      till: async () => till,
      underWay: this.underWay,
      log: till.log,
    };
  }

  /** A client of its own, with a server of its own where there is a connection. */
  async customer(deps: ServerDeps, way: Way, declared: Declared, answering: Answering): Promise<Customer> {
    const asked: Asked[] = [];
    const hear = async (params: Asked) => {
      asked.push(params);
      return { ...(await answering(params)) };
    };
    const customer = way.endsWith('1.x')
      ? await legacyCustomer(this.#transport(deps, way), declared, hear)
      : await modernCustomer(this.#transport(deps, way), way, declared, hear);
    this.#ends.push(() => customer.hangUp());
    return { asked, ...customer };
  }

  #transport(deps: ServerDeps, way: Way, callers: Callers = anyoneAs(deps.identity.caller)) {
    if (way.startsWith('stdio')) {
      const [near, far] = InMemoryTransport.createLinkedPair();
      const handle = serveStdio(({ era }) => buildServer(deps, era), { transport: far });
      this.#ends.push(() => handle.close());
      return near;
    }
    const endpoint = mcpEndpoint({ ...deps, randomBytes: seededBytes(seeded(11)) }, callers);
    this.#ends.push(() => endpoint.close());
    const fetch = (url: string | URL, init?: RequestInit) =>
      endpoint.answer(new Request(url, init), callers.identify(undefined) as Identity);
    const address = new URL('http://cashier.test/mcp');
    return way.endsWith('1.x')
      ? (new LegacyHttp(address, { fetch }) as unknown as InMemoryTransport)
      : new ModernHttp(address, { fetch });
  }

  /** An order that has been paid for. */
  async sold(till: Till): Promise<string> {
    const outTradeNo = `SOLD_${String(++this.#orders).padStart(4, '0')}`;
    const call = { caller: 'test' };
    await createPayment(till, call, payment({ outTradeNo }));
    this.bank.pay(outTradeNo);
    await queryPayment(till, call, { outTradeNo, waitSeconds: 0 });
    return outTradeNo;
  }

  /** Whatever is asked of people about an order, newest first. */
  async approvals(till: Till): Promise<readonly ApprovalRecord[]> {
    return till.ledger.read((book) => book.approvals.open());
  }

  /** Lets `ms` pass as soon as somebody sleeps for just that; till then the call is not over, and nobody wakes before. */
  async passes(ms: number, call: Promise<unknown>): Promise<void> {
    let over = false;
    const end = () => {
      over = true;
    };
    void call.then(end, end);
    await until(`somebody waits for ${ms} ms`, () => over || this.clock.asleep.includes(ms) || undefined);
    expect(over, 'answered before its time').toBe(false);
    // Who says that a stream is still there waits for nobody.
    const waiting = this.clock.asleep.filter((one) => one !== KEEP_ALIVE_MS);
    expect(Math.min(...waiting), 'the first to wake').toBe(ms);
    this.clock.pass(ms);
  }

  async end(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.underWay);
    for (const end of this.#ends.reverse()) await end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

type Hearing = (asked: Asked) => Promise<Said>;
type Transport = InMemoryTransport | ModernHttp;

async function legacyCustomer(transport: Transport, declared: Declared, hear: Hearing) {
  const client = new LegacyClient({ name: 'old', version: '1' }, { capabilities: capabilities(declared) });
  if (declared) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => ({ ...(await hear(params)) }));
  }
  await client.connect(transport as Parameters<LegacyClient['connect']>[0]);
  return {
    call: async (name: string, args: Arguments, options: object = {}) =>
      readReply(
        await client.callTool({ name, arguments: { ...args } }, undefined, {
          timeout: PATIENCE_MS,
          ...options,
        }),
      ),
    raw: () => Promise.reject(new Error('2025 knows no questions as results')),
    hangUp: () => client.close(),
  };
}

async function modernCustomer(transport: Transport, way: Way, declared: Declared, hear: Hearing) {
  const mode = way.includes('2026') ? { pin: REVISION } : ('legacy' as const);
  const client = new ModernClient(
    { name: 'new', version: '1' },
    { capabilities: capabilities(declared), versionNegotiation: { mode } },
  );
  if (declared) {
    client.setRequestHandler('elicitation/create', async ({ params }) => ({
      ...(await hear(params as Asked)),
    }));
  }
  await client.connect(transport);
  return {
    call: async (name: string, args: Arguments, options: object = {}) =>
      readReply(
        await client.callTool({ name, arguments: { ...args } }, { timeout: PATIENCE_MS, ...options }),
      ),
    raw: async (name: string, args: Arguments, more: Arguments = {}) => {
      const params = { name, arguments: { ...args }, ...more };
      const result = await client.request({ method: 'tools/call', params }, { allowInputRequired: true });
      return result as Record<string, unknown>;
    },
    hangUp: () => client.close(),
  };
}

function capabilities(declared: Declared): object {
  return declared ? { elicitation: declared } : {};
}
