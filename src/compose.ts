import { join } from 'node:path';
import type { Hono } from 'hono';
import type { CashierLookup } from './cashier/index.ts';
import { Places } from './cashier/places.ts';
import type { Config } from './config.ts';
import { secretsOf } from './config.ts';
import { CashierError } from './domain/errors.ts';
import type { ProviderId, Realm } from './domain/order.ts';
import type { Log } from './domain/ports.ts';
import type { Book } from './ledger/book.ts';
import { Ledger } from './ledger/ledger.ts';
import { keepRefusedNames } from './ledger/refused-names.ts';
import { sharedKey } from './ledger/shared-key.ts';
import { openSqliteStore } from './ledger/sqlite-store.ts';
import { type Callers, runApproved } from './payments/carry-out.ts';
import type { Cashier } from './payments/cashier.ts';
import { Desk } from './payments/desk.ts';
import { runSettler } from './payments/settler.ts';
import { noteLedger } from './platform/known-ledgers.ts';
import type { Listener } from './platform/listener.ts';
import type { Mark } from './platform/listener-proof.ts';
import { SharedListener } from './platform/listener-shared.ts';
import { createLog, secretFinder } from './platform/log.ts';
import { outgoingProxyOf, wayOut } from './platform/outgoing-proxy.ts';
import { RefusedNames } from './platform/refused-names.ts';
import { processSenders } from './platform/senders.ts';
import { systemClock, systemRandom } from './platform/system.ts';
import { readTextFile } from './platform/text-file.ts';
import { hasOperatorSecret } from './policy/operator.ts';
import { DEFAULT_POLICY, type Policy } from './policy/policy.ts';
import { GatewayUnavailable, type PaymentProvider } from './providers/contract.ts';
import { type GatewayHttp, gatewayHttp } from './providers/gateway-http.ts';
import { PROVIDERS } from './providers/registry.ts';
import type { Simulator } from './simulator/index.ts';
import type { ToolSetting } from './tools/define-tool.ts';
import { type Presenter, presenter } from './tools/present.ts';

/** A process's whole outfit, for the server and the operator's commands alike. */
export interface App {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly setting: ToolSetting;
  readonly present: Presenter;
  readonly log: Log;
  /** What the policy file states; the rules in force are the ledger's. */
  readonly policy: Policy;
  /** Adapters, and in the simulator realm the simulator, made on first use. */
  cashier(): Promise<Cashier>;
  /** Starts the settler, and on stdio the notify routes where a port is configured; once, however often called. */
  startBackground(): void;
  /** The notify routes, the cashier pages and, on the HTTP service, the operator's pages, for whoever listens. */
  routes(): Promise<Hono>;
  /**
   * Where a person who is signed in decides on an approval: on the HTTP service, else on a loopback port that is
   * opened at the first call. undefined when it cannot be.
   */
  approvalUrl(id: string): Promise<string | undefined>;
  /** Notes a name under which a listener was addressed in vain. */
  refusedName(name: string): void;
  /** Whether the background has work although no tool has been called. */
  hasBackgroundWork(): Promise<boolean>;
  close(): Promise<void>;
}

/** Where the HTTP service, which serves {@link App.routes} itself, is reached; without a slash at the end. */
export interface ServiceAddress {
  /** By buyers. */
  readonly publicUrl: string;
  /** By operators; by default as by buyers. */
  readonly operatorUrl?: string;
  /** By a simulator on this machine. */
  readonly localUrl: string;
}

/**
 * Reads the policy, checks the credentials and opens the ledger; starts nothing. Throws CONFIGURATION with a sentence
 * that names the variable.
 * @param runnable writes our commands in a text as whoever reads it can type them
 */
export async function openApp(
  config: Config,
  service?: ServiceAddress,
  runnable: (text: string) => string = (text) => text,
): Promise<App> {
  const clock = systemClock;
  const randomBytes = systemRandom;
  const policy = await readPolicy(config);
  const log = createLog({ level: config.logLevel, file: config.logFile, secrets: secretsOf(config.env) });
  const configured = config.embeddedSimulator
    ? undefined
    : configureProviders(config.env, gatewayHttp(undefined, wayOut(outgoingProxyOf(config.env))), log);
  const ledger = await openLedger(config);
  // A freeze finds what its home knows of; that it cannot be noted must not keep anybody from serving.
  await noteLedger(config.home, config.ledger, clock).catch((error: unknown) =>
    log.error('ledgers.json', { error: String(error) }),
  );

  const offered = PROVIDERS.filter(({ id }) => configured === undefined || configured.has(id));
  const setting: ToolSetting = {
    language: config.language,
    providers: offered.map(({ id }) => id),
    scenes: [...new Set(offered.flatMap(({ scenes }) => scenes))],
  };

  let simulator: Simulator | undefined;
  async function embeddedProviders(): Promise<ReadonlyMap<ProviderId, PaymentProvider>> {
    const { openSimulator } = await import('./simulator/index.ts');
    simulator = await openSimulator({ folder: join(config.home, 'simulator'), clock, randomBytes });
    await simulator.serve();
    return configureProviders(
      { ...simulator.env, ...notifyUrls(service?.localUrl ?? loopback(config.httpPort)) },
      selfServing(gatewayHttp(), simulator),
      log,
    );
  }
  const cashier = once(
    async (): Promise<Cashier> => ({
      ledger,
      providers: configured ?? (await embeddedProviders()),
      policy,
      // As Alipay's own server, which asks about any number.
      foreignOrders: config.dropIn ? 'query' : 'refuse',
      clock,
      randomBytes,
      senders: processSenders(randomBytes),
      log,
      desk: new Desk({ ledger, clock }),
      isSecret: secretFinder(secretsOf(config.env)),
      canHandOff: () => places.canHandOff(),
    }),
  );

  const lookup: CashierLookup = async (token) => {
    const { ledgerLookup } = await import('./cashier/index.ts');
    return ledgerLookup({
      ledger,
      clock,
      simulated: config.realm === 'simulator',
      merchantName: config.merchantName,
      simulatorUrl: (code) => simulator && `${simulator.origin}/scan?code=${encodeURIComponent(code)}`,
    })(token);
  };
  const pages = sharedPages(ledger, 'cashier', async (at) => {
    const { listenForCashier } = await import('./cashier/index.ts');
    return listenForCashier({ ...buyerPages, ...at });
  });
  // On stdio the port for gateways serves buyers too.
  const outside =
    service || config.httpPort !== undefined ? (config.publicUrl ?? config.h5Origin) : undefined;
  const places = new Places({
    ...{ ledger, clock, outside, h5Origin: config.h5Origin, simulated: config.realm === 'simulator' },
    loopback: () => pages.origin(),
    service: service?.publicUrl,
  });
  const buyerPages = {
    ...{ lookup, clock, language: config.language },
    handOffBase: () => places.handOffBase(),
  };

  const refusals = new RefusedNames({
    clock,
    log,
    keep: (names) => keepRefusedNames(ledger, names, clock.now()),
  });
  const refusedName = (name: string) => refusals.note(name);

  const { merchantName, language, realm } = config;
  const operator = { ledger, realm, clock, randomBytes, log, language, merchantName, runnable };
  const operatorPages = sharedPages(ledger, 'operator', async (at) => {
    const { listenForOperator } = await import('./operator/index.ts');
    return listenForOperator({ ...operator, ...at });
  });
  async function approvalUrl(id: string): Promise<string | undefined> {
    // Nobody can sign in there without one.
    if (!(await hasOperatorSecret(ledger))) return undefined;
    if (service) return `${service.operatorUrl ?? service.publicUrl}/approvals/${id}`;
    try {
      return `${await operatorPages.origin()}/approvals/${id}`;
    } catch (error) {
      // The approval stands without its page: there is still the terminal.
      log.error('operator pages', { error: String(error) });
      return undefined;
    }
  }

  async function routes(): Promise<Hono> {
    const { Hono } = await import('hono');
    const { notifyRoutes } = await import('./notify/routes.ts');
    const { cashierRoutes } = await import('./cashier/index.ts');
    const open = new Hono().route('/', notifyRoutes(cashier)).route('/', cashierRoutes(buyerPages));
    // Beside stdio, the port for gateways may be open to the world, and the operator's pages have one of their own.
    if (!service) return open;
    const { operatorRoutes } = await import('./operator/index.ts');
    return open.route(
      '/',
      operatorRoutes({ ...operator, publicUrl: service.operatorUrl ?? service.publicUrl }),
    );
  }

  const stop = new AbortController();
  async function holdNotifyPort(port: number, opened: Cashier): Promise<void> {
    const { serveNotify } = await import('./notify/listener.ts');
    const { names } = config;
    const { signal } = stop;
    await serveNotify({ cashier: opened, port, names, refusedName, routes: await routes(), signal });
  }
  const background = once(async () => {
    const opened = await cashier();
    const port = service ? undefined : config.httpPort;
    return [
      runSettler(opened, stop.signal),
      runApproved(opened, await callersNow(config, service !== undefined, log), stop.signal),
      ...(port === undefined ? [] : [holdNotifyPort(port, opened)]),
      // The service keeps alive the buyers' addresses that clients gave out, and tells them of its own.
      pages.hold(stop.signal),
      service ? places.announce(stop.signal) : operatorPages.hold(stop.signal),
    ].map((job) => job.catch((error: unknown) => log.error('background', { error: String(error) })));
  });

  return {
    config,
    ledger,
    setting,
    log,
    policy,
    cashier,
    present: presenter({
      language: config.language,
      simulated: config.realm === 'simulator',
      now: () => clock.now(),
      approvalUrl,
      runnable,
      cashierPage: (token, handOff) => places.page(token, handOff),
    }),
    routes,
    refusedName,
    approvalUrl,
    startBackground: () =>
      void background().catch((error: unknown) => log.error('background', { error: String(error) })),
    hasBackgroundWork: async () =>
      config.httpPort !== undefined ||
      ledger.read(
        async (book) =>
          (await book.asking.any()) || (await book.approvalsToCarryOut(undefined, 1)).length > 0,
      ),
    async close() {
      stop.abort();
      if (background.started) await Promise.all(await background().catch(() => []));
      await Promise.all([pages.close(), operatorPages.close()]);
      await simulator?.close();
      await refusals.close();
      await ledger.close();
    },
  };
}

/**
 * Whose tokens are whose now. Only the service that takes them in knows that one is nobody's any more; another process
 * on its ledger may be looking into another file.
 */
async function callersNow({ tokensFile }: Config, isService: boolean, log: Log): Promise<Callers> {
  if (tokensFile === undefined) return () => 'unknown';
  const { tokenCallers } = await import('./auth/token-callers.ts');
  try {
    const { holderOf } = tokenCallers(tokensFile, log);
    return (credential) => {
      const holder = holderOf(credential) ?? (isService ? 'revoked' : 'unknown');
      return holder === 'unavailable' ? 'unknown' : holder;
    };
  } catch (error) {
    log.warn('tokens file', { error: error instanceof Error ? error.message : String(error) });
    return () => 'unknown';
  }
}

/** Pages of one kind on loopback, which live while there is a process on the ledger. */
function sharedPages(
  ledger: Ledger,
  kind: 'cashier' | 'operator',
  listen: (at: { readonly mark: Mark; readonly port?: number }) => Promise<Listener>,
): SharedListener {
  const key = `${kind}_port`;
  const mark = once(async () => ({ kind, key: await sharedKey(ledger, 'listener_key', systemRandom) }));
  const portIn = async (book: Book) => Number(await book.meta(key)) || undefined;
  return new SharedListener({
    mark,
    port: () => ledger.read(portIn),
    agree: (port, before) =>
      ledger.write(async (book) => {
        const agreed = await portIn(book);
        if (agreed !== undefined && agreed !== before) return agreed;
        await book.setMeta(key, String(port));
        return port;
      }),
    listen: async (port) => listen({ mark: await mark(), ...(port === undefined ? {} : { port }) }),
    clock: systemClock,
    randomBytes: systemRandom,
  });
}

/**
 * The ledger alone, for commands that ask no gateway: they work although the policy or the credentials are broken.
 * Throws CONFIGURATION for one that is not ours to use.
 */
export async function openLedger({ ledger, realm }: Config): Promise<Ledger> {
  const ports = { clock: systemClock, randomBytes: systemRandom };
  return Ledger.open(await openSqliteStore(ledger, ports), realm, ports);
}

/**
 * As {@link openLedger}, for a command that works on whatever ledger there is: a file is taken for what it says it is.
 * @param asked the realm that it must belong to, where one was asked for
 */
export async function adoptLedger({ ledger, realm }: Config, asked: Realm | undefined): Promise<Ledger> {
  const ports = { clock: systemClock, randomBytes: systemRandom };
  return Ledger.open(await openSqliteStore(ledger, ports), realm, ports, asked === undefined);
}

function configureProviders(
  env: Config['env'],
  http: GatewayHttp,
  log: Log,
): ReadonlyMap<ProviderId, PaymentProvider> {
  const ports = { clock: systemClock, randomBytes: systemRandom, http, log };
  const providers = new Map<ProviderId, PaymentProvider>();
  for (const entry of PROVIDERS) {
    const provider = entry.configure(env, ports);
    if (provider) providers.set(entry.id, provider);
  }
  return providers;
}

/** The embedded simulator notifies this machine's own port, where one is configured. */
function notifyUrls(base: string | undefined): Config['env'] {
  if (base === undefined) return {};
  return { AP_NOTIFY_URL: `${base}/notify/alipay`, WXPAY_NOTIFY_URL: `${base}/notify/wechatpay` };
}

function loopback(port: number | undefined): string | undefined {
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
}

/** The process that served the simulator may be gone: whoever finds nobody there serves it, and sends then. */
function selfServing(http: GatewayHttp, simulator: Simulator): GatewayHttp {
  return {
    async send(request) {
      try {
        return await http.send(request);
      } catch (error) {
        if (!(error instanceof GatewayUnavailable)) throw error;
        await simulator.serve();
        return http.send(request);
      }
    },
  };
}

/** What the policy file states, or the default without one. Throws CONFIGURATION naming the place that is wrong. */
export async function readPolicy(config: Config): Promise<Policy> {
  if (config.policyFile === undefined) return DEFAULT_POLICY;
  let text: string;
  try {
    text = readTextFile(config.policyFile, 'CASHIER_POLICY');
  } catch (error) {
    if (error instanceof CashierError) throw error;
    throw new CashierError(
      'CONFIGURATION',
      {
        zh: `CASHIER_POLICY：规则文件 ${config.policyFile} 无法读取。`,
        en: `CASHIER_POLICY: the policy file ${config.policyFile} cannot be read.`,
        next: { zh: '检查路径与读取权限。', en: 'Check the path and its permissions.' },
      },
      { variable: 'CASHIER_POLICY' },
    );
  }
  const { parsePolicy } = await import('./policy/policy-file.ts');
  return parsePolicy(text, config.policyFile);
}

/** Runs `make` at the first call only; after a failure the next call tries again. */
function once<T>(make: () => Promise<T>): (() => Promise<T>) & { readonly started: boolean } {
  let made: Promise<T> | undefined;
  const get = () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return Object.defineProperty(get, 'started', { get: () => made !== undefined }) as typeof get & {
    readonly started: boolean;
  };
}
