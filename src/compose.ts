import type { Hono } from 'hono';
import { holdersIn } from './auth/holders.ts';
import { BuyerPages } from './buyer-page/buyer-pages.ts';
import { carryOnTrial, mayOweOfTrial } from './carry-on-trial.ts';
import type { Config } from './config.ts';
import { secretsOf } from './config.ts';
import { consoleBeside } from './console/index.ts';
import type { Clock, RandomBytes } from './domain/clock.ts';
import { mountOf, notifyPath } from './domain/merchant.ts';
import type { ProviderId } from './domain/order.ts';
import type { Log } from './domain/ports.ts';
import type { Ledger } from './ledger/ledger.ts';
import { keepRefusedNames } from './ledger/refused-names.ts';
import { namedChannels, openChannels, simulatorFolder } from './open-channels.ts';
import { openLedger } from './open-ledger.ts';
import { OperatorPages } from './operator/operator-pages.ts';
import { runSubscriptions } from './payments/agreements/round.ts';
import { CallRate } from './payments/call-rate.ts';
import { runApproved, type Under } from './payments/carry-out.ts';
import { closeByPerson } from './payments/close-by-person.ts';
import { compareDay } from './payments/compare-day.ts';
import { runDailyBills } from './payments/daily-bills.ts';
import { Desk } from './payments/desk.ts';
import { runForgetting } from './payments/forgetting.ts';
import { runOverdue } from './payments/overdue.ts';
import { runOverdueCalls } from './payments/paid-calls/overdue.ts';
import { runPayBacks } from './payments/pay-back.ts';
import { runSettler } from './payments/settler.ts';
import type { Till } from './payments/till.ts';
import { noteLedger } from './platform/known-ledgers.ts';
import { createLog, secretFinder } from './platform/log.ts';
import { once } from './platform/once.ts';
import { outgoingProxyOf } from './platform/outgoing-proxy.ts';
import { RefusedNames } from './platform/refused-names.ts';
import { processSenders } from './platform/senders.ts';
import { systemPorts, systemTimer } from './platform/system.ts';
import { policyInForce } from './policy/decisions.ts';
import type { Policy } from './policy/policy.ts';
import { readPolicy } from './policy/read-policy-file.ts';
import { GatewayUnavailable, type PaymentProvider } from './providers/contract.ts';
import { type GatewayHttp, gatewayHttp } from './providers/gateway-http.ts';
import { WALLETS } from './providers/registry.ts';
import { Receipts } from './receipts/receipts.ts';
import type { ServerDeps } from './server.ts';
import type { Simulator } from './simulator/index.ts';
import { heardBy, heardCalls, underId } from './telemetry/heard-calls.ts';
import type { Readiness, Watched } from './telemetry/telemetry.ts';
import { openTracing } from './telemetry/tracing.ts';
import type { ToolSetting } from './tools/define-tool.ts';
import { TOOL_NAMES } from './tools/index.ts';
import { presenter } from './tools/present.ts';
import { version } from './version.ts';

/** A process's whole outfit, for the server and the operator's commands alike. */
export interface App extends Omit<ServerDeps, 'tools' | 'identity' | 'bus' | 'limited'> {
  readonly config: Config;
  readonly randomBytes: RandomBytes;
  /** What the policy file states; the rules in force are the ledger's. */
  readonly policy: Policy;
  /** Adapters, and in the simulator realm the simulator, made on first use. */
  till(): Promise<Till>;
  /** Starts the settler, and on stdio the notify routes where a port is configured; once, however often called. */
  startBackground(): void;
  /** The notify routes, the buyer's pages and, on the HTTP service, the operator's pages, for whoever listens. */
  routes(): Promise<Hono>;
  /** Where a person who is signed in decides on an approval; undefined when it cannot be. */
  approvalUrl(id: string): Promise<string | undefined>;
  /** What the HTTP service measures of itself, and whether it can work. */
  readonly telemetry?:
    | { exposition(): Promise<string>; readiness(): Promise<Readiness>; limited(): void }
    | undefined;
  /** The page where a buyer pays, by its token. */
  buyerPage(token: string): Promise<string>;
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
  /** It has nothing for operators, and other processes do not send buyers there. */
  readonly isGate?: boolean;
}

export interface Ports {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Writes our commands in a text as whoever reads it can type them. */
  readonly runnable?: (text: string) => string;
  /** Where several merchants write into one file, whose secrets it must know all; by default its own. */
  readonly log?: Log;
}

/**
 * Reads the policy, checks the credentials and opens the ledger; starts nothing. Throws CONFIGURATION with a sentence
 * that names the variable.
 */
export async function openApp(config: Config, ports: Ports, service?: ServiceAddress): Promise<App> {
  const { clock, randomBytes, runnable = (text: string) => text } = ports;
  const { language, merchantName, realm, merchant } = config;
  const [simulated, trial] = [realm === 'simulator', realm === 'trial'];
  const site = service?.isGate ? undefined : service;
  const policy = await readPolicy(config);
  const named = await namedChannels(config);
  const log = ports.log ?? logOf([config]);
  const configured = config.embeddedSimulator
    ? undefined
    : await configureProviders(config.env, gatewayHttp(undefined, outgoingProxyOf(config.env)), log);
  const { Telemetry } = service ? await import('./telemetry/telemetry.ts') : {};
  const telemetry =
    Telemetry && new Telemetry({ clock, timer: systemTimer, realm, version, tools: TOOL_NAMES });
  const tracing = await openTracing(version, log);
  const ledger = await openLedger(config, {}, (store) => telemetry?.store(store) ?? store);
  // A freeze finds what its home knows of; that it cannot be noted must not keep anybody from serving.
  await noteLedger(config.home, config.ledgerName, clock).catch((error: unknown) =>
    log.error('ledgers.json', { error: String(error) }),
  );

  const offered = WALLETS.filter(({ id }) => configured === undefined || configured.has(id));
  const setting: ToolSetting = {
    language,
    providers: offered.map(({ id }) => id),
    scenes: [...new Set(offered.flatMap(({ scenes }) => scenes))],
    // Who gives out a page for buyers has one that anybody can open.
    letsBuyerChoose: offered.length > 1 && config.publicUrl !== undefined,
  };

  let simulator: Simulator | undefined;
  async function embeddedProviders(): Promise<ReadonlyMap<ProviderId, PaymentProvider>> {
    const { openSimulator } = await import('./simulator/index.ts');
    simulator = await openSimulator({ folder: simulatorFolder(config), clock, randomBytes });
    await simulator.serve();
    return configureProviders(
      {
        ...simulator.env,
        ...(merchantName === undefined ? {} : { CASHIER_MERCHANT_NAME: merchantName }),
        ...notifyUrls(service?.localUrl ?? loopback(config.httpPort), merchant),
      },
      selfServing(gatewayHttp(), simulator),
      log,
    );
  }
  async function measuredProviders(): Promise<Till['providers']> {
    const providers = configured ?? (await embeddedProviders());
    return telemetry ? heardBy(providers, systemTimer, telemetry) : providers;
  }
  const underWay = new Set<Promise<unknown>>();
  const desk = new Desk({ ledger, clock });
  const till = once(
    async (): Promise<Till> => ({
      ledger,
      providers: await measuredProviders(),
      policy,
      trialMaxFen: config.trialMaxFen,
      // As Alipay's own server, which asks about any number.
      foreignOrders: config.dropIn ? 'query' : 'refuse',
      clock,
      randomBytes,
      senders: processSenders(randomBytes),
      log,
      desk,
      isSecret: secretFinder(secretsOf(config.env)),
      canHandOff: () => buyers.places.canHandOff(),
      denied: telemetry && ((error) => telemetry.denied(error)),
      letsBuyerChoose: setting.letsBuyerChoose === true,
    }),
  );

  const holders = once(() => holdersIn(config, service !== undefined, log));
  const mount = mountOf(merchant);
  const mounted = (address: string | undefined) => (address === undefined ? undefined : `${address}${mount}`);
  const receipts = new Receipts({
    ...{ ledger, randomBytes, merchantName, key: config.receiptKey },
    publicUrl: mounted(config.publicUrl),
  });
  const buyers = new BuyerPages({
    ...{ ledger, clock, randomBytes, language, merchantName, simulated, receipts },
    // On stdio the port for gateways serves buyers too.
    outside: mounted(
      service || config.httpPort !== undefined ? (config.publicUrl ?? config.h5Origin) : undefined,
    ),
    h5Origin: mounted(config.h5Origin),
    service: mounted(service?.publicUrl),
    simulatorUrl: (code) => simulator && `${simulator.origin}/scan?code=${encodeURIComponent(code)}`,
    wallets: setting.providers,
    choose: async (token, wallet) => {
      const { chooseWallet } = await import('./payments/choose-wallet.ts');
      return chooseWallet(await till(), await holders(), token, wallet);
    },
  });
  const operators = new OperatorPages({
    ...{ ledger, realm, clock, randomBytes, log, language, merchantName, runnable },
    ...(site ? { mount, publicUrl: site.operatorUrl ?? site.publicUrl } : {}),
    beside: consoleBeside({
      close: async (person, outTradeNo) => closeByPerson(await till(), person, outTradeNo),
      compare: async (date) => compareDay(await till(), date),
    }),
  });

  const refusals = new RefusedNames({
    clock,
    log,
    keep: (names) => keepRefusedNames(ledger, names, clock.now()),
  });
  const refusedName = (name: string) => refusals.note(name);

  async function routes(): Promise<Hono> {
    const { Hono } = await import('hono');
    const { notifyRoutes } = await import('./notify/routes.ts');
    const { receiptRoutes } = await import('./receipts/routes.ts');
    const notify = notifyRoutes(till, merchant, (gateway, outcome) => telemetry?.notified(gateway, outcome));
    const open = new Hono()
      .route('/', notify)
      .route(mount || '/', receiptRoutes(receipts))
      .route(mount || '/', await buyers.routes());
    // Beside stdio, the port for gateways may be open to the world, and the operator's pages have one of their own.
    return site ? open.route(mount || '/', await operators.routes()) : open;
  }

  const channelsOf = (of: Ledger, approvalUrl: (id: string) => Promise<string | undefined>) =>
    openChannels(config, named, {
      ...{ ledger: of, clock, randomBytes, log, approvalUrl },
      simulator: () => simulator,
      tried: telemetry && ((kind, outcome) => telemetry.told(kind, outcome)),
    });
  const told = await channelsOf(ledger, async (id) => {
    // Elsewhere than at the service, only who says where the pages are can know.
    if (!site && config.env.CASHIER_OPERATOR_URL) return `${config.operatorUrl}${mount}/approvals/${id}`;
    return site || simulated ? operators.approvalUrl(id) : undefined;
  });

  const under: Under = (opened, call) => underId(opened, call, systemTimer, tracing?.later(call));
  const stop = new AbortController();
  async function holdNotifyPort(port: number, opened: Till): Promise<void> {
    const { serveNotify } = await import('./notify/listener.ts');
    const { names } = config;
    const { signal } = stop;
    await serveNotify({ till: opened, port, names, refusedName, routes: await routes(), signal });
  }
  const background = once(async () => {
    const opened = await till();
    const port = service ? undefined : config.httpPort;
    return [
      runSettler(opened, stop.signal, () => telemetry?.round()),
      ...(telemetry ? [telemetry.watch(stop.signal)] : []),
      runDailyBills(opened, stop.signal),
      runForgetting(opened, config.keepPersonalDays, stop.signal),
      runOverdueCalls(opened, stop.signal),
      told.run(stop.signal),
      runApproved(opened, await holders(), stop.signal, under),
      runPayBacks(opened, stop.signal),
      runOverdue(opened, stop.signal),
      runSubscriptions(opened, stop.signal),
      carryOnTrial(config, opened, (trial) => channelsOf(trial, async () => undefined), stop.signal),
      ...(port === undefined ? [] : [holdNotifyPort(port, opened)]),
      // The service keeps alive the buyers' addresses that clients gave out, and tells them of its own.
      buyers.hold(stop.signal),
      site ? buyers.places.announce(stop.signal) : operators.hold(stop.signal),
    ].map((job) => job.catch((error: unknown) => log.error('background', { error: String(error) })));
  });

  const watched: Watched = {
    ledger,
    providers: setting.providers,
    channels: () => told.all,
    callsUnderWay: () => underWay.size,
    waitsOpen: () => desk.waits.open,
  };
  return {
    ...{ version, config, ledger, setting, log, policy, till, clock, randomBytes, receipts },
    underWay,
    hear: heardCalls({ log, randomBytes, timer: systemTimer, telemetry, tracing }),
    telemetry: telemetry && {
      exposition: () => telemetry.exposition(watched),
      readiness: () => telemetry.readiness(watched),
      limited: () => telemetry.limited(),
    },
    hasSection: (section) =>
      ledger.read(async (book) => (await policyInForce(book, policy))[section] !== undefined),
    rate: new CallRate(clock),
    present: presenter({
      language,
      ...{ simulated, trial },
      now: () => clock.now(),
      merchantName,
      approvalUrl: (id) => operators.approvalUrl(id),
      runnable,
      buyerPage: (token, handOff) => buyers.places.page(token, handOff),
    }),
    routes,
    buyerPage: async (token) => (await buyers.places.page(token, false))?.url ?? '',
    refusedName,
    approvalUrl: (id) => operators.approvalUrl(id),
    startBackground: () =>
      void background().catch((error: unknown) => log.error('background', { error: String(error) })),
    hasBackgroundWork: async () =>
      config.httpPort !== undefined ||
      mayOweOfTrial(config) ||
      told.all.length > 0 ||
      ledger.read(
        async (book) =>
          (await book.asking.any()) ||
          (await book.approvals.toCarryOut(undefined, 1)).length > 0 ||
          (await book.owed.accounts()).length > 0 ||
          (await book.promises.accounts()).length > 0 ||
          (await book.subscriptions.accounts()).length > 0 ||
          (await book.paidCalls.due(1)).length > 0,
      ),
    async close() {
      stop.abort();
      if (background.started) await Promise.all(await background().catch(() => []));
      await Promise.all([buyers.close(), operators.close()]);
      await simulator?.close();
      await refusals.close();
      await ledger.close();
    },
  };
}

/** The log of a process, which keeps the secrets of all these out. */
export function logOf(configs: readonly [Config, ...Config[]]): Log {
  const [{ logLevel, logFile }] = configs;
  const secrets = configs.flatMap(({ env }) => secretsOf(env));
  return createLog({ level: logLevel, file: logFile, secrets });
}

async function configureProviders(
  env: Config['env'],
  http: GatewayHttp,
  log: Log,
): Promise<ReadonlyMap<ProviderId, PaymentProvider>> {
  const ports = { ...systemPorts, http, log };
  const providers = new Map<ProviderId, PaymentProvider>();
  for (const wallet of WALLETS) {
    const provider = await wallet.configure(env, ports);
    if (provider) providers.set(wallet.id, provider);
  }
  return providers;
}

/** The embedded simulator notifies this machine's own port, where one is configured. */
function notifyUrls(base: string | undefined, merchant: string): Config['env'] {
  if (base === undefined) return {};
  return Object.fromEntries(
    WALLETS.map(({ id, notify }) => [notify.variable, `${base}${notifyPath(id, merchant)}`]),
  );
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
