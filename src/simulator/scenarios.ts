import type { Provider } from './state/trades.ts';

/** What a call or event is about. `create` is also the payer opening a locally signed Alipay link. */
export const OPERATIONS = [
  'create',
  'open',
  'pay',
  'query',
  'close',
  'refund',
  'query-refund',
  'notify',
  'bill',
  'bill-line',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** How the answer to a gateway call goes wrong. */
export type AnswerFault =
  | 'cut'
  | 'slow'
  | 'declined'
  | 'declined-unsigned'
  | 'not-exist-unsigned'
  | 'balance'
  | 'system-error'
  | 'rate-limited'
  | 'forged'
  | 'unsigned'
  | 'stale'
  | 'signtest'
  | 'garbage'
  | 'http-502';

/** One row of the table: a thing that goes other than well, and what steers it. */
export interface Scenario {
  readonly name: string;
  readonly zh: string;
  readonly en: string;
  /** Whose; every wallet's when absent. */
  readonly providers?: readonly Provider[];
  /** What a token in the payment's title steers. */
  readonly onTitle: readonly Operation[];
  /** What a token in the refund's reason steers. */
  readonly onReason: readonly Operation[];
  /** How many calls a token steers; every one when absent. */
  readonly times?: number;
  /** For faults of an answer: which, and whether the call is carried out all the same. */
  readonly answer?: { readonly fault: AnswerFault; readonly carriedOut: boolean };
}

const ALIPAY: readonly Provider[] = ['alipay'];
const WECHATPAY: readonly Provider[] = ['wechatpay'];

/** Faults of an answer: a title token steers the create call, a reason token the refund call. */
function answer(
  name: string,
  fault: AnswerFault,
  carriedOut: boolean,
  zh: string,
  en: string,
  more: Partial<Scenario> = {},
): Scenario {
  const steers: Pick<Scenario, 'onTitle' | 'onReason'> = { onTitle: ['create'], onReason: ['refund'] };
  return { name, zh, en, ...steers, answer: { fault, carriedOut }, ...more };
}

/** What a bill gets wrong about one payment (token in the title) or one refund (token in the reason). */
function billLine(about: 'payment' | 'refund', row: Pick<Scenario, 'name' | 'zh' | 'en'>): Scenario {
  const steers: readonly Operation[] = ['bill-line'];
  const [onTitle, onReason] = about === 'payment' ? [steers, []] : [[], steers];
  return { ...row, onTitle, onReason };
}

/** What is wrong with a bill as a whole; steered by the control API. */
function bill(name: string, zh: string, en: string, providers?: readonly Provider[]): Scenario {
  return { name, zh, en, ...(providers && { providers }), onTitle: ['bill'], onReason: [] };
}

const ONCE = { times: 1 };
const CREATE_ONLY = { times: 1, onReason: [] };
const REFUND_ONLY = { times: 1, onTitle: ['refund'] as const };

const BILL_SCENARIOS: readonly Scenario[] = [
  billLine('payment', { name: 'bill-missing', zh: '账单漏记该收款', en: 'the bill leaves the payment out' }),
  billLine('payment', {
    name: 'bill-extra',
    zh: '账单多出一笔不存在的收款',
    en: 'the bill has one more payment, of an order that nobody made',
  }),
  billLine('payment', { name: 'bill-amount', zh: '账单多记一分钱', en: 'the bill has one fen more' }),
  billLine('payment', {
    name: 'bill-unpaid',
    zh: '账单记有未付款的订单',
    en: 'the bill has the order although nobody has paid it',
  }),
  billLine('payment', {
    name: 'bill-fee',
    zh: '账单手续费超过订单金额',
    en: 'the bill takes a fee larger than the amount',
  }),
  {
    ...billLine('payment', {
      name: 'bill-fee-negative',
      zh: '账单手续费为负',
      en: 'the bill gives a fee for a payment',
    }),
    providers: WECHATPAY,
  },
  billLine('refund', {
    name: 'bill-refund-missing',
    zh: '账单漏记该退款',
    en: 'the bill leaves the refund out',
  }),
  billLine('refund', {
    name: 'bill-refund-extra',
    zh: '账单多出一笔不存在的退款',
    en: 'the bill has one more refund, which nobody made',
  }),
  billLine('refund', {
    name: 'bill-refund-amount',
    zh: '账单退款多记一分钱',
    en: 'the bill refunds one fen more',
  }),
  billLine('refund', {
    name: 'bill-refund-state',
    zh: '账单退款状态不同（微信记为关闭；支付宝把处理中的记为已退）',
    en: 'the bill has another state: CLOSED at WeChat Pay, done at Alipay while it is in process',
  }),
  bill('bill-creating', '账单正在生成', 'the bill is still being made', WECHATPAY),
  bill('bill-wrong-hash', '账单摘要不符', 'the file does not have the hash that was signed', WECHATPAY),
  bill('bill-truncated', '账单文件不完整', 'the second half of the file is missing'),
  bill('bill-redirect', '下载地址跳转到别处', 'the address redirects to another one'),
  bill('bill-elsewhere', '下载地址在另一主机', 'the address is on another host'),
];

/**
 * The one table of scenarios. `sim:<name>` in a payment's title or a refund's reason steers that order or refund;
 * `sim:<name>@<operation>*<n>` names the operation and how many calls; several tokens may stand together.
 */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'auto-pay',
    zh: '下单（或打开链接）后立即自动支付成功',
    en: 'paid at once after create, or as soon as the link is opened',
    onTitle: ['create'],
    onReason: [],
  },
  answer('lost-before', 'cut', false, '连接中断，网关未执行', 'connection cut, nothing done', ONCE),
  answer('lost-after', 'cut', true, '网关已执行，但应答丢失', 'done, but the answer is lost', ONCE),
  answer(
    'lost-create-before',
    'cut',
    false,
    '首次下单连接中断，未执行',
    'first create: cut, nothing done',
    CREATE_ONLY,
  ),
  answer(
    'lost-create-after',
    'cut',
    true,
    '首次下单已执行，应答丢失',
    'first create: done, answer lost',
    CREATE_ONLY,
  ),
  answer(
    'refund-lost-before',
    'cut',
    false,
    '首次退款连接中断，未执行',
    'first refund: cut, nothing done',
    REFUND_ONLY,
  ),
  answer(
    'refund-lost-after',
    'cut',
    true,
    '首次退款已执行，应答丢失',
    'first refund: done, answer lost',
    REFUND_ONLY,
  ),
  answer('slow', 'slow', true, '三秒后才应答', 'answered after three seconds'),
  answer('declined', 'declined', false, '网关明确拒绝（有签名）', 'a clear, signed business no'),
  answer('unsigned-decline', 'declined-unsigned', false, '未签名的拒绝', 'a business no without a signature'),
  {
    ...answer(
      'unsigned-not-exist',
      'not-exist-unsigned',
      false,
      '未签名的“不存在”',
      'an unsigned "does not exist"',
    ),
    onTitle: ['query'],
    onReason: ['query-refund'],
  },
  answer('system-error', 'system-error', false, '系统错误，未执行', 'system error, nothing done', ONCE),
  answer('system-error-done', 'system-error', true, '系统错误，但已执行', 'system error, yet done', ONCE),
  answer('rate-limited', 'rate-limited', false, '限流，未执行', 'rate limited, nothing done', ONCE),
  answer('rate-limited-done', 'rate-limited', true, '限流，但已受理', 'rate limited, yet accepted', ONCE),
  answer('forged-answer', 'forged', true, '应答由错误的密钥签名', 'answer signed with a wrong key', ONCE),
  answer('unsigned-answer', 'unsigned', true, '成功应答没有签名', 'success without a signature', ONCE),
  answer('stale-answer', 'stale', true, '应答时间戳为十分钟前', 'answer signed ten minutes ago', {
    times: 1,
    providers: WECHATPAY,
  }),
  answer('signtest', 'signtest', true, '签名探测 WECHATPAY/SIGNTEST/', 'the signature probe of WeChat Pay', {
    times: 1,
    providers: WECHATPAY,
  }),
  answer('garbage', 'garbage', true, '200 但不是 JSON', '200 with something that is not JSON', ONCE),
  answer('http-502', 'http-502', true, '502，但已执行', '502 from a proxy, yet done', ONCE),
  answer('balance', 'balance', false, '商户余额不足，无法退款', 'balance too small for the refund', {
    onTitle: ['refund'],
  }),
  {
    name: 'unknown-word',
    zh: '返回文档中没有的状态',
    en: 'a state that is not in the documents',
    onTitle: ['query'],
    onReason: ['refund', 'query-refund'],
  },
  {
    name: 'wrong-amount',
    zh: '查询与通知多报一分钱',
    en: 'query and notification report one fen more',
    onTitle: ['query', 'notify'],
    onReason: ['query-refund', 'notify'],
  },
  {
    name: 'wrong-account',
    zh: '查询（微信）与通知报告他人账户',
    en: 'query (WeChat Pay) and notification report another account',
    onTitle: ['query', 'notify'],
    onReason: ['notify'],
  },
  {
    name: 'pay-after-close',
    zh: '关闭或过期后仍可支付成功',
    en: 'can be paid although closed or expired',
    onTitle: ['create', 'open', 'pay'],
    onReason: [],
  },
  {
    name: 'notify-twice',
    zh: '通知发送两次',
    en: 'notified twice',
    onTitle: ['notify'],
    onReason: ['notify'],
  },
  {
    name: 'notify-late',
    zh: '通知晚到十秒',
    en: 'notified ten seconds late',
    onTitle: ['notify'],
    onReason: ['notify'],
  },
  {
    name: 'notify-forged',
    zh: '未付款时收到错误密钥签名的“已付款”通知',
    en: 'a notification signed with a wrong key claims payment as soon as the order is there',
    onTitle: ['create'],
    onReason: [],
  },
  {
    name: 'notify-by-certificate',
    zh: '通知由平台证书签名（切换到公钥期间）',
    en: 'the notification is signed with the platform certificate, as while WeChat Pay moves to its public key',
    providers: WECHATPAY,
    onTitle: ['notify'],
    onReason: ['notify'],
  },
  {
    name: 'notify-never',
    zh: '从不通知',
    en: 'never notified',
    onTitle: ['notify'],
    onReason: ['notify'],
  },
  {
    name: 'refund-processing',
    zh: '退款一直处理中',
    en: 'the refund stays in processing',
    onTitle: ['refund'],
    onReason: ['refund'],
  },
  {
    name: 'refund-closed',
    zh: '退款关闭（钱未退出）',
    en: 'the refund ends CLOSED, no money moved',
    providers: WECHATPAY,
    onTitle: ['refund'],
    onReason: ['refund'],
  },
  {
    name: 'refund-abnormal',
    zh: '退款异常（用户账户问题）',
    en: 'the refund ends ABNORMAL',
    providers: WECHATPAY,
    onTitle: ['refund'],
    onReason: ['refund'],
  },
  {
    name: 'fund-change-n',
    zh: '退款已执行，但应答 fund_change=N',
    en: 'refunded, but answered fund_change=N',
    providers: ALIPAY,
    onTitle: ['refund'],
    onReason: ['refund'],
  },
  ...BILL_SCENARIOS,
];

const BY_NAME: ReadonlyMap<string, Scenario> = new Map(
  SCENARIOS.map((scenario) => [scenario.name, scenario]),
);

/** The page's table of all of them; where a word steers, and at which gateway. */
export function scenariosTable(language: 'zh' | 'en'): string {
  const zh = language === 'zh';
  const head = zh ? '| 词 | 发生什么 | 写在 |' : '| word | what happens | in |';
  const rows = SCENARIOS.map(({ name, providers, onTitle, onReason, ...text }) => {
    const places = [
      ...(onTitle.length > 0 ? [zh ? '商品名' : 'title'] : []),
      ...(onReason.length > 0 ? [zh ? '原因' : 'reason'] : []),
    ];
    const only = !providers ? '' : zh ? `（仅 ${providers.join('、')}）` : ` (${providers.join(', ')} only)`;
    return `| \`sim:${name}\` | ${text[language]}${only} | ${places.join(zh ? '、' : ', ') || '–'} |`;
  });
  return [head, '|---|---|---|', ...rows].join('\n');
}

export function scenarioNamed(name: string): Scenario | undefined {
  return BY_NAME.get(name);
}

/** Whether a scenario can happen at a wallet's gateway. */
export function isFor({ providers }: Scenario, provider: Provider): boolean {
  return !providers || providers.includes(provider);
}

/** A `sim:` token: a scenario with the operations and number of calls it steers. */
export interface Token {
  readonly scenario: Scenario;
  readonly operations: readonly Operation[];
  readonly times: number | undefined;
  /** The token as written. */
  readonly text: string;
}

const TOKEN = /sim:([a-z0-9]+(?:-[a-z0-9]+)*)(?:@([a-z]+(?:-[a-z]+)*))?(?:\*(\d{1,3}))?/g;

/** The tokens in a title or reason. Names that are not in the table steer nothing. */
export function tokensIn(
  text: string | undefined,
  place: 'onTitle' | 'onReason',
  provider: Provider,
): Token[] {
  const tokens: Token[] = [];
  for (const [written, name = '', operation, times] of (text ?? '').matchAll(TOKEN)) {
    const scenario = BY_NAME.get(name);
    if (!scenario || !isFor(scenario, provider)) continue;
    tokens.push({
      scenario,
      operations: operation ? OPERATIONS.filter((known) => known === operation) : scenario[place],
      times: times ? Number(times) : scenario.times,
      text: written,
    });
  }
  return tokens;
}
