/*
 * What sets gateways apart for whoever sells through all of them. The contract suite holds each adapter to it.
 */

/** Whose gateway has no call that closes an order. */
export const CLOSE_NOTHING: ReadonlySet<string> = new Set(['toypay', 'unionpay']);

/** Who gives a code with the first answer alone, and says of what it has already only that it has that. */
export const SAY_ONCE: ReadonlySet<string> = new Set(['unionpay']);

/** Whose numbers have at least so many characters, all of them letters and digits; elsewhere it is six, and `_` is one. */
export const PLAIN_NUMBERS: ReadonlyMap<string, number> = new Map([['unionpay', 8]]);

/**
 * Which call a request to a gateway is: method, target and body. UnionPay has one question for both, so that refunds
 * are told by the `R` with which their numbers begin here.
 */
export const GATEWAY_CALLS = {
  create: /alipay\.trade\.precreate|^POST \/v\d\/\w+\/transactions\/native|&txnType=01&/,
  query: /alipay\.trade\.query|^GET \/v\d\/\w+\/transactions\/out-trade-no|&txnType=00&.*&orderId=[^R]/,
  close: /alipay\.trade\.close|^POST \/v\d\/\w+\/transactions\/out-trade-no\/\w+\/close/,
  refund: /alipay\.trade\.refund|^POST \/v\d\/[\w/]*refund\/domestic\/refunds|&txnType=04&/,
  'query-refund':
    /alipay\.trade\.fastpay\.refund\.query|^GET \/v\d\/[\w/]*refund\/domestic\/refunds|&txnType=00&.*&orderId=R/,
} as const;
export type GatewayCallKind = keyof typeof GATEWAY_CALLS;
