import { CONFIRM_REFUSALS, scenarioOf, VERIFY_REFUSALS } from './alipay/a2m-words.ts';
import { DEDUCT_REFUSALS, deductScenario } from './alipay/agreement-words.ts';
import type { Provider } from './state/trades.ts';

/**
 * What a call or event is about. `create` is also the payer opening a locally signed Alipay link, `sign` the same with
 * what asks for an agreement; `agreement` asks how one stands, `replan` puts its next deduction off.
 */
export const OPERATIONS = [
  'create',
  'open',
  'pay',
  'query',
  'close',
  'refund',
  'query-refund',
  'notify',
  'verify',
  'confirm',
  'preorder',
  'sign',
  'deduct',
  'agreement',
  'replan',
  'unsign',
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
  | 'unlisted'
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

/** What steers a scenario, and whose it is. */
type Steers = Pick<Scenario, 'onTitle' | 'onReason' | 'times' | 'providers'>;

const ALIPAY: readonly Provider[] = ['alipay'];
const WECHATPAY: readonly Provider[] = ['wechatpay'];
/** Those who speak like WeChat Pay's APIv3. */
const V3: readonly Provider[] = [...WECHATPAY, 'douyinpay'];

const CREATE: Steers = { onTitle: ['create'], onReason: [] };
const REFUND: Steers = { onTitle: ['refund'], onReason: ['refund'] };
const NOTIFY: Steers = { onTitle: ['notify'], onReason: ['notify'] };
/** A token in the title steers the create call (a deduction creates, too), one in the reason the refund call. */
const CALL: Steers = { onTitle: ['create', 'deduct'], onReason: ['refund'] };
const ONCE: Steers = { ...CALL, times: 1 };
const CREATE_ONCE: Steers = { ...CREATE, times: 1 };
const REFUND_ONCE: Steers = { ...REFUND, times: 1 };
const OF_WECHATPAY = { providers: WECHATPAY };
const OF_V3 = { providers: V3 };
const OF_ALIPAY = { providers: ALIPAY };
/** Of those who answer with the address of a bill; others answer with the bill. */
const OF_ADDRESSES = { providers: [...ALIPAY, ...V3] };
const DEDUCT: Steers = { onTitle: ['deduct'], onReason: [], ...OF_ALIPAY };
const VERIFY: Steers = { onTitle: ['verify'], onReason: [], ...OF_ALIPAY };
/** What a bill as a whole gets wrong, by the control API; or about one payment or one refund, by a token. */
const BILL: Steers = { onTitle: ['bill'], onReason: [] };
const BILLED_PAYMENT: Steers = { onTitle: ['bill-line'], onReason: [] };
const BILLED_REFUND: Steers = { onTitle: [], onReason: ['bill-line'] };

/** A row for each code with which one of Alipay's calls about what agents buy can be refused. */
function refusals(
  call: 'verify' | 'confirm',
  zh: string,
  en: string,
  codes: Readonly<Record<string, readonly [zh: string, en: string]>>,
): Scenario[] {
  return Object.entries(codes).map(([code, [why, because]]) =>
    row(scenarioOf(call, code), `${zh}：${why}`, `${en}: ${because}`, { ...VERIFY, onTitle: [call] }),
  );
}

/** A row, with whether the call is carried out all the same where it is a fault of the answer. */
function row(
  name: string,
  zh: string,
  en: string,
  steers: Steers,
  answer?: readonly [AnswerFault, 'done' | 'not-done'],
): Scenario {
  const [fault, carriedOut] = answer ?? [];
  return { name, zh, en, ...steers, ...(fault && { answer: { fault, carriedOut: carriedOut === 'done' } }) };
}

/**
 * The one table of scenarios. `sim:<name>` in a payment's title or a refund's reason steers that order or refund;
 * `sim:<name>@<operation>*<n>` names the operation and how many calls; several tokens may stand together.
 */
export const SCENARIOS: readonly Scenario[] = [
  row(
    'auto-pay',
    '下单（或打开链接）后立即自动支付成功',
    'paid at once after create, or as soon as the link is opened',
    CREATE,
  ),
  row('lost-before', '连接中断，网关未执行', 'connection cut, nothing done', ONCE, ['cut', 'not-done']),
  row('lost-after', '网关已执行，但应答丢失', 'done, but the answer is lost', ONCE, ['cut', 'done']),
  row('lost-create-before', '首次下单连接中断，未执行', 'first create: cut, nothing done', CREATE_ONCE, [
    'cut',
    'not-done',
  ]),
  row('lost-create-after', '首次下单已执行，应答丢失', 'first create: done, answer lost', CREATE_ONCE, [
    'cut',
    'done',
  ]),
  row('refund-lost-before', '首次退款连接中断，未执行', 'first refund: cut, nothing done', REFUND_ONCE, [
    'cut',
    'not-done',
  ]),
  row('refund-lost-after', '首次退款已执行，应答丢失', 'first refund: done, answer lost', REFUND_ONCE, [
    'cut',
    'done',
  ]),
  row('slow', '三秒后才应答', 'answered after three seconds', CALL, ['slow', 'done']),
  row('declined', '网关明确拒绝（有签名）', 'a clear, signed business no', CALL, ['declined', 'not-done']),
  row('unsigned-decline', '未签名的拒绝', 'a business no without a signature', CALL, [
    'declined-unsigned',
    'not-done',
  ]),
  row(
    'unlisted-decline',
    '有签名、但文档中没有的拒绝码',
    'a signed no with a code that is in no document',
    { ...CALL, providers: ['douyinpay'] },
    ['unlisted', 'not-done'],
  ),
  row(
    'unsigned-not-exist',
    '未签名的“不存在”',
    'an unsigned "does not exist"',
    { onTitle: ['query'], onReason: ['query-refund'] },
    ['not-exist-unsigned', 'not-done'],
  ),
  row('system-error', '系统错误，未执行', 'system error, nothing done', ONCE, ['system-error', 'not-done']),
  row('system-error-done', '系统错误，但已执行', 'system error, yet done', ONCE, ['system-error', 'done']),
  row('rate-limited', '限流，未执行', 'rate limited, nothing done', ONCE, ['rate-limited', 'not-done']),
  row('rate-limited-done', '限流，但已受理', 'rate limited, yet accepted', ONCE, ['rate-limited', 'done']),
  row('forged-answer', '应答由错误的密钥签名', 'answer signed with a wrong key', ONCE, ['forged', 'done']),
  row('unsigned-answer', '成功应答没有签名', 'success without a signature', ONCE, ['unsigned', 'done']),
  row('stale-answer', '应答时间戳为十分钟前', 'answer signed ten minutes ago', { ...ONCE, ...OF_V3 }, [
    'stale',
    'done',
  ]),
  row(
    'signtest',
    '签名探测 WECHATPAY/SIGNTEST/',
    'the signature probe of WeChat Pay',
    { ...ONCE, ...OF_WECHATPAY },
    ['signtest', 'done'],
  ),
  row('garbage', '200 但不是 JSON', '200 with something that is not JSON', ONCE, ['garbage', 'done']),
  row('http-502', '502，但已执行', '502 from a proxy, yet done', ONCE, ['http-502', 'done']),
  row('balance', '商户余额不足，无法退款', 'balance too small for the refund', REFUND, [
    'balance',
    'not-done',
  ]),
  row('unknown-word', '返回文档中没有的状态', 'a state that is not in the documents', {
    onTitle: ['query'],
    onReason: ['refund', 'query-refund'],
  }),
  row(
    'wrong-amount',
    '查询、验证与通知多报一分钱',
    'query, verification and notification report one fen more',
    {
      onTitle: ['query', 'verify', 'notify'],
      onReason: ['query-refund', 'notify'],
    },
  ),
  row(
    'wrong-account',
    '查询（微信、抖音）与通知报告他人账户',
    'query (WeChat Pay, Douyin Pay) and notification report another account',
    { onTitle: ['query', 'notify'], onReason: ['notify'] },
  ),
  row('pay-after-close', '关闭或过期后仍可支付成功', 'can be paid although closed or expired', {
    onTitle: ['create', 'open', 'pay'],
    onReason: [],
  }),
  row('notify-twice', '通知发送两次', 'notified twice', NOTIFY),
  row('notify-late', '通知晚到十秒', 'notified ten seconds late', NOTIFY),
  row(
    'notify-forged',
    '未付款时收到错误密钥签名的“已付款”通知',
    'a notification signed with a wrong key claims payment as soon as the order is there',
    CREATE,
  ),
  row(
    'notify-by-certificate',
    '通知由平台证书签名（切换到公钥期间）',
    'the notification is signed with the platform certificate, as while WeChat Pay moves to its public key',
    { ...NOTIFY, ...OF_WECHATPAY },
  ),
  row(
    'new-certificate',
    '应答与通知改由新的平台证书签名',
    'answers about it and its notifications are signed with a new platform certificate',
    { onTitle: ['create', 'query', 'close', 'refund', 'notify'], onReason: [], providers: ['douyinpay'] },
  ),
  row('notify-never', '从不通知', 'never notified', NOTIFY),
  row('refund-processing', '退款一直处理中', 'the refund stays in processing', REFUND),
  row('refund-closed', '退款关闭（钱未退出）', 'the refund ends CLOSED, no money moved', {
    ...REFUND,
    ...OF_V3,
  }),
  row('refund-abnormal', '退款异常（用户账户问题）', 'the refund ends ABNORMAL', {
    ...REFUND,
    ...OF_V3,
  }),
  row('fund-change-n', '退款已执行，但应答 fund_change=N', 'refunded, but answered fund_change=N', {
    ...REFUND,
    providers: ALIPAY,
  }),
  row(
    'pay-asks-person',
    '买家智能体付款时须由人在收银台点击付款',
    'a bill that a buyer’s agent pays waits for a person to press the button',
    { onTitle: ['pay'], onReason: [], ...OF_ALIPAY },
  ),
  row(
    'verify-unnamed',
    '验证结果不带订单号与资源（沙箱）',
    'a proof is said to be worth something, but not what for',
    {
      ...VERIFY,
    },
  ),
  row('verify-inactive', '验证结果 active=false', 'a proof is said not to count', VERIFY),
  ...refusals('verify', '验证支付凭证', 'a proof is refused', VERIFY_REFUSALS),
  ...refusals('confirm', '确认履约', 'a fulfilment is refused', CONFIRM_REFUSALS),
  row('auto-sign', '打开签约链接即自动签约', 'an agreement is signed as soon as its link is opened', {
    ...DEDUCT,
    onTitle: ['sign'],
  }),
  row(
    'pay-without-signing',
    '支付并签约：付款成功但没有签约',
    'paid, but what was to be signed with it is not',
    {
      ...DEDUCT,
      onTitle: ['pay'],
    },
  ),
  row('agreement-gone', '查询协议：不存在（有签名）', 'an agreement is said not to exist, signed', {
    ...DEDUCT,
    onTitle: ['agreement'],
  }),
  row(
    'deduct-accepted',
    '扣款已受理，三秒后完成',
    'a deduction is accepted and done three seconds later',
    DEDUCT,
  ),
  row(
    'deduct-accepted-fails',
    '扣款已受理，三秒后失败（交易关闭）',
    'a deduction is accepted and ends without money three seconds later',
    DEDUCT,
  ),
  row(
    'deduct-accepted-refused',
    '扣款应答为错误码 ORDER_SUCCESS_PAY_INPROCESS，三秒后完成',
    'a deduction is answered with the code ORDER_SUCCESS_PAY_INPROCESS and done three seconds later',
    DEDUCT,
  ),
  ...Object.entries(DEDUCT_REFUSALS).map(([code, [why, because]]) =>
    row(deductScenario(code), `协议扣款被拒：${why}`, `a deduction is refused: ${because}`, DEDUCT),
  ),
  row('bill-missing', '账单漏记该收款', 'the bill leaves the payment out', BILLED_PAYMENT),
  row(
    'bill-extra',
    '账单多出一笔不存在的收款',
    'the bill has one more payment, of an order that nobody made',
    BILLED_PAYMENT,
  ),
  row('bill-amount', '账单多记一分钱', 'the bill has one fen more', BILLED_PAYMENT),
  row(
    'bill-unpaid',
    '账单记有未付款的订单',
    'the bill has the order although nobody has paid it',
    BILLED_PAYMENT,
  ),
  row('bill-fee', '账单手续费超过订单金额', 'the bill takes a fee larger than the amount', BILLED_PAYMENT),
  row('bill-fee-negative', '账单手续费为负', 'the bill gives a fee for a payment', {
    ...BILLED_PAYMENT,
    ...OF_V3,
  }),
  row('bill-refund-missing', '账单漏记该退款', 'the bill leaves the refund out', BILLED_REFUND),
  row(
    'bill-refund-extra',
    '账单多出一笔不存在的退款',
    'the bill has one more refund, which nobody made',
    BILLED_REFUND,
  ),
  row('bill-refund-amount', '账单退款多记一分钱', 'the bill refunds one fen more', BILLED_REFUND),
  row(
    'bill-refund-state',
    '账单退款状态不同（微信、抖音记为关闭；支付宝、银联把处理中的记为已退）',
    'the bill has another state: CLOSED at WeChat Pay and Douyin Pay, done at Alipay and UnionPay while it is in process',
    BILLED_REFUND,
  ),
  row('bill-creating', '账单正在生成', 'the bill is still being made', { ...BILL, ...OF_V3 }),
  row('bill-wrong-hash', '账单摘要不符', 'the file does not have the hash that was signed', {
    ...BILL,
    ...OF_V3,
  }),
  row('bill-truncated', '账单文件不完整', 'the second half of the file is missing', BILL),
  row('bill-redirect', '下载地址跳转到别处', 'the address redirects to another one', {
    ...BILL,
    ...OF_ADDRESSES,
  }),
  row('bill-elsewhere', '下载地址在另一主机', 'the address is on another host', {
    ...BILL,
    ...OF_ADDRESSES,
  }),
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
