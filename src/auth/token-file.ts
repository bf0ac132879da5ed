import { closeSync, openSync, statSync } from 'node:fs';
import { z } from 'zod';
import { CashierError, codeOf, configuration, type Text } from '../domain/errors.ts';
import { parseJson } from '../domain/json.ts';
import { DEFAULT_MERCHANT, MERCHANT_NAME } from '../domain/merchant.ts';
import { discard, putInPlace } from '../platform/replace-file.ts';
import { readTextFile } from '../platform/text-file.ts';
import { PolicyProblem, readSections } from '../policy/read-policy.ts';

/** What a token may be called: it becomes the caller's name in rules and records. */
export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Stands among a token's tools, and is the right to read `/metrics`. */
export const METRICS = 'metrics';

const entry = z.strictObject({
  name: z.string().regex(TOKEN_NAME),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  tools: z.array(z.string().min(1)).min(1).optional(),
  /** Of whom, where a service has several merchants. */
  merchant: z.string().regex(MERCHANT_NAME).optional(),
  orders: z.enum(['own', 'all']).default('own'),
  /** Sections `payments` and `refunds` of a policy, as they stand in the file. */
  policy: z.unknown().optional(),
  createdAt: z.string().optional(),
});
const schema = z.strictObject({ version: z.literal(1), tokens: z.array(entry) });

/** One token as it is kept: what it may do, and a hash that it cannot be read back from. */
export type TokenEntry = z.output<typeof entry>;

/**
 * Reads a tokens file. Throws CONFIGURATION naming the file and what is wrong: not there, writable by others, not
 * JSON of the known form, rules that are none, or a name or token that stands in it twice.
 */
export function readTokenFile(path: string): readonly TokenEntry[] {
  let text: string;
  try {
    // Windows has no such bits and shows all of them.
    if (process.platform !== 'win32' && (statSync(path).mode & 0o022) !== 0) throw writableByOthers(path);
    text = readTextFile(path, 'CASHIER_TOKENS_FILE');
  } catch (error) {
    throw error instanceof CashierError ? error : unreadable(path);
  }
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const problem = `${issue?.path.join('.') || '(top)'}: ${issue?.message ?? ''}`;
    throw invalid(path, { zh: problem, en: problem });
  }
  const { tokens } = parsed.data;
  const alike = {
    name: isNamedAlike,
    sha256: (one: TokenEntry, other: TokenEntry) => one.sha256 === other.sha256,
  };
  for (const [key, isSame] of Object.entries(alike)) {
    const twice = tokens.find((one, i) => tokens.findIndex((other) => isSame(one, other)) !== i);
    if (twice) {
      throw invalid(path, {
        zh: `tokens: ${twice.name} 的 ${key} 出现了两次`,
        en: `tokens: ${key} of ${twice.name} stands twice`,
      });
    }
  }
  for (const [i, { policy }] of tokens.entries()) insistOnRules(path, policy, ['tokens', i, 'policy']);
  return tokens;
}

/** Whether two tokens have the same name with the same merchant: callers of one are nothing to another. */
export function isNamedAlike(one: Named, other: Named): boolean {
  const whose = ({ merchant = DEFAULT_MERCHANT }: Named) => merchant;
  return one.name === other.name && whose(one) === whose(other);
}
type Named = Pick<TokenEntry, 'name'> & { readonly merchant?: string | undefined };

/**
 * Replaces what the file holds by what `change` makes of it: whole and durable (rename), readable by its owner only,
 * one change at a time. What `change` throws leaves everything as it was. Throws CONFIGURATION when it cannot be
 * written, or when another change is under way.
 */
export async function changeTokenFile(
  path: string,
  change: (tokens: readonly TokenEntry[]) => readonly TokenEntry[],
): Promise<void> {
  const next = `${path}.new`;
  const file = openNew(next);
  let tokens: readonly TokenEntry[];
  try {
    tokens = change(isThere(path) ? readTokenFile(path) : []);
  } catch (error) {
    closeSync(file);
    discard(next);
    throw error;
  }
  try {
    await putInPlace(next, file, `${JSON.stringify({ version: 1, tokens }, null, 2)}\n`, path);
  } catch (error) {
    discard(next);
    throw unwritable(path, error);
  }
}

/** The new file is the lock as well: who can make it is alone. */
function openNew(next: string): number {
  try {
    return openSync(next, 'wx', 0o600);
  } catch (error) {
    const busy = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw configuration('CASHIER_TOKENS_FILE', {
      zh: busy ? `令牌文件正被另一条命令修改（${next} 已存在）。` : `令牌文件无法写入：不能创建 ${next}。`,
      en: busy
        ? `Another command is changing the tokens file: ${next} exists.`
        : `The tokens file cannot be written: ${next} cannot be made.`,
      next: busy
        ? { zh: '稍后重试；若没有其他命令在运行，删除它。', en: 'Try again; if none is running, delete it.' }
        : { zh: '检查文件夹与写入权限。', en: 'Check the folder and its permissions.' },
    });
  }
}

function unwritable(path: string, error: unknown): CashierError {
  const code = codeOf(error) || 'unknown';
  return configuration('CASHIER_TOKENS_FILE', {
    zh: `令牌文件 ${path} 无法写入（${code}）：这次修改没有保存。`,
    en: `The tokens file ${path} cannot be written (${code}): this change was not saved.`,
    next: {
      zh: '检查磁盘空间与权限，用 mcp-cashier tokens list 查看现有令牌后重试。',
      en: 'Check the disk and its permissions, see mcp-cashier tokens list, and try again.',
    },
  });
}

/** Rules that mean nothing would let everything pass. */
function insistOnRules(file: string, policy: unknown, path: readonly (string | number)[]): void {
  try {
    readSections(policy, path);
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    const place = error.path.join('.');
    throw invalid(file, { zh: `${place}: ${error.text.zh}`, en: `${place}: ${error.text.en}` });
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function unreadable(path: string): CashierError {
  return configuration('CASHIER_TOKENS_FILE', {
    zh: `令牌文件 ${path} 无法读取。`,
    en: `The tokens file ${path} cannot be read.`,
    next: {
      zh: '检查 CASHIER_TOKENS_FILE 与读取权限，或用 mcp-cashier tokens add 名称 创建。',
      en: 'Check CASHIER_TOKENS_FILE and its permissions, or make it with mcp-cashier tokens add NAME.',
    },
  });
}

function writableByOthers(path: string): CashierError {
  return configuration('CASHIER_TOKENS_FILE', {
    zh: `令牌文件 ${path} 可被其他用户写入。`,
    en: `The tokens file ${path} can be written by other users.`,
    next: { zh: `执行 chmod 600 ${path}。`, en: `Run chmod 600 ${path}.` },
  });
}

function invalid(path: string, problem: Text): CashierError {
  return configuration('CASHIER_TOKENS_FILE', {
    zh: `令牌文件 ${path} 不正确：${problem.zh}。`,
    en: `The tokens file ${path} is wrong at ${problem.en}.`,
    next: {
      zh: '改正它，或用 mcp-cashier tokens 管理。',
      en: 'Correct it, or manage it with mcp-cashier tokens.',
    },
  });
}
