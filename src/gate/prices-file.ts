import { isBlank, named, refusedCharacter } from '../domain/characters.ts';
import { MERCHANT_NAME } from '../domain/merchant.ts';
import { type Fen, toYuan } from '../domain/money.ts';
import type { Policy } from '../policy/policy.ts';
import { parseWith, textIn } from '../policy/policy-file.ts';
import { cut, type Path, PolicyProblem, wrong, yuan } from '../policy/read-policy.ts';
import { insistOnNames, type Members, membersOf, textAt } from '../policy/written-members.ts';
import { WALLETS } from '../providers/registry.ts';
import { patternOf } from './pattern.ts';
import {
  type HttpPrice,
  type HttpUpstream,
  isAt,
  isUnder,
  type McpUpstream,
  type Price,
  type Prices,
} from './prices.ts';

export const PRICES_VARIABLE = 'CASHIER_PRICES';
const PRICE_MEMBERS = ['yuan', 'title', 'a2mServiceId', 'skillId', 'skillVersion', 'retry'];
const MAX_TITLE_BYTES = 127;
/** What agents' wallets pay for one call at most, and at least: 0.01 to 50.00 yuan. */
const A2M_MAX_FEN = 5_000 as Fen;
const SERVICE_ID = /^[\w-]{1,64}$/;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DEFAULT_REFUND_AFTER_MS = UNITS.h;
const LONGEST_REFUND_AFTER_MS = 30 * UNITS.d;

/** What else bounds a price. */
export interface PriceBounds {
  readonly policy: Policy;
  /** The variable that is set and names the service of whatever names none. */
  readonly serviceVariable?: string | undefined;
  /** What one payment of the trial edition may be at most; undefined in every other. */
  readonly trialMaxFen?: Fen | undefined;
}

/** What bounds prices of a merchant with these rules and this environment. */
export function boundsOf(
  policy: Policy,
  {
    env,
    trialMaxFen,
  }: Pick<PriceBounds, 'trialMaxFen'> & { readonly env: Readonly<Record<string, string | undefined>> },
): PriceBounds {
  const variables = WALLETS.flatMap(({ sells }) => sells?.service ?? []);
  const serviceVariable = variables.find((name) => (env[name] ?? '').trim() !== '');
  return { policy, serviceVariable, trialMaxFen };
}

/**
 * What a file charges for. Throws CONFIGURATION naming the file, the place in it and what is wrong there.
 * @param source `CASHIER_PRICES`, or the option that has named the file
 */
export async function readPrices(
  file: string,
  bounds: PriceBounds,
  source: string = PRICES_VARIABLE,
): Promise<Prices> {
  const from = { setting: source, file, kind: { zh: '价目文件', en: 'price file' } };
  return parseWith(textIn(from), from, (data) => pricesIn(data, bounds));
}

function pricesIn(data: unknown, bounds: PriceBounds): Prices {
  const top = membersOf(data, []);
  insistOnNames(top, [], ['version', 'http', 'mcp']);
  if (top.version !== 1) throw wrong(['version'], '必须是 version: 1', 'must be version: 1');
  const http: HttpUpstream[] = [];
  for (const [said, path] of listed(top.http, ['http'])) http.push(httpUpstream(said, path, http, bounds));
  const mcp: McpUpstream[] = [];
  for (const [said, path] of listed(top.mcp, ['mcp'])) mcp.push(mcpUpstream(said, path, mcp, bounds));
  if (http.length + mcp.length === 0) {
    throw wrong(
      [],
      '没有写明在谁前面收费：需要 http 或 mcp',
      'says of nothing what it costs: http or mcp is needed',
    );
  }
  return { http, mcp };
}

function listed(value: unknown, path: Path): [Members, Path][] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) {
    throw wrong(path, '必须是列表，每项以 - 开头', 'must be a list: each with a - before it');
  }
  return value.map((said: unknown, i) => [membersOf(said, [...path, i]), [...path, i]]);
}

function httpUpstream(
  said: Members,
  path: Path,
  before: readonly HttpUpstream[],
  bounds: PriceBounds,
): HttpUpstream {
  insistOnNames(said, path, ['upstream', 'under', 'unpriced', 'refundAfter', 'prices']);
  const at = (member: string) => [...path, member];
  const origin = originAt(
    textAt(said.upstream, at('upstream')),
    said.upstream === undefined ? path : at('upstream'),
  );
  const under = keyAt(textAt(said.under, at('under')) ?? '/', at('under'));
  if (before.some((one) => one.under === under)) {
    throw wrong(
      said.under === undefined ? path : at('under'),
      '前面已有一个上游负责同样的路径：用 under: /路径 分开',
      'an upstream above has the same paths: tell them apart with under: /path',
    );
  }
  const prices: HttpPrice[] = [];
  for (const [name, price] of Object.entries(membersOf(said.prices, at('prices')))) {
    const where = [...at('prices'), name];
    const pattern = patternOf(name);
    if ('problem' in pattern) throw new PolicyProblem(pattern.problem, where, 'name');
    if (!isUnder(pattern.key, under)) {
      throw new PolicyProblem(
        {
          zh: `不在这个上游的路径（under: ${under}）之下`,
          en: `is not under the paths of this upstream (under: ${under})`,
        },
        where,
        'name',
      );
    }
    const same = prices.find((one) => one.method === pattern.method && overlap(one, pattern));
    if (same) {
      throw new PolicyProblem(
        {
          zh: `与前面的 ${cut(same.name)} 是同一个请求的两个价格（大小写与末尾的 / 不作区分）`,
          en: `is a second price of what ${cut(same.name)} charges for (case and a slash at the end make no other path)`,
        },
        where,
        'name',
      );
    }
    prices.push({ ...priceIn(price, where, bounds), name, ...pattern });
  }
  const unpriced = textAt(said.unpriced, at('unpriced')) ?? 'pass';
  if (unpriced !== 'pass' && unpriced !== 'refuse') {
    throw wrong(at('unpriced'), '只能是 pass（放行）或 refuse（拒绝）', 'must be pass or refuse');
  }
  if (prices.length === 0) throw nothingCosts(path);
  return { origin, under, unpriced, refundAfterMs: refundAfter(said, path), prices };
}

function overlap(
  one: Pick<HttpPrice, 'key' | 'beneath'>,
  other: Pick<HttpPrice, 'key' | 'beneath'>,
): boolean {
  if (one.beneath && other.beneath) return isUnder(one.key, other.key) || isUnder(other.key, one.key);
  const [star, plain] = one.beneath ? [one, other] : [other, one];
  return isAt(star, { key: plain.key, inside: false });
}

function mcpUpstream(
  said: Members,
  path: Path,
  before: readonly McpUpstream[],
  bounds: PriceBounds,
): McpUpstream {
  insistOnNames(said, path, ['name', 'command', 'env', 'url', 'refundAfter', 'prices']);
  const at = (member: string) => [...path, member];
  const reached = reachedBy(said, path);
  const name = textAt(said.name, at('name')) ?? nameOf(reached);
  if (!MERCHANT_NAME.test(name)) {
    throw wrong(
      said.name === undefined ? path : at('name'),
      'name 只能用小写字母、数字和连字符，1 到 32 个字符',
      'name has 1 to 32 lower-case letters, digits and hyphens',
    );
  }
  if (before.some((one) => one.name === name)) {
    throw wrong(
      said.name === undefined ? path : at('name'),
      `前面已有一个叫 ${name} 的：各写一个 name`,
      `one above is called ${name} too: give each a name`,
    );
  }
  const prices = new Map(
    Object.entries(membersOf(said.prices, at('prices'))).map(([tool, price]) => [
      tool,
      priceIn(price, [...at('prices'), tool], bounds),
    ]),
  );
  if (prices.size === 0) throw nothingCosts(path);
  return { name, reached, refundAfterMs: refundAfter(said, path), prices };
}

function reachedBy(said: Members, path: Path): McpUpstream['reached'] {
  const { command, env, url } = said;
  if ((command === undefined) === (url === undefined)) {
    throw wrong(path, '写 command 或 url 其中之一', 'write one of command and url');
  }
  if (url !== undefined) {
    if (env !== undefined)
      throw wrong([...path, 'env'], '只能与 command 一起写', 'stands beside command only');
    return { url: addressAt(textAt(url, [...path, 'url']), [...path, 'url']) };
  }
  const at = [...path, 'command'];
  const words = Array.isArray(command)
    ? command.map((word: unknown, i) => textAt(word, [...at, i]) ?? '')
    : [];
  const [program, ...rest] = words;
  if (!program) {
    throw wrong(
      at,
      '必须是列表：程序和它的各个参数，例如 [npx, -y, my-mcp-server]',
      'must be a list, the program and each of its arguments, such as [npx, -y, my-mcp-server]',
    );
  }
  const given = Object.entries(membersOf(env, [...path, 'env'])).map(
    ([name, value]) => [name, textAt(value, [...path, 'env', name]) ?? ''] as const,
  );
  return { command: [program, ...rest], env: Object.fromEntries(given) };
}

/** What a server is called where nothing is said: its package, its script or its host. */
function nameOf(reached: McpUpstream['reached']): string {
  const known =
    'url' in reached
      ? reached.url.hostname
      : (reached.command.slice(1).find((word) => !word.startsWith('-')) ?? reached.command[0]);
  const [, last = ''] = /([^/\\]*)[/\\]*$/.exec(known.replace(/(?<=.)@[^@/]*$/, '')) ?? [];
  const plain = last
    .replace(/\.\w+$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return plain.slice(0, 32).replace(/^-+|-+$/g, '') || 'upstream';
}

function priceIn(value: unknown, path: Path, { policy, serviceVariable, trialMaxFen }: PriceBounds): Price {
  const said = membersOf(value, path);
  insistOnNames(said, path, PRICE_MEMBERS);
  const at = (member: string) => [...path, member];
  if (said.yuan === undefined) throw wrong(path, '缺少 yuan：多少元', 'yuan is missing: what it costs');
  const amountFen = yuan(said.yuan, at('yuan'));
  if (amountFen < 1)
    throw wrong(
      at('yuan'),
      '至少 "0.01"；免费的不必写',
      'must be at least "0.01"; what is free is not listed',
    );
  const service = idAt(said, path, 'a2mServiceId');
  const soldBy = service === undefined ? serviceVariable : 'a2mServiceId';
  if (soldBy !== undefined && amountFen > A2M_MAX_FEN) {
    throw wrong(
      at('yuan'),
      `用 ${soldBy} 出售时，每次最多 50.00 元`,
      `is too much for ${soldBy}: 50.00 yuan a call at most`,
    );
  }
  if (trialMaxFen !== undefined && amountFen > trialMaxFen) {
    throw wrong(
      at('yuan'),
      `体验版每笔最多 ${toYuan(trialMaxFen)} 元（CASHIER_TRIAL_MAX_YUAN）`,
      `is more than the trial edition lets one payment be: ${toYuan(trialMaxFen)} yuan (CASHIER_TRIAL_MAX_YUAN)`,
    );
  }
  const { maxFen, approveAboveFen } = policy.payments;
  if (maxFen !== undefined && amountFen > maxFen) {
    throw wrong(
      at('yuan'),
      `高于规则允许的单笔上限 ${toYuan(maxFen)} 元（payments.maxYuan）`,
      `is more than the policy lets one payment be: ${toYuan(maxFen)} yuan (payments.maxYuan)`,
    );
  }
  if (approveAboveFen !== undefined && approveAboveFen !== 'none' && amountFen > approveAboveFen) {
    throw wrong(
      at('yuan'),
      `高于 ${toYuan(approveAboveFen)} 元须审批（payments.approveAboveYuan），按次收费没有人审批`,
      `is above ${toYuan(approveAboveFen)} yuan, where a person must approve (payments.approveAboveYuan); nobody does, call by call`,
    );
  }
  const { retry = false } = said;
  if (typeof retry !== 'boolean') throw wrong(at('retry'), '只能是 true 或 false', 'must be true or false');
  return {
    amountFen,
    title: titleAt(said, path),
    retry,
    a2mServiceId: service,
    skillId: idAt(said, path, 'skillId'),
    skillVersion: textAt(said.skillVersion, at('skillVersion')),
  };
}

function idAt(said: Members, path: Path, member: 'a2mServiceId' | 'skillId'): string | undefined {
  const id = textAt(said[member], [...path, member]);
  if (id === undefined || SERVICE_ID.test(id)) return id;
  throw wrong(
    [...path, member],
    '只能有字母、数字、_ 和 -，最多 64 个',
    'has letters, digits, _ and - only, 64 at most',
  );
}

/** One that every wallet takes. */
function titleAt(said: Members, path: Path): string {
  const at = [...path, 'title'];
  const title = textAt(said.title, at);
  if (title === undefined || isBlank(title)) {
    throw wrong(
      said.title === undefined ? path : at,
      '缺少 title：买家看到的名称',
      'title is missing: what buyers read',
    );
  }
  const bytes = Buffer.byteLength(title);
  if (bytes > MAX_TITLE_BYTES) {
    throw wrong(
      at,
      `至多 42 个汉字（${MAX_TITLE_BYTES} 字节），现为 ${bytes} 字节`,
      `has at most ${MAX_TITLE_BYTES} UTF-8 bytes, and this has ${bytes}`,
    );
  }
  const character = /[/=&]/.exec(title)?.[0] ?? refusedCharacter(title);
  if (character === undefined) return title;
  const shown = /[/=&]/.test(character) ? character : named(character);
  throw wrong(
    at,
    `不能有 ${shown}：不是每种支付方式都接受`,
    `must not have ${shown}, which not every wallet takes`,
  );
}

function refundAfter(said: Members, path: Path): number {
  const at = [...path, 'refundAfter'];
  const text = textAt(said.refundAfter, at);
  if (text === undefined) return DEFAULT_REFUND_AFTER_MS;
  const [, count, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS];
  if (ms <= LONGEST_REFUND_AFTER_MS) return ms;
  throw wrong(
    at,
    '必须是 30s、10m、1h、2d 这样的时长，最长 30d',
    'must be a time such as 30s, 10m, 1h or 2d, 30d at most',
  );
}

function keyAt(text: string, path: Path): string {
  const pattern = patternOf(`GET ${text}`);
  if (!('problem' in pattern) && !pattern.beneath) return pattern.key;
  throw wrong(path, '必须是 /v1 这样的路径', 'must be a path such as /v1');
}

/** Where requests go as they are: with a path of its own, others would be asked for than were matched. */
function originAt(text: string | undefined, path: Path): URL {
  const url = addressAt(text, path);
  if (url.pathname === '/' && url.search === '') return url;
  throw wrong(
    path,
    `只写到端口为止：${url.origin}；请求的路径原样转发`,
    `ends with the port, ${url.origin}: paths are passed on as they are asked for`,
  );
}

function addressAt(text: string | undefined, path: Path): URL {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.hash) {
    throw wrong(
      path,
      '必须是 http(s) 地址，例如 http://127.0.0.1:9000，其中没有用户名、密码和 #',
      'must be an http(s) address such as http://127.0.0.1:9000, with no user, password or # in it',
    );
  }
  return url;
}

function nothingCosts(path: Path): PolicyProblem {
  return wrong(path, 'prices 至少要有一个价格', 'prices has at least one price');
}
