import { describe, expect, it } from 'vitest';
import type { CashierError } from '../../src/domain/errors.ts';
import { DEFAULT_POLICY } from '../../src/policy/policy.ts';
import { parsePolicy } from '../../src/policy/policy-file.ts';
import { changedRules, statedRules } from '../../src/policy/policy-words.ts';

const parse = (text: string) => parsePolicy(text, '/etc/policy.yaml');
const NEEDS_PERSON = { approveAboveFen: 0 };

/** The example of the documentation. */
const EXAMPLE = `version: 1
payments:
  maxYuan: "5000"              # one payment
  approveAboveYuan: "500"      # a person must approve above this
  perDay: { totalYuan: "20000", count: 500 }
  perMinute: { count: 20 }
  providers: [alipay, wechatpay]
  scenes: [qr, web, h5]
  hours: "08:00-23:00"         # Asia/Shanghai
refunds:
  maxYuan: "500"
  approveAboveYuan: "0"
  perDay: { totalYuan: "2000", count: 50 }
clients:
  cursor: { payments: { maxYuan: "100" }, refunds: { from: budget } }
foreignOrders: refuse
`;

describe('a policy file', () => {
  it('states every rule', async () => {
    expect(await parse(EXAMPLE)).toEqual({
      payments: {
        maxFen: 500_000,
        approveAboveFen: 50_000,
        perDay: { totalFen: 2_000_000, count: 500 },
        perMinute: { count: 20 },
        providers: ['alipay', 'wechatpay'],
        scenes: ['qr', 'web', 'h5'],
        hours: [480, 1380],
      },
      refunds: { maxFen: 50_000, approveAboveFen: 0, perDay: { totalFen: 200_000, count: 50 } },
      clients: { cursor: { payments: { maxFen: 10_000 }, refunds: { from: 'budget' } } },
      foreignOrders: 'refuse',
    });
  });

  it.each([
    ['payments: { maxYuan: "9.90" }', { payments: { maxFen: 990 } }],
    ['payments: { approveAboveYuan: none }', { payments: { approveAboveFen: 'none' } }],
    ['payments: { approveAboveYuan: "0" }', { payments: { approveAboveFen: 0 } }],
    ['payments: { perDay: { count: 0 } }', { payments: { perDay: { count: 0 } } }],
    ['payments: { perMinute: { totalYuan: "5" } }', { payments: { perMinute: { totalFen: 500 } } }],
    ['payments: { from: budget }', { payments: { from: 'budget' } }],
    ['payments: { hours: 22:00-02:30 }', { payments: { hours: [1320, 150] } }],
    ['payments: { hours: "00:00-24:00" }', { payments: { hours: [0, 1440] } }],
    ['payments: { scenes: [app, qr, app] }', { payments: { scenes: ['qr', 'app'] } }],
    ['payments:', { payments: {} }],
    ['refunds: { approveAboveYuan: "none" }', { refunds: { approveAboveFen: 'none' } }],
    ['refunds: { hours: "09:00-18:00" }', { refunds: { ...NEEDS_PERSON, hours: [540, 1080] } }],
    ['refunds: { from: budget }', { refunds: { ...NEEDS_PERSON, from: 'budget' } }],
    ['foreignOrders: query', { foreignOrders: 'query' }],
    ['foreignOrders: allow', { foreignOrders: 'allow' }],
    ['approvals: { form: trusted }', { trustForms: true }],
    ['approvals: { form: off }', {}],
    ['approvals: { form: "off" }', {}],
    ['subscriptions: {}', {}],
    ['subscriptions: { maxYuan: "30" }', { subscriptions: { maxFen: 3000 } }],
    [
      'subscriptions: { active: 0, perDay: { totalYuan: "9", count: 2 } }',
      { subscriptions: { active: 0, perDay: { totalFen: 900, count: 2 } } },
    ],
    ['clients: { a: { refunds: {} }, b: }', {}],
    ['clients: { a: { refunds: { maxYuan: "1" } } }', { clients: { a: { refunds: { maxFen: 100 } } } }],
    ['clients: { 7: { payments: { maxYuan: "1" } } }', { clients: { 7: { payments: { maxFen: 100 } } } }],
    [
      'clients: { __proto__: { payments: { maxYuan: "1" } } }',
      { clients: JSON.parse('{"__proto__":{"payments":{"maxFen":100}}}') as object },
    ],
  ])('with %s', async (text, stated) => {
    expect(JSON.stringify(await parse(`version: 1\n${text}\n`))).toBe(
      JSON.stringify({ payments: {}, refunds: NEEDS_PERSON, ...stated }),
    );
  });

  it('comes out the same in any order, as YAML and as JSON, with tabs, CRLF or a mark at its beginning', async () => {
    const yaml = JSON.stringify(
      await parse(
        'version: 1\nclients:\n  b: { payments: { maxYuan: "1" } }\n  a: { payments: { maxYuan: "2" } }\npayments:\n  perDay: { count: 1, totalYuan: "3" }\n  maxYuan: "5.0"\n',
      ),
    );
    const other =
      '{\n\t"payments": {"maxYuan": "5", "perDay": {"totalYuan": "3.00", "count": 1}},\n\t"refunds": {"approveAboveYuan": "0"},\n\t"clients": {"a": {"payments": {"maxYuan": "2"}}, "b": {"payments": {"maxYuan": "1.00"}}},\n\t"version": 1\n}';
    expect(JSON.stringify(await parse(other))).toBe(yaml);
    const typed = JSON.stringify(JSON.parse(other), null, 2).replaceAll('\n', '\r\n');
    expect(JSON.stringify(await parse(`\uFEFF${typed}`))).toBe(yaml);
    expect(JSON.stringify(await parse('version: 1\npayments: { maxYuan: "5000" }'))).toBe(
      JSON.stringify(DEFAULT_POLICY),
    );
  });
});

const RULES_KNOWN = 'maxYuan, approveAboveYuan, perDay, perMinute, hours, from';
type Wrong = [what: string, text: string, at: string, path: string, words: string];
/** The first line, "version: 1", is left out. */
const WRONG_RULES: Wrong[] = [
  ['a typo', 'payments:\n  maxYaun: "5"', '3:3', 'payments.maxYaun', 'did you mean maxYuan?'],
  ['another spelling', 'payments:\n  max_yuan: "5"', '3:3', 'payments.max_yuan', 'did you mean maxYuan?'],
  ['a typo of a section', 'payment: {}', '2:1', 'payment', 'did you mean payments?'],
  [
    'a typo below a client',
    'clients:\n  c:\n    refunds: { form: budget }',
    '4:16',
    'clients.c.refunds.form',
    'did you mean from?',
  ],
  [
    'a rule of payments on refunds',
    'refunds:\n  scenes: [qr]',
    '3:3',
    'refunds.scenes',
    `known here: ${RULES_KNOWN}`,
  ],
  ['a bare number', 'payments:\n  maxYuan: 500', '3:12', 'payments.maxYuan', 'write "500"'],
  ['a bare fraction', 'payments: { maxYuan: 9.90 }', '2:22', 'payments.maxYuan', 'write "9.9"'],
  [
    'a number that is no amount',
    'payments: { maxYuan: 1e21 }',
    '2:22',
    'payments.maxYuan',
    'must be yuan in quotes',
  ],
  ['three decimals', 'refunds: { maxYuan: "0.001" }', '2:21', 'refunds.maxYuan', 'not "0.001"'],
  ['a negative amount', 'refunds: { maxYuan: "-5" }', '2:21', 'refunds.maxYuan', 'not "-5"'],
  ['a thousands separator', 'refunds: { maxYuan: "5,000" }', '2:21', 'refunds.maxYuan', 'not "5,000"'],
  ['none where there is a sum', 'payments: { maxYuan: none }', '2:22', 'payments.maxYuan', 'not "none"'],
  ['no amount at all', 'payments:\n  maxYuan:', '3:3', 'payments.maxYuan', 'not null'],
  [
    'a quoted count',
    'payments: { perDay: { count: "5" } }',
    '2:30',
    'payments.perDay.count',
    'without quotes',
  ],
  ['no number for an amount', 'payments: { maxYuan: .nan }', '2:22', 'payments.maxYuan', 'not NaN'],
  ['a list of hours', 'payments: { hours: ["08:00-23:00"] }', '2:20', 'payments.hours', 'not […]'],
  ['a number for a word', 'payments: { from: 5 }', '2:19', 'payments.from', 'must be budget, not 5'],
  ['a map for an amount', 'payments: { maxYuan: { a: 1 } }', '2:22', 'payments.maxYuan', 'not {…}'],
  ['a list for an amount', 'payments: { maxYuan: [1] }', '2:22', 'payments.maxYuan', 'not […]'],
  ['an empty list for an amount', 'payments: { maxYuan: [] }', '2:22', 'payments.maxYuan', 'not []'],
  ['half a count', 'payments: { perDay: { count: 1.5 } }', '2:30', 'payments.perDay.count', 'not 1.5'],
  ['a negative count', 'payments: { perDay: { count: -1 } }', '2:30', 'payments.perDay.count', 'not -1'],
  ['a limit of nothing', 'payments:\n  perDay: {}', '3:11', 'payments.perDay', 'needs totalYuan or count'],
  ['a limit without a map', 'payments: { perDay: 5 }', '2:21', 'payments.perDay', 'values, not 5'],
  [
    'a wallet that is none',
    'payments: { providers: [alipay, wechat] }',
    '2:33',
    'payments.providers.1',
    'did you mean wechatpay?',
  ],
  [
    'a wallet without a list',
    'payments: { providers: alipay }',
    '2:24',
    'payments.providers',
    'must be a list',
  ],
  ['no wallet', 'payments: { providers: [] }', '2:24', 'payments.providers', 'at least one'],
  [
    'a scene that is none',
    'payments:\n  scenes:\n    - qr\n    - website',
    '5:7',
    'payments.scenes.1',
    'did you mean web?',
  ],
  ['nonsense hours', 'payments: { hours: "25:00-26:00" }', '2:20', 'payments.hours', 'Beijing time'],
  ['hours with more before', 'payments: { hours: "108:00-09:00" }', '2:20', 'payments.hours', 'Beijing time'],
  ['hours with more behind', 'payments: { hours: "08:00-09:000" }', '2:20', 'payments.hours', 'Beijing time'],
  ['hours of nothing', 'payments: { hours: "08:00-08:00" }', '2:20', 'payments.hours', 'allows nothing'],
  ['another purse', 'payments: { from: pocket }', '2:19', 'payments.from', 'must be budget'],
  ['foreign orders of another kind', 'foreignOrders: alow', '2:16', 'foreignOrders', 'did you mean allow?'],
  ['forms trusted otherwise', 'approvals: { form: on }', '2:20', 'approvals.form', 'trusted or off'],
  ['a client without a name', 'clients:\n  "": {}', '3:3', 'clients.', '1 to 64 characters'],
  [
    'a client with too long a name',
    `clients:\n  ${'c'.repeat(65)}: {}`,
    ...(['3:3', `clients.${'c'.repeat(65)}`, '1 to 64 characters'] as const),
  ],
  ...['operator', 'Settler', 'gateway', '0perator', 'sys tem'].map(
    (name): Wrong => [
      `a client that is called ${name}`,
      `clients:\n  cursor: {}\n  ${name}: {}`,
      ...(['4:3', `clients.${name}`, 'reserved'] as const),
    ],
  ),
  ['a list of clients', 'clients: [cursor]', '2:10', 'clients', 'must be a map'],
  ['a key twice', 'payments:\n  maxYuan: "1"\n  maxYuan: "2"', '4:3', 'payments.maxYuan', 'twice'],
  ['an open bracket', 'payments: {\n  maxYuan: "5"\nrefunds: {}', '4:1', '', 'not closed'],
  ['an open quote', 'payments:\n  maxYuan: "5\nrefunds: {}\n', '3:12', 'payments.maxYuan', 'not closed'],
  ['a tab', 'payments:\n\tmaxYuan: "5"', '3:1', '', 'spaces, not tabs'],
  ['two colons', 'payments: maxYuan: "5"', '2:11', '', 'indentation'],
  ['two documents', '---\nversion: 1', '2:1', '', 'one policy'],
  ['an alias', 'payments: &x { maxYuan: "1" }\nrefunds: *x', '3:10', 'refunds', 'aliases'],
  ['a merged map', '<<: { payments: { maxYuan: "1" } }', '2:1', '<<', 'no rule called <<'],
  ['an unknown tag', 'payments: !!money {}', '2:11', 'payments', 'not valid YAML'],
  ['a map for a name', '? [a, b]\n: 1', '2:3', '', 'not valid YAML'],
];
const WRONG: Wrong[] = [
  ...WRONG_RULES.map(([what, text, ...more]): Wrong => [what, `version: 1\n${text}`, ...more]),
  ['another version', 'version: 2', '1:10', 'version', 'must be 1'],
  ['a quoted version', 'version: "1"', '1:10', 'version', 'must be 1'],
  ['no version', '# rules\npayments: {}', '2:1', '', 'version: 1 is missing'],
  ['nothing', '', '1:1', '', 'version: 1 is missing'],
  [
    'a key twice in JSON',
    '{"version": 1,\n "payments": {"maxYuan": "5", "maxYuan": "6"}}',
    '2:31',
    'payments.maxYuan',
    'twice',
  ],
  ['an open bracket in JSON', '{"version": 1,\n"payments": {"maxYuan": "5"}', '2:29', '', 'not closed'],
];

describe('an error in a policy file', () => {
  it.each(WRONG)('with %s says where and what, in two languages', async (_, text, at, path, words) => {
    const [line, column] = at.split(':').map(Number);
    const error = await parse(text).then(
      () => undefined,
      (thrown: CashierError) => thrown,
    );
    expect(error).toMatchObject({
      code: 'CONFIGURATION',
      details: { variable: 'CASHIER_POLICY', line, column, ...(path === '' ? {} : { path }) },
    });
    const { zh = '', en = '' } = error?.text ?? {};
    expect(en).toContain(`CASHIER_POLICY: policy file /etc/policy.yaml, line ${line}, column ${column}`);
    expect(zh).toContain(`CASHIER_POLICY 规则文件 /etc/policy.yaml 第 ${line} 行第 ${column} 列`);
    expect(en).toContain(words);
    for (const sentence of [zh, en]) expect(sentence).toContain(path);
  });

  it.each(['- ', '[', '{"a":', '? ', '- [', 'a: &a [', '\n[', "[']',", '["]",', '[ # ]\n'])(
    'says so of %j without end',
    async (mark) => {
      for (const times of [200, 30_000]) {
        const { text } = (await parse(mark.repeat(times)).catch((error: unknown) => error)) as CashierError;
        expect(text.en).toContain('nested too deeply');
      }
    },
  );

  it('says so of lines that begin ever further to the right, and not of as many brackets that are closed', async () => {
    const stairs = Array.from({ length: 1_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
    await expect(parse(stairs)).rejects.toThrow('nested too deeply');
    const clients = Array.from({ length: 300 }, (_, i) => `  c${i}: { payments: { maxYuan: "1" } }`);
    const policy = await parse(['version: 1', 'clients:', ...clients].join('\n'));
    expect(Object.keys(policy.clients ?? {})).toHaveLength(300);
  });

  it('shows nothing of a file that is no policy', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----';
    for (const text of [key, `AP_APP_KEY=${key}`, `"${key}`, `- ${key}`, `{"a": "${key}`]) {
      await expect(parse(text)).rejects.toMatchObject({ code: 'CONFIGURATION' });
      await expect(parse(text)).rejects.not.toThrow(/MIIE/);
    }
  });
});

describe('what is to be delivered', () => {
  it.each([
    ['{ within: 30m }', 30, 'tell', '30m'],
    ['{ within: 24h, otherwise: refund }', 24 * 60, 'refund', '24h'],
    ['{ within: 36h, otherwise: tell }', 36 * 60, 'tell', '36h'],
    ['{ within: 7d, otherwise: propose-refund }', 7 * 24 * 60, 'propose-refund', '7d'],
    ['{ within: 90d }', 90 * 24 * 60, 'tell', '90d'],
  ])('%s is read, and told again', async (text, minutes, otherwise, within) => {
    const policy = await parse(`version: 1\ndelivery: ${text}\n`);
    expect(policy.delivery).toEqual({ withinMs: minutes * 60_000, otherwise });
    const words = Object.fromEntries(statedRules(policy));
    expect(words).toMatchObject({ 'delivery.within': within, 'delivery.otherwise': otherwise });
  });

  it.each([
    ['{ otherwise: refund }', 'delivery', 'needs within'],
    ['{ within: 24 }', 'delivery.within', 'must be a time'],
    ['{ within: 0h }', 'delivery.within', 'must be a time'],
    ['{ within: 91d }', 'delivery.within', 'must be a time'],
    ['{ within: 1w }', 'delivery.within', 'must be a time'],
    ['{ within: about 24h }', 'delivery.within', 'must be a time'],
    ['{ within: 24h or so }', 'delivery.within', 'must be a time'],
    ['{ within: [24h] }', 'delivery.within', 'must be a time'],
    ['{ within: 24h, otherwise: refunds }', 'delivery.otherwise', 'did you mean refund'],
    ['{ in: 24h }', 'delivery', 'in'],
  ])('%s is refused', async (text, path, words) => {
    const error: unknown = await parse(`version: 1\ndelivery: ${text}\n`).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFIGURATION', text: { en: expect.stringContaining(words) } });
    expect((error as { text: { en: string } }).text.en).toContain(path);
  });
});

describe('in words', () => {
  it('a policy is what its file states', async () => {
    expect(Object.fromEntries(statedRules(await parse(EXAMPLE)))).toEqual({
      'payments.maxYuan': '5000.00',
      'payments.approveAboveYuan': '500.00',
      'payments.perDay.totalYuan': '20000.00',
      'payments.perDay.count': '500',
      'payments.perMinute.count': '20',
      'payments.providers': 'alipay, wechatpay',
      'payments.scenes': 'qr, web, h5',
      'payments.hours': '08:00-23:00',
      'refunds.maxYuan': '500.00',
      'refunds.approveAboveYuan': '0.00',
      'refunds.perDay.totalYuan': '2000.00',
      'refunds.perDay.count': '50',
      'clients.cursor.payments.maxYuan': '100.00',
      'clients.cursor.refunds.from': 'budget',
      foreignOrders: 'refuse',
    });
  });

  it('a change is named by its rule', async () => {
    const changed = await parse(
      'version: 1\npayments: { maxYuan: "9000" }\nrefunds: { approveAboveYuan: none }\napprovals: { form: trusted }',
    );
    expect(changedRules(DEFAULT_POLICY, changed)).toEqual([
      { path: 'payments.maxYuan', inForce: '5000.00', offered: '9000.00' },
      { path: 'refunds.approveAboveYuan', inForce: '0.00', offered: 'none' },
      { path: 'approvals.form', inForce: undefined, offered: 'trusted' },
    ]);
    expect(changedRules(changed, changed)).toEqual([]);
  });
});
