import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Env, withDotenv } from '../config.ts';
import { CashierError, codeOf } from '../domain/errors.ts';
import { expandHome } from '../platform/home-path.ts';
import { readSecretFile } from '../platform/text-file.ts';
import { error, type Finding, ok, refusal, warning } from '../providers/finding.ts';
import { WALLET_VARIABLES } from '../providers/registry.ts';
import { OURS } from '../settings.ts';

const OPERATOR_SECRET = 'CASHIER_OPERATOR_SECRET';

/** As {@link withDotenv}, with what there is to say of the file. */
export async function readDotenv(env: Env, cwd: string, findings: Finding[]): Promise<Env> {
  const path = join(cwd, '.env');
  try {
    const given = await withDotenv(env, cwd);
    findings.push(...examineDotenv(env, given, path, Object.keys(await withDotenv({}, cwd))));
    return given;
  } catch (thrown) {
    if (thrown instanceof CashierError) {
      // A file has no variable to touch.
      const { variable: _, ...found } = refusal(thrown, () => 'configuration.env-file-encoding');
      findings.push(found);
      return env;
    }
    if (!(thrown instanceof Error && 'syscall' in thrown)) throw thrown;
    findings.push(
      error('configuration.env-file-unreadable', {
        zh: `${path} 存在但无法读取。`,
        en: `${path} is there and cannot be read.`,
        remedy: ['检查它的权限，或删去它。', 'See to its permissions, or remove it.'],
      }),
    );
    return env;
  }
}

function* examineDotenv(env: Env, given: Env, path: string, inside: readonly string[]): Iterable<Finding> {
  if (inside.length === 0) return;
  if (given === env) {
    const because = Object.keys(env).filter((name) => OURS.test(name));
    const shown = because.slice(0, 3).join(', ');
    yield warning('configuration.env-file-ignored', {
      variable: because[0],
      zh: `${path} 被整个忽略，因为环境中已设置 ${shown}。`,
      en: `${path} is ignored as a whole, because the environment sets ${shown}.`,
      remedy: [
        `把全部变量放在同一处：都写进客户端配置，或都写进 .env 并清空环境中的 ${WALLET_VARIABLES} / CASHIER_*。`,
        `Keep all variables in one place: all in the client configuration, or all in .env with no ${WALLET_VARIABLES} / CASHIER_* in the environment.`,
      ],
    });
  } else {
    yield ok('configuration.env-file-read', {
      zh: `使用 ${path} 中的 ${inside.length} 个变量。`,
      en: `Reads ${inside.length} variables from ${path}.`,
    });
    yield* openFile('.env', path);
  }
  if (!inside.includes(OPERATOR_SECRET)) return;
  yield warning('configuration.operator-secret-in-env-file', {
    variable: OPERATOR_SECRET,
    zh: `${path} 里写有操作员口令，智能体也可能读到这个文件。`,
    en: `${path} holds the operator secret, and an agent may be able to read that file.`,
    remedy: ['从文件中删去，在终端输入口令。', 'Delete it there and type it at the terminal.'],
  });
}

/** A secret in a file; what is wrong with it is added to `findings`. */
export function readSecret(variable: string, given: string, findings: Finding[]): string | undefined {
  const path = expandHome(given);
  let text: string;
  try {
    text = readSecretFile(path, variable);
  } catch (thrown) {
    findings.push(
      thrown instanceof CashierError
        ? refusal(thrown, () => 'configuration.file-encoding')
        : unreadable(variable, path, thrown),
    );
    return undefined;
  }
  findings.push(...openFile(variable, path));
  if (text !== '') return text;
  findings.push(
    error('configuration.file-empty', {
      variable,
      zh: `${variable} 指向的文件 ${path} 是空的。`,
      en: `${variable} points at ${path}, which is empty.`,
      remedy: ['把密钥内容写入该文件。', 'Put the key into that file.'],
    }),
  );
  return undefined;
}

/** Whether other users of this machine may read a file. */
export function isOpenToOthers(path: string): boolean {
  // Windows has no such bits and shows all of them.
  if (process.platform === 'win32') return false;
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
}

/** Whether others on this machine may read a file with secrets in it. */
export function* openFile(variable: string, path: string): Iterable<Finding> {
  if (!isOpenToOthers(path)) return;
  yield warning('configuration.file-mode', {
    variable,
    zh: `${path} 可被这台机器上的其他用户读取。`,
    en: `${path} can be read by other users of this machine.`,
    remedy: [`执行 chmod 600 ${path}。`, `Run chmod 600 ${path}.`],
  });
}

function unreadable(variable: string, path: string, thrown: unknown): Finding {
  const code = codeOf(thrown);
  const why: Readonly<Record<string, readonly [string, string]>> = {
    ENOENT: ['不存在', 'does not exist'],
    EACCES: ['没有读取权限', 'may not be read by this user'],
    EISDIR: ['是一个文件夹', 'is a folder'],
  };
  const [zh, en] = why[code] ?? ['无法读取', 'cannot be read'];
  // A key in place of a path must not be shown.
  const shown = path.length <= 300 && /^([~.]{0,2}[\\/]|[A-Za-z]:)\S*$/.test(path) ? ` ${path} ` : '';
  return error('configuration.file-unreadable', {
    variable,
    zh: `${variable} 指向的文件${shown}${zh}。`,
    en: `The file${shown || ' '}in ${variable} ${en}.`,
    remedy: [
      `填密钥文件的完整路径；若要直接写密钥内容，用 ${variable.replace(/_FILE$/, '')}。`,
      `Give the full path of the key file; to give the key itself, use ${variable.replace(/_FILE$/, '')}.`,
    ],
  });
}
