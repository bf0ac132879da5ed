import type { Text } from '../domain/errors.ts';
import type { OrderState, ProviderId, RefundState, Scene } from '../domain/order.ts';
import type { Phase } from './view.ts';

/** Every sentence of the operator's pages. Data never stands inside one: it is set beside it. */
export const WORDS = {
  brand: { zh: '审批', en: 'Approvals' },
  skip: { zh: '跳到正文', en: 'Skip to the content' },
  language: { zh: 'English', en: '中文' },
  signOut: { zh: '退出', en: 'Sign out' },
  simulated: { zh: '模拟环境 SIMULATED：不是真钱', en: 'SIMULATED: no real money' },
  sandbox: { zh: '沙箱环境：不是真钱', en: 'Sandbox: no real money' },

  signIn: { zh: '操作员登录', en: 'Operator sign-in' },
  signInLead: {
    zh: '智能体提出的收款和退款，由您在这里批准或拒绝。',
    en: 'Here a person approves or denies what the agent has proposed.',
  },
  secret: { zh: '操作员口令', en: 'Operator secret' },
  secretHint: {
    zh: '只在这里或终端输入口令，不要把它告诉智能体。',
    en: 'Type it only here or at a terminal. Never give it to the agent.',
  },
  signInButton: { zh: '登录', en: 'Sign in' },
  wrongSecret: { zh: '口令不正确。', en: 'That is not the operator secret.' },
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
  noSecretThen: { zh: '然后刷新本页并登录。', en: 'Then reload this page and sign in.' },

  list: { zh: '审批', en: 'Approvals' },
  waiting: { zh: '等待您决定', en: 'Waiting for you' },
  nothingWaiting: { zh: '现在没有需要您决定的事。', en: 'Nothing waits for you now.' },
  nothingWaitingAdvice: {
    zh: '新的审批会自动出现在这里。',
    en: 'What the agent proposes appears here by itself.',
  },
  recent: { zh: '最近的决定', en: 'Recent decisions' },
  waitingCount: { zh: '个审批等待决定', en: 'waiting for a decision' },
  backToList: { zh: '全部审批', en: 'All approvals' },
  look: { zh: '查看', en: 'Look at it' },

  payment: { zh: '收款', en: 'Payment' },
  refund: { zh: '退款', en: 'Refund' },
  askPayment: { zh: '批准这笔收款吗？', en: 'Approve this payment?' },
  askRefund: { zh: '批准这笔退款吗？', en: 'Approve this refund?' },

  titleCaption: { zh: '商品名称', en: 'Title' },
  reasonCaption: { zh: '退款原因', en: 'Reason for the refund' },
  byAgent: { zh: '智能体填写，未经核实', en: 'written by the agent, not checked' },
  noReason: { zh: '智能体没有说明原因。', en: 'The agent gave no reason.' },
  order: { zh: '订单号', en: 'Order number' },
  refundNo: { zh: '退款号', en: 'Refund number' },
  wallet: { zh: '支付方式', en: 'Wallet' },
  orderState: { zh: '订单状态', en: 'The order is' },
  refundState: { zh: '退款状态', en: 'The refund is' },
  caller: { zh: '调用方', en: 'Caller' },
  program: { zh: '程序', en: 'Program' },
  says: { zh: '自称', en: 'says it is' },
  notChecked: { zh: '（未经核实）', en: '(not checked)' },
  rule: { zh: '要求审批的规则', en: 'Rule that asks' },
  ruleEveryPayment: { zh: '每笔收款都需要人批准', en: 'Every payment needs a person' },
  ruleEveryRefund: { zh: '每笔退款都需要人批准', en: 'Every refund needs a person' },
  rulePayment: { zh: '收款超过此金额需要人批准：', en: 'A payment needs a person above ' },
  ruleRefund: { zh: '退款超过此金额需要人批准：', en: 'A refund needs a person above ' },
  ruleOther: { zh: '商家规则要求人批准', en: 'The merchant’s rules ask for a person' },
  asked: { zh: '提出时间', en: 'Asked at' },
  until: { zh: '有效期至', en: 'Valid until' },
  left: { zh: '剩余时间', en: 'Time left' },
  decidedAt: { zh: '决定时间', en: 'Decided at' },
  decidedBy: { zh: '决定方式', en: 'Decided' },
  denyReason: { zh: '拒绝原因', en: 'Reason for the no' },
  details: { zh: '这次调用', en: 'This call' },

  sums: { zh: '这笔订单的钱', en: 'The money of this order' },
  paidSum: { zh: '买家已付', en: 'Paid by the buyer' },
  notPaid: { zh: '未付', en: 'not paid' },
  refundedSum: { zh: '已退', en: 'Refunded so far' },
  heldSum: { zh: '退款处理中或结果未明', en: 'Refunds under way or in doubt' },
  leftSum: { zh: '还可退', en: 'Left to refund' },
  afterSum: { zh: '批准后还剩', en: 'Left after this one' },
  tooMuch: {
    zh: '超过还可退的金额：即使批准，也会被拒绝。',
    en: 'More than is left: it will be refused even if you approve.',
  },

  history: { zh: '订单经过', en: 'What happened so far' },
  earlier: { zh: '更早的记录未显示。', en: 'Earlier records are not shown.' },

  decide: { zh: '您的决定', en: 'Your decision' },
  approvePayment: { zh: '批准收款', en: 'Approve the payment of' },
  approveRefund: { zh: '批准退款', en: 'Approve the refund of' },
  approveMeans: {
    zh: '只对这一次调用有效，只能用一次；发出前仍会核对规则和金额。',
    en: 'Good for this very call, once. Rules and sums are checked again before anything is sent.',
  },
  deny: { zh: '拒绝', en: 'Deny' },
  denyMeans: { zh: '对这个编号不可撤销。', en: 'Final for this number.' },
  reasonLabel: { zh: '拒绝原因（可选，智能体可能会看到）', en: 'Reason (optional; the agent may see it)' },
  frozenDecide: {
    zh: '资金已冻结：现在批准，也要等解冻后才会发出。',
    en: 'Money is frozen: what you approve now is sent only after it is unfrozen.',
  },
  moot: {
    zh: '这笔操作已不在等待批准（可能已被智能体撤回），批准不会改变什么。',
    en: 'This no longer waits for approval (the agent may have withdrawn it); approving changes nothing.',
  },
  over: { zh: '时间到，已不能决定。', en: 'Time is up: this can no longer be decided.' },
  minutesLeft: { zh: '剩余分钟：', en: 'Minutes left: ' },
  unchanged: {
    zh: '您刚才的操作没有改变任何东西：在此之前这个审批就已不在等待中。',
    en: 'Your click changed nothing: this approval was no longer waiting.',
  },

  frozen: { zh: '资金已冻结', en: 'Money is frozen' },
  frozenAdvice: {
    zh: '所有收款、关单和退款都被拒绝，查询照常。',
    en: 'Every payment, close and refund is refused. Queries go on.',
  },
  since: { zh: '开始于', en: 'Since' },
  reason: { zh: '原因', en: 'Reason' },
  unfreeze: { zh: '解除冻结', en: 'Unfreeze' },
  stop: { zh: '紧急冻结', en: 'Emergency stop' },
  stopAdvice: {
    zh: '一秒之内停止所有会动钱的调用，直到有人解除。已经发出的不受影响。',
    en: 'Within a second, stops every call that moves money until a person lifts it. What has been sent is not undone.',
  },
  stopReason: { zh: '原因（可选）', en: 'Reason (optional)' },
  freeze: { zh: '冻结资金', en: 'Freeze all money' },

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

/** Badge, headline and what happens next, by how an approval stands. */
export const PHASES: Readonly<
  Record<Phase, { readonly badge: Text; readonly headline: Text; readonly next: Text }>
> = {
  pending: {
    badge: { zh: '等待决定', en: 'Waiting' },
    headline: { zh: '等待您决定', en: 'Waiting for your decision' },
    next: { zh: '在您决定之前，什么也没有发出。', en: 'Nothing has been sent.' },
  },
  approved: {
    badge: { zh: '已批准，待执行', en: 'Approved, not used yet' },
    headline: { zh: '已批准', en: 'Approved' },
    next: {
      zh: '智能体下一次用完全相同的参数调用时继续执行。有效期内没有调用，批准就作废。',
      en: 'The agent’s next identical call continues. If none comes in time, this approval lapses.',
    },
  },
  used: {
    badge: { zh: '已批准并执行', en: 'Approved and used' },
    headline: { zh: '已批准，智能体已继续执行', en: 'Approved, and the agent’s call went on' },
    next: { zh: '这个批准已经用完，不能再用。', en: 'This approval is used up.' },
  },
  denied: {
    badge: { zh: '已拒绝', en: 'Denied' },
    headline: { zh: '已拒绝', en: 'Denied' },
    next: {
      zh: '没有资金变动。智能体下一次调用会得知；同一编号不会再执行。',
      en: 'No money moved. The agent’s next call is told so; this number is never sent.',
    },
  },
  expired: {
    badge: { zh: '已过期', en: 'Expired' },
    headline: { zh: '已过期，没有人决定', en: 'Expired without a decision' },
    next: {
      zh: '没有资金变动。智能体再次调用时，会出现一个新的审批。',
      en: 'No money moved. If the agent calls again, a new approval appears.',
    },
  },
  lapsed: {
    badge: { zh: '批准已作废', en: 'Approval lapsed' },
    headline: { zh: '已批准，但没有在有效期内使用', en: 'Approved, but not used in time' },
    next: {
      zh: '没有资金变动。智能体再次调用时，会出现一个新的审批。',
      en: 'No money moved. If the agent calls again, a new approval appears.',
    },
  },
};

export const PROVIDERS: Readonly<Record<ProviderId, Text>> = {
  alipay: { zh: '支付宝', en: 'Alipay' },
  wechatpay: { zh: '微信支付', en: 'WeChat Pay' },
};

export const SCENE_WORDS: Readonly<Record<Scene, Text>> = {
  qr: { zh: '扫码', en: 'QR code' },
  web: { zh: '电脑网页', en: 'web page' },
  h5: { zh: '手机网页', en: 'phone browser' },
  jsapi: { zh: '微信内', en: 'inside WeChat' },
  app: { zh: '应用内', en: 'inside an app' },
};

export const ORDER_STATES: Readonly<Record<OrderState, Text>> = {
  PENDING_APPROVAL: { zh: '等待批准，未发出', en: 'waiting for approval, not sent' },
  DENIED: { zh: '已拒绝', en: 'denied' },
  NOTPAY: { zh: '待支付', en: 'waiting to be paid' },
  PAID: { zh: '已支付', en: 'paid' },
  CLOSED: { zh: '已关闭', en: 'closed' },
  UNKNOWN: { zh: '结果未明', en: 'in doubt' },
};

export const REFUND_STATES: Readonly<Record<RefundState, Text>> = {
  PENDING_APPROVAL: { zh: '等待批准，未发出', en: 'waiting for approval, not sent' },
  DENIED: { zh: '已拒绝', en: 'denied' },
  PROCESSING: { zh: '处理中', en: 'under way' },
  SUCCESS: { zh: '已退到买家账户', en: 'with the buyer' },
  CLOSED: { zh: '未退成', en: 'closed, nothing refunded' },
  ABNORMAL: { zh: '异常，需在商户平台处理', en: 'abnormal, to be handled at the gateway' },
  UNKNOWN: { zh: '结果未明', en: 'in doubt' },
};

/** Where a person decided. */
export const VIA: Readonly<Record<string, Text>> = {
  terminal: { zh: '在终端', en: 'at a terminal' },
  page: { zh: '在本页面', en: 'on these pages' },
  form: { zh: '在智能体程序的表单中', en: 'in a form of the agent’s program' },
};

/** What a record of the audit trail means; those that say nothing to a person, or the same again, are not here. */
export const EVENTS: Readonly<Record<string, Text>> = {
  'order-created': { zh: '智能体提出收款', en: 'The agent proposed a payment' },
  'order-sent': { zh: '订单发往支付平台', en: 'The order was sent to the gateway' },
  'order-notpay': { zh: '支付平台已受理，等待买家付款', en: 'The gateway took it; the buyer can pay' },
  'order-paid': { zh: '买家已付款（支付平台确认）', en: 'The buyer has paid (proven by the gateway)' },
  'order-closed': { zh: '订单已关闭', en: 'The order was closed' },
  'order-declined': { zh: '支付平台拒绝了订单', en: 'The gateway declined the order' },
  'order-unknown': { zh: '订单结果未明，正在核对', en: 'The outcome became unclear; being checked' },
  'order-withdrawn': { zh: '智能体撤回了收款', en: 'The agent withdrew the payment' },
  'order-reopened': { zh: '智能体重新提出收款', en: 'The agent proposed the payment again' },
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
  'refund-created': { zh: '智能体提出退款', en: 'The agent proposed a refund' },
  'refund-sent': { zh: '退款发往支付平台', en: 'The refund was sent to the gateway' },
  'refund-processing': { zh: '支付平台正在退款', en: 'The gateway is refunding' },
  'refund-success': { zh: '退款成功（支付平台确认）', en: 'Refunded (proven by the gateway)' },
  'refund-closed': { zh: '退款关闭，没有退成', en: 'The refund was closed; nothing was refunded' },
  'refund-abnormal': { zh: '退款异常', en: 'The refund is abnormal' },
  'refund-declined': { zh: '支付平台拒绝了退款', en: 'The gateway declined the refund' },
  'refund-reopened': { zh: '智能体重新提出退款', en: 'The agent proposed the refund again' },
  'approval-asked': { zh: '请求人工批准', en: 'A person was asked to approve' },
  'approval-approved': { zh: '有人批准', en: 'A person approved' },
  'approval-denied': { zh: '有人拒绝', en: 'A person denied' },
  'approval-used': { zh: '批准已使用', en: 'The approval was used' },
  'send-failed': { zh: '未能发到支付平台', en: 'It could not be sent to the gateway' },
  'call-refused': { zh: '智能体的一次调用被拒绝', en: 'A call of the agent was refused' },
  alarm: { zh: '警报', en: 'Alarm' },
};
