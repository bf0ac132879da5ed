import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { allowedOriginsOf, namesOf, trustedProxiesOf } from './config-names.ts';
import { typedPath, withPaths } from './config-paths.ts';
import { ACTORS, isActorName } from './domain/actors.ts';
import { CashierError, configuration } from './domain/errors.ts';
import type { ServedName } from './domain/names.ts';
import { REALMS, type Realm } from './domain/order.ts';
import { readSecretFile, readTextFile } from './platform/text-file.ts';
import { WALLET_VARIABLES, WALLETS } from './providers/registry.ts';
import type { Wallet } from './providers/wallet.ts';
import { CREDENTIALS, OURS, SECRETS } from './settings.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Everything the environment decides. Secrets stay inside `env`; nothing here is ever logged. */
export interface Config {
  readonly realm: Realm;
  /** False for an operator's command where nothing says which realm is meant. */
  readonly realmIsStated: boolean;
  /** Simulator realm with the simulator inside the product; false when a wallet's gateway variable names one. */
  readonly embeddedSimulator: boolean;
  readonly home: string;
  /** SQLite file path. */
  readonly ledger: string;
  readonly policyFile: string | undefined;
  readonly language: 'zh' | 'en';
  readonly logLevel: string;
  /** undefined: no log file. */
  readonly logFile: string | undefined;
  /** Name of this caller, where no token says it. */
  readonly caller: string | undefined;
  readonly selectTools: string | undefined;
  /** Whether this process stands in for Alipay's own server: its default tools, log file and manners. */
  readonly dropIn: boolean;
  /** Clients to add to, or with `-` to take out of, those known to hide text and images. */
  readonly textOnlyClients: string | undefined;
  /** Only for a person's commands; a server never holds it. */
  readonly operatorSecret: string | undefined;
  /** The address the HTTP service binds. */
  readonly httpHost: string;
  /** Where the HTTP service listens, and on stdio the notify routes; undefined: its default, and nowhere. */
  readonly httpPort: number | undefined;
  /** The service as the world reaches it, without a slash at the end. */
  readonly publicUrl: string | undefined;
  /** The domain that a gateway knows as an origin, where buyer's pages that hand over to its app stand; undefined: not set. */
  readonly h5Origin: string | undefined;
  /** The payee as buyers and persons read it. */
  readonly merchantName: string | undefined;
  /** Where operators reach their pages, without a slash at the end; as a rule the public address. */
  readonly operatorUrl: string | undefined;
  /** Names under which we are addressed from outside, each for what it is there for. */
  readonly names: readonly ServedName[];
  /** Origins whose pages may call `/mcp` from a browser. */
  readonly allowedOrigins: readonly string[];
  /** Addresses and networks (CIDR) of proxies that are believed when they say for whom they ask. */
  readonly trustedProxies: readonly string[];
  /** Who may call over HTTP; undefined: whoever is on this machine. */
  readonly tokensFile: string | undefined;
  /** The whole environment with `…_FILE` forms resolved and empty values removed. */
  readonly env: Env;
}

/** The tokens file's name in the data folder, where no variable names another. */
export const TOKENS_FILE = 'tokens.json';
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Who reads the configuration: a server needs its keys; an operator's command needs none of them. */
export type Role = 'server' | 'operator' | 'drop-in';

/** What an operator's command says about the ledger that it means; each comes before the environment. */
export interface Place {
  readonly realm?: Realm | undefined;
  readonly home?: string | undefined;
  readonly ledger?: string | undefined;
}

/**
 * Reads the environment, the only place that does. Throws CONFIGURATION naming the variable and the remedy.
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
  const env = await withDotenv(processEnv, cwd);
  const typed = {
    ...(place.home === undefined ? {} : { CASHIER_HOME: typedPath(place.home, cwd) }),
    ...(place.ledger === undefined ? {} : { CASHIER_LEDGER: typedPath(place.ledger, cwd) }),
    // Which real world it is, only the keys can say.
    ...(role === 'operator' || place.realm === undefined
      ? {}
      : { CASHIER_MODE: place.realm === 'simulator' ? 'simulator' : 'live' }),
  };
  return configOf({ ...env, ...typed }, role, place.realm);
}

/** As {@link readConfig}, from an environment that is complete. */
export function configOf(given: Env, role: Role = 'server', realm?: Realm): Config {
  if (role === 'operator') return operatorConfig(given, realm);
  const env = resolveFiles(withoutOperatorSecret(given));
  const home = homeOf(env);
  const hasCredential = CREDENTIALS.some((name) => env[name] !== undefined);
  const mode = oneOf(env, 'CASHIER_MODE', ['live', 'simulator']) ?? (hasCredential ? 'live' : 'simulator');
  const sandboxed = WALLETS.filter((wallet) => isInSandbox(env, wallet));
  const [sandbox] = sandboxed;
  const entered: Realm = mode === 'simulator' ? 'simulator' : sandbox ? 'sandbox' : 'live';
  if (mode === 'live' && !hasCredential) throw noCredentials();
  const outside = WALLETS.find((wallet) => !sandboxed.includes(wallet) && isConfigured(env, wallet));
  if (entered === 'sandbox' && sandbox && outside) throw mixedWithSandbox(sandbox, outside);
  if (env.CASHIER_MODE === undefined && entered === 'simulator' && existsSync(ledgerIn(home, 'live'))) {
    throw liveLedgerPresent(home);
  }
  return settled(env, role, entered);
}

/**
 * For a command that asks no gateway: it reads nothing of the keys but whether there are any, so that nothing that is
 * wrong with them stands in the way of a freeze. The realm is the one that is asked for, by `--realm` or
 * `CASHIER_MODE`; else, of the ledgers that are there, the one that the keys belong to, else the live one.
 */
function operatorConfig(given: Env, asked: Realm | undefined): Config {
  const needed = (name: string) => FOR_OPERATORS.test(name) || SANDBOX_VARIABLES.includes(name);
  const names = Object.keys(given).filter((name) => OURS.test(name) && !needed(name));
  const env = resolveFiles({ ...given, ...Object.fromEntries(names.map((name) => [name, undefined])) });
  const home = homeOf(env);
  const hasCredential = CREDENTIALS.some((name) => given[name] || given[`${name}_FILE`]);
  const mode = oneOf(env, 'CASHIER_MODE', ['live', 'simulator']);
  const real = SANDBOX_VARIABLES.some((name) => env[name] === 'sandbox') ? 'sandbox' : 'live';
  const stated = asked ?? (mode === 'simulator' ? mode : mode === 'live' ? real : undefined);
  const ofKeys = hasCredential ? real : undefined;
  const present = REALMS.filter((realm) => existsSync(ledgerIn(home, realm)));
  const realm = stated ?? present.find((one) => one === ofKeys) ?? present[0] ?? ofKeys ?? 'live';
  return {
    ...settled(env, 'operator', realm),
    realmIsStated: stated !== undefined || (ofKeys !== undefined && realm === ofKeys),
  };
}

/** What an operator's command reads. */
const FOR_OPERATORS =
  /^CASHIER_(MODE|HOME|LEDGER|POLICY|TOKENS_FILE|OPERATOR_SECRET|OPERATOR_SECRET_FILE|MERCHANT_NAME|LANG|LOG_LEVEL|LOG_FILE)$|^AP_LOG_ENABLED$/;
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

/** Where a realm's ledger lies, unless `CASHIER_LEDGER` says otherwise. */
export function ledgerIn(home: string, realm: Realm): string {
  return join(home, realm, 'ledger.db');
}

/** The rest, once it is known which world it is. */
function settled(env: Env, role: Role, realm: Realm): Config {
  const home = homeOf(env);
  const ledger = env.CASHIER_LEDGER ?? ledgerIn(home, realm);
  if (/^postgres(ql)?:/.test(ledger)) throw noPostgresYet();
  const defaultPolicy = join(home, 'policy.yaml');
  const defaultTokens = join(home, TOKENS_FILE);
  return {
    realm,
    realmIsStated: true,
    embeddedSimulator: realm === 'simulator' && !simulatorElsewhere(env),
    home,
    ledger,
    policyFile: env.CASHIER_POLICY ?? (existsSync(defaultPolicy) ? defaultPolicy : undefined),
    language: oneOf(env, 'CASHIER_LANG', ['zh', 'en']) ?? 'zh',
    logLevel: oneOf(env, 'CASHIER_LOG_LEVEL', LOG_LEVELS) ?? 'info',
    logFile:
      oneOf(env, 'AP_LOG_ENABLED', ['true', 'false']) === 'false'
        ? undefined
        : (env.CASHIER_LOG_FILE ??
          (role === 'drop-in' ? join(homedir(), 'mcp-server-alipay.log') : join(home, 'cashier.log'))),
    caller: callerOf(env),
    selectTools: env.AP_SELECT_TOOLS,
    dropIn: role === 'drop-in',
    textOnlyClients: env.CASHIER_TEXT_ONLY_CLIENTS,
    operatorSecret: env.CASHIER_OPERATOR_SECRET,
    httpHost: env.CASHIER_HTTP_HOST ?? '127.0.0.1',
    httpPort: portOf(env, 'CASHIER_HTTP_PORT'),
    h5Origin: h5OriginOf(env),
    merchantName: merchantNameOf(env),
    publicUrl: webAddressOf(env, 'CASHIER_PUBLIC_URL'),
    operatorUrl: webAddressOf(env, 'CASHIER_OPERATOR_URL') ?? webAddressOf(env, 'CASHIER_PUBLIC_URL'),
    names: namesOf(env),
    allowedOrigins: allowedOriginsOf(env),
    trustedProxies: trustedProxiesOf(env),
    tokensFile: env.CASHIER_TOKENS_FILE ?? (existsSync(defaultTokens) ? defaultTokens : undefined),
    env,
  };
}

/** The secret values of a configuration, for whoever must keep them out of what they write. */
export function secretsOf(env: Env): string[] {
  return SECRETS.map((name) => env[name]).filter((value) => value !== undefined);
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
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) throw simulatorNotLocal(name);
  }
  return gateways.length > 0 && CREDENTIALS.some((name) => env[name] !== undefined);
}

function portOf(env: Env, name: string): number | undefined {
  const value = env[name];
  if (value === undefined) return undefined;
  const port = Number(value);
  if (/^\d{1,5}$/.test(value) && port >= 1 && port <= 65_535) return port;
  throw configuration(name, {
    zh: `${name} 必须是 1 到 65535 的端口号。`,
    en: `${name} must be a port from 1 to 65535.`,
    next: { zh: `改正 ${name}。`, en: `Correct ${name}.` },
  });
}

function callerOf(env: Env): string | undefined {
  const name = env.CASHIER_CALLER;
  if (name === undefined || !isActorName(name)) return name;
  throw configuration('CASHIER_CALLER', {
    zh: `CASHIER_CALLER 不能是 ${ACTORS.join('、')}，也不能看起来像它们：审计记录用这些名称表示调用方以外的操作者。`,
    en: `CASHIER_CALLER must not be ${ACTORS.join(', ')}, nor look like one of them: these names are reserved for the audit trail.`,
    next: { zh: '换一个名称。', en: 'Choose another name.' },
  });
}

function webAddressOf(env: Env, name: string): string | undefined {
  const value = env[name];
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const bare = url && !url.username && !url.password && !url.search && !url.hash;
  if (bare && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  throw configuration(name, {
    zh: `${name} 必须是不带参数的 http(s) 网址。`,
    en: `${name} must be an http(s) address without a query.`,
    next: { zh: `改正 ${name}。`, en: `Correct ${name}.` },
  });
}

/** Scheme and host alone: gateways compare the domain, and the page's path is ours. */
function h5OriginOf(env: Env): string | undefined {
  const handOff = WALLETS.map(({ page }) => page.handOff).find((one) => one && env[one.variable]);
  const value = handOff && env[handOff.variable];
  if (!value) return undefined;
  const { variable, domain } = handOff;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isLocal = url && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  const isOurs = url && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal));
  if (isOurs && url.href === `${url.origin}/`) return url.origin;
  throw configuration(variable, {
    zh: `${variable} 必须只有 https 协议和域名（本机可用 http），例如 https://pay.example.com。`,
    en: `${variable} must be https and a domain only (http on this machine), such as https://pay.example.com.`,
    next: domain,
  });
}

/** Longest payee's name (characters) that a page has room for. */
const MAX_MERCHANT_NAME = 40;

function merchantNameOf(env: Env): string | undefined {
  const name = env.CASHIER_MERCHANT_NAME?.trim();
  if (!name) return undefined;
  if (name.length <= MAX_MERCHANT_NAME && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) return name;
  throw configuration('CASHIER_MERCHANT_NAME', {
    zh: `CASHIER_MERCHANT_NAME 最多 ${MAX_MERCHANT_NAME} 个字符，不能含控制字符或不可见字符。`,
    en: `CASHIER_MERCHANT_NAME has at most ${MAX_MERCHANT_NAME} characters, none of them control or invisible ones.`,
    next: { zh: '改正 CASHIER_MERCHANT_NAME。', en: 'Correct CASHIER_MERCHANT_NAME.' },
  });
}

function oneOf<T extends string>(env: Env, name: string, allowed: readonly T[]): T | undefined {
  const value = env[name];
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw configuration(name, {
    zh: `${name} 的值不正确，只能是 ${allowed.join('、')}。`,
    en: `${name} must be one of ${allowed.join(', ')}.`,
    next: { zh: `改正 ${name}。`, en: `Correct ${name}.` },
  });
}

function noCredentials(): CashierError {
  return configuration('CASHIER_MODE', {
    zh: `CASHIER_MODE=live，但没有配置任何支付平台的密钥（${WALLET_VARIABLES}）；绝不会用模拟环境代替。`,
    en: `CASHIER_MODE=live, but no credential of any gateway (${WALLET_VARIABLES}) is set; the simulator never stands in for them.`,
    next: {
      zh: '配置密钥，或用 CASHIER_MODE=simulator 试用。',
      en: 'Set the credentials, or try it with CASHIER_MODE=simulator.',
    },
  });
}

/** One of them would move real money. */
function mixedWithSandbox({ sandboxVariable = '' }: Wallet, outside: Wallet): CashierError {
  const { name, prefix, sandboxVariable: own } = outside;
  const why = own
    ? { zh: `${own} 不是 sandbox`, en: `${own} is not sandbox` }
    : { zh: `${name.zh}没有沙箱`, en: `${name.en} has no sandbox` };
  return configuration(sandboxVariable, {
    zh: `${sandboxVariable}=sandbox 时不能同时配置${name.zh}（${prefix}_*）：${why.zh}，会动用真钱。`,
    en: `${sandboxVariable}=sandbox excludes ${prefix}_*: ${why.en}, it would move real money.`,
    next: {
      zh: `去掉 ${prefix}_*，或改为 ${sandboxVariable}=prod。`,
      en: `Remove ${prefix}_*, or set ${sandboxVariable}=prod.`,
    },
    details: { wallet: outside.id },
  });
}

function liveLedgerPresent(home: string): CashierError {
  return configuration('CASHIER_MODE', {
    zh: `没有配置任何密钥，但 ${home} 中有真实账本；为避免把模拟付款当真，不会自动进入模拟环境。`,
    en: `No credential is set, but ${home} holds a live ledger; the simulator does not start by itself, lest its payments be taken for real.`,
    next: {
      zh: `补上 ${WALLET_VARIABLES} 密钥；确要模拟请设 CASHIER_MODE=simulator。`,
      en: `Set the ${WALLET_VARIABLES} credentials, or CASHIER_MODE=simulator if that is what you want.`,
    },
  });
}

function noPostgresYet(): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: 'CASHIER_LEDGER：本版本只支持 SQLite 文件路径，尚不支持 postgres://。',
    en: 'CASHIER_LEDGER: this version takes an SQLite file path only, not yet postgres://.',
    next: { zh: '改为文件路径，或去掉该变量。', en: 'Set a file path, or remove it.' },
  });
}

function bothForms(name: string): CashierError {
  return configuration(name, {
    zh: `${name} 与 ${name}_FILE 只能设置一个。`,
    en: `Set ${name} or ${name}_FILE, not both.`,
    next: { zh: '去掉其中一个。', en: 'Remove one of them.' },
  });
}

function unreadable(name: string, path: string): CashierError {
  return configuration(`${name}_FILE`, {
    zh: `${name}_FILE 指向的文件 ${path} 无法读取。`,
    en: `${name}_FILE points at ${path}, which cannot be read.`,
    next: { zh: '检查路径与读取权限。', en: 'Check the path and its permissions.' },
  });
}

function simulatorNotLocal(name: string): CashierError {
  return configuration(name, {
    zh: `CASHIER_MODE=simulator 时 ${name} 只能指向本机的模拟器。`,
    en: `With CASHIER_MODE=simulator, ${name} may only point at a simulator on this machine.`,
    next: { zh: `去掉 ${name}，使用内置模拟器。`, en: `Remove ${name} to use the embedded simulator.` },
  });
}
