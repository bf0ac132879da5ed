import { beijingInstant } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import { fen, toYuan } from '../domain/money.ts';
import type { AuditDetails, AuditKind } from '../ledger/audit-kinds.ts';
import type { AuditRecord, OwedWhy } from '../ledger/records.ts';
import { toldDetail } from '../ledger/told-detail.ts';

export type Language = keyof Text;

/** Of an older record, or one that somebody edited, anything may be missing. */
type Detail = Readonly<Record<string, unknown>>;
type Sentence<Kind extends AuditKind> = (detail: Partial<AuditDetails[Kind]>, about: string) => Text;

/** What one record says, as a sentence for a person; who did it stands beside it. */
export function words({ kind, outRefundNo, detail }: AuditRecord, language: Language): string {
  const about = outRefundNo === undefined ? '' : ` ${outRefundNo}`;
  if (!isKind(kind)) return `${kind}${about}${facts(detail)}`;
  return (SENTENCES[kind] as (detail: Detail, about: string) => Text)(detail, about)[language];
}

/** Whether it is one of this version's. */
function isKind(kind: string): kind is AuditKind {
  return Object.hasOwn(SENTENCES, kind);
}

/** Why the server owes it. */
const OWED_WHY: Readonly<Record<string, Text>> = {
  trial: { zh: '体验版', en: 'trial edition' },
  call: { zh: '付费调用没有交付', en: 'a paid call was not delivered' },
  'paid-twice': { zh: '重复付款', en: 'paid once more' },
} satisfies Readonly<Record<OwedWhy, Text>>;

const SENTENCES: { readonly [Kind in AuditKind]: Sentence<Kind> } = {
  call: (d) => ({
    zh: `发起调用${said(d.client, '，程序自称 ')}${meta(d, '，附言 ')}`,
    en: `called${said(d.client, ', a program that calls itself ')}${meta(d, ', with _meta ')}`,
  }),
  result: ({ code, ...rest }) =>
    code === undefined
      ? { zh: `已答复${facts(rest)}`, en: `answered${facts(rest)}` }
      : { zh: `已拒绝 ${code}${facts(rest)}`, en: `refused ${code}${facts(rest)}` },
  'order-created': (d) => ({
    zh: `登记订单：${d.provider} ${d.scene} ${yuan(d.amountFen)} 元`,
    en: `order recorded: ${d.provider} ${d.scene} ${yuan(d.amountFen)} yuan`,
  }),
  'order-sent': (d) => ({
    zh: `下单意图已提交，即将发送给支付平台${moved(d)}`,
    en: `the intent is committed, it now goes to the gateway${moved(d)}`,
  }),
  'order-notpay': (d) => ({
    zh: `支付平台确认：等待付款${moved(d)}`,
    en: `the gateway says: waiting for the buyer${moved(d)}`,
  }),
  'order-paid': (d) => ({ zh: `支付平台证明：已付款${moved(d)}`, en: `the gateway proves: paid${moved(d)}` }),
  'order-closed': (d) => ({ zh: `订单关闭${moved(d)}`, en: `closed${moved(d)}` }),
  'order-declined': (d) => ({
    zh: `没有生成：支付平台拒绝，或请求没有发出${moved(d)}`,
    en: `not made: the gateway declined, or nothing was sent${moved(d)}`,
  }),
  'order-unknown': (d) => ({ zh: `结果待确认${moved(d)}`, en: `result unknown${moved(d)}` }),
  'order-denied': (d) => ({ zh: `商家不同意${moved(d)}`, en: `denied by a person${moved(d)}` }),
  'order-withdrawn': (d) => ({ zh: `发送前撤回${moved(d)}`, en: `withdrawn before it was sent${moved(d)}` }),
  'order-reopened': (d) => ({ zh: `同一调用再次提出${moved(d)}`, en: `asked for again${moved(d)}` }),
  'order-adopted': (d) => ({
    zh: `其他系统的订单，经支付平台证明后纳入账本${moved(d)}`,
    en: `an order of another system, taken into the ledger on the gateway's proof${moved(d)}`,
  }),
  'offer-made': (d) => ({
    zh: `登记收款：${yuan(d.amountFen)} 元，支付方式由买家选择`,
    en: `payment recorded: ${yuan(d.amountFen)} yuan, the buyer chooses how to pay`,
  }),
  'offer-closed': () => ({ zh: '买家选择之前关闭', en: 'closed before the buyer chose' }),
  'owed-made': (d, about) => ({
    zh: `服务器应退${about}：${yuan(d.amountFen)} 元，${instant(d.dueAt)} 起自动退款${said(OWED_WHY[d.why ?? '']?.zh, '，原因：')}`,
    en: `the server owes${about} ${yuan(d.amountFen)} yuan, to be paid back from ${instant(d.dueAt)} on${said(OWED_WHY[d.why ?? '']?.en, ': ')}`,
  }),
  'owed-refused': (d, about) => ({
    zh: `自动退款暂时退不出${about}${said(d.code, '：')}，服务器会再试`,
    en: `the server cannot pay it back for now${about}${said(d.code, ': ')}; it tries again`,
  }),
  'owed-settled': (_, about) => ({
    zh: `应退款项已全部退回${about}`,
    en: `all that was owed has gone back${about}`,
  }),
  'call-paid': (d) => ({
    zh: `一次调用已付款：${yuan(d.amountFen)} 元`,
    en: `a call is paid for: ${yuan(d.amountFen)} yuan`,
  }),
  'call-claimed': () => ({ zh: '开始向上游执行调用', en: 'the call goes to the upstream' }),
  'call-released': () => ({
    zh: '调用没有执行，可以重试',
    en: 'the call was not carried out and may be again',
  }),
  'call-stored': (d) => ({
    zh: `上游的回答已保存（${d.status}）`,
    en: `the upstream's answer was stored (${d.status})`,
  }),
  'call-delivered': () => ({ zh: '结果已交付买家', en: 'the result was delivered' }),
  'call-confirmed': () => ({ zh: '支付平台已确认履约', en: 'the gateway has confirmed the delivery' }),
  'call-owed': (d) => ({
    zh: `没有结果可交付，应退款（${d.why}）`,
    en: `nothing to deliver, the money is owed back (${d.why})`,
  }),
  'call-refunded': () => ({ zh: '调用的款项已退回', en: 'the money for the call went back' }),
  'call-paid-twice': (d) => ({
    zh: d.late ? '调用已过期，这笔款应退回' : '这次调用已有另一笔付款，这笔款应退回',
    en: d.late
      ? 'too late for the call: this money is owed back'
      : 'the call was paid before: this money is owed back',
  }),
  'subscription-created': (d) => ({
    zh: `新建订阅：每期 ${yuan(d.amountFen)} 元，${d.mode === 'auto' ? '自动扣款' : '到期提醒'}`,
    en: `a subscription of ${yuan(d.amountFen)} yuan a period, ${d.mode === 'auto' ? 'charged by the server' : 'with reminders'}`,
  }),
  'subscription-signed': (d) => ({
    zh: `订阅已签约${moved(d)}`,
    en: `the subscription is signed${moved(d)}`,
  }),
  'subscription-paused': (d) => ({
    zh: `有一期没有付款，订阅暂停${moved(d)}`,
    en: `a period was not paid, the subscription is paused${moved(d)}`,
  }),
  'subscription-resumed': (d) => ({
    zh: `又有一期已付款，订阅恢复${moved(d)}`,
    en: `a period was paid again, the subscription goes on${moved(d)}`,
  }),
  'subscription-ending': (d) => ({
    zh: `不再扣款，等待支付平台确认解约${moved(d)}`,
    en: `nothing more is charged, the gateway is to confirm the end${moved(d)}`,
  }),
  'subscription-doubted': (d) => ({
    zh: `支付平台的签约状态无法识别${moved(d)}`,
    en: `the gateway says what is not known of the agreement${moved(d)}`,
  }),
  'subscription-ended': (d) => ({
    zh: `订阅结束${moved(d)}`,
    en: `the subscription has ended${moved(d)}`,
  }),
  'subscription-due': (d) => ({
    zh: `订阅 ${d.contract} 第 ${d.period} 期应付 ${yuan(d.amountFen)} 元，${instant(d.untilAt)} 之前`,
    en: `period ${d.period} of subscription ${d.contract}: ${yuan(d.amountFen)} yuan due before ${instant(d.untilAt)}`,
  }),
  'subscription-charged': (d) => ({
    zh: `订阅 ${d.contract} 第 ${d.period} 期已付 ${yuan(d.amountFen)} 元`,
    en: `period ${d.period} of subscription ${d.contract} is paid: ${yuan(d.amountFen)} yuan`,
  }),
  'subscription-failed': (d) => ({
    zh: `订阅 ${d.contract} 第 ${d.period} 期扣款被拒绝（${d.code}）`,
    en: `period ${d.period} of subscription ${d.contract} was refused (${d.code})`,
  }),
  'subscription-missed': (d) => ({
    zh: `订阅 ${d.contract} 第 ${d.period} 期到期未付`,
    en: `period ${d.period} of subscription ${d.contract} was not paid in time`,
  }),
  'delivery-awaited': (d) =>
    d.overdueAt === undefined
      ? { zh: '等待交付', en: 'to be delivered' }
      : { zh: `${instant(d.overdueAt)} 之前应交付`, en: `to be delivered before ${instant(d.overdueAt)}` },
  'delivery-confirmed': () => ({ zh: '已确认交付', en: 'said to be delivered' }),
  'delivery-overdue': (d) => ({
    zh: `逾期未交付，自 ${instant(d.since)} 起；处理：${d.course}`,
    en: `not delivered in time, overdue since ${instant(d.since)}; what comes of it: ${d.course}`,
  }),
  'order-given': () => ({
    zh: '付款码或链接记入账本，可以给出',
    en: 'a code or link was stored, to be given out',
  }),
  'order-disowned': (d) => ({
    zh: `从未给出付款码，收款属于其他系统，不再算作本账本的${moved(d)}`,
    en: `no code was ever given out: the payment is another system's, and no more this ledger's${moved(d)}`,
  }),
  'order-in-doubt': (d) => ({
    zh: `自 ${instant(d.since)} 起结果待确认`,
    en: `result unknown since ${instant(d.since)}`,
  }),
  'approval-expired': (d, about) => ({
    zh: `审批过期${about}${said(d.approval, '：')}`,
    en: `the approval has expired${about}${said(d.approval, ': ')}`,
  }),
  'policy-denied': (d) => ({
    zh: `自 ${instant(d.since)} 起被规则拒绝的调用：${d.count} 次${facts(d.rules ?? {})}`,
    en: `calls that the rules refused since ${instant(d.since)}: ${d.count}${facts(d.rules ?? {})}`,
  }),
  'allowance-low': (d) => ({
    zh: `额度${said(d.budget, ' ')} 不足：还剩 ${yuan(d.leftFen)} 元`,
    en: `the allowance${said(d.budget, ' ')} is low: ${yuan(d.leftFen)} yuan left`,
  }),
  'bill-refused': (d) => ({
    zh: `${d.provider} ${d.date} 的账单没有得到（${d.code}），没有对账`,
    en: `no bill of ${d.provider} for ${d.date} (${d.code}); not reconciled`,
  }),
  'day-summed': (d) => ({
    zh: `${d.date} 小结：收款 ${d.paidCount} 笔，退款 ${d.refundedCount} 笔`,
    en: `${d.date} summed up: payments ${d.paidCount}, refunds ${d.refundedCount}`,
  }),
  'bill-differs': (d) => ({
    zh: `${d.provider} ${d.date} 的账单与账本有 ${d.count} 处差异`,
    en: `the bill of ${d.provider} for ${d.date} differs from the ledger in ${d.count} places`,
  }),
  'trail-broken': (d) => ({
    zh: `核对发现记录被改动：${d.count} 处${said(d.seq, '，首先见于记录 ')}`,
    en: `verification has found changes: ${d.count}${said(d.seq, ', the first at record ')}`,
  }),
  'channel-disabled': (d) => ({
    zh: `通知渠道 ${d.channel} 已停用：${d.why}${said(d.code, ' ')}`,
    en: `channel ${d.channel} was disabled: ${d.why}${said(d.code, ' ')}`,
  }),
  'channel-enabled': (d) => ({
    zh: `通知渠道 ${d.channel} 已恢复`,
    en: `channel ${d.channel} was enabled`,
  }),
  'channel-replayed': (d) => ({
    zh: `通知渠道 ${d.channel} 从 ${instant(d.since)} 起重新通知`,
    en: `channel ${d.channel} is told again what happened since ${instant(d.since)}`,
  }),
  'gateway-refunded': (d) => ({
    zh: `支付平台证明：累计已退款${typeof d.gatewayRefunded === 'number' ? ` ${yuan(d.gatewayRefunded)} 元` : '，金额未告知'}`,
    en: `the gateway proves: refunded in all ${typeof d.gatewayRefunded === 'number' ? `${yuan(d.gatewayRefunded)} yuan` : 'a sum that it does not tell'}`,
  }),
  'operator-released': (_d, about) => ({
    zh: `操作员核实后释放${about}`,
    en: `released${about} by the operator, who has looked it up`,
  }),
  'refund-created': (d, about) => ({
    zh: `登记退款${about}：${yuan(d.amountFen)} 元`,
    en: `refund${about} recorded: ${yuan(d.amountFen)} yuan`,
  }),
  'refund-sent': (d, about) => ({
    zh: `退款${about} 意图已提交，即将发送给支付平台${moved(d)}`,
    en: `the intent of refund${about} is committed, it now goes to the gateway${moved(d)}`,
  }),
  'refund-processing': (d, about) => ({
    zh: `支付平台受理退款${about}${moved(d)}`,
    en: `the gateway has accepted refund${about}${moved(d)}`,
  }),
  'refund-success': (d, about) => ({
    zh: `支付平台证明：退款${about} 成功${moved(d)}`,
    en: `the gateway proves: refund${about} succeeded${moved(d)}`,
  }),
  'refund-closed': (d, about) => ({
    zh: `退款${about} 关闭，没有退出${moved(d)}`,
    en: `refund${about} closed, nothing went out${moved(d)}`,
  }),
  'refund-abnormal': (d, about) => ({
    zh: `退款${about} 异常，需商家处理${moved(d)}`,
    en: `refund${about} is abnormal, the merchant must act${moved(d)}`,
  }),
  'refund-declined': (d, about) => ({
    zh: `退款${about} 没有发生：支付平台拒绝，或请求没有发出${moved(d)}`,
    en: `refund${about} did not happen: declined, or nothing was sent${moved(d)}`,
  }),
  'refund-denied': (d, about) => ({
    zh: `商家不同意退款${about}${moved(d)}`,
    en: `refund${about} denied by a person${moved(d)}`,
  }),
  'refund-reopened': (d, about) => ({
    zh: `再次申请退款${about}${moved(d)}`,
    en: `refund${about} asked for again${moved(d)}`,
  }),
  'approval-asked': (d, about) => ({
    zh: `待审批${about}：规则 ${d.rule}${said(d.approval, '，审批 ')}`,
    en: `a person must approve${about}: rule ${d.rule}${said(d.approval, ', approval ')}`,
  }),
  'approval-approved': (d, about) => ({
    zh: `已批准${about}${decided(d, by(d.decidedBy, '，在 ', '，由 '), '，理由 ')}`,
    en: `approved${about}${decided(d, by(d.decidedBy, ', at the ', ', by '), ', because ')}`,
  }),
  'approval-denied': (d, about) => ({
    zh: `已拒绝${about}${decided(d, by(d.decidedBy, '，在 ', '，由 '), '，理由 ')}`,
    en: `denied${about}${decided(d, by(d.decidedBy, ', at the ', ', by '), ', because ')}`,
  }),
  'approval-used': (d, about) => ({
    zh: `批准已使用${about}${said(d.approval, '：审批 ')}${by(d.decidedBy, '，批准于 ', '，批准人 ')}`,
    en: `the approval is used up${about}${said(d.approval, ': ')}${by(d.decidedBy, ', given at the ', ', given by ')}`,
  }),
  'approval-failed': (d, about) => ({
    zh: `批准后没有执行${about}${said(d.approval, '：审批 ')}${said(d.code, '，')}`,
    en: `what was approved was not carried out${about}${said(d.approval, ': ')}${said(d.code, ', ')}`,
  }),
  'policy-allowed': (d, about) => ({
    zh: `规则放行${about}：${list(d.rules)}`,
    en: `allowed by the rules${about}: ${list(d.rules)}`,
  }),
  'send-failed': (d, about) => ({
    zh: `与支付平台的交互没有成功${about}：${d.error} ${d.code}`,
    en: `the exchange with the gateway failed${about}: ${d.error} ${d.code}`,
  }),
  'close-intended': () => ({
    zh: '关闭意图已提交，即将发送给支付平台',
    en: 'the intent to close is committed, it now goes to the gateway',
  }),
  'alarm-foreign-trade': (_, about) => ({
    zh: `警报${about}：支付平台上这个单号是另一笔交易，账本没有改变`,
    en: `ALARM${about}: the gateway has another trade under this number; nothing was changed`,
  }),
  'alarm-foreign-refund': (_, about) => ({
    zh: `警报${about}：支付平台上这个退款单号是另一笔退款，账本没有改变`,
    en: `ALARM${about}: the gateway has another refund under this number; nothing was changed`,
  }),
  'alarm-refunded-after-closed': (_, about) => ({
    zh: `警报${about}：退款已按关闭记账，支付平台却证明款项已退出`,
    en: `ALARM${about}: the gateway proves that a refund went out which was taken for closed`,
  }),
  'calls-limited': (d) => ({
    zh: `调用过于频繁，${d.calls} 次被拒绝`,
    en: `calls came too fast: ${d.calls} were refused`,
  }),
  'policy-first': (d) => ({
    zh: `首次启用规则，第 ${d.version} 版`,
    en: `the first rules, version ${d.version}`,
  }),
  'policy-accepted': (d) => ({
    zh: `规则更改已确认，第 ${d.version} 版${said(d.via, '，在 ')}`,
    en: `changed rules accepted, version ${d.version}${said(d.via, ', at the ')}`,
  }),
  'budget-topped-up': (d) => ({
    zh: `追加额度 ${d.budget}：${yuan(d.amountFen)} 元${said(d.note, '，附言 ')}`,
    en: `added ${yuan(d.amountFen)} yuan to the allowance ${d.budget}${said(d.note, ': ')}`,
  }),
  'budget-drawn': (d) => ({
    zh: `减少额度 ${d.budget}：${yuan(-Number(d.amountFen))} 元${said(d.note, '，附言 ')}`,
    en: `took ${yuan(-Number(d.amountFen))} yuan off the allowance ${d.budget}${said(d.note, ': ')}`,
  }),
  'operator-froze': (d) => ({
    zh: `暂停收款和退款${said(d.reason, '，原因 ')}`,
    en: `paused payments and refunds${said(d.reason, ', because ')}`,
  }),
  'operator-unfroze': (d) => ({
    zh: `恢复收款和退款${said(d.via, '，在 ')}`,
    en: `resumed payments and refunds${said(d.via, ', at the ')}`,
  }),
  'operator-added': (d) => ({
    zh: `添加操作员 ${d.name}（${d.role}）`,
    en: `operator ${d.name} was added (${d.role})`,
  }),
  'operator-revoked': (d) => ({
    zh: `移除操作员 ${d.name}（${d.role}）`,
    en: `operator ${d.name} was revoked (${d.role})`,
  }),
  'operator-joined': (d) => ({
    zh: `操作员 ${d.name} 使用了邀请`,
    en: `operator ${d.name} took up the invitation`,
  }),
  'operator-passkey-added': (d) => ({
    zh: `${d.name} 添加通行密钥 ${d.passkey}`,
    en: `${d.name} added the passkey ${d.passkey}`,
  }),
  'operator-passkey-removed': (d) => ({
    zh: `${d.name} 删除通行密钥 ${d.passkey}`,
    en: `${d.name} removed the passkey ${d.passkey}`,
  }),
  'operator-password-set': (d) => ({ zh: `${d.name} 更换密码`, en: `${d.name} changed the password` }),
  'operator-secret-set': () => ({ zh: '设置操作员口令', en: 'the operator secret was set' }),
  'operator-secret-changed': () => ({ zh: '更换操作员口令', en: 'the operator secret was changed' }),
  'operator-signed-in': (d) => ({
    zh: `操作员登录${said(d.via, '，在 ')}${said(d.proof, '，以 ')}`,
    en: `the operator signed in${said(d.via, ', at the ')}${said(d.proof, ', by ')}`,
  }),
  'operator-sign-in-failed': (d) => ({
    zh: `操作员登录失败${said(d.unrecorded, '，此前另有未逐条记录的失败次数：')}`,
    en: `a failed sign-in as operator${said(d.unrecorded, ', besides failures not recorded one by one: ')}`,
  }),
  'audit-key-made': () => ({ zh: '生成检查点密钥', en: "the checkpoints' key was made" }),
  'receipt-key-made': (d) => ({ zh: `生成收据密钥 ${d.kid}`, en: `the receipts' key ${d.kid} was made` }),
  'receipt-key-given': (d) => ({
    zh: `收据改用配置中的密钥 ${d.kid}`,
    en: `receipts are signed with the configured key ${d.kid}`,
  }),
  'order-forgotten': (_d, about) => ({ zh: `删去买家信息${about}`, en: `the payer was forgotten${about}` }),
  'ledger-backed-up': (d) => ({ zh: `备份，到第 ${d.seq} 条`, en: `backed up, to record ${d.seq}` }),
  'ledger-restored': (d) => ({
    zh: `从备份恢复，备份止于第 ${d.seq} 条${said(d.via, '，在 ')}`,
    en: `restored from a backup that ends with record ${d.seq}${said(d.via, ', at the ')}`,
  }),
  'ledger-moved': (d) => ({ zh: `账本从 ${d.from} 迁至 ${d.to}`, en: `moved from ${d.from} to ${d.to}` }),
  'ledger-day-reconciled': (d) => ({
    zh: `恢复后对账 ${d.provider} ${d.date}：补记 ${d.taken} 笔，余 ${d.open} 处差异`,
    en: `${d.provider} ${d.date} reconciled after restoring: ${d.taken} taken in, ${d.open} differences left`,
  }),
  'ledger-resumed': (d) => ({
    zh: `恢复后的账本重新收款（未对完：${list(d.despite)}）`,
    en: `the restored ledger goes on (not reconciled: ${list(d.despite)})`,
  }),
};

function yuan(amountFen: unknown): string {
  return typeof amountFen === 'number' && Number.isSafeInteger(amountFen) && amountFen >= 0
    ? toYuan(fen(amountFen))
    : '?';
}

function instant(ms: unknown): string {
  return beijingInstant(ms) ?? '?';
}

/** The change of state, and what the gateway was heard to say or the rules were; digests are for `--json`. */
function moved({ from, to, plan, credential, countedAt, ...rest }: Detail): string {
  return ` (${from} → ${to})${facts(rest)}`;
}

function said(value: unknown, before: string): string {
  return value === undefined ? '' : `${before}${String(value)}`;
}

/** Whoever has a name is told by it; of the holder of the secret, or of a form, where. */
function by(value: unknown, where: string, who: string): string {
  return said(value, ['terminal', 'page', 'form'].includes(String(value)) ? where : who);
}

function decided(detail: Detail, by: string, why: string): string {
  return `${said(detail.approval, ' ')}${by}${said(detail.reason, why)}`;
}

function meta({ meta, metaOmitted }: Detail, before: string): string {
  const kept = meta === undefined ? '' : JSON.stringify(meta);
  const omitted = metaOmitted === undefined ? '' : ` + ${JSON.stringify(metaOmitted)}`;
  return kept || omitted ? `${before}${kept}${omitted}` : '';
}

function list(rules: unknown): string {
  return Array.isArray(rules) && rules.length > 0 ? rules.join(', ') : '-';
}

function facts(detail: Detail): string {
  const shown = Object.entries(toldDetail(detail)).map(
    ([name, value]) =>
      `${name} ${Array.isArray(value) ? list(value) : typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return shown.length === 0 ? '' : `, ${shown.join(', ')}`;
}
