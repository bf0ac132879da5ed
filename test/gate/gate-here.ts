import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterAll, afterEach } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { HttpPrice, HttpUpstream, Prices } from '../../src/gate/prices.ts';
import { type GateOptions, serveGate } from '../../src/gate/serve.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { chooseWallet } from '../../src/payments/choose-wallet.ts';
import { Desk } from '../../src/payments/desk.ts';
import type { Till } from '../../src/payments/till.ts';
import { processSenders } from '../../src/platform/senders.ts';
import { systemClock as clock, systemRandom as randomBytes } from '../../src/platform/system.ts';
import { Bank } from '../support/bank.ts';
import { localServers } from '../support/local-servers.ts';
import { NO_APPROVAL } from '../support/world.ts';

/** A price as a file would have it. */
export function price(name: string, more: Partial<HttpPrice> = {}): HttpPrice {
  const [method = '', path = ''] = name.split(' ');
  const beneath = path.endsWith('/*');
  return {
    ...{ name, method, key: beneath ? path.slice(0, -2) : path, beneath },
    ...{ amountFen: fen(10), title: 'weather', retry: false },
    ...{ a2mServiceId: undefined, skillId: undefined, skillVersion: undefined },
    ...more,
  };
}

export interface Here {
  readonly port: number;
  readonly till: Till;
  readonly bank: Bank;
  readonly errors: string[];
  /** Stops it, and waits for its end. */
  stop(): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly raw: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  readonly trailers: IncomingMessage['trailers'];
}

/** One process has one, however many gates it plays. */
const senders = processSenders(randomBytes);

/** Gates of one test file in this process, each before an upstream of the test's own; all end with their test. */
export function gatesHere() {
  const { listen, sockets } = localServers();
  const ends: (() => Promise<void>)[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** A till on a ledger of its own, or on that of another process. */
  async function tillAt(
    folder?: string,
    bank = new Bank(clock),
  ): Promise<{ readonly till: Till; readonly bank: Bank; readonly folder: string }> {
    const at = folder ?? mkdtempSync(join(tmpdir(), 'gate-'));
    if (folder === undefined) folders.push(at);
    const store = await openSqliteStore(join(at, 'ledger.db'), { clock, randomBytes });
    const ledger = await Ledger.open(store, 'simulator', { clock, randomBytes });
    ends.push(() => ledger.close());
    const provider = bank.provider();
    const silent = () => undefined;
    const till: Till = {
      ...{ ledger, clock, randomBytes, policy: NO_APPROVAL, foreignOrders: 'refuse' as const },
      providers: new Map([[provider.id, provider]]),
      senders,
      log: { info: silent, warn: silent, error: silent },
      desk: new Desk({ ledger, clock }),
    };
    return { till, bank, folder: at };
  }

  /** @param upstream answers what comes through, or is a port */
  async function gate(
    upstream: RequestListener | Server | number,
    prices: readonly HttpPrice[] = [],
    more: Partial<HttpUpstream> & { readonly options?: Partial<GateOptions> } = {},
  ): Promise<Here> {
    const port =
      typeof upstream === 'number'
        ? upstream
        : await listen(typeof upstream === 'function' ? createServer(upstream) : upstream);
    const { options = {}, ...rest } = more;
    const behind: HttpUpstream = {
      ...{ origin: new URL(`http://127.0.0.1:${port}`), under: '/', unpriced: 'pass' as const },
      ...{ refundAfterMs: 3_600_000, prices },
      ...rest,
    };
    const listed: Prices = { http: [behind], mcp: [] };
    const { till, bank } = options.till ? { till: options.till, bank: new Bank(clock) } : await tillAt();
    const stop = new AbortController();
    const errors: string[] = [];
    const silent = () => undefined;
    let listening: (origin: string) => void = silent;
    const opened = new Promise<string>((resolve) => {
      listening = resolve;
    });
    const served = serveGate({
      ...{
        till,
        prices: listed,
        host: '127.0.0.1',
        port: 0,
        names: [],
        trustedProxies: [],
        gateUrl: undefined,
      },
      ...{
        language: 'en' as const,
        realm: 'simulator' as const,
        signal: stop.signal,
        listening,
        refusedName: silent,
      },
      log: { info: silent, warn: silent, error: (_what, facts) => void errors.push(JSON.stringify(facts)) },
      routes: new Hono(),
      ready: async () => ({ ready: true }),
      pageOf: async (call) => `http://127.0.0.1/c/${call.pageToken}`,
      ...options,
    });
    const origin = await Promise.race([opened, served.then(() => '')]);
    const end = async () => {
      stop.abort();
      await served;
    };
    ends.unshift(end);
    return { port: Number(new URL(origin).port), till, bank, errors, stop: end };
  }
  return { gate, tillAt, listen, sockets };
}

/** One request, whole. */
export function ask(
  port: number,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    readonly body?: string | Buffer | undefined;
  } = {},
): Promise<Answered> {
  const { method = 'GET', headers = {}, body } = options;
  const isChunked = Object.hasOwn(headers, 'Transfer-Encoding');
  const framing = body === undefined || isChunked ? {} : { 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        ...{ host: '127.0.0.1', port, path, method, agent: false },
        headers: { ...framing, ...headers } as Record<string, string>,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const whole = Buffer.concat(chunks);
          resolve({
            ...{ status: answer.statusCode ?? 0, headers: answer.headers, raw: answer.rawHeaders },
            ...{ body: whole, text: whole.toString(), trailers: answer.trailers },
          });
        });
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

export interface Bill {
  readonly outTradeNo: string;
  readonly cashierUrl: string;
  readonly nextStep: string;
  readonly problem?: { readonly code: string };
}

/** What the gate says of a bill. */
export function billIn({ text }: Answered): Bill {
  return JSON.parse(text) as Bill;
}

/** A buyer opens the page of a bill, chooses and pays. @param notified and the gateway tells us, before anybody asks */
export async function payOnPage(
  { till, bank }: Pick<Here, 'till' | 'bank'>,
  bill: Pick<Bill, 'cashierUrl'>,
  notified = false,
) {
  const token = bill.cashierUrl.split('/c/')[1] ?? '';
  await chooseWallet(till, () => 'unknown' as const, token, 'alipay');
  const call = await till.ledger.read((book) => book.paidCalls.byPageToken(token));
  bank.pay(call?.pageNo ?? '');
  const provider = till.providers.get('alipay');
  if (notified && provider) await applyNotify(till, provider, bank.notification(call?.pageNo ?? ''));
}
