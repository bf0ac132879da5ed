import type { Text } from '../domain/errors.ts';
import type { DeclineReason } from './contract.ts';

/** What was asked of a gateway: the same no asks for something else after each. */
export type Verb = 'create' | 'close' | 'refund' | 'ask' | 'charge' | 'unsign';

const CHECK_SETUP: Text = {
  zh: '请商家检查密钥、应用或商户号、服务器时间的配置',
  en: 'Ask the merchant to check keys, ids and the clock',
};
const CHECK_PERMISSION: Text = {
  zh: '请商家在支付平台查看账户状态，并开通该产品或权限',
  en: "Ask the merchant to look at the account's state on the gateway and to enable this product or permission",
};

/** What a line of a wallet's table of codes says beyond the reason. */
export interface RowAdvice {
  /** All there is to do. */
  readonly advice?: Text;
  /** What has to be done first, in a clause; then the call may be repeated as it was. */
  readonly remedy?: Text;
}

function thenRepeat(remedy: Text, verb: Verb): Text {
  const { zh, en } = REPEAT[verb];
  return { zh: `${remedy.zh}，然后${zh}。`, en: `${remedy.en}, then ${en}.` };
}
const REPEAT: Readonly<Record<Verb, Text>> = {
  create: {
    zh: '用相同参数和同一个 outTradeNo 重试',
    en: 'call again with the same arguments and outTradeNo',
  },
  close: { zh: '用同一个 outTradeNo 重试', en: 'call again with the same outTradeNo' },
  refund: {
    zh: '用相同参数和同一个 outRefundNo 重试，不要换退款单号',
    en: 'call again with the same arguments and outRefundNo, never a new one',
  },
  ask: { zh: '重试', en: 'call again' },
  charge: {
    zh: '等服务器自动重试（本期扣款时间内），不要另外收款',
    en: 'let the server try again by itself while the period may be charged, and do not charge in another way',
  },
  unsign: { zh: '用同一个 contractNo 再取消一次', en: 'cancel the same contractNo again' },
};

const LOOK_UP: Text = { zh: '请商家按错误码查明原因', en: 'Ask the merchant to look the gateway code up' };
const WAIT: Text = { zh: '稍等片刻', en: 'Wait a moment' };
const ASK_ORDER: Text = {
  zh: '用 query-payment 查询这个 outTradeNo 的状态。',
  en: "Ask query-payment for this outTradeNo's state.",
};
const MAY_BE_PAID: Text = {
  zh: '用 query-payment 查询：订单可能已付款；要退回款项用 refund-payment。',
  en: 'Ask query-payment: the order may be paid; to give the money back use refund-payment.',
};
const STOP_REFUND: Text = {
  zh: '支付平台不允许这笔退款：请商家在商户平台处理，不要换退款单号重试。',
  en: 'The gateway does not allow this refund: ask the merchant to handle it on the merchant platform, and try no new refund number.',
};
const ASK_REFUND: Text = {
  zh: '先用 query-refund 查清以前的退款，不要换退款单号重试。',
  en: 'Look at the earlier refunds with query-refund first, and try no new refund number.',
};

/** What holds for a reason wherever a wallet's own table says nothing more exact. */
const ADVICE: Readonly<Record<Verb, Readonly<Partial<Record<DeclineReason, Text>>>>> = {
  create: {
    'already-paid': {
      zh: '不要再次收款：用 query-payment 查询这个 outTradeNo 的付款结果。',
      en: 'Do not charge again: ask query-payment for the result of this outTradeNo.',
    },
    closed: {
      zh: '这个 outTradeNo 在支付平台已关闭：用新的 outTradeNo 重新下单。',
      en: 'The gateway has closed this outTradeNo: create a new payment with a new one.',
    },
    'number-conflict': {
      zh: '支付平台已用这个 outTradeNo 处理另一笔交易：先用 query-payment 查清，再用新的 outTradeNo 下单。',
      en: 'The gateway knows this outTradeNo from another trade: ask query-payment about it first, then use a new outTradeNo.',
    },
    balance: {
      zh: '付款人余额不足：请买家换一种付款方式，然后用相同参数和同一个 outTradeNo 重试。',
      en: 'The payer has too little money: let the buyer choose another means of payment, then call again with the same arguments and outTradeNo.',
    },
    'bad-parameter': {
      zh: '改正参数，用新的 outTradeNo 下单。',
      en: 'Correct the arguments and create the payment under a new outTradeNo.',
    },
  },
  close: {
    'not-exist': {
      zh: '支付平台还没有这笔交易，到期后它自动关闭；之后用 query-payment 确认。',
      en: 'The gateway has no such trade yet and it closes at its expiry; ask query-payment then.',
    },
    'already-paid': MAY_BE_PAID,
    closed: ASK_ORDER,
    other: MAY_BE_PAID,
    'rate-limited': {
      zh: '稍等片刻，用 query-payment 查询状态；仍未关闭时再用同一个 outTradeNo 关闭。',
      en: 'Wait a moment and ask query-payment; where it is still open, close the same outTradeNo again.',
    },
  },
  refund: {
    'not-exist': {
      zh: '支付平台没有这笔已付款的订单：核对 outTradeNo，用 query-payment 查询。',
      en: 'The gateway has no such paid order: check outTradeNo and ask query-payment.',
    },
    'not-paid': {
      zh: '先用 query-payment 确认这笔订单已付款。',
      en: 'Confirm with query-payment first that this order is paid.',
    },
    'number-conflict': ASK_REFUND,
    'refund-not-allowed': STOP_REFUND,
    'bad-parameter': {
      zh: '核对退款金额与以前的退款；参数不同的退款要用新的 outRefundNo。',
      en: 'Check the sum and the earlier refunds; a refund with other arguments needs a new outRefundNo.',
    },
  },
  charge: {},
  unsign: {},
  ask: {
    'not-exist': {
      zh: '核对单号，不要猜测；有的付款链接在买家打开之前也查不到，仍可付款。',
      en: 'Check the number, never guess; some links are not known either before the buyer opens them, and can still be paid.',
    },
    'bad-parameter': { zh: '改正参数后重试。', en: 'Correct the arguments and call again.' },
  },
};

const TOP_UP: Text = {
  zh: '请商家为退款所用的账户充值',
  en: 'Ask the merchant to top up the account that refunds are taken from',
};

const REMEDY: Readonly<Partial<Record<DeclineReason, Text>>> = {
  credentials: CHECK_SETUP,
  permission: CHECK_PERMISSION,
  balance: TOP_UP,
  'rate-limited': WAIT,
};

/** After an unsigned no an order or refund stays in doubt, where no new number may ever be advised. */
const UNSIGNED: Text = {
  zh: '这个拒绝没有签名，不能作准：请商家按错误码查明原因',
  en: 'This refusal is not signed and proves nothing: ask the merchant to look the gateway code up',
};

/** What to do next about a refusal: as the wallet's table has it, else as the reason has it. */
export function nextStep(verb: Verb, reason: DeclineReason, proven: boolean, row: RowAdvice = {}): Text {
  if (row.remedy) return thenRepeat(row.remedy, verb);
  const inDoubt = !proven && (verb === 'create' || verb === 'refund' || verb === 'charge');
  const exact = row.advice ?? ADVICE[verb][reason];
  if (exact && !inDoubt) return exact;
  // An account that is too small is the merchant's with a refund alone.
  const remedy = reason === 'balance' && verb === 'charge' ? undefined : REMEDY[reason];
  return thenRepeat(remedy ?? (inDoubt ? UNSIGNED : LOOK_UP), verb);
}
