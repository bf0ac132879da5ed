import type { Hono } from 'hono';
import { type App, logOf, openApp, type Ports, type ServiceAddress } from './compose.ts';
import type { Config } from './config.ts';
import { inTheNameOf } from './config-merchants.ts';
import { configuration } from './domain/errors.ts';
import { merchantOf } from './domain/merchant.ts';
import type { Identity } from './policy/identity.ts';
import { WALLETS } from './providers/registry.ts';
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
  for (const { id, name, prefix, settings } of WALLETS) {
    const taken = new Map<string, string>();
    for (const { env, merchant } of configs) {
      // Where something is sent says nothing of whose it is.
      const said = settings
        .map((one) => env[one.name])
        .map((value) => (/^https?:/.test(value ?? '') ? '' : value));
      if (!settings.some((one) => one.credential && env[one.name])) continue;
      const account = JSON.stringify([id, said]);
      const other = taken.get(account);
      if (other !== undefined) {
        throw configuration('CASHIER_MERCHANTS', {
          zh: `商户 ${other} 与 ${merchant} 的${name.zh}是同一个账户（${prefix}_*），分不清订单是谁的。`,
          en: `Merchants ${other} and ${merchant} have the same account of ${name.en} (${prefix}_*); nobody could tell whose order is whose.`,
          next: { zh: '给每个商户自己的账户。', en: 'Give each an account of its own.' },
        });
      }
      taken.set(account, merchant);
    }
  }
}
