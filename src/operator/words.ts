import type { Text } from '../domain/errors.ts';
import type { Scene } from '../domain/order.ts';
import { ORDER_WORDS, REFUND_WORDS, TRIAL } from '../domain/words.ts';
import type { Alarm, AuditKind } from '../ledger/audit-kinds.ts';
import type { Phase } from './view.ts';

/** Every sentence of the operator's pages. Data never stands inside one: it is set beside it. */
export const WORDS = {
  brand: { zh: '商家后台', en: 'Console' },
  rooms: { zh: '栏目', en: 'Sections' },
  skip: { zh: '跳到正文', en: 'Skip to the content' },
  language: { zh: 'English', en: '中文' },
  signOut: { zh: '退出', en: 'Sign out' },
  simulated: { zh: '模拟环境 SIMULATED：不是真钱', en: 'SIMULATED: no real money' },
  trial: TRIAL,
  sandbox: { zh: '沙箱环境：不是真钱', en: 'Sandbox: no real money' },

  signIn: { zh: '操作员登录', en: 'Operator sign-in' },
  signInLead: {
    zh: '智能体申请的收款和退款，由您在这里批准或拒绝。',
    en: 'Payments and refunds that the agent asks for are approved or denied here, by you.',
  },
  secret: { zh: '操作员口令', en: 'Operator secret' },
  secretHint: {
    zh: '这不是支付应用的密码。只在这里或终端输入，不要告诉智能体。',
    en: 'Not the password of a payment app. Type it only here or at a terminal; never give it to the agent.',
  },
  signInButton: { zh: '登录', en: 'Sign in' },
  wrongSecret: { zh: '操作员口令不正确。', en: 'That is not the operator secret.' },
  signInFirst: {
    zh: '没有执行：您尚未登录，或登录已过期。请登录后重试。',
    en: 'Nothing was done: you are not signed in, or no longer. Sign in and try again.',
  },
  tooMany: { zh: '请稍候', en: 'Please wait' },
  tooManyAdvice: {
    zh: '登录失败次数过多，暂停登录，正确的口令也要等待。',
    en: 'Too many failed sign-ins. Everybody has to wait, also with the right secret.',
  },
  tooManySeconds: { zh: '可重试的时间（秒）：', en: 'Seconds until the next try: ' },
  tryAgain: { zh: '重试', en: 'Try again' },
  noSecret: { zh: '还没有设置操作员口令', en: 'No operator secret is set yet' },
  noSecretAdvice: {
    zh: '设置之前，这里什么也不能批准。请在运行本服务的电脑上打开终端，执行：',
    en: 'Until there is one, nothing can be approved here. Open a terminal on the machine that runs this, and enter:',
  },
  noSecretThen: { zh: '已设置，去登录', en: 'It is set, sign in' },

  list: { zh: '审批', en: 'Approvals' },
  waiting: { zh: '待审批', en: 'Waiting for you' },
  nothingWaiting: { zh: '现在没有需要您决定的事。', en: 'Nothing waits for you now.' },
  nothingWaitingAdvice: {
    zh: '新的审批会自动出现在这里。',
    en: 'What the agent asks for appears here by itself.',
  },
  recent: { zh: '最近的决定', en: 'Recent decisions' },
  waitingCount: { zh: '个审批待您决定', en: 'waiting for a decision' },
  backToList: { zh: '全部审批', en: 'All approvals' },
  toConsole: { zh: '返回概览', en: 'Back to the overview' },
  back: { zh: '返回', en: 'Back' },
  look: { zh: '查看', en: 'Look at it' },

  payment: { zh: '收款', en: 'Payment' },
  refund: { zh: '退款', en: 'Refund' },
  askPayment: { zh: '批准这笔收款吗？', en: 'Approve this payment?' },
  askRefund: { zh: '批准这笔退款吗？', en: 'Approve this refund?' },

  titleCaption: { zh: '商品名称', en: 'Title' },
  reasonCaption: { zh: '退款原因', en: 'Reason for the refund' },
  byAgent: { zh: '智能体填写，未经核实', en: 'written by the agent, not checked' },
  noReason: { zh: '智能体没有说明原因。', en: 'The agent gave no reason.' },
  payee: { zh: '收款方', en: 'Paid to' },
  payer: { zh: '退款方', en: 'Refunded by' },
  order: { zh: '订单号', en: 'Order number' },
  refundNo: { zh: '退款单号', en: 'Refund number' },
  wallet: { zh: '支付方式', en: 'Payment method' },
  orderState: { zh: '订单状态', en: 'The order is' },
  refundState: { zh: '退款状态', en: 'The refund is' },
  caller: { zh: '来源', en: 'Caller' },
  program: { zh: '程序', en: 'Program' },
  says: { zh: '自称', en: 'says it is' },
  notChecked: { zh: '（未经核实）', en: '(not checked)' },
  rule: { zh: '为何要审批', en: 'Why approval is needed' },
  ruleEveryPayment: { zh: '每笔收款都须审批', en: 'Every payment needs approval' },
  ruleEveryRefund: { zh: '每笔退款都须审批', en: 'Every refund needs approval' },
  rulePayment: { zh: '收款超过此金额须审批：', en: 'A payment needs approval above ' },
  ruleRefund: { zh: '退款超过此金额须审批：', en: 'A refund needs approval above ' },
  ruleByPerson: { zh: '没有人申请，是有人自己发起的', en: 'Nobody asked: a person wanted it' },
  ruleOther: { zh: '商家规则要求审批', en: 'The merchant’s rules ask for approval' },
  asked: { zh: '申请时间', en: 'Asked at' },
  until: { zh: '有效期至', en: 'Valid until' },
  left: { zh: '剩余时间', en: 'Time left' },
  decidedAt: { zh: '决定时间', en: 'Decided at' },
  decidedBy: { zh: '决定方式', en: 'Decided' },
  denyReason: { zh: '拒绝原因', en: 'Reason for the no' },
  details: { zh: '这次请求', en: 'This request' },

  sums: { zh: '这笔订单的钱', en: 'The money of this order' },
  paidSum: { zh: '买家已付', en: 'Paid by the buyer' },
  notPaid: { zh: '未付', en: 'not paid' },
  refundedSum: { zh: '已退', en: 'Refunded so far' },
  heldSum: { zh: '退款处理中或结果待确认', en: 'Refunds under way or result unknown' },
  leftSum: { zh: '还可退', en: 'Left to refund' },
  afterSum: { zh: '批准后还剩', en: 'Left after this one' },
  tooMuch: {
    zh: '超过还可退的金额：即使批准，也不会退款。',
    en: 'More than is left: it will not be refunded even if you approve.',
  },

  history: { zh: '订单经过', en: 'What happened so far' },
  beijing: { zh: '（北京时间）', en: ' (Beijing time)' },
  earlier: { zh: '更早的记录未显示。', en: 'Earlier records are not shown.' },

  decide: { zh: '您的决定', en: 'Your decision' },
  approvePayment: { zh: '批准收款', en: 'Approve the payment of' },
  approveRefund: { zh: '批准退款', en: 'Approve the refund of' },
  payNow: { zh: '批准收款', en: 'Approve' },
  refundNow: { zh: '批准退款', en: 'Approve' },
  approveMeans: {
    zh: '只对这次请求有效，批准后立即执行；发出前会再次核对规则和金额。',
    en: 'For this request only, carried out at once. Rules and sums are checked again before anything is sent.',
  },
  deny: { zh: '拒绝', en: 'Deny' },
  denyMeans: {
    zh: '拒绝后不能撤销，这个单号不能再用。',
    en: 'Cannot be undone; this number cannot be used again.',
  },
  reasonLabel: { zh: '拒绝原因（可选，智能体可能会看到）', en: 'Reason (optional; the agent may see it)' },
  frozenDecide: {
    zh: '收款和退款已暂停：现在批准，也要等恢复后才会执行。',
    en: 'Payments and refunds are paused: what you approve now is carried out after you resume.',
  },
  moot: {
    zh: '这次请求已不再等待审批（可能已被智能体撤回），批准不会改变什么。',
    en: 'This no longer waits for approval (the agent may have withdrawn it); approving changes nothing.',
  },
  over: { zh: '时间到，已不能决定。', en: 'Time is up: this can no longer be decided.' },
  minutesLeft: { zh: '剩余分钟：', en: 'Minutes left: ' },
  unchanged: {
    zh: '您刚才的操作没有改变什么：这个审批在此之前已有结果。',
    en: 'Your click changed nothing: this approval was no longer waiting.',
  },

  frozen: { zh: '收款和退款已暂停', en: 'Payments and refunds are paused' },
  frozenAdvice: {
    zh: '新的收款、关单和退款都不执行，查询照常。',
    en: 'No new payment, close or refund goes out. Queries go on.',
  },
  since: { zh: '暂停于', en: 'Since' },
  reason: { zh: '原因', en: 'Reason' },
  unfreeze: { zh: '恢复收款和退款', en: 'Resume' },
  stop: { zh: '紧急暂停', en: 'Emergency stop' },
  stopAdvice: {
    zh: '一秒内停止新的收款、关单和退款，直到您恢复；已提交的不受影响。',
    en: 'Within a second, stops new payments, closes and refunds until you resume; what has been sent is not undone.',
  },
  stopReason: { zh: '原因（可选）', en: 'Reason (optional)' },
  freeze: { zh: '暂停收款和退款', en: 'Pause payments and refunds' },

  notFound: { zh: '没有这个审批', en: 'There is no such approval' },
  notFoundAdvice: {
    zh: '链接可能不完整，或属于另一个账本。',
    en: 'The link may be incomplete, or belong to another ledger.',
  },
  badForm: { zh: '没有执行', en: 'Nothing was done' },
  badFormAdvice: {
    zh: '表单不完整、已过时，或不是从本页发出的。请返回，刷新后重试。',
    en: 'The form was incomplete, out of date, or not sent from this page. Go back, reload and try again.',
  },
  tooLarge: { zh: '内容太长，没有执行', en: 'Too long; nothing was done' },
  refused: { zh: '不支持这种访问方式', en: 'This kind of access is not supported' },
  refusedAdvice: { zh: '请直接打开链接。', en: 'Please open the link itself.' },
  unavailable: { zh: '暂时无法显示', en: 'Not available right now' },
  unavailableAdvice: {
    zh: '请稍后再打开。没有显示成功的决定，可能没有生效。',
    en: 'Please open it again in a moment. A decision that was not confirmed may not have been made.',
  },
  opening: { zh: '正在打开', en: 'Opening' },
  open: { zh: '继续', en: 'Continue' },
  offline: {
    zh: '暂时连不上服务，正在重试；显示的内容可能已过时。',
    en: 'Cannot reach the service, retrying. What you see may be out of date.',
  },
} as const satisfies Readonly<Record<string, Text>>;

/** The sections of the house. */
export const ROOM_WORDS = {
  overview: { zh: '概览', en: 'Overview' },
  orders: { zh: '订单', en: 'Orders' },
  approvals: { zh: '审批', en: 'Approvals' },
  rules: { zh: '规则', en: 'Rules' },
  bills: { zh: '对账', en: 'Bills' },
  channels: { zh: '通知', en: 'Channels' },
} as const satisfies Readonly<Record<string, Text>>;

/** How an approval stands, in a word. */
export const BADGES: Readonly<Record<Phase, Text>> = {
  pending: { zh: '待审批', en: 'Waiting' },
  approved: { zh: '已批准', en: 'Approved' },
  used: { zh: '已批准并执行', en: 'Approved and carried out' },
  failed: { zh: '没有执行', en: 'Not carried out' },
  denied: { zh: '已拒绝', en: 'Denied' },
  expired: { zh: '已过期', en: 'Expired' },
  lapsed: { zh: '没有执行', en: 'Not carried out' },
};

export const SCENE_WORDS: Readonly<Record<Scene, Text>> = {
  qr: { zh: '扫码', en: 'QR code' },
  web: { zh: '电脑网页', en: 'web page' },
  h5: { zh: '手机网页', en: 'phone browser' },
  jsapi: { zh: '支付 App 内', en: "inside the wallet's app" },
  app: { zh: '应用内', en: 'inside an app' },
  a2m: { zh: '买方智能体付款', en: "by a buyer's agent" },
  agreement: { zh: '订阅自动扣款', en: 'charged for a subscription' },
};

const UNSENT: Text = { zh: '待审批，未发出', en: 'awaiting approval, not sent' };
/** As everywhere, with what the operator should know besides. */
export const ORDER_STATES = { ...ORDER_WORDS, PENDING_APPROVAL: UNSENT };
export const REFUND_STATES = {
  ...REFUND_WORDS,
  PENDING_APPROVAL: UNSENT,
  SUCCESS: { zh: '退款成功，原路退回（银行卡可能晚几天到账）', en: 'refunded; bank cards may take days' },
  ABNORMAL: { zh: '退款异常，需在商户平台处理', en: 'abnormal, to be handled at the gateway' },
};

/** Where somebody without a name of their own decided. */
export const VIA: Readonly<Record<string, Text>> = {
  terminal: { zh: '操作员口令，在终端', en: 'by the operator secret, at a terminal' },
  page: { zh: '操作员口令，在本页面', en: 'by the operator secret, on these pages' },
  form: { zh: '在智能体程序的表单中', en: 'in a form of the agent’s program' },
};

/** They stand in no order's story. */
const NOT_OF_ORDERS = {
  ...{ 'calls-limited': undefined, 'policy-first': undefined, 'policy-accepted': undefined },
  ...{ 'budget-topped-up': undefined, 'budget-drawn': undefined, 'audit-key-made': undefined },
  ...{ 'receipt-key-made': undefined, 'receipt-key-given': undefined },
  ...{ 'operator-froze': undefined, 'operator-unfroze': undefined, 'operator-signed-in': undefined },
  ...{ 'operator-sign-in-failed': undefined, 'operator-added': undefined, 'operator-revoked': undefined },
  ...{ 'operator-joined': undefined, 'operator-password-set': undefined },
  ...{ 'operator-passkey-added': undefined, 'operator-passkey-removed': undefined },
  ...{ 'operator-secret-set': undefined, 'operator-secret-changed': undefined },
  ...{ 'ledger-backed-up': undefined, 'ledger-restored': undefined, 'ledger-moved': undefined },
  ...{ 'ledger-day-reconciled': undefined, 'ledger-resumed': undefined },
  ...{ 'policy-denied': undefined, 'allowance-low': undefined, 'bill-differs': undefined },
  ...{ 'bill-refused': undefined, 'day-summed': undefined },
  ...{ 'trail-broken': undefined, 'channel-disabled': undefined, 'channel-enabled': undefined },
  ...{ 'channel-replayed': undefined },
};

type Told = Exclude<AuditKind, `alarm-${Alarm}`> | 'alarm' | 'call-refused';

/** What such a record means where a person has done it. */
export const BY_PERSONS: Readonly<Partial<Record<string, Text>>> = {
  'refund-created': { zh: '有人发起退款', en: 'A person started a refund' },
  'close-intended': { zh: '有人关闭订单', en: 'A person closed the order' },
  'order-withdrawn': { zh: '有人撤回了收款', en: 'A person withdrew the payment' },
  'call-refused': { zh: '有人的操作被拒绝', en: 'What a person wanted was refused' },
};

/** … and where the server has: it owes that money, or nobody wants that order any more. */
export const BY_SERVER: Readonly<Partial<Record<string, Text>>> = {
  'refund-created': { zh: '服务器自动退款', en: 'The server pays it back' },
  'close-intended': {
    zh: '服务器关闭不再收款的订单',
    en: 'The server closes what is not to be paid any more',
  },
};

/** What a record of an order's story means; undefined where it says nothing to a person, or the same again. */
export const EVENTS: Readonly<Record<Told, Text | undefined>> = {
  ...NOT_OF_ORDERS,
  call: undefined,
  result: undefined,
  'policy-allowed': undefined,
  'order-given': undefined,
  'order-forgotten': undefined,
  'order-denied': undefined,
  'refund-denied': undefined,
  'offer-made': {
    zh: '智能体申请收款，支付方式由买家选择',
    en: 'The agent asked for a payment; the buyer chooses how to pay',
  },
  'offer-closed': { zh: '买家选择之前已关闭', en: 'Closed before the buyer chose' },
  'order-created': { zh: '智能体申请收款', en: 'The agent asked for a payment' },
  'order-sent': { zh: '订单发往支付平台', en: 'The order was sent to the gateway' },
  'order-notpay': { zh: '支付平台已受理，等待买家付款', en: 'The gateway took it; the buyer can pay' },
  'order-paid': { zh: '买家已付款（支付平台确认）', en: 'The buyer has paid (proven by the gateway)' },
  'order-closed': { zh: '订单已关闭', en: 'The order was closed' },
  'order-declined': { zh: '支付平台拒绝了订单', en: 'The gateway declined the order' },
  'order-in-doubt': { zh: '超过十分钟没有结果', en: 'No result for ten minutes' },
  'approval-expired': { zh: '审批已过期', en: 'The approval expired' },
  'order-unknown': { zh: '订单结果待确认，正在查询', en: 'The result is unknown; being asked' },
  'order-withdrawn': { zh: '智能体撤回了收款', en: 'The agent withdrew the payment' },
  'order-reopened': { zh: '重新收款', en: 'The payment is tried again' },
  'order-adopted': {
    zh: '其他系统的订单记入账本',
    en: 'An order of another system was taken into the ledger',
  },
  'order-disowned': {
    zh: '没有给出过付款码，这笔收款属于其他系统',
    en: 'No code was ever given out: the payment is another system’s',
  },
  'gateway-refunded': { zh: '支付平台显示已退款', en: 'The gateway says that money was refunded' },
  'operator-released': { zh: '操作员核实后释放', en: 'Released by the operator, who has looked it up' },
  'close-intended': { zh: '智能体要求关闭订单', en: 'The agent asked to close the order' },
  'subscription-created': { zh: '新建订阅', en: 'A subscription was made' },
  'subscription-signed': { zh: '订阅已签约', en: 'The subscription is signed' },
  'subscription-paused': { zh: '有一期没有付款，订阅暂停', en: 'A period was not paid; it is paused' },
  'subscription-resumed': { zh: '又有一期已付款，订阅恢复', en: 'A period was paid again; it goes on' },
  'subscription-ending': {
    zh: '不再扣款，等待确认解约',
    en: 'Nothing more is charged; its end is to be confirmed',
  },
  'subscription-doubted': { zh: '签约状态待确认', en: 'The gateway’s word on it is not understood' },
  'subscription-ended': { zh: '订阅结束', en: 'The subscription has ended' },
  'subscription-due': { zh: '订阅的一期应付', en: 'A period of a subscription is due' },
  'subscription-charged': { zh: '订阅的一期已付款', en: 'A period of a subscription is paid' },
  'subscription-failed': { zh: '订阅的一期扣款被拒绝', en: 'Charging a period was refused' },
  'subscription-missed': { zh: '订阅的一期到期未付', en: 'A period was not paid in time' },
  'delivery-awaited': undefined,
  'delivery-confirmed': { zh: '智能体确认已交付', en: 'The agent says that it is delivered' },
  'delivery-overdue': { zh: '逾期未交付', en: 'Not delivered in time' },
  'owed-made': { zh: '这笔款项将由服务器自动退回', en: 'The server is going to pay this back' },
  'owed-refused': { zh: '自动退款暂时没有退成，会再试', en: 'Could not be paid back yet; tried again' },
  'owed-settled': { zh: '应退款项已全部退回', en: 'All that was owed has gone back' },
  'refund-created': { zh: '智能体申请退款', en: 'The agent asked for a refund' },
  'refund-sent': { zh: '退款发往支付平台', en: 'The refund was sent to the gateway' },
  'refund-processing': { zh: '支付平台正在退款', en: 'The gateway is refunding' },
  'refund-success': { zh: '退款成功（支付平台确认）', en: 'Refunded (proven by the gateway)' },
  'refund-closed': { zh: '退款关闭，没有退成', en: 'The refund was closed; nothing was refunded' },
  'refund-abnormal': { zh: '退款异常', en: 'The refund is abnormal' },
  'refund-declined': { zh: '支付平台拒绝了退款', en: 'The gateway declined the refund' },
  'refund-reopened': { zh: '重新退款', en: 'The refund is tried again' },
  'approval-asked': { zh: '请求审批', en: 'Approval was asked for' },
  'approval-approved': { zh: '有人批准', en: 'A person approved' },
  'approval-denied': { zh: '有人拒绝', en: 'A person denied' },
  'approval-used': { zh: '开始执行', en: 'It is carried out' },
  'approval-failed': { zh: '批准后没有执行', en: 'It was not carried out' },
  'call-paid': { zh: '一次调用已付款', en: 'A call is paid for' },
  'call-claimed': { zh: '开始执行调用', en: 'The call is being carried out' },
  'call-released': { zh: '调用没有执行，可以重试', en: 'The call was not carried out and may be again' },
  'call-stored': { zh: '调用的结果已保存', en: 'The result of the call was stored' },
  'call-delivered': { zh: '结果已交付', en: 'The result was delivered' },
  'call-confirmed': { zh: '支付平台已确认履约', en: 'The gateway took note of the delivery' },
  'call-owed': { zh: '调用没有结果，应退款', en: 'The call has no result; the money goes back' },
  'call-refunded': { zh: '调用的款项已退回', en: 'The money for the call went back' },
  'call-paid-twice': {
    zh: '这次调用已有付款或已过期，这笔款应退回',
    en: 'The call was paid before, or it was too late: this money goes back',
  },
  'send-failed': { zh: '未能发到支付平台', en: 'It could not be sent to the gateway' },
  'call-refused': { zh: '智能体的一次请求被拒绝', en: 'A call of the agent was refused' },
  alarm: { zh: '警报', en: 'Alarm' },
};
