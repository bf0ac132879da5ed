import type { Hono } from 'hono';
import { type App, logOf, openApp, type Ports, type ServiceAddress } from './compose.ts';
import type { Config } from './config.ts';
import { inTheNameOf } from './config-merchants.ts';
import { type CashierError, configuration } from './domain/errors.ts';
import { merchantOf } from './domain/merchant.ts';
import { systemPorts } from './platform/system.ts';
import type { Identity } from './policy/identity.ts';
import { isHome, type PaymentProvider } from './providers/contract.ts';
import { gatewayHttp } from './providers/gateway-http.ts';
import { WALLETS } from './providers/registry.ts';
import type { Wallet } from './providers/wallet.ts';
import { expositionOf, readinessOf } from './telemetry/several.ts';
import type { Readiness } from './telemetry/telemetry.ts';

/** What a service serves: each merchant with an outfit of its own, which shares nothing with another's. */
export interface Apps {
  /** By merchant. */
  readonly each: ReadonlyMap<string, App>;
  /** Keeps what is nobody's in particular. */
  readonly first: App;
  /** Notify routes and pages of all. */
  routes(): Promise<Hono>;
  readiness(): Promise<Readiness>;
  /** Of all of them, by merchant; for a caller, of its own. */
  exposition(caller?: Identity): Promise<string>;
  close(): Promise<void>;
}

/**
 * Opens the service of all these merchants, or nothing: one that is broken stops the start. Throws as {@link openApp},
 * with the merchant's name in front where there are several.
 */
export async function openApps(
  configs: readonly [Config, ...Config[]],
  portsOf: (config: Config) => Ports,
  service: ServiceAddress,
): Promise<Apps> {
  insistOnOwnWallets(configs);
  const log = logOf(configs);
  const apps: App[] = [];
  const close = async () => void (await Promise.all(apps.map((app) => app.close())));
  const open = (config: Config) => {
    const opened = () => openApp(config, { ...portsOf(config), log }, service);
    return config.merchants.length === 0 ? opened() : inTheNameOf(config.merchant, opened);
  };
  const [one, ...others] = configs;
  const first = await open(one);
  apps.push(first);
  try {
    for (const config of others) apps.push(await open(config));
    await insistOnOwnAccounts(configs);
  } catch (error) {
    await close();
    throw error;
  }
  const each = new Map(apps.map((app) => [app.config.merchant, app]));
  const names = [...each.keys()];
  const scrape = (app: App | undefined) => app?.telemetry?.exposition() ?? Promise.resolve('');
  return {
    each,
    first,
    async routes() {
      const { Hono } = await import('hono');
      const routes = new Hono();
      for (const app of apps) routes.route('/', await app.routes());
      return routes;
    },
    async readiness() {
      return readinessOf(await Promise.all(apps.flatMap(({ telemetry }) => telemetry?.readiness() ?? [])));
    },
    async exposition(caller) {
      if (caller) return scrape(each.get(merchantOf(caller, names) ?? ''));
      const texts = await Promise.all(apps.map(scrape));
      return expositionOf(new Map(names.map((name, i) => [name, texts[i] ?? ''])));
    },
    close,
  };
}

/** Two that share a wallet's account could not tell whose order is whose. Throws CONFIGURATION naming both. */
function insistOnOwnWallets(configs: readonly Config[]): void {
  for (const wallet of WALLETS) {
    const { id, settings } = wallet;
    const taken = new Map<string, string>();
    for (const { env, merchant } of configs) {
      // Where something is sent says nothing of whose it is.
      const said = settings
        .map((one) => env[one.name])
        .map((value) => (/^https?:/.test(value ?? '') ? '' : value));
      if (!settings.some((one) => one.credential && env[one.name])) continue;
      const account = JSON.stringify([id, said]);
      const other = taken.get(account);
      if (other !== undefined) throw sharedAccount(wallet, other, merchant);
      taken.set(account, merchant);
    }
  }
}

/**
 * As {@link insistOnOwnWallets}, by what the wallets themselves take for one account: a merchant's further AppIDs, a
 * token granted anew. Throws CONFIGURATION naming both.
 */
export async function insistOnOwnAccounts(
  configs: readonly Pick<Config, 'env' | 'merchant' | 'embeddedSimulator'>[],
): Promise<void> {
  const real = configs.filter(({ embeddedSimulator }) => !embeddedSimulator);
  if (real.length < 2) return;
  for (const wallet of WALLETS) {
    const known: (readonly [merchant: string, provider: PaymentProvider])[] = [];
    for (const { env, merchant } of real) {
      const provider = await wallet.configure(env, { ...systemPorts, http: gatewayHttp() });
      if (!provider) continue;
      const other = known.find(([, one]) => isHome(one, provider.account) || isHome(provider, one.account));
      if (other) throw sharedAccount(wallet, other[0], merchant);
      known.push([merchant, provider]);
    }
  }
}

function sharedAccount({ name, prefix }: Wallet, one: string, other: string): CashierError {
  return configuration('CASHIER_MERCHANTS', {
    zh: `商户 ${one} 与 ${other} 的${name.zh}是同一个账户（${prefix}_*），分不清订单是谁的。`,
    en: `Merchants ${one} and ${other} have the same account of ${name.en} (${prefix}_*); nobody could tell whose order is whose.`,
    next: { zh: '给每个商户自己的账户。', en: 'Give each an account of its own.' },
  });
}
