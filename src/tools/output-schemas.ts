/** Required are only the fields that a model cannot do without; everything else may be absent (contract §4.1). */
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const object = { type: 'object' } as const;

export const PAYMENT_SCHEMA = {
  type: 'object',
  properties: {
    outTradeNo: text,
    provider: text,
    scene: text,
    state: { type: 'string', enum: ['PENDING_APPROVAL', 'DENIED', 'NOTPAY', 'PAID', 'CLOSED', 'UNKNOWN'] },
    amountYuan: text,
    currency: text,
    title: text,
    payUrl: text,
    qrCode: text,
    cashierUrl: text,
    jsapiParams: object,
    appParams: object,
    orderString: text,
    createdAt: text,
    expiresAt: text,
    linkExpiresAt: text,
    paidAt: text,
    late: flag,
    closing: flag,
    gatewayTradeNo: text,
    gatewayState: text,
    refundedYuan: text,
    refundedElsewhereYuan: text,
    approval: object,
    source: text,
    replayed: flag,
    simulated: flag,
    nextStep: text,
  },
  required: ['outTradeNo', 'provider', 'state', 'simulated', 'nextStep'],
} as const;

export const REFUND_SCHEMA = {
  type: 'object',
  properties: {
    outRefundNo: text,
    outTradeNo: text,
    provider: text,
    state: {
      type: 'string',
      enum: ['PENDING_APPROVAL', 'DENIED', 'PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL', 'UNKNOWN'],
    },
    refundYuan: text,
    refundedYuan: text,
    reason: text,
    approval: object,
    replayed: flag,
    simulated: flag,
    nextStep: text,
  },
  required: ['outRefundNo', 'outTradeNo', 'provider', 'state', 'simulated', 'nextStep'],
} as const;

export const LIST_SCHEMA = {
  type: 'object',
  properties: {
    items: { type: 'array', items: object },
    totals: object,
    nextCursor: text,
    simulated: flag,
  },
  required: ['items', 'totals', 'simulated'],
} as const;
