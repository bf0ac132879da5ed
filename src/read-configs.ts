import {
  type Config,
  configOf,
  type Env,
  hasCredential,
  isOperators,
  type Place,
  type Role,
  withDotenv,
  withPlace,
} from './config.ts';
import {
  envOf,
  insistOnNoWallet,
  inTheNameOf,
  mixedMerchants,
  needsMerchant,
  noSuchMerchant,
  readMerchants,
} from './config-merchants.ts';
import { withPaths } from './config-paths.ts';
import { noCredentials } from './config-refusals.ts';
import { DEFAULT_MERCHANT } from './domain/merchant.ts';

/**
 * The configuration of every merchant that is meant: all of the file's unless `place` names one; without such a file
 * there is one. Throws CONFIGURATION, of a merchant's own with its name in front.
 */
export async function readConfigs(
  processEnv: Env,
  cwd: string,
  role: Role = 'server',
  place: Place = {},
): Promise<readonly [Config, ...Config[]]> {
  const env = await withDotenv(processEnv, cwd);
  const { merchant: named } = place;
  const { CASHIER_MERCHANTS: file } = withPaths({ CASHIER_MERCHANTS: env.CASHIER_MERCHANTS });
  if (!file) {
    if (named !== undefined && named !== DEFAULT_MERCHANT) throw noSuchMerchant(named, []);
    return [configOf(withPlace(env, cwd, role, place), role, place.realm)];
  }
  const merchants = await readMerchants(file);
  const of = merchants.map(({ id }) => id);
  const meant = merchants.filter(({ id }) => named === undefined || id === named);
  if (!isOperators(role)) insistOnNoWallet(env);
  const isReal = merchants.some((one) => hasCredential(one.env));
  const configs = await Promise.all(
    meant.map((one) =>
      inTheNameOf(one.id, () => {
        const own = withPlace(envOf(env, one), cwd, role, place);
        // Where others are real, one without a wallet was forgotten, and never becomes a simulated one.
        if (!isOperators(role) && isReal && !own.CASHIER_MODE && !hasCredential(own)) throw noCredentials();
        return configOf(own, role, place.realm, { id: one.id, of, hasLedger: place.ledger !== undefined });
      }),
    ),
  );
  const [first, ...others] = configs;
  // One at least is named by the file, and by whoever named one.
  if (!first) throw noSuchMerchant(String(named), of);
  const other = others.find(({ realm }) => realm !== first.realm);
  if (!isOperators(role) && other) throw mixedMerchants(first, other);
  return [first, ...others];
}

/** As {@link readConfigs}, where there can be but one. Throws INVALID_ARGUMENT where several are, and none is named. */
export async function readOneConfig(...asked: Parameters<typeof readConfigs>): Promise<Config> {
  const [config, ...others] = await readConfigs(...asked);
  if (others.length > 0) throw needsMerchant(config.merchants);
  return config;
}
