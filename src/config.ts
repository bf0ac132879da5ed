import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { allowedOriginsOf, namesOf, trustedProxiesOf } from './config-names.ts';
import { typedPath, withPaths } from './config-paths.ts';
import {
  blankCredential,
  bothForms,
  liveLedgerPresent,
  mixedWithSandbox,
  noCredentials,
  noLedgerAddress,
  noListenAddress,
  simulatorNotLocal,
  trialNotLive,
  unreadable,
} from './config-refusals.ts';
import {
  callerOf,
  gateUrlOf,
  h5OriginOf,
  keepPersonalDaysOf,
  merchantNameOf,
  oauthOf,
  oneOf,
  portOf,
  receiptKeyOf,
  trialMaxOf,
  webAddressOf,
} from './config-values.ts';
import { CashierError } from './domain/errors.ts';
import { inMerchantsPlace, isAddress, ledgerName, postgresAddress } from './domain/ledger-address.ts';
import { DEFAULT_MERCHANT } from './domain/merchant.ts';
import { GATE_MOUNT, isLoopbackName } from './domain/names.ts';
import { REALMS, type Realm } from './domain/order.ts';
import { readSecretFile, readTextFile } from './platform/text-file.ts';
import { WALLETS } from './providers/registry.ts';
import type { Wallet } from './providers/wallet.ts';
import { CREDENTIALS, OURS, SECRETS } from './settings.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Everything the environment decides. Secrets stay inside `env`; nothing here is ever logged. */
export type Config = Readonly<ReturnType<typeof settled>>;

/** The tokens file's name in the data folder, where no variable names another. */
export const TOKENS_FILE = 'tokens.json';
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Who reads the configuration: a server needs its keys; an operator's command needs none of them, but that of receipts
 * where it gives some (`issuer`).
 */
export type Role = 'server' | 'operator' | 'issuer' | 'drop-in' | 'gate';

/** Whether it is an operator's command. */
export function isOperators(role: Role): boolean {
  return role === 'operator' || role === 'issuer';
}

/** What an operator's command says about the ledger that it means; each comes before the environment. */
export interface Place {
  readonly realm?: Realm | undefined;
  readonly home?: string | undefined;
  readonly ledger?: string | undefined;
  /** Whose it is, where a file names several. */
  readonly merchant?: string | undefined;
}

/**
 * Reads the environment, the only place that does, as that of one merchant: whatever `CASHIER_MERCHANTS` names is not
 * looked at. Throws CONFIGURATION naming the variable and the remedy.
 * @param processEnv the process's environment
 * @param cwd where a `.env` may lie; it is read only when the real environment says nothing to us at all
 * @param place what options say, typed in `cwd`
 */
export async function readConfig(
  processEnv: Env,
  cwd: string,
  role: Role = 'server',
  place: Place = {},
): Promise<Config> {
  return configOf(withPlace(await withDotenv(processEnv, cwd), cwd, role, place), role, place.realm);
}

/** The environment with what options say of the ledger that is meant. */
export function withPlace(env: Env, cwd: string, role: Role, { home, ledger, realm }: Place): Env {
  return {
    ...env,
    ...(home === undefined ? {} : { CASHIER_HOME: typedPath(home, cwd) }),
    ...(ledger === undefined
      ? {}
      : { CASHIER_LEDGER: typedPath(ledger, cwd), CASHIER_LEDGER_FILE: undefined }),
    // Which real world it is, only the keys can say.
    ...(isOperators(role) || realm === undefined
      ? {}
      : {
          CASHIER_MODE: realm === 'simulator' ? 'simulator' : 'live',
          CASHIER_TRIAL: realm === 'trial' ? 'true' : undefined,
        }),
  };
}

/** Whether any key is set, or was meant to be: what makes a real merchant of an environment. */
export function hasCredential(env: Env): boolean {
  return CREDENTIALS.some((name) => env[name] || env[`${name}_FILE`]);
}

/** The merchant that a configuration is of, where a file names several. */
export interface Whose {
  readonly id: string;
  /** All that the file names. */
  readonly of: readonly string[];
  /** Whether the ledger was named for it alone; else each has a place of its own. */
  readonly hasLedger: boolean;
}

/** As {@link readConfig}, from an environment that is complete. */
export function configOf(given: Env, role: Role = 'server', realm?: Realm, whose?: Whose): Config {
  if (isOperators(role)) return operatorConfig(given, role, realm, whose);
  const env = withGate(resolveFiles(withoutOperatorSecret(given)), role);
  const home = homeOf(env);
  const isReal = hasCredential(env);
  const mode = oneOf(env, 'CASHIER_MODE', ['live', 'simulator']) ?? (isReal ? 'live' : 'simulator');
  const sandboxed = WALLETS.filter((wallet) => isInSandbox(env, wallet));
  const [sandbox] = sandboxed;
  const entered: Realm = mode === 'simulator' ? 'simulator' : sandbox ? 'sandbox' : 'live';
  if (mode === 'live' && !isReal) throw noCredentials();
  // Meant to be one, it must not become a server without any wallet.
  const set = CREDENTIALS.filter((name) => env[name] !== undefined);
  const [blank] = set;
  if (mode === 'live' && blank !== undefined && set.every((name) => !env[name]?.trim()))
    throw blankCredential(env[`${blank}_FILE`] ? `${blank}_FILE` : blank);
  const outside = WALLETS.find((wallet) => !sandboxed.includes(wallet) && isConfigured(env, wallet));
  if (entered === 'sandbox' && sandbox && outside) throw mixedWithSandbox(sandbox, outside);
  const isTrial = oneOf(env, 'CASHIER_TRIAL', ['true', 'false']) === 'true';
  if (isTrial && entered !== 'live') throw trialNotLive(entered);
  const hasReal = (['live', 'trial'] as const).some((one) => existsSync(ledgerIn(home, one, whose?.id)));
  if (env.CASHIER_MODE === undefined && entered === 'simulator' && hasReal) throw liveLedgerPresent(home);
  return settled(env, role, isTrial ? 'trial' : entered, whose);
}

/**
 * For a command that asks no gateway: it reads nothing of the keys but whether there are any, so that nothing that is
 * wrong with them stands in the way of a freeze. The realm is the one that is asked for, by `--realm` or
 * `CASHIER_MODE`; else, of the ledgers that are there, the one that the keys belong to, else the live one.
 */
function operatorConfig(given: Env, role: Role, asked: Realm | undefined, whose: Whose | undefined): Config {
  const needed = (name: string) =>
    FOR_OPERATORS.test(name) ||
    SANDBOX_VARIABLES.includes(name) ||
    (role === 'issuer' && FOR_ISSUERS.test(name));
  const names = Object.keys(given).filter((name) => OURS.test(name) && !needed(name));
  const env = resolveFiles({ ...given, ...Object.fromEntries(names.map((name) => [name, undefined])) });
  const home = homeOf(env);
  const mode = oneOf(env, 'CASHIER_MODE', ['live', 'simulator']);
  const sandboxed = SANDBOX_VARIABLES.some((name) => env[name] === 'sandbox');
  const real = sandboxed ? 'sandbox' : env.CASHIER_TRIAL === 'true' ? 'trial' : 'live';
  const stated = asked ?? (mode === 'simulator' ? mode : mode === 'live' ? real : undefined);
  const ofKeys = hasCredential(given) ? real : undefined;
  const present = REALMS.filter((realm) => existsSync(ledgerIn(home, realm, whose?.id)));
  const realm = stated ?? present.find((one) => one === ofKeys) ?? present[0] ?? ofKeys ?? 'live';
  return {
    ...settled(env, 'operator', realm, whose),
    operatorUrl: operatorUrlIn(given),
    realmIsStated: stated !== undefined || (ofKeys !== undefined && realm === ofKeys),
  };
}

/** Only told, never needed: what is wrong with it must not stand in the way of a freeze either. */
function operatorUrlIn(env: Env): string | undefined {
  try {
    return operatorUrlOf(env);
  } catch (error) {
    if (error instanceof CashierError) return undefined;
    throw error;
  }
}

function operatorUrlOf(env: Env): string | undefined {
  return webAddressOf(env, 'CASHIER_OPERATOR_URL') ?? webAddressOf(env, 'CASHIER_PUBLIC_URL');
}

/** What an operator's command reads. */
const FOR_OPERATORS =
  /^CASHIER_(MODE|TRIAL|HOME|LEDGER|LEDGER_FILE|POLICY|CHANNELS|TOKENS_FILE|OPERATOR_SECRET|OPERATOR_SECRET_FILE|MERCHANT_NAME|LANG|LOG_LEVEL|LOG_FILE)$|^AP_LOG_ENABLED$/;
/** What it reads besides, where it gives receipts. */
const FOR_ISSUERS = /^CASHIER_(RECEIPT_KEY|RECEIPT_KEY_FILE|PUBLIC_URL)$/;
const SANDBOX_VARIABLES = WALLETS.flatMap(({ sandboxVariable }) => sandboxVariable ?? []);

/** Throws CONFIGURATION for a word that it does not know. */
function isInSandbox(env: Env, { sandboxVariable }: Wallet): boolean {
  return sandboxVariable !== undefined && oneOf(env, sandboxVariable, ['prod', 'sandbox']) === 'sandbox';
}

function isConfigured(env: Env, { settings }: Wallet): boolean {
  return settings.some(({ name, credential }) => credential && env[name] !== undefined);
}

function homeOf(env: Env): string {
  return env.CASHIER_HOME ?? join(homedir(), '.mcp-cashier');
}

/** Where a merchant's ledger of a realm lies, unless `CASHIER_LEDGER` says otherwise. */
export function ledgerIn(home: string, realm: Realm, merchant: string = DEFAULT_MERCHANT): string {
  return inMerchantsPlace(join(home, realm, 'ledger.db'), merchant);
}

/** The rest, once it is known which world it is. */
function settled(env: Env, role: Role, realm: Realm, whose?: Whose) {
  const home = homeOf(env);
  const merchant = whose?.id ?? DEFAULT_MERCHANT;
  const shared = env.CASHIER_LEDGER ?? ledgerIn(home, realm);
  const ledger = whose?.hasLedger ? shared : inMerchantsPlace(shared, merchant);
  if (isAddress(ledger) && !postgresAddress(ledger)) throw noLedgerAddress();
  const ledgerListen = env.CASHIER_LEDGER_LISTEN;
  if (ledgerListen !== undefined && !postgresAddress(ledgerListen)) throw noListenAddress();
  const defaultPolicy = join(home, 'policy.yaml');
  const defaultChannels = join(home, 'channels.yaml');
  const defaultTokens = join(home, TOKENS_FILE);
  return {
    realm,
    /** False for an operator's command where nothing says which realm is meant. */
    realmIsStated: true as boolean,
    /** What the trial edition takes at most; undefined: everything else. */
    trialMaxFen: realm === 'trial' ? trialMaxOf(env) : undefined,
    /** Simulator realm with the simulator inside the product; false when a wallet's gateway variable names one. */
    embeddedSimulator: realm === 'simulator' && !simulatorElsewhere(env),
    home,
    /** Whose configuration this is. */
    merchant,
    /** All that the file of merchants names; none where there is no such file. */
    merchants: whose?.of ?? [],
    /** SQLite file path, or `postgres://…` with whatever password it has. */
    ledger,
    /** The same for people and files, without a password. */
    ledgerName: ledgerName(ledger),
    /** Where to listen for what others commit to a ledger in PostgreSQL, if not there: `postgres://…` with its password. */
    ledgerListen,
    policyFile: env.CASHIER_POLICY ?? (existsSync(defaultPolicy) ? defaultPolicy : undefined),
    /** Who is told what; undefined: nobody, and in the simulator realm its own inbox. */
    channelsFile: env.CASHIER_CHANNELS ?? (existsSync(defaultChannels) ? defaultChannels : undefined),
    language: oneOf(env, 'CASHIER_LANG', ['zh', 'en']) ?? 'zh',
    logLevel: oneOf(env, 'CASHIER_LOG_LEVEL', LOG_LEVELS) ?? 'info',
    /** undefined: no log file. */
    logFile:
      oneOf(env, 'AP_LOG_ENABLED', ['true', 'false']) === 'false'
        ? undefined
        : (env.CASHIER_LOG_FILE ??
          (role === 'drop-in' ? join(homedir(), 'mcp-server-alipay.log') : join(home, 'cashier.log'))),
    /** Name of this caller, where no token says it. */
    caller: callerOf(env),
    selectTools: env.AP_SELECT_TOOLS,
    /** Whether this process stands in for Alipay's own server: its default tools, log file and manners. */
    dropIn: role === 'drop-in',
    /** Clients to add to, or with `-` to take out of, those known to hide text and images. */
    textOnlyClients: env.CASHIER_TEXT_ONLY_CLIENTS,
    /** Only for a person's commands; a server never holds it. */
    operatorSecret: env.CASHIER_OPERATOR_SECRET,
    /** The address the HTTP service binds. */
    httpHost: env.CASHIER_HTTP_HOST ?? '127.0.0.1',
    /** Where the HTTP service listens, and on stdio the notify routes; undefined: its default, and nowhere. */
    httpPort: portOf(env, 'CASHIER_HTTP_PORT'),
    /** The domain that a gateway knows as an origin, where buyer's pages that hand over to its app stand; undefined: not set. */
    h5Origin: h5OriginOf(env),
    /** The payee as buyers and persons read it. */
    merchantName: merchantNameOf(env),
    /** What receipts are signed by; undefined: by a key of the ledger's own. */
    receiptKey: receiptKeyOf(env),
    /** How long who has paid is kept. */
    keepPersonalDays: keepPersonalDaysOf(env),
    /** The service as the world reaches it, without a slash at the end. */
    publicUrl: webAddressOf(env, 'CASHIER_PUBLIC_URL'),
    /** What the gate charges for. */
    pricesFile: env.CASHIER_PRICES,
    /** The gate as the world reaches it: scheme, host and port. */
    gateUrl: gateUrlOf(env),
    /** Where operators reach their pages, without a slash at the end; as a rule the public address. */
    operatorUrl: operatorUrlOf(env),
    /** Names under which we are addressed from outside, each for what it is there for. */
    names: namesOf(env),
    /** Origins whose pages may call `/mcp` from a browser. */
    allowedOrigins: allowedOriginsOf(env),
    /** Addresses and networks (CIDR) of proxies that are believed when they say for whom they ask. */
    trustedProxies: trustedProxiesOf(env),
    /** Who may call over HTTP; undefined: whoever is on this machine. */
    tokensFile: env.CASHIER_TOKENS_FILE ?? (existsSync(defaultTokens) ? defaultTokens : undefined),
    /** Whose access tokens (OAuth) are taken over HTTP, beside those of the file; undefined: nobody's. */
    oauth: oauthOf(env),
    /** The whole environment with `…_FILE` forms resolved and empty values removed. */
    env,
  };
}

/** The secret values of a configuration, for whoever must keep them out of what they write. */
export function secretsOf(env: Env): string[] {
  const addresses = ['CASHIER_LEDGER', 'CASHIER_LEDGER_LISTEN'];
  const passwords = addresses.flatMap((name) => {
    const { password = '' } = postgresAddress(env[name] ?? '') ?? {};
    return password === '' ? [] : [password, decoded(password)];
  });
  const others = SECRETS.filter((name) => !addresses.includes(name));
  return [...others.flatMap((name) => env[name] ?? []), ...passwords];
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password; // it is none of the escaped ones
  }
}

/** A file that completes the environment, and the variables that come from it. */
export type EnvFileTold = (file: string, names: readonly string[]) => void;

/**
 * The environment, completed by a `.env` in `cwd` when it says nothing to us itself. Throws CONFIGURATION for one in
 * another encoding than ours, and the system's error for one that cannot be read.
 */
export async function withDotenv(env: Env, cwd: string, told?: EnvFileTold): Promise<Env> {
  const file = join(cwd, '.env');
  if (Object.keys(env).some((name) => OURS.test(name)) || !existsSync(file)) return env;
  // CommonJS: once bundled, a lazily loaded one has nothing but its default.
  const {
    default: { parse },
  } = await import('dotenv');
  const found = Object.entries(parse(readTextFile(file, '.env'))).filter(([name]) => OURS.test(name));
  if (found.length > 0) {
    told?.(
      file,
      found.map(([name]) => name),
    );
  }
  return { ...env, ...Object.fromEntries(found) };
}

/** Where nothing else is public, gateways and buyers reach the gate under its own name. */
function withGate(env: Env, role: Role): Env {
  const gateUrl = role === 'gate' ? gateUrlOf(env) : undefined;
  if (gateUrl === undefined || env.CASHIER_PUBLIC_URL !== undefined) return env;
  return { ...env, CASHIER_PUBLIC_URL: `${gateUrl}${GATE_MOUNT}` };
}

function withoutOperatorSecret(env: Env): Env {
  const { CASHIER_OPERATOR_SECRET: _, CASHIER_OPERATOR_SECRET_FILE: _file, ...rest } = env;
  return rest;
}

function resolveFiles(env: Env): Env {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(withPaths(env))) if (value) resolved[name] = value;
  for (const name of SECRETS) {
    const path = resolved[`${name}_FILE`];
    if (path === undefined) continue;
    if (resolved[name] !== undefined) throw bothForms(name);
    try {
      resolved[name] = readSecretFile(path, `${name}_FILE`);
    } catch (error) {
      throw error instanceof CashierError ? error : unreadable(name, path);
    }
  }
  return resolved;
}

/** Whether full gateway overrides point at a simulator that runs elsewhere; it must be on this machine. */
function simulatorElsewhere(env: Env): boolean {
  const gateways = WALLETS.map((wallet) => wallet.gatewayVariable).filter((name) => env[name] !== undefined);
  for (const name of gateways) {
    const host = URL.canParse(env[name] ?? '') ? new URL(env[name] ?? '').hostname : '';
    if (!isLoopbackName(host)) throw simulatorNotLocal(name);
  }
  return gateways.length > 0 && CREDENTIALS.some((name) => env[name] !== undefined);
}
