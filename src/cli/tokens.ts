import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newToken } from '../auth/token-callers.ts';
import {
  changeTokenFile,
  isNamedAlike,
  METRICS,
  readTokenFile,
  TOKEN_NAME,
  type TokenEntry,
} from '../auth/token-file.ts';
import { type Place, TOKENS_FILE } from '../config.ts';
import { needsMerchant } from '../config-merchants.ts';
import { ACTORS, isActorName } from '../domain/actors.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { DEFAULT_MERCHANT } from '../domain/merchant.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { readTextFile } from '../platform/text-file.ts';
import { parseWith } from '../policy/policy-file.ts';
import { statedRules } from '../policy/policy-words.ts';
import { readSections } from '../policy/read-policy.ts';
import { selectTools } from '../tools/index.ts';
import type { CommandContext, Typed } from './command.ts';
import type { Say } from './speaker.ts';
import { print, printJson, printTable } from './terminal.ts';

/**
 * `mcp-cashier tokens add NAME [--merchant M] [--tools a,b] [--orders own|all] [--policy FILE] | list | revoke NAME [--json]`: who may
 * call the HTTP service; `metrics` among the tools is the right to read `/metrics`. The token itself is printed once, by
 * `add`; only its hash is kept. FILE has the sections `payments` and `refunds` of a policy: stricter rules for this
 * caller alone.
 */
export async function run(typed: Typed<'tokens'>, context: CommandContext): Promise<number> {
  const { values } = typed;
  const [name = ''] = typed.args;
  const { say } = context;
  const settings = await context.home(values);
  const path = settings.tokensFile ?? join(settings.home, TOKENS_FILE);
  if (typed.action === 'add') {
    const merchant = await whose(typed.values, context);
    return add(path, name, { ...typed.values, merchant }, say);
  }
  if (typed.action === 'revoke') return revoke(path, name, values, say);
  return list(settings.tokensFile, values, say);
}

/** Where a file names several merchants, a token belongs to one of them. */
async function whose(values: Place, { config }: CommandContext): Promise<string | undefined> {
  const { home, merchant } = values;
  const found = await config('operator', { home, merchant });
  return found.merchants.length === 0 ? undefined : found.merchant;
}

interface Wish {
  readonly json: boolean;
  readonly tools: string | undefined;
  readonly orders: 'own' | 'all' | undefined;
  readonly policy: string | undefined;
  readonly merchant: string | undefined;
}

async function add(
  path: string,
  name: string,
  { json, tools, orders = 'own', policy, merchant }: Wish,
  say: Say,
): Promise<number> {
  if (!TOKEN_NAME.test(name)) throw badName();
  if (isActorName(name)) throw reservedName(name);
  const { token, sha256 } = newToken(systemRandom);
  const entry: TokenEntry = {
    name,
    sha256,
    ...(merchant === undefined ? {} : { merchant }),
    ...(tools === undefined ? {} : { tools: toolNames(tools) }),
    orders,
    ...(policy === undefined ? {} : { policy: await sectionsOf(policy) }),
    createdAt: beijingIso(systemClock.now()),
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await changeTokenFile(path, (known) => {
    if (known.some((other) => isNamedAlike(other, entry))) throw nameTaken(name);
    return [...known, entry];
  });
  const { sha256: _, ...shown } = entry;
  if (json) printJson({ ...shown, token, file: path });
  else {
    print(say.line('令牌只显示这一次：', 'shown only this once:'));
    print(token);
    print(`${say.line('文件：', 'file:')} ${path}`);
    print(`${say.line('请求头：', 'header:')} Authorization: Bearer ${token}`);
  }
  return 0;
}

/** The tools that a list of tool and toolset names means. */
function toolNames(wanted: string): string[] {
  const names = wanted.split(',').map((name) => name.trim());
  const metrics = names.filter((name) => name === METRICS).slice(0, 1);
  const tools = names.filter((name) => name !== METRICS && name !== '');
  if (metrics.length > 0 && tools.length === 0) return metrics;
  try {
    return [...selectTools(tools.join(',')).tools.map((tool) => tool.name), ...metrics];
  } catch {
    throw noSuchTool([...selectTools('all').tools.map((tool) => tool.name), METRICS]);
  }
}

/** The sections of a policy in a file, as they are kept with a token. */
function sectionsOf(file: string): Promise<unknown> {
  let text: string;
  try {
    text = readTextFile(file, '--policy');
  } catch (error) {
    throw error instanceof CashierError ? error : unreadable(file);
  }
  return parseWith(text, { setting: '--policy', file }, (data) => {
    readSections(data);
    return data;
  });
}

interface Narrowed {
  readonly json: boolean;
  readonly merchant: string | undefined;
}

/** Whether a token is one of those that are meant. */
function isMeant({ merchant = DEFAULT_MERCHANT }: TokenEntry, narrowed: Narrowed): boolean {
  return (narrowed.merchant ?? merchant) === merchant;
}

function list(path: string | undefined, narrowed: Narrowed, say: Say): number {
  const { json } = narrowed;
  const tokens = path === undefined ? [] : readTokenFile(path).filter((one) => isMeant(one, narrowed));
  const areSeveral = tokens.some(({ merchant }) => merchant !== undefined);
  if (json) {
    printJson(tokens.map(({ sha256: _, ...shown }) => shown));
    return 0;
  }
  printTable([
    [
      ...(areSeveral ? [say.line('商户', 'merchant')] : []),
      ...say.row('名称|工具|订单|规则|创建', 'name|tools|orders|rules|created'),
    ],
    ...tokens.map(({ name, merchant = '-', tools, orders, policy, createdAt }) => [
      ...(areSeveral ? [merchant] : []),
      name,
      tools?.join(',') ?? '*',
      orders,
      rulesOf(policy),
      createdAt ?? '-',
    ]),
  ]);
  return 0;
}

function rulesOf(policy: unknown): string {
  const rules = [...statedRules(readSections(policy))].map(([place, value]) => `${place}=${value}`);
  return rules.join(' ') || '-';
}

async function revoke(path: string, name: string, narrowed: Narrowed, say: Say): Promise<number> {
  await changeTokenFile(path, (known) => {
    const meant = known.filter((one) => one.name === name && isMeant(one, narrowed));
    if (meant.length === 0) throw noSuchToken();
    if (meant.length > 1) throw needsMerchant(meant.map(({ merchant = DEFAULT_MERCHANT }) => merchant));
    return known.filter((one) => !meant.includes(one));
  });
  if (narrowed.json) printJson({ revoked: name });
  else print(say.line(`✔ 已吊销：${name}`, `✔ revoked: ${name}`));
  return 0;
}

function unreadable(file: string): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `--policy：文件 ${file} 无法读取。`,
    en: `--policy: ${file} cannot be read.`,
    next: { zh: '检查路径与读取权限。', en: 'Check the path and its permissions.' },
  });
}

function badName(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '名称只能用字母、数字和 _ . -，以字母或数字开头，至多 64 个字符。',
    en: 'A name has letters, digits and _ . - only, begins with a letter or digit, and has at most 64 characters.',
    next: { zh: '换一个名称。', en: 'Choose another name.' },
  });
}

function reservedName(name: string): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `名称 ${name} 是保留名称，或看起来像保留名称（${ACTORS.join('、')}）：记录会把调用方误认为它。`,
    en: `The name ${name} is reserved, or looks like one that is (${ACTORS.join(', ')}): records would take the caller for it.`,
    next: { zh: '换一个名称。', en: 'Choose another name.' },
  });
}

function nameTaken(name: string): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `名称 ${name} 已有令牌。`,
    en: `${name} has a token already.`,
    next: {
      zh: `换一个名称，或先执行 mcp-cashier tokens revoke ${name}。`,
      en: `Choose another name, or first run mcp-cashier tokens revoke ${name}.`,
    },
  });
}

function noSuchToken(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '没有这个名称的令牌。',
    en: 'There is no token of this name.',
    next: { zh: '用 mcp-cashier tokens list 查看。', en: 'See mcp-cashier tokens list.' },
  });
}

function noSuchTool(known: readonly string[]): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `--tools 中有不存在的工具；可用：${known.join(', ')}。`,
    en: `--tools names a tool that does not exist; there are: ${known.join(', ')}.`,
    next: { zh: '改正 --tools。', en: 'Correct --tools.' },
  });
}
