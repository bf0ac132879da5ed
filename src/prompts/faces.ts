import type { Text } from '../domain/errors.ts';

/** What a set of tools calls the steps of a sale or refund; only tools that are served are named. */
export interface Face {
  readonly wallet: Text;
  readonly create: readonly string[];
  readonly query: readonly string[];
  readonly close: readonly string[];
  readonly refund: readonly string[];
  readonly queryRefund: readonly string[];
  readonly subscribe: readonly string[];
  readonly querySubscription: readonly string[];
  readonly cancelSubscription: readonly string[];
  readonly outTradeNo: string;
  readonly outRefundNo: string;
  /** How an order gets its number. */
  readonly numbering: Text;
  /** How one waits for the buyer. */
  readonly waiting: Text;
  /** The word for paid. */
  readonly paid: string;
}
export type Step =
  | ('create' | 'query' | 'close' | 'refund' | 'queryRefund')
  | ('subscribe' | 'querySubscription' | 'cancelSubscription');

/** Only the tools for every wallet have them. */
const NO_SUBSCRIPTIONS = { subscribe: [], querySubscription: [], cancelSubscription: [] } as const;

const POLLED: Text = {
  zh: '每隔约五秒再查一次，最多几分钟',
  en: 'again every five seconds or so, for some minutes',
};

const UNIFIED: Face = {
  wallet: { zh: '', en: '' },
  create: ['create-payment'],
  query: ['query-payment'],
  close: ['close-payment'],
  refund: ['refund-payment'],
  queryRefund: ['query-refund'],
  subscribe: ['create-subscription'],
  querySubscription: ['query-subscription'],
  cancelSubscription: ['cancel-subscription'],
  outTradeNo: 'outTradeNo',
  outRefundNo: 'outRefundNo',
  numbering: {
    zh: '第一次调用带上 buyer（这位买家或这次会话的稳定标识），之后一直用返回的 outTradeNo',
    en: 'give buyer (a stable id of this buyer or conversation) in the first call, and from then on the outTradeNo that comes back',
  },
  waiting: { zh: '带 waitSeconds: 50，可以重复几次', en: 'with waitSeconds: 50, a few times if need be' },
  paid: 'PAID',
};

const FACES: readonly Face[] = [
  UNIFIED,
  {
    wallet: { zh: '支付宝', en: 'Alipay' },
    create: ['create-web-page-alipay-payment', 'create-mobile-alipay-payment'],
    query: ['query-alipay-payment'],
    close: [],
    refund: ['refund-alipay-payment'],
    queryRefund: ['query-alipay-refund'],
    ...NO_SUBSCRIPTIONS,
    outTradeNo: 'outTradeNo',
    outRefundNo: 'outRequestNo',
    numbering: {
      zh: 'outTradeNo 用商家订单系统的单号；没有时定一个从未用过的（日期时间加随机字母数字），之后一直用它',
      en: "outTradeNo is the number in the merchant's order system; without one, choose one that was never used (date, time and random letters) and stay with it",
    },
    waiting: POLLED,
    paid: 'TRADE_SUCCESS / TRADE_FINISHED',
  },
  {
    wallet: { zh: '微信支付', en: 'WeChat Pay' },
    create: ['create-native-payment', 'create-h5-payment', 'create-jsapi-payment'],
    query: ['query-order-by-out-trade-no'],
    close: ['close-order'],
    refund: ['refund-order'],
    queryRefund: ['query-refund-by-out-refund-no'],
    ...NO_SUBSCRIPTIONS,
    outTradeNo: 'out_trade_no',
    outRefundNo: 'out_refund_no',
    numbering: {
      zh: '第一次调用带上 buyer（这位买家或这次会话的稳定标识），之后一直用返回的订单号',
      en: 'give buyer (a stable id of this buyer or conversation) in the first call, and from then on the order number that comes back',
    },
    waiting: POLLED,
    paid: 'PAID',
  },
];

/** The faces that can go all the way; the unified one alone, since it has every wallet. */
export function facesWith(
  tools: readonly { readonly name: string }[],
  needed: readonly Step[],
): readonly Face[] {
  const served = new Set(tools.map(({ name }) => name));
  const kept = (names: readonly string[]) => names.filter((name) => served.has(name));
  const able = FACES.map((face) => ({
    ...face,
    ...{ create: kept(face.create), query: kept(face.query), close: kept(face.close) },
    ...{ refund: kept(face.refund), queryRefund: kept(face.queryRefund) },
    ...{ subscribe: kept(face.subscribe), querySubscription: kept(face.querySubscription) },
    cancelSubscription: kept(face.cancelSubscription),
  })).filter((face) => needed.every((step) => face[step].length > 0));
  const [first] = able;
  return first?.wallet === UNIFIED.wallet ? [first] : able;
}

/** A tool's name or phrase; with several wallets, which is whose. */
export function each(
  faces: readonly Face[],
  language: 'zh' | 'en',
  what: Exclude<keyof Face, 'wallet'>,
): string {
  const or = language === 'zh' ? ' 或 ' : ' or ';
  const said = faces.map((face) => {
    const word = face[what];
    const text = typeof word === 'string' ? word : 'zh' in word ? word[language] : word.join(or);
    return { wallet: face.wallet[language], text };
  });
  const texts = new Set(said.map(({ text }) => text));
  if (texts.size === 1) return [...texts].join('');
  const wallets = said.filter(({ text }) => text !== '').map(({ wallet, text }) => `${text} (${wallet})`);
  return wallets.join(language === 'zh' ? '，' : ', ');
}
