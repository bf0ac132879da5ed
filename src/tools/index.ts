import { type CashierError, configuration } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { WALLET_VARIABLES } from '../providers/registry.ts';
import { createMobileAlipayPaymentTool } from './alipay/create-mobile-alipay-payment.ts';
import { createWebPageAlipayPaymentTool } from './alipay/create-web-page-alipay-payment.ts';
import { queryAlipayPaymentTool } from './alipay/query-alipay-payment.ts';
import { queryAlipayRefundTool } from './alipay/query-alipay-refund.ts';
import { refundAlipayPaymentTool } from './alipay/refund-alipay-payment.ts';
import { cancelSubscriptionTool } from './cancel-subscription.ts';
import { closePaymentTool } from './close-payment.ts';
import { confirmDeliveryTool } from './confirm-delivery.ts';
import { createPaymentTool } from './create-payment.ts';
import { createSubscriptionTool } from './create-subscription.ts';
import type { Tool } from './define-tool.ts';
import { listPaymentsTool } from './list-payments.ts';
import { listSubscriptionsTool } from './list-subscriptions.ts';
import { queryPaymentTool } from './query-payment.ts';
import { queryRefundTool } from './query-refund.ts';
import { querySubscriptionTool } from './query-subscription.ts';
import { refundPaymentTool } from './refund-payment.ts';
import { closeOrderTool } from './wechatpay/close-order.ts';
import { createH5PaymentTool } from './wechatpay/create-h5-payment.ts';
import { createJsapiPaymentTool } from './wechatpay/create-jsapi-payment.ts';
import { createNativePaymentTool } from './wechatpay/create-native-payment.ts';
import { queryOrderByOutTradeNoTool } from './wechatpay/query-order-by-out-trade-no.ts';
import { queryRefundByOutRefundNoTool } from './wechatpay/query-refund-by-out-refund-no.ts';
import { refundOrderTool } from './wechatpay/refund-order.ts';

/** The catalogue, in the order in which clients list it. */
export const UNIFIED_TOOLS: readonly Tool[] = [
  createPaymentTool,
  queryPaymentTool,
  closePaymentTool,
  refundPaymentTool,
  queryRefundTool,
  listPaymentsTool,
  confirmDeliveryTool,
];
/** The names, arguments and texts of Alipay's own MCP server. */
export const ALIPAY_TOOLS: readonly Tool[] = [
  createMobileAlipayPaymentTool,
  createWebPageAlipayPaymentTool,
  queryAlipayPaymentTool,
  refundAlipayPaymentTool,
  queryAlipayRefundTool,
];
/** The two known names of WeChat Pay's own MCP, and more in their spirit. */
export const WECHATPAY_TOOLS: readonly Tool[] = [
  createNativePaymentTool,
  createH5PaymentTool,
  createJsapiPaymentTool,
  queryOrderByOutTradeNoTool,
  closeOrderTool,
  refundOrderTool,
  queryRefundByOutRefundNoTool,
];
/** What is paid again and again. */
export const SUBSCRIPTION_TOOLS: readonly Tool[] = [
  createSubscriptionTool,
  querySubscriptionTool,
  cancelSubscriptionTool,
  listSubscriptionsTool,
];
const ALL_TOOLS: readonly Tool[] = [
  ...UNIFIED_TOOLS,
  ...ALIPAY_TOOLS,
  ...WECHATPAY_TOOLS,
  ...SUBSCRIPTION_TOOLS,
];
export const TOOL_NAMES: readonly string[] = ALL_TOOLS.map(({ name }) => name);

/** Those for every wallet, and those with the names of a wallet's own server. */
export type Toolset = 'unified' | 'alipay' | 'wechatpay' | 'subscriptions';
const TOOLSETS: Readonly<Record<Toolset, readonly Tool[]>> = {
  unified: UNIFIED_TOOLS,
  alipay: ALIPAY_TOOLS,
  wechatpay: WECHATPAY_TOOLS,
  subscriptions: SUBSCRIPTION_TOOLS,
};
/** Of every wallet. */
const OF_EVERY_WALLET: readonly Toolset[] = ['unified', 'subscriptions'];

/** As the official server's documents call its tools. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  mobilePay: 'create-mobile-alipay-payment',
  webPagePay: 'create-web-page-alipay-payment',
  queryPay: 'query-alipay-payment',
  refundPay: 'refund-alipay-payment',
  refundQuery: 'query-alipay-refund',
};
/** The official server has it, we have not: a configuration that names it still starts. */
const NOT_SERVED: ReadonlySet<string> = new Set(['create-alipay-payment-agent']);

export interface Selection {
  readonly tools: readonly Tool[];
  /** Official names that were asked for and are not served. */
  readonly notServed: readonly string[];
}

/**
 * The tools of `AP_SELECT_TOOLS`: a comma list of toolset names, tool names and official short names. Throws
 * CONFIGURATION for a name that does not exist, listing those that do.
 * @param face what nothing selected means; `all` is everything, but for the drop-in it is that one's tools
 */
export function selectTools(selection: string | undefined, face: Toolset = 'unified'): Selection {
  const names = (selection ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const chosen = new Set<Tool>();
  const notServed: string[] = [];
  for (const name of names.length > 0 ? names : [face]) {
    if (NOT_SERVED.has(name)) notServed.push(name);
    else for (const tool of toolsNamed(name, face)) chosen.add(tool);
  }
  return { tools: ALL_TOOLS.filter((tool) => chosen.has(tool)), notServed };
}

function toolsNamed(name: string, face: Toolset): readonly Tool[] {
  if (name === 'all') return face === 'unified' ? ALL_TOOLS : TOOLSETS[face];
  const toolset = Object.entries(TOOLSETS).find(([id]) => id === name)?.[1];
  if (toolset) return toolset;
  const full = Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name] : name;
  const found = ALL_TOOLS.filter((tool) => tool.name === full);
  if (found.length === 0) throw noSuchTool(name);
  return found;
}

/** Those of a selection that have their wallet. Throws CONFIGURATION when that leaves none. */
export function toolsWith(providers: readonly ProviderId[], { tools }: Selection): readonly Tool[] {
  const absent = (Object.keys(TOOLSETS) as Toolset[]).flatMap((id) =>
    OF_EVERY_WALLET.includes(id) || (providers as readonly string[]).includes(id) ? [] : TOOLSETS[id],
  );
  const left = tools.filter((tool) => !absent.includes(tool));
  if (left.length === 0 && tools.length > 0) throw walletMissing(tools.map(({ name }) => name).join(', '));
  return left;
}

/** Whatever `AP_SELECT_TOOLS` may name. */
export const SELECTABLE: readonly string[] = [
  'all',
  ...Object.keys(TOOLSETS),
  ...ALL_TOOLS.map((tool) => tool.name),
  ...Object.keys(SHORT_NAMES),
];

function noSuchTool(name: string): CashierError {
  const known = SELECTABLE.join(', ');
  return configuration('AP_SELECT_TOOLS', {
    zh: `AP_SELECT_TOOLS 中的 ${JSON.stringify(name)} 不存在；可用：${known}。`,
    en: `AP_SELECT_TOOLS names ${JSON.stringify(name)}, which does not exist; there are: ${known}.`,
    next: { zh: '改正 AP_SELECT_TOOLS。', en: 'Correct AP_SELECT_TOOLS.' },
  });
}

function walletMissing(tools: string): CashierError {
  return configuration('AP_SELECT_TOOLS', {
    zh: `AP_SELECT_TOOLS 选择的工具（${tools}）所属的支付方式没有配置。`,
    en: `The payment method of the tools that AP_SELECT_TOOLS selects (${tools}) is not configured.`,
    next: {
      zh: `配置它的密钥（${WALLET_VARIABLES}），或改选其他工具。`,
      en: `Set its keys (${WALLET_VARIABLES}), or select other tools.`,
    },
  });
}
