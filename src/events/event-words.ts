import type { Text } from '../domain/errors.ts';
import type { DisabledWhy, EventData, EventType, OwnType } from './event.ts';

/** What a message feels like: money came, a word in passing, a person is wanted, something is off, something is wrong. */
export type Tone = 'good' | 'calm' | 'ask' | 'warn' | 'bad';

/**
 * How one type of event is told. In its sentences stand `{sum}` and `{what}` (a payment or a refund), `{n}`, and
 * `{budget}`, `{date}`, `{channel}`, `{payments}` of {@link EventData}.
 */
export interface EventWords {
  readonly tone: Tone;
  readonly one: Text;
  /** Of several that are summed up, with how many and what they come to. */
  readonly many: Text;
  /** What to know or do. */
  readonly advice?: Text;
}

const text = (zh: string, en: string): Text => ({ zh, en });

/** Of an event, or, where its data say more than its type, of its data. */
export function eventWords(type: EventType | OwnType, data: EventData): EventWords {
  if (type === 'approval.decided') return DECIDED[data.approval?.state ?? 'approved'] ?? DECIDED.approved;
  const words = WORDS[type];
  if (type === 'refund.failed' && data.state === 'ABNORMAL') return { ...words, advice: ABNORMAL };
  if (type === 'channel.disabled') return { ...words, advice: WHY_SILENT[data.why ?? 'unreachable'] };
  return words;
}

const ABNORMAL = text(
  '退款异常，需要在支付平台的商户后台处理。',
  'The refund is abnormal and has to be handled at the gateway.',
);

const NO_MONEY_MOVED = text(
  '没有资金变动。智能体再次请求时，会出现一个新的审批。',
  'No money moved. If the agent asks again, a new approval appears.',
);

const WORDS: Readonly<Record<EventType | OwnType, EventWords>> = {
  'payment.paid': {
    tone: 'good',
    one: text('收款 {sum}', 'Paid {sum}'),
    many: text('{n} 笔收款，共 {sum}', '{n} payments, {sum} in all'),
  },
  'payment.closed': {
    tone: 'calm',
    one: text('订单已关闭 {sum}', 'Order closed, {sum}'),
    many: text('{n} 个订单已关闭，共 {sum}', '{n} orders closed, {sum} in all'),
  },
  'payment.late': {
    tone: 'warn',
    one: text('关闭后收到付款 {sum}', 'Paid after it was closed, {sum}'),
    many: text('{n} 笔付款在关闭后到账，共 {sum}', '{n} payments after closing, {sum} in all'),
    advice: text('请查看订单，再交付或退款给买家。', 'See the order, then deliver it or refund the buyer.'),
  },
  'payment.unknown': {
    tone: 'warn',
    one: text('{what}结果待确认 {sum}', 'Result of a {what} unknown, {sum}'),
    many: text('{n} 笔结果待确认，共 {sum}', '{n} results unknown, {sum} in all'),
    advice: text(
      '支付平台 10 分钟没有给出结果，系统会继续查询。不要换单号，不要交付。',
      'The gateway has told no result for 10 minutes and is still being asked. Keep the number; do not deliver.',
    ),
  },
  'refund.succeeded': {
    tone: 'good',
    one: text('退款成功 {sum}', 'Refunded {sum}'),
    many: text('{n} 笔退款成功，共 {sum}', '{n} refunds, {sum} in all'),
    advice: text('原路退回，银行卡可能晚几天到账。', 'Bank cards may take days.'),
  },
  'refund.failed': {
    tone: 'bad',
    one: text('退款没有成功 {sum}', 'Refund failed, {sum}'),
    many: text('{n} 笔退款没有成功，共 {sum}', '{n} refunds failed, {sum} in all'),
    advice: text('买家没有收到这笔退款。', 'The buyer has not received this refund.'),
  },
  'approval.asked': {
    tone: 'ask',
    one: text('待审批：{what} {sum}', 'Approval needed: {what} of {sum}'),
    many: text('{n} 个审批待您决定，共 {sum}', '{n} approvals wait for you, {sum} in all'),
  },
  'approval.decided': {
    tone: 'calm',
    one: text('审批已有结果：{what} {sum}', 'Decided: {what} of {sum}'),
    many: text('{n} 个审批已有结果，共 {sum}', '{n} approvals decided, {sum} in all'),
  },
  'approval.expired': {
    tone: 'calm',
    one: text('审批已过期：{what} {sum}', 'Approval expired: {what} of {sum}'),
    many: text('{n} 个审批已过期，共 {sum}', '{n} approvals expired, {sum} in all'),
    advice: NO_MONEY_MOVED,
  },
  'delivery.overdue': {
    tone: 'warn',
    one: text('已付款，未按时交付 {sum}', 'Paid, not delivered in time, {sum}'),
    many: text('{n} 个订单未按时交付，共 {sum}', '{n} orders not delivered in time, {sum} in all'),
  },
  'policy.denied': {
    tone: 'warn',
    one: text('规则拒绝了 {n} 次请求', 'The rules refused requests: {n}'),
    many: text('规则拒绝了 {n} 次请求', 'The rules refused requests: {n}'),
  },
  'budget.low': {
    tone: 'warn',
    one: text('额度不多了：{budget} 还剩 {sum}', 'Allowance low: {budget} has {sum} left'),
    many: text('{n} 个额度不多了', 'Allowances that are low: {n}'),
    advice: text('追加额度：mcp-cashier budget top-up', 'To add to it: mcp-cashier budget top-up'),
  },
  'freeze.set': {
    tone: 'bad',
    one: text('收款和退款已暂停', 'Payments and refunds are paused'),
    many: text('收款和退款已暂停', 'Payments and refunds are paused'),
    advice: text(
      '恢复：在审批页，或执行 mcp-cashier unfreeze',
      'To resume: the approvals page, or mcp-cashier unfreeze',
    ),
  },
  'freeze.lifted': {
    tone: 'good',
    one: text('收款和退款已恢复', 'Payments and refunds go on'),
    many: text('收款和退款已恢复', 'Payments and refunds go on'),
  },
  'reconcile.differences': {
    tone: 'warn',
    one: text('{date} 的账单有 {n} 处差异', 'Differences from the bill of {date}: {n}'),
    many: text('账单有 {n} 处差异', 'Differences from bills: {n}'),
    advice: text(
      '查看：mcp-cashier reconcile --date {date}',
      'To see them: mcp-cashier reconcile --date {date}',
    ),
  },
  'reconcile.refused': {
    tone: 'warn',
    one: text('{date} 没有账单，没有自动对账', 'No bill of {date}: not reconciled'),
    many: text('{n} 天没有账单，没有自动对账', 'Days without a bill, not reconciled: {n}'),
    advice: text(
      '在商户平台查看账单，并开通下载账单的权限。之后会自动恢复对账，在那之前不再提醒。',
      'Look at the bill on the merchant platform, and permit its download. Bills are compared again as soon as they can be had; until then nothing more is said.',
    ),
  },
  'daily.summary': {
    tone: 'calm',
    one: text('{date} 收款 {sum}（{payments} 笔）', '{date}: {sum} from {payments} payments'),
    many: text('{n} 天共收款 {sum}', '{n} days: {sum}'),
  },
  'alarm.foreign-trade': {
    tone: 'bad',
    one: text(
      '警报：支付平台上这个单号是另一笔交易',
      'Alarm: the gateway has another trade under this number',
    ),
    many: text(
      '警报：{n} 个单号在支付平台上是别的交易',
      'Alarm: trades that are not ours under our numbers: {n}',
    ),
    advice: text('账本没有改变。请到商户后台核对。', 'The ledger is unchanged. Please check at the gateway.'),
  },
  'alarm.foreign-refund': {
    tone: 'bad',
    one: text(
      '警报：支付平台上这个退款单号是另一笔退款',
      'Alarm: the gateway has another refund under this number',
    ),
    many: text('警报：{n} 个退款单号是别的退款', 'Alarm: refunds that are not ours under our numbers: {n}'),
    advice: text('账本没有改变。请到商户后台核对。', 'The ledger is unchanged. Please check at the gateway.'),
  },
  'alarm.refunded-after-closed': {
    tone: 'bad',
    one: text(
      '警报：按关闭记账的退款，款项已经退出 {sum}',
      'Alarm: a refund taken for closed went out after all, {sum}',
    ),
    many: text(
      '警报：{n} 笔按关闭记账的退款已经退出',
      'Alarm: refunds taken for closed that went out after all: {n}',
    ),
    advice: text('请核对这笔订单退了多少。', 'Please check how much of the order was refunded.'),
  },
  'alarm.audit': {
    tone: 'bad',
    one: text('警报：账本的审计记录校验不通过', 'Alarm: the audit trail does not verify'),
    many: text('警报：账本的审计记录校验不通过', 'Alarm: the audit trail does not verify'),
    advice: text('查看：mcp-cashier audit verify', 'To see why: mcp-cashier audit verify'),
  },
  'subscription.signed': {
    tone: 'good',
    one: text('订阅已签约 {sum}', 'Subscription signed, {sum}'),
    many: text('{n} 个订阅已签约', 'Subscriptions signed: {n}'),
  },
  'subscription.due': {
    tone: 'calm',
    one: text('订阅待付款 {sum}', 'Subscription due, {sum}'),
    many: text('{n} 个订阅待付款', 'Subscriptions due: {n}'),
  },
  'subscription.charged': {
    tone: 'good',
    one: text('订阅扣款成功 {sum}', 'Subscription charged, {sum}'),
    many: text('{n} 笔订阅扣款成功，共 {sum}', '{n} subscriptions charged, {sum} in all'),
  },
  'subscription.failed': {
    tone: 'warn',
    one: text('订阅扣款没有成功 {sum}', 'Subscription charge failed, {sum}'),
    many: text('{n} 笔订阅扣款没有成功', 'Subscription charges failed: {n}'),
  },
  'subscription.paused': {
    tone: 'calm',
    one: text('订阅已暂停', 'Subscription paused'),
    many: text('{n} 个订阅已暂停', 'Subscriptions paused: {n}'),
  },
  'subscription.ended': {
    tone: 'calm',
    one: text('订阅已结束', 'Subscription ended'),
    many: text('{n} 个订阅已结束', 'Subscriptions ended: {n}'),
  },
  'call.paid': {
    tone: 'good',
    one: text('一次调用已付款 {sum}', 'A call was paid, {sum}'),
    many: text('{n} 次调用已付款，共 {sum}', '{n} calls paid, {sum} in all'),
  },
  'call.delivered': {
    tone: 'calm',
    one: text('一次调用已交付 {sum}', 'A call was delivered, {sum}'),
    many: text('{n} 次调用已交付', 'Calls delivered: {n}'),
  },
  'call.refunded': {
    tone: 'warn',
    one: text('一次调用已退款 {sum}', 'A call was refunded, {sum}'),
    many: text('{n} 次调用已退款，共 {sum}', '{n} calls refunded, {sum} in all'),
  },
  'call.paid-twice': {
    tone: 'warn',
    one: text('一次调用重复付款，正在退回 {sum}', 'A call was paid twice; {sum} goes back'),
    many: text('{n} 次调用重复付款，正在退回 {sum}', 'Calls paid twice: {n}; {sum} goes back'),
  },
  'call.refund-failed': {
    tone: 'bad',
    one: text('一次调用的退款没有成功 {sum}', 'The refund of a call failed, {sum}'),
    many: text('{n} 次调用的退款没有成功，共 {sum}', '{n} refunds of calls failed, {sum} in all'),
    advice: text(
      '服务器会再试；查明原因，或到商户后台处理。',
      'The server tries again. Find out why, or handle it at the gateway.',
    ),
  },
  'channel.disabled': {
    tone: 'bad',
    one: text('通知渠道已停用：{channel}', 'A channel is off: {channel}'),
    many: text('{n} 个通知渠道已停用', 'Channels that are off: {n}'),
  },
  'channel.test': {
    tone: 'calm',
    one: text('测试消息', 'Test message'),
    many: text('{n} 条测试消息', 'Test messages: {n}'),
    advice: text('收到这条消息，说明这个通知渠道可用。', 'If you can read this, the channel works.'),
  },
};

const DECIDED: Readonly<Record<string, EventWords>> & { readonly approved: EventWords } = {
  approved: { ...WORDS['approval.decided'], one: text('已批准：{what} {sum}', 'Approved: {what} of {sum}') },
  denied: {
    ...WORDS['approval.decided'],
    one: text('已拒绝：{what} {sum}', 'Denied: {what} of {sum}'),
    advice: text('没有资金变动。', 'No money moved.'),
  },
  failed: {
    ...WORDS['approval.decided'],
    tone: 'warn',
    one: text('批准后没有执行：{what} {sum}', 'Approved, but not carried out: {what} of {sum}'),
    advice: NO_MONEY_MOVED,
  },
  expired: WORDS['approval.expired'],
};

const OPEN_AGAIN = text('改正后执行：', 'Then: ');
const WHY_SILENT: Readonly<Record<DisabledWhy, Text>> = {
  'wrong-key': silent(
    '地址或密钥不正确（或时钟相差超过一小时）。',
    'Its address or key is wrong (or the clocks are an hour apart).',
  ),
  removed: silent('机器人或接收端已被移除。', 'Its robot or endpoint has been removed.'),
  refused: silent(
    '平台不收这里的消息：检查关键词和 IP 白名单。',
    'It takes no message from here: check its keywords and its list of addresses.',
  ),
  unreachable: silent('很久没有一条消息送达。', 'Nothing has arrived there for a long time.'),
};

function silent(zh: string, en: string): Text {
  return {
    zh: `${zh}${OPEN_AGAIN.zh}mcp-cashier channels enable {channel}`,
    en: `${en} ${OPEN_AGAIN.en}mcp-cashier channels enable {channel}`,
  };
}
