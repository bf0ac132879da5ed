import { isAbsolute, resolve } from 'node:path';
import { type CashierError, configuration } from './domain/errors.ts';
import { isAddress } from './domain/ledger-address.ts';
import { expandHome } from './platform/home-path.ts';
import { OURS } from './settings.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Variables that hold a path, besides every `…_FILE`. */
const PATHS = [
  ...['CASHIER_HOME', 'CASHIER_LEDGER', 'CASHIER_POLICY', 'CASHIER_MERCHANTS'],
  ...['CASHIER_CHANNELS', 'CASHIER_PRICES'],
];
/** Relative, they would name another place in every folder that a program is started in. */
const ABSOLUTE = ['CASHIER_HOME', 'CASHIER_LEDGER'];

/**
 * The environment with the home folder written out wherever a path begins with it. A client's configuration is no shell: what only a shell
 * would have filled in is refused, and so is a relative home or ledger. Throws CONFIGURATION naming the variable.
 */
export function withPaths<E extends Env>(env: E): E {
  const paths: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!value || !(PATHS.includes(name) || (OURS.test(name) && name.endsWith('_FILE')))) continue;
    if (name === 'CASHIER_LEDGER' && isAddress(value)) continue;
    const path = expandHome(value);
    if (/%\w+%|^\$\{?\w+/.test(path)) throw unexpanded(name, value);
    if (ABSOLUTE.includes(name) && !isAbsolute(path)) throw relative(name, value);
    paths[name] = path;
  }
  return { ...env, ...paths };
}

/** A path as a person types it at a terminal: `~` and what is relative to `cwd` written out. */
export function typedPath(value: string, cwd: string): string {
  return isAddress(value) ? value : resolve(cwd, expandHome(value));
}

function unexpanded(name: string, value: string): CashierError {
  return configuration(name, {
    zh: `${name}=${value} 里的变量没有展开：客户端的配置不会像命令行那样替换它。`,
    en: `${name}=${value} has a variable in it that nothing fills in: a client's configuration is no shell.`,
    next: { zh: '写出完整路径，或用 ~ 开头。', en: 'Write the whole path, or begin it with ~.' },
  });
}

function relative(name: string, value: string): CashierError {
  return configuration(name, {
    zh: `${name}=${value} 是相对路径：在每个启动文件夹里会是不同的账本。`,
    en: `${name}=${value} is relative: every folder that a program starts in would have a ledger of its own.`,
    next: { zh: '写出完整路径，或用 ~ 开头。', en: 'Write the whole path, or begin it with ~.' },
  });
}
