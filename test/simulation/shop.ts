import type { ServerContext } from '@modelcontextprotocol/server';
import type { Hono } from 'hono';
import { servedTool } from '../../src/calls/tool-call.ts';
import { type ProviderId, SCENES } from '../../src/domain/order.ts';
import type { Log } from '../../src/domain/ports.ts';
import { runDeliverer } from '../../src/events/deliverer.ts';
import type { Answer, SendRequest } from '../../src/events/kinds/kind.ts';
import { runNoticing } from '../../src/events/noticing.ts';
import type { Params, Served } from '../../src/gate/mcp/counter.ts';
import type { Answer as Executed } from '../../src/gate/mcp/line.ts';
import { PaidCounter } from '../../src/gate/mcp/paid-counter.ts';
import type { Price } from '../../src/gate/prices.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Store, Tx } from '../../src/ledger/store.ts';
import { notifyRoutes } from '../../src/notify/routes.ts';
import { CallRate } from '../../src/payments/call-rate.ts';
import { runApproved } from '../../src/payments/carry-out.ts';
import { Desk } from '../../src/payments/desk.ts';
import { runOverdueCalls } from '../../src/payments/paid-calls/overdue.ts';
import { runPayBacks } from '../../src/payments/pay-back.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import type { Identity } from '../../src/policy/identity.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import type { GatewayHttp } from '../../src/providers/gateway-http.ts';
import type { ProviderPorts } from '../../src/providers/wallet.ts';
import type { ToolSetting } from '../../src/tools/define-tool.ts';
import { UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { presenter } from '../../src/tools/present.ts';
import type { Dice } from '../support/dice.ts';
import { type Disk, Handle } from './disk.ts';
import type { Happening } from './history.ts';
import type { Moment, StallMoment } from './plan.ts';
import { BOOKS } from './receiver.ts';
import { RULES, type RulesName } from './rules.ts';
import type { MachineClock, Timeline } from './timeline.ts';

/** How a process makes the provider of a wallet. */
export type MakeProvider = (ports: ProviderPorts) => PaymentProvider;

/** Who calls: the first sees every order, the second its own. */
export const CALLERS: readonly Identity[] = [
  { caller: 'desk', named: true },
  { caller: 'kiosk', named: true, ownOrdersOnly: true },
];

/** Each time another one: who waits for one that everybody waits for is never forgotten. */
const never = () => new Promise<never>(() => undefined);

interface Site {
  readonly timeline: Timeline;
  readonly clock: MachineClock;
  readonly dice: Dice;
  readonly disk: Disk;
  /** Of the wallets that the merchant sells with. */
  readonly providers: readonly MakeProvider[];
  readonly rules: RulesName;
  readonly send: (from: Shop, ...request: Parameters<GatewayHttp['send']>) => ReturnType<GatewayHttp['send']>;
  /** To the merchant's own system; undefined where there is none. */
  readonly tell: ((from: Shop, request: SendRequest) => Promise<Answer>) | undefined;
  readonly record: (happening: Happening) => void;
  /** Whether the process behind a sender's name can be seen to be gone. */
  readonly isGone: (name: string) => boolean;
  readonly background: boolean;
  /** What single calls of its tools cost; nobody sells any where there are none. */
  readonly prices: ReadonlyMap<string, Price>;
}

/**
 * One process of ours, put together as the composition root does it, on ports of the simulated world. It dies at any of
 * them: whatever it then waits for never comes.
 */
export class Shop {
  readonly index: number;
  /** Of this life of it. */
  readonly name: string;
  isAlive = true;
  readonly ready: Promise<void>;
  readonly #site: Site;
  readonly #handle: Handle;
  readonly #stop = new AbortController();
  readonly #died: (() => void)[] = [];
  #till: Till | undefined;
  #routes: Hono | undefined;
  #counter: PaidCounter | undefined;
  #tools: readonly ReadonlyMap<string, ReturnType<typeof servedTool>>[] = [];
  #doom: { when: Moment; left: number } | undefined;
  #stall: { when: StallMoment; left: number; ms: number } | undefined;
  /** Whether something in it stands still just now. */
  stands = false;

  constructor(index: number, life: number, site: Site) {
    this.index = index;
    this.name = `p${index}.${life}`;
    this.#site = site;
    this.#handle = new Handle(site.disk);
    this.ready = this.#start().catch(async (error: unknown) => {
      // Such as with a full disk: it says so and ends.
      this.die(`start: ${error instanceof Error ? error.message : String(error)}`);
      return never();
    });
  }

  get till(): Till {
    if (!this.#till) throw new Error('not started');
    return this.#till;
  }

  /** It will die the next time but so many that it comes to such a moment. */
  doom(when: Moment, nth: number): void {
    this.#doom = { when, left: nth };
  }

  /** The next time but so many that it comes to such a moment, it stands still there for so long (ms). */
  stall(when: StallMoment, nth: number, ms: number): void {
    this.#stall = { when, left: nth, ms };
  }

  /** From now on it neither dies nor stands still. */
  calm(): void {
    this.#doom = undefined;
    this.#stall = undefined;
  }

  /** Killed, now. */
  die(where: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#handle.die();
    this.#site.record({ kind: 'died', process: this.index, where });
    for (const tell of this.#died.splice(0)) tell();
  }

  /** What a client of it sees of what it asks: undefined when it dies over it. */
  async hear<T>(work: Promise<T>): Promise<T | undefined> {
    const gone = new Promise<undefined>((resolve) => {
      if (this.isAlive) this.#died.push(() => resolve(undefined));
      else resolve(undefined);
    });
    return Promise.race([gone, work]);
  }

  /** A tool call as a client makes it; its result, as it is sent. */
  async call(caller: number, tool: string, args: unknown, id: number) {
    await this.ready;
    const served = this.#tools[caller]?.get(tool);
    if (!served) throw new Error(`no tool ${tool}`);
    const ctx = {
      mcpReq: {
        ...{ id, _meta: undefined, envelope: undefined, signal: new AbortController().signal },
        ...{ notify: async () => undefined, requestState: () => undefined },
      },
    } as object as ServerContext;
    return served.call(args, ctx, CONNECTION);
  }

  /** A call of a tool that costs something, as the gate passes it on. */
  async sell(params: Params, execute: (params: Params) => Promise<Executed>): Promise<Served> {
    await this.ready;
    const counter = this.#counter;
    if (!counter) throw new Error('nothing is sold here');
    return counter.serve(params, {
      source: 'client',
      tool: async (name) => ({ name, inputSchema: { type: 'object' } }),
      call: (passed) => this.#exchange(() => execute(passed)),
    });
  }

  async post(gateway: string, headers: Readonly<Record<string, string>>, body: string) {
    if (!this.isAlive) return { status: 502, body: '' };
    await this.ready;
    const init = { method: 'POST', headers, body };
    const routes = this.#routes;
    if (!routes) throw new Error('not started');
    const response = await routes.request(`/notify/${gateway}`, init);
    const text = await response.text();
    if (!this.isAlive) return never();
    return { status: response.status, body: text };
  }

  async #start(): Promise<void> {
    const { clock: machine, dice, disk, record } = this.#site;
    const clock = {
      now: () => machine.now(),
      sleep: async (ms: number, signal?: AbortSignal) => {
        await this.#at('sleep');
        await machine.sleep(ms, signal);
        if (!this.isAlive) await never();
      },
    };
    const ports = { clock, randomBytes: dice.bytes };
    const turn = () => this.#site.timeline.wait(0);
    const store = this.#mortal(
      await openSqliteStore(':memory:', { ...ports, turn, sqlite: disk.sqliteOf(this.#handle) }),
    );
    const ledger = await Ledger.open(store, 'simulator', ports);
    const log = this.#log();
    const http: GatewayHttp = {
      send: (request) => this.#exchange(() => this.#site.send(this, request)),
    };
    const providers = this.#site.providers.map((provider) => provider({ ...ports, http, log }));
    let sends = 0;
    const till: Till = {
      ...ports,
      ledger,
      log,
      providers: new Map(providers.map((provider) => [provider.id, provider])),
      policy: RULES[this.#site.rules],
      foreignOrders: 'refuse',
      senders: {
        next: () => `${this.name} ${++sends}`,
        mayBeAlive: (name) => !this.#site.isGone(name.split(' ')[0] ?? ''),
      },
      desk: new Desk({ ledger, clock }),
      canHandOff: async () => true,
      letsBuyerChoose: true,
    };
    this.#till = till;
    const present = presenter({
      ...{ language: 'en', simulated: true, now: clock.now },
      buyerPage: async () => undefined,
      approvalUrl: async () => undefined,
    });
    const setting = settingOf([...till.providers.keys()]);
    this.#tools = CALLERS.map((identity) => {
      const deps = {
        ...{ identity, ledger, present, log, setting, underWay: new Set<Promise<unknown>>() },
        ...{ rate: new CallRate(clock), till: async () => till },
      };
      return new Map(UNIFIED_TOOLS.map((tool) => [tool.name, servedTool(deps, tool, 'legacy')]));
    });
    this.#routes = notifyRoutes(async () => till).onError((_error, context) => context.text('', 500));
    record({ kind: 'started', process: this.index });
    const { tell } = this.#site;
    if (tell) {
      const send = (request: SendRequest) => this.#exchange(() => tell(this, request));
      const channels = { channels: [BOOKS], send, payee: undefined, simulated: true };
      void runDeliverer({ ...till, ...channels, linkOf: async () => undefined }, 0, this.#stop.signal);
      void runNoticing(till, this.#stop.signal);
    }
    this.#counter = new PaidCounter({
      upstream: { name: 'behind', refundAfterMs: 3_600_000, prices: this.#site.prices },
      ...{ till: async () => till, ofOneClient: false, underWay: new Set<Promise<unknown>>() },
      ...{ language: 'en', simulated: true, qrImage: async () => '' },
      pageOf: async ({ pageToken }) => `https://shop.example.com/c/${pageToken}`,
    });
    if (this.#site.background) this.#work(till);
  }

  #work(till: Till): void {
    void runSettler(till, this.#stop.signal);
    void runApproved(till, () => 'unknown', this.#stop.signal);
    if (this.#site.prices.size === 0) return;
    void runOverdueCalls(till, this.#stop.signal);
    void runPayBacks(till, this.#stop.signal);
  }

  /** Whatever is not settled or carried out of its own accord is from now on. */
  startBackground(): void {
    if (!this.#site.background && this.isAlive) this.#work(this.till);
  }

  /** Something over the network. */
  async #exchange<T>(send: () => Promise<T>): Promise<T> {
    await this.#at('request');
    const answer = await send().finally(() => this.#at('answer'));
    if (!this.isAlive) await never();
    return answer;
  }

  /** A moment at which it can die. Never ends when it does, or has. */
  #at(moment: Moment): Promise<never> | undefined {
    const doom = this.#doom;
    if (this.isAlive && doom?.when === moment && doom.left-- === 0) {
      this.#doom = undefined;
      this.die(moment);
    }
    return this.isAlive ? undefined : never();
  }

  async #standStill(moment: StallMoment): Promise<void> {
    const stall = this.#stall;
    if (stall?.when !== moment || stall.left-- > 0) return;
    this.#stall = undefined;
    this.#site.record({ kind: 'stalled', process: this.index, ms: stall.ms });
    this.stands = true;
    await this.#site.timeline.wait(stall.ms);
    this.stands = false;
    if (!this.isAlive) await never();
  }

  #mortal(store: Store): Store {
    const inside = (tx: Tx): Tx => ({
      ...tx,
      all: (...asked) => this.#at('statement') ?? tx.all(...asked),
      run: (...asked) => this.#at('statement') ?? tx.run(...asked),
    });
    const mortal = async <T>(moment: Moment, work: () => Promise<T>): Promise<T> => {
      await this.#at(moment);
      try {
        return await work();
      } finally {
        await this.#at('told');
      }
    };
    return {
      ...store,
      read: (work) =>
        mortal('read', async () => {
          await this.#standStill('read');
          return store.read((tx) => work(inside(tx)));
        }),
      write: (work, how) =>
        mortal('write', async () => {
          const written = await store.write((tx) => work(inside(tx)), how);
          await this.#standStill('written');
          return written;
        }),
      note: (work) => mortal('write', () => store.note((tx) => work(inside(tx)))),
    };
  }

  #log(): Log {
    const alarm = (event: string, facts: object = {}) =>
      this.isAlive &&
      this.#site.record({
        ...{ kind: 'alarm', process: this.index },
        what: `${event} ${JSON.stringify(facts)}`,
      });
    return { info: () => undefined, warn: () => undefined, error: alarm };
  }
}

const SETTINGS = new Map<string, ToolSetting>();

/** One for the same wallets: schemas are made once for each, and cost a tenth of a history. */
function settingOf(providers: readonly ProviderId[]): ToolSetting {
  const key = providers.join(' ');
  const setting = SETTINGS.get(key) ?? {
    ...{ language: 'en', providers, scenes: SCENES },
    letsBuyerChoose: true,
  };
  SETTINGS.set(key, setting);
  return setting;
}

const CONNECTION = {
  getClientVersion: () => ({ name: 'agent', version: '1' }),
  getClientCapabilities: () => ({}),
  getNegotiatedProtocolVersion: () => '2025-11-25',
};
