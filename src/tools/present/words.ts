import type { Text } from '../../domain/errors.ts';
import type { OrderState, RefundState } from '../../domain/order.ts';
import type { ApprovalView } from '../../policy/approvals.ts';

/* The sentences that results become. Titles, payer names and gateway text stay out of every one. */

export { IN_TRIAL, SIMULATED } from '../../domain/words.ts';

export const PAY_NOW: Text = { zh: '点击完成支付', en: 'Pay now' };

/** What stands before the rest of a line. */
export const LABEL = {
  next: { zh: '下一步', en: 'Next' },
  qrCode: { zh: '二维码内容', en: 'QR code content' },
  expires: { zh: '有效期至', en: 'Expires' },
  refunded: { zh: '已退款', en: 'Refunded' },
  elsewhere: { zh: '别处已退款', en: 'Refunded elsewhere' },
} as const satisfies Record<string, Text>;
export const SUM_NOT_TOLD: Text = { zh: '金额未告知', en: 'sum not told' };

export const DELIVERED: Text = {
  zh: '已确认交付；不要重复交付或收款。',
  en: 'Delivery is confirmed; do not deliver or charge again.',
};
export const PAYMENT_NEXT: Readonly<Record<Exclude<OrderState, 'NOTPAY'>, Text>> = {
  PENDING_APPROVAL: {
    zh: '批准后自动下单；之后用相同参数和这个 outTradeNo 再次调用 create-payment 取得付款码。',
    en: 'Once approved it is sent by itself; then call create-payment again with the same arguments and this outTradeNo for what the buyer pays with.',
  },
  DENIED: {
    zh: '告诉用户商家拒绝了；不要重试。',
    en: 'Tell the user that the merchant said no; do not retry.',
  },
  PAID: { zh: '可以交付；不要重复收款。', en: 'Deliver now; do not charge again.' },
  CLOSED: {
    zh: '不能再付款；需要时新建一笔支付。',
    en: 'It cannot be paid any more; create a new payment if one is wanted.',
  },
  UNKNOWN: {
    zh: '支付平台没有返回结果；稍后用 query-payment 确认，不要交付。',
    en: 'The gateway has not told how it stands; ask query-payment later, deliver nothing.',
  },
};

export const CHOOSE: Text = {
  zh: '把收银台链接给买家，由买家选择支付方式；query-payment（waitSeconds）查到 PAID 才交付。',
  en: 'Give the buyer the checkout page, where the way to pay is chosen; deliver only when query-payment (waitSeconds) says PAID.',
};

/** Of a payment among others. */
export const ASK_FOR_ONE: Text = {
  zh: '等买家付款；query-payment 会再给出交给买家的二维码、链接或参数，查到 PAID 才交付。',
  en: 'It waits for its buyer: query-payment tells again what to give them; deliver only when it says PAID.',
};

export const NO_CODE: Text = {
  zh: '支付平台没有返回结果，买家还没有付款码。稍后用相同参数和这个 outTradeNo 再次调用 create-payment；不要换单号，不要交付。',
  en: 'The gateway gave no answer and the buyer has no code yet. Call create-payment again later with the same arguments and this outTradeNo; no new number, deliver nothing.',
};

export const CHARGED_BY_SERVER: Text = {
  zh: '这是订阅的一期，由服务器扣款；用 query-subscription 查看，不要自行收款，未付款不要提供服务。',
  en: 'It is a period of a subscription, which the server charges; ask query-subscription, collect nothing yourself, and provide nothing before it is paid.',
};

export const LATE: Text = {
  zh: '订单关闭后才收到付款：请交付，或用 refund-payment 退款。',
  en: 'The payment came after the order was closed: deliver, or refund it with refund-payment.',
};
export const REFUNDED: Text = {
  zh: '已全额退款，不要交付。',
  en: 'It has been refunded in full; deliver nothing.',
};
export const BEING_REFUNDED: Text = {
  zh: '全额退款正在处理或等待审批：有结果之前不要交付，用 query-refund 查看。',
  en: 'A refund of all of it is under way or awaits approval: deliver nothing before it has ended; query-refund tells.',
};
export const REFUNDED_ELSEWHERE: Text = {
  zh: '支付平台显示这笔订单在别处退过款：不要交付，先请商家核实。',
  en: 'The gateway says that this order was refunded elsewhere: deliver nothing, ask the merchant first.',
};
export const CLOSING_UNKNOWN: Text = {
  zh: '尚不知道支付平台是否收到过这笔订单；没有给出过付款码，到期后自动关闭，之后可用 query-payment 确认。',
  en: 'Whether the gateway ever had this order is not known; no code was given out, it closes after its expiry, ask query-payment then.',
};
export const EXPIRED: Text = {
  zh: '已过付款期限，等待支付平台确认关闭；需要时新建一笔支付。',
  en: 'The time to pay is over and the gateway will confirm the close; create a new payment if one is wanted.',
};

/** Said of a page on a loopback address: of one that ends with its process, and of one that does not. */
export const ON_THIS_MACHINE: readonly [withUs: Text, without: Text] = [
  {
    zh: '（只有本机能打开，客户端退出后失效）',
    en: ' (opens on this machine only, until this client ends)',
  },
  { zh: '（只有本机能打开）', en: ' (opens on this machine only)' },
];

export const FOREIGN: Text = {
  zh: '这笔由商家的其他系统创建；只告知状态，交付与否由该系统决定。',
  en: "Another of the merchant's systems made it: this is its state only; delivering is that system's business.",
};

export const REFUND_NEXT: Readonly<Record<RefundState, Text>> = {
  PENDING_APPROVAL: {
    zh: '尚未退款，批准后自动退款；之后用相同参数和这个 outRefundNo 再次调用 refund-payment 查看结果。',
    en: 'Nothing is refunded yet; once approved it is sent by itself. Call refund-payment again with the same arguments and this outRefundNo to see.',
  },
  DENIED: {
    zh: '告诉用户商家拒绝了；不要用同一单号重试。',
    en: 'Tell the user that the merchant said no; do not retry this number.',
  },
  PROCESSING: {
    zh: '稍后用 query-refund 查询，不要再次退款。',
    en: 'Ask query-refund later; do not refund again.',
  },
  SUCCESS: { zh: '告诉用户款项已原路退回。', en: 'Tell the user that the money has gone back.' },
  CLOSED: {
    zh: '款项没有退出；再试请用新的 outRefundNo。',
    en: 'No money went out; to try again use a new outRefundNo.',
  },
  ABNORMAL: {
    zh: '款项未到买家账户，请商家在商户平台处理；不要再次退款。',
    en: 'The money did not reach the buyer; ask the merchant to resolve it on the merchant platform, do not refund again.',
  },
  UNKNOWN: {
    zh: '用相同参数和这个 outRefundNo 再次调用 refund-payment，或用 query-refund 查询；不要换单号。',
    en: 'Call refund-payment again with the same arguments and this outRefundNo, or query-refund; never a new number.',
  },
};

/** The gateway has refused it. */
export const DECLINED: Text = {
  zh: '支付平台拒绝了这笔退款，款项没有退出；解决原因后可用相同参数和单号重试。',
  en: 'The gateway declined it and no money went out; after the cause is fixed the same call may be repeated.',
};

export const APPROVAL_STATE: Readonly<Record<ApprovalView, Text>> = {
  pending: { zh: '待审批', en: 'awaiting approval' },
  approved: { zh: '已批准', en: 'approved' },
  expired: { zh: '已过期', en: 'expired' },
  denied: { zh: '已拒绝', en: 'denied' },
  failed: { zh: '批准后没有执行', en: 'approved, not carried out' },
};

/** What is said of an approval that nobody is to be asked about any more. */
export const APPROVAL_NOW: Readonly<Record<Exclude<ApprovalView, 'pending'>, Text>> = {
  approved: { zh: '已批准，几秒内自动执行。', en: 'Approved; it is carried out within seconds. ' },
  expired: {
    zh: '审批已过期，没有执行；再次调用会重新申请。',
    en: 'The approval ran out and nothing was sent; calling again asks anew. ',
  },
  denied: { zh: '', en: '' },
  failed: { zh: '再次调用会重新申请审批。', en: 'Calling again asks for a new approval. ' },
};
