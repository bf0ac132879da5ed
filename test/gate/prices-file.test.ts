import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../src/config.ts';
import { CashierError } from '../../src/domain/errors.ts';
import type { Fen } from '../../src/domain/money.ts';
import { boundsOf, readPrices } from '../../src/gate/prices-file.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/policy/policy.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prices-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string, policy: Policy = DEFAULT_POLICY, env: Env = {}, trialMaxFen?: Fen) {
  const file = join(folder, 'prices.yaml');
  writeFileSync(file, text);
  return readPrices(file, boundsOf(policy, { env, trialMaxFen }));
}

async function refusal(...given: Parameters<typeof read>): Promise<CashierError> {
  const error: unknown = await read(...given).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CashierError)) throw error ?? new Error('not refused');
  expect(error.code).toBe('CONFIGURATION');
  return error;
}

/** As the contract has it. */
const EXAMPLE = `version: 1
http:
  - upstream: http://127.0.0.1:9000
    unpriced: pass               # or refuse
    refundAfter: 1h
    prices:
      "GET /paid/weather": { yuan: "0.10", title: 天气查询, a2mServiceId: API_XXXX }
      "POST /v1/poster/*": { yuan: "1.99", title: 海报生成, skillId: my-poster, retry: true }
mcp:
  - command: [npx, -y, my-mcp-server]     # or url: https://…
    prices: { render-poster: { yuan: "1.99", title: 海报生成 } }
`;
const http = (prices: string, more = '') =>
  `version: 1\nhttp:\n  - upstream: http://127.0.0.1:9000\n${more}    prices:\n${prices}`;
const priced = (pattern: string) => http(`      ${JSON.stringify(pattern)}: { yuan: "0.10", title: 天气 }\n`);
const costs = (price: string) => http(`      "GET /a": ${price}\n`);
const mcp = (entry: string) => `version: 1\nmcp:\n  - ${entry}\n`;
const PRICES = 'prices: { t: { yuan: "0.10", title: 天气 } }';

describe('a price file', () => {
  it('says what is charged for, as the contract writes it', async () => {
    const { http: upstreams, mcp: servers } = await read(EXAMPLE);
    expect(upstreams).toEqual([
      {
        origin: new URL('http://127.0.0.1:9000'),
        under: '/',
        unpriced: 'pass',
        refundAfterMs: 3_600_000,
        prices: [
          {
            ...{ name: 'GET /paid/weather', method: 'GET', key: '/paid/weather', beneath: false },
            ...{ amountFen: 10, title: '天气查询', retry: false, a2mServiceId: 'API_XXXX' },
            ...{ skillId: undefined, skillVersion: undefined },
          },
          {
            ...{ name: 'POST /v1/poster/*', method: 'POST', key: '/v1/poster', beneath: true },
            ...{ amountFen: 199, title: '海报生成', retry: true, a2mServiceId: undefined },
            ...{ skillId: 'my-poster', skillVersion: undefined },
          },
        ],
      },
    ]);
    expect(servers).toEqual([
      {
        name: 'my-mcp-server',
        reached: { command: ['npx', '-y', 'my-mcp-server'], env: {} },
        refundAfterMs: 3_600_000,
        prices: new Map([['render-poster', expect.objectContaining({ amountFen: 199 })]]),
      },
    ]);
  });

  it('may be JSON', async () => {
    const one = { upstream: 'https://api.example.com', prices: { 'GET /a': { yuan: '1', title: 'A' } } };
    expect((await read(JSON.stringify({ version: 1, http: [one] }))).http).toHaveLength(1);
  });

  it.each<[string, string]>([
    ['[npx, -y, "@scope/weather@1.2.0"]', 'weather'],
    ['[node, ./servers/Poster_Maker.mjs]', 'poster-maker'],
    ['[my-server]', 'my-server'],
    ['[python, -m, 天气]', 'upstream'],
  ])('names the server that %s starts', async (command, name) => {
    expect((await read(mcp(`{ command: ${command}, ${PRICES} }`))).mcp[0]?.name).toBe(name);
  });

  it('writes Chinese in a path as it is read', async () => {
    expect((await read(priced('GET /天气/今日'))).http[0]?.prices[0]?.key).toBe('/天气/今日');
  });

  it.each<[string, string, RegExp]>([
    ['no version', 'http: []', /version: 1/],
    ['nothing at all', 'version: 1', /http or mcp/],
    ['another member', 'version: 1\nhtp: []', /did you mean http/],
    ['upstreams that are no list', 'version: 1\nhttp: { upstream: x }', /list/],
    [
      'a misspelt member of an upstream',
      http('      "GET /a": { yuan: "1", title: 甲 }\n', '    unprized: pass\n'),
      /did you mean unpriced/,
    ],
    ['a misspelt member of a price', costs('{ yaun: "1", title: 甲 }'), /did you mean yuan/],
    ['no upstream', 'version: 1\nhttp:\n  - prices: {}', /http\(s\)/],
    [
      'an upstream of another kind',
      priced('GET /a').replace('http://127.0.0.1:9000', 'ftp://shop.example'),
      /http\(s\)/,
    ],
    ['a password in the upstream', priced('GET /a').replace('http://', 'http://me:pw@'), /password/],
    ['a path in the upstream', priced('GET /a').replace(':9000', ':9000/api'), /http:\/\/127\.0\.0\.1:9000/],
    ['no price', http('').replace('prices:', 'prices: {}'), /at least one price/],
    [
      'another word for unpriced',
      http('      "GET /a": { yuan: "1", title: 甲 }\n', '    unpriced: block\n'),
      /pass or refuse/,
    ],
    [
      'a time that is none',
      http('      "GET /a": { yuan: "1", title: 甲 }\n', '    refundAfter: soon\n'),
      /such as 30s/,
    ],
    [
      'a time that never ends',
      http('      "GET /a": { yuan: "1", title: 甲 }\n', '    refundAfter: 99d\n'),
      /30d/,
    ],
    ['a pattern without a method', priced('/a'), /a method and a path/],
    ['a method that is none', priced('PSOT /a'), /did you mean POST/],
    ['a small method', priced('get /a'), /did you mean GET/],
    ['HEAD', priced('HEAD /a'), /goes with GET/],
    ['OPTIONS', priced('OPTIONS /a'), /one of GET/],
    ['a path that does not begin with a slash', priced('GET a'), /path/],
    ['encoded letters', priced('GET /%70aid'), /%70 is to be written as p/],
    ['encoded slashes', priced('GET /a%2Fb'), /%2F/],
    ['two slashes', priced('GET /a//b'), /empty segment/],
    ['dots', priced('GET /a/../b'), /\.\./],
    ['a query', priced('GET /a?b=1'), /path alone/],
    ['a star in the middle', priced('GET /a/*/b'), /at the end/],
    ['a star in a word', priced('GET /a*'), /at the end/],
    [
      'one price twice',
      http('      "GET /a": { yuan: "1", title: 甲 }\n      "GET /A/": { yuan: "2", title: 甲 }\n'),
      /second price of what GET \/a/,
    ],
    [
      'a price within another',
      http('      "GET /a/*": { yuan: "1", title: 甲 }\n      "GET /a/b": { yuan: "2", title: 甲 }\n'),
      /second price/,
    ],
    [
      'a wide one within another',
      http('      "GET /a/b/*": { yuan: "1", title: 甲 }\n      "GET /*": { yuan: "2", title: 甲 }\n'),
      /second price/,
    ],
    ['no sum', costs('{ title: 甲 }'), /yuan is missing/],
    ['a sum without quotes', costs('{ yuan: 0.1, title: 甲 }'), /quote the amount/],
    ['nothing', costs('{ yuan: "0", title: 甲 }'), /0\.01/],
    ['no title', costs('{ yuan: "1" }'), /title is missing/],
    ['a title that shows nothing', costs('{ yuan: "1", title: " " }'), /title is missing/],
    ['a title that is too long', costs(`{ yuan: "1", title: ${'天'.repeat(43)} }`), /127/],
    ['a title that a wallet does not take', costs('{ yuan: "1", title: "a=b" }'), /must not have =/],
    ['a title that hides something', costs('{ yuan: "1", title: "a\\u202eb" }'), /U\+202E/],
    ['an id that is none', costs('{ yuan: "1", title: 甲, a2mServiceId: "a b" }'), /letters, digits/],
    ['a word for retry', costs('{ yuan: "1", title: 甲, retry: "yes" }'), /true or false/],
    ['more than an agent pays', costs('{ yuan: "50.01", title: 甲, a2mServiceId: API_1 }'), /50\.00/],
    [
      'more than the policy allows',
      costs('{ yuan: "5000.01", title: 甲 }'),
      /5000\.00 yuan \(payments\.maxYuan\)/,
    ],
    [
      'command and url',
      mcp(`{ command: [a], url: "https://a.example/mcp", ${PRICES} }`),
      /one of command and url/,
    ],
    ['neither', mcp(`{ ${PRICES} }`), /one of command and url/],
    ['a command in one text', mcp(`{ command: "npx a", ${PRICES} }`), /must be a list/],
    [
      'variables of a server elsewhere',
      mcp(`{ url: "https://a.example/mcp", env: {}, ${PRICES} }`),
      /beside command/,
    ],
    ['a name that is none', mcp(`{ name: "A b", command: [a], ${PRICES} }`), /lower-case/],
    ['a server without prices', mcp('{ command: [a] }'), /at least one price/],
    [
      'one server twice',
      `${mcp(`{ command: [a], ${PRICES} }`)}  - { command: [a], ${PRICES} }\n`,
      /called a too/,
    ],
  ])('is refused with %s, in a sentence that says where', async (_what, text, said) => {
    const { text: told } = await refusal(text);
    expect(told.en).toMatch(said);
    expect(told.en).toMatch(/^CASHIER_PRICES: price file .*, line \d+/);
    expect(told.zh).toMatch(/^CASHIER_PRICES 价目文件 .* 第 \d+ 行/);
  });

  it('takes several upstreams where their paths tell them apart', async () => {
    const two = (under: string) => `version: 1
http:
  - upstream: http://127.0.0.1:9000
    prices: { "GET /a": { yuan: "1", title: 甲 } }
  - upstream: http://127.0.0.1:9001
${under}    prices: { "GET /b/c": { yuan: "1", title: 甲 } }
`;
    expect((await read(two('    under: /b\n'))).http.map(({ under }) => under)).toEqual(['/', '/b']);
    expect((await refusal(two(''))).text.en).toMatch(/under: \/path/);
    expect((await refusal(two('    under: /x\n'))).text.en).toMatch(/not under the paths/);
  });

  it('lets none be more than the trial edition takes', async () => {
    const dear = costs('{ yuan: "1.01", title: 甲 }');
    const refused = await refusal(dear, DEFAULT_POLICY, {}, 100 as Fen);
    expect(refused.text.en).toMatch(/1\.00 yuan \(CASHIER_TRIAL_MAX_YUAN\)/);
    expect((await read(dear, DEFAULT_POLICY, {}, 101 as Fen)).http).toHaveLength(1);
  });

  it('asks of a price that no person has to approve it', async () => {
    const policy: Policy = { ...DEFAULT_POLICY, payments: { approveAboveFen: 100 as Fen } };
    expect((await refusal(costs('{ yuan: "1.01", title: 甲 }'), policy)).text.en).toMatch(/approveAboveYuan/);
    expect((await read(costs('{ yuan: "1.00", title: 甲 }'), policy)).http).toHaveLength(1);
  });

  it('knows what agents pay at most where a service id stands for all', async () => {
    const dear = costs('{ yuan: "50.01", title: 甲 }');
    const refused = await refusal(dear, DEFAULT_POLICY, { AP_A2M_SERVICE_ID: 'API_1' });
    expect(refused.text.en).toMatch(/AP_A2M_SERVICE_ID: 50\.00/);
    expect((await read(dear)).http).toHaveLength(1);
  });
});
