import { dirname, resolve } from 'node:path';
import { CashierError, configuration, type Text } from './domain/errors.ts';
import { MERCHANT_NAME, notifyPath } from './domain/merchant.ts';
import { meantOrKnown, nearest } from './domain/nearest.ts';
import { expandHome } from './platform/home-path.ts';
import { readWith } from './policy/policy-file.ts';
import { cut, type Path, PolicyProblem, wrong } from './policy/read-policy.ts';
import { insistOnNames, membersOf, textAt } from './policy/written-members.ts';
import { WALLETS } from './providers/registry.ts';
import { SECRETS, SETTINGS } from './settings.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** One merchant as the file has it. */
export interface Merchant {
  /** {@link MERCHANT_NAME}. */
  readonly id: string;
  /** The payee, as buyers and persons read it. */
  readonly payee: string | undefined;
  /** Its policy file. */
  readonly policy: string | undefined;
  /** Who is told of it; as the service says where it does not. */
  readonly channels: string | undefined;
  /** Its wallets' variables. */
  readonly env: Env;
}

const VARIABLE = 'CASHIER_MERCHANTS';
const OF_WALLETS = WALLETS.flatMap(({ settings }) => settings.map(({ name }) => name)).flatMap((name) =>
  SECRETS.includes(name) ? [name, `${name}_FILE`] : [name],
);

/**
 * The merchants that a file names, in its order, each with paths written out. Throws CONFIGURATION naming the file, the
 * place in it and what is wrong there; no value of a variable is ever shown.
 */
export async function readMerchants(file: string): Promise<readonly Merchant[]> {
  const kind = { zh: '商户文件', en: 'merchants file' };
  return readWith({ setting: VARIABLE, file, kind }, (data) => {
    const top = membersOf(data, []);
    insistOnNames(top, [], ['version', 'merchants']);
    if (top.version !== 1) throw wrong(['version'], '必须是 version: 1', 'must be version: 1');
    const entries = Object.entries(membersOf(top.merchants, ['merchants']));
    if (entries.length === 0) throw wrong([], 'merchants 至少要有一个商户', 'merchants names at least one');
    return entries.map(([id, said]) =>
      merchantIn(id, said, (path) => resolve(dirname(file), expandHome(path))),
    );
  });
}

function merchantIn(id: string, said: unknown, pathOf: (path: string) => string): Merchant {
  const path: Path = ['merchants', id];
  if (!MERCHANT_NAME.test(id)) {
    throw new PolicyProblem(
      {
        zh: '商户名只能用小写字母、数字和连字符，1 到 32 个字符',
        en: 'a merchant is named by 1 to 32 lower-case letters, digits and hyphens',
      },
      path,
      'name',
    );
  }
  const own = membersOf(said, path);
  insistOnNames(own, path, ['name', 'policy', 'channels', 'env']);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(membersOf(own.env, [...path, 'env']))) {
    const at = [...path, 'env', name];
    if (!OF_WALLETS.includes(name)) throw notAWallets(name, at);
    const given = textAt(value, at);
    if (given !== undefined) env[name] = name.endsWith('_FILE') ? pathOf(given) : given;
  }
  const fileAt = (name: 'policy' | 'channels') => {
    const file = textAt(own[name], [...path, name]);
    return file === undefined ? undefined : pathOf(file);
  };
  return {
    id,
    payee: textAt(own.name, [...path, 'name']),
    policy: fileAt('policy'),
    channels: fileAt('channels'),
    env,
  };
}

/**
 * The environment that a merchant would have by itself: what its entry does not say, the shared one says, except of
 * wallets.
 */
export function envOf(shared: Env, { id, payee, policy, channels, env }: Merchant): Env {
  const without = Object.fromEntries(OF_WALLETS.map((name) => [name, undefined]));
  const { CASHIER_PUBLIC_URL: publicUrl } = shared;
  const told = walletsIn(env);
  return {
    ...shared,
    ...without,
    ...(publicUrl
      ? Object.fromEntries(
          told.map((wallet) => [wallet.notify.variable, notifyUrl(publicUrl, wallet.id, id)]),
        )
      : {}),
    ...(payee === undefined ? {} : { CASHIER_MERCHANT_NAME: payee }),
    ...(policy === undefined ? {} : { CASHIER_POLICY: policy }),
    ...(channels === undefined ? {} : { CASHIER_CHANNELS: channels }),
    ...env,
  };
}

/** The wallets of which an environment has a key. */
export function walletsIn(env: Env): typeof WALLETS {
  return WALLETS.filter(({ settings }) =>
    settings.some(({ name, credential }) => credential && isGiven(env, name)),
  );
}

function notifyUrl(publicUrl: string, gateway: string, merchant: string): string {
  return `${publicUrl.replace(/\/+$/, '')}${notifyPath(gateway, merchant)}`;
}

function isGiven(env: Env, name: string): boolean {
  return env[name] !== undefined || env[`${name}_FILE`] !== undefined;
}

/** A wallet's variable outside of the file would be every merchant's at once. Throws CONFIGURATION naming it. */
export function insistOnNoWallet(env: Env): void {
  const name = OF_WALLETS.find((one) => env[one]);
  if (name === undefined) return;
  throw configuration(name, {
    zh: `设置了 ${VARIABLE}，环境中就不能再有 ${name}：分不清是哪个商户的。`,
    en: `With ${VARIABLE}, ${name} cannot stand in the environment: nobody could tell which merchant's it is.`,
    next: { zh: '把它移到该商户的 env 里。', en: 'Move it into the env of its merchant.' },
  });
}

/** Names a merchant in whatever `work` is refused for. */
export async function inTheNameOf<T>(merchant: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CashierError)) throw error;
    const { code, text, next, details } = error;
    throw new CashierError(code, {
      zh: `商户 ${merchant}：${text.zh}`,
      en: `Merchant ${merchant}: ${text.en}`,
      next,
      details: { ...details, merchant },
    });
  }
}

export function needsMerchant(merchants: readonly string[]): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `配置了几个商户，要用 --merchant 指明是哪一个：${merchants.join('、')}。`,
    en: `Several merchants are configured; say which with --merchant: ${merchants.join(', ')}.`,
    next: { zh: '', en: '' },
  });
}

export function noSuchMerchant(merchant: string, merchants: readonly string[]): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `没有名为 ${cut(merchant)} 的商户。`,
    en: `There is no merchant called ${cut(merchant)}.`,
    next: meantOrKnown(merchant, merchants, {
      zh: `商户由 ${VARIABLE} 指向的文件定义，这里没有设置它。`,
      en: `Merchants are named by the file of ${VARIABLE}, which is not set here.`,
    }),
  });
}

/** Real and simulated money never mix in one process. */
export function mixedMerchants(
  one: { merchant: string; realm: string },
  other: { merchant: string; realm: string },
): CashierError {
  return configuration(VARIABLE, {
    zh: `商户 ${one.merchant} 属于 ${one.realm} 环境，${other.merchant} 属于 ${other.realm}：一个进程里不能混用。`,
    en: `Merchant ${one.merchant} is of the realm ${one.realm} and ${other.merchant} of ${other.realm}; one process cannot have both.`,
    next: { zh: '分成两个文件、两个服务。', en: 'Make two files and two services of them.' },
  });
}

function notAWallets(name: string, path: Path): PolicyProblem {
  const plain = name.replace(/_FILE$/, '');
  const meant = nearest(name, OF_WALLETS);
  const isServices = SETTINGS.some((one) => one.name === plain);
  const why: Text = OF_WALLETS.includes(plain)
    ? {
        zh: `不是密钥，没有 _FILE 形式，请直接写 ${plain}`,
        en: `is no secret and has no _FILE form: write ${plain} itself`,
      }
    : isServices
      ? {
          zh: '属于整个服务，这里只写支付方式的变量',
          en: "is the whole service's; only wallets' variables stand here",
        }
      : meant === undefined
        ? { zh: '不是任何支付方式的变量', en: 'is no variable of any wallet' }
        : {
            zh: `不是任何支付方式的变量（是否想写 ${meant}？）`,
            en: `is no variable of any wallet (did you mean ${meant}?)`,
          };
  return new PolicyProblem({ zh: `${cut(name)} ${why.zh}`, en: `${cut(name)} ${why.en}` }, path, 'name');
}
