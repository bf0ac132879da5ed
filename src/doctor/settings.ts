import { type Config, configOf, type Env, type Whose } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import type { WalletSettings } from '../providers/examination.ts';
import { error, type Finding, ok, refusal, warning } from '../providers/finding.ts';
import { WALLET_IDS, WALLETS, walletOf } from '../providers/registry.ts';
import { CREDENTIALS, KEYS, OURS, SECRETS } from '../settings.ts';
import { readDotenv, readSecret } from './env-file.ts';
import { misspelt } from './names.ts';

/** What the environment says, with everything in it that is wrong set aside and reported. */
export interface Settings extends Omit<WalletSettings, 'publicPage'> {
  /** As a server would read it if what is wrong were not there. */
  readonly config: Config;
}

/** Enough for a configuration to count as live while the real credentials are reported as missing. */
const LIVE_STAND_IN = { [CREDENTIALS[0] ?? '']: '2021000000000000' };

/**
 * Reads the environment as a server does, but past the first mistake: what is wrong is reported, taken out, and the
 * rest read again.
 */
export async function examineSettings(env: Env, cwd: string, whose?: Whose): Promise<Settings> {
  const findings: Finding[] = [];
  const given = await readDotenv(env, cwd, findings);
  findings.push(...examineNames(given));
  const values = resolveValues(given, findings);
  const isGiven = (name: string) => isSet(given, name) || isSet(given, `${name}_FILE`);
  const config = readPastMistakes(values, CREDENTIALS.some(isGiven), findings, whose);
  findings.push(...examineRealm(config, values, CREDENTIALS.filter(isGiven), findings));
  return {
    config,
    values,
    isGiven,
    nameOf: (name) => (isSet(given, `${name}_FILE`) && !isSet(given, name) ? `${name}_FILE` : name),
    findings,
  };
}

function isSet(env: Env, name: string): boolean {
  return (env[name] ?? '') !== '';
}

/** Zero-width characters and marks, which come along when a value is copied from a page. */
const INVISIBLE = /[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\ufeff]/;

function examineNames(given: Env): Finding[] {
  return Object.keys(given).flatMap((name) => {
    const wrong = misspelt(name);
    if (!wrong || !isSet(given, name)) return [];
    const { nearest } = wrong;
    const plain = name.replace(/_FILE$/, '');
    const noFileForm = name.endsWith('_FILE') && nearest === undefined ? plain : undefined;
    return [
      warning('configuration.unknown-name', {
        variable: name,
        zh: `没有变量 ${name}，它不起任何作用。`,
        en: `There is no variable ${name}; it does nothing.`,
        remedy:
          nearest === undefined
            ? [
                noFileForm === undefined ? '删去它。' : `只有密钥有 _FILE 形式；直接设置 ${plain}。`,
                noFileForm === undefined
                  ? 'Remove it.'
                  : `Only secrets have a _FILE form; set ${plain} itself.`,
              ]
            : [`是否应为 ${nearest}？`, `Did you mean ${nearest}?`],
      }),
    ];
  });
}

/** The values by their plain names. What is wrong with how they were given is added to `findings`. */
function resolveValues(given: Env, findings: Finding[]): Env {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!value) continue;
    if (OURS.test(name) && !KEYS.includes(name) && INVISIBLE.test(value)) findings.push(invisible(name));
    if (!OURS.test(name)) values[name] = value;
    else if (/^(\$\{.+\}|\$[A-Z_]+|%[A-Z_]+%)$/.test(value.trim())) findings.push(unexpanded(name));
    else if (!KEYS.includes(name) && /^(["'])[\s\S]*\1$/.test(value.trim()) && value.trim().length > 1) {
      findings.push(quoted(name));
      values[name] = value.trim().slice(1, -1);
    } else values[name] = value;
  }
  for (const name of SECRETS) {
    const variable = `${name}_FILE`;
    const path = values[variable];
    if (path === undefined) continue;
    delete values[variable];
    if (values[name] !== undefined) findings.push(twice(name));
    const text = readSecret(variable, path, findings);
    if (text !== undefined && values[name] === undefined) values[name] = text;
  }
  return values;
}

/** Reads the configuration again and again, each time without what was wrong the last time. */
function readPastMistakes(
  values: Env,
  hasCredential: boolean,
  findings: Finding[],
  whose: Whose | undefined,
): Config {
  const left: Record<string, string | undefined> = { ...values };
  // One that could not be read was meant to be there.
  if (hasCredential && CREDENTIALS.every((name) => left[name] === undefined))
    Object.assign(left, LIVE_STAND_IN);
  for (;;) {
    try {
      return configOf(left, 'server', undefined, whose);
    } catch (thrown) {
      const variable = thrown instanceof CashierError ? thrown.details.variable : undefined;
      if (typeof variable !== 'string') throw thrown;
      const value = left[variable];
      const outside = WALLET_IDS.find((id) => thrown instanceof CashierError && thrown.details.wallet === id);
      findings.push(
        refusal(thrown, () => (outside ? `configuration.sandbox-with-${outside}` : idOf(variable, value))),
      );
      if (variable === 'CASHIER_MODE' && (value === undefined || value === 'live')) {
        // The realm stays what was wanted, so that its ledger is looked at and not the simulator's.
        Object.assign(left, LIVE_STAND_IN);
      } else if (outside) {
        for (const { name, credential } of walletOf(outside).settings) if (credential) delete left[name];
      } else if (value === undefined) {
        // Some other variable is the reason, and nothing tells which: the rest is looked at without any of them.
        return configOf({ CASHIER_MODE: 'simulator' }, 'server', undefined, whose);
      } else delete left[variable];
    }
  }
}

function idOf(variable: string, value: string | undefined): string {
  if (variable === 'CASHIER_MODE' && value === 'live') return 'configuration.live-without-credentials';
  if (variable === 'CASHIER_MODE' && value === undefined) return 'configuration.live-ledger-present';
  return `configuration.${variable.toLowerCase().replaceAll('_', '-')}`;
}

function* examineRealm(
  config: Config,
  values: Env,
  credentials: readonly string[],
  earlier: readonly Finding[],
): Iterable<Finding> {
  if (earlier.some(({ id }) => /\.(live-|cashier-mode$|sandbox-|[a-z]+-current-env$)/.test(id))) return;
  const why =
    values.CASHIER_MODE === undefined
      ? credentials.length === 0
        ? { zh: '因为没有设置任何密钥', en: 'because no credential is set' }
        : { zh: `因为设置了 ${credentials[0]}`, en: `because ${credentials[0]} is set` }
      : {
          zh: `因为 CASHIER_MODE=${config.env.CASHIER_MODE}`,
          en: `because CASHIER_MODE=${config.env.CASHIER_MODE}`,
        };
  if (config.realm === 'live') {
    yield ok('configuration.realm', {
      zh: `正式环境：收付的是真钱，${why.zh}。`,
      en: `Live: real money moves, ${why.en}.`,
    });
    return;
  }
  if (config.trialMaxFen !== undefined) {
    const max = toYuan(config.trialMaxFen);
    yield ok('configuration.realm', {
      zh: `体验版：收的是真钱，单笔最多 ${max} 元，次日 10:00（北京时间）自动全额退回，因为 CASHIER_TRIAL=true。`,
      en: `Trial edition: real money, ${max} yuan a payment at most, paid back in full the next day at 10:00 (Beijing time), because CASHIER_TRIAL=true.`,
    });
    return;
  }
  const sandboxed = WALLETS.find(({ sandboxVariable = '' }) => values[sandboxVariable] === 'sandbox');
  if (config.realm === 'sandbox' && sandboxed) {
    const { name, sandboxVariable } = sandboxed;
    yield ok('configuration.realm', {
      zh: `${name.zh}沙箱：不是真钱，因为 ${sandboxVariable}=sandbox。`,
      en: `${name.en}'s sandbox: no real money, because ${sandboxVariable}=sandbox.`,
    });
    return;
  }
  const realm = ok('configuration.realm', {
    zh: `模拟环境：没有真钱，${why.zh}。`,
    en: `Simulator: no real money, ${why.en}.`,
  });
  if (!config.embeddedSimulator || credentials.length === 0) {
    yield realm;
    return;
  }
  yield realm;
  yield warning('configuration.simulator-with-keys', {
    variable: 'CASHIER_MODE',
    zh: `CASHIER_MODE=simulator，所以已填的密钥（${credentials.join('、')}）不会被使用，也没有检查。`,
    en: `With CASHIER_MODE=simulator the credentials (${credentials.join(', ')}) are not used, and were not checked.`,
    remedy: ['要真实收款，去掉 CASHIER_MODE。', 'To collect real money, remove CASHIER_MODE.'],
  });
}

function unexpanded(name: string): Finding {
  return error('configuration.unexpanded', {
    variable: name,
    zh: `${name} 的值是一个没有被替换的占位（形如 \${…}），客户端没有展开它。`,
    en: `${name} holds a placeholder such as \${…} that the client did not fill in.`,
    remedy: [`直接写出 ${name} 的值。`, `Write the value of ${name} itself.`],
  });
}

function quoted(name: string): Finding {
  return error('configuration.quoted-value', {
    variable: name,
    zh: `${name} 的值首尾带有引号，引号会被当作值的一部分。`,
    en: `${name} begins and ends with quotation marks, which count as part of the value.`,
    remedy: ['去掉引号。', 'Remove the quotation marks.'],
  });
}

function invisible(name: string): Finding {
  return warning('configuration.invisible-characters', {
    variable: name,
    zh: `${name} 的值里有看不见的字符，多半是复制时带进来的。`,
    en: `${name} has characters in it that cannot be seen; they probably came along when it was copied.`,
    remedy: ['手工重新输入这个值。', 'Type the value by hand.'],
  });
}

function twice(name: string): Finding {
  return error('configuration.file-and-value', {
    variable: name,
    zh: `同时设置了 ${name} 与 ${name}_FILE。`,
    en: `Both ${name} and ${name}_FILE are set.`,
    remedy: ['只保留一个，最好是 _FILE。', 'Keep one of them, best the _FILE.'],
  });
}
