import { z } from 'zod';
import { parseJson } from '../../domain/json.ts';
import { GatewayUnavailable } from '../contract.ts';

/** The one call that is the app's own affair, whoever has authorised it. */
export const CERTIFICATE_DOWNLOAD = 'alipay.open.app.alipaycert.download';

/** One gateway call as it is signed: everything that must not change between two sends of the same thing. */
export interface Plan {
  readonly method: string;
  readonly notify_url?: string | undefined;
  readonly return_url?: string | undefined;
  /** The JSON text that is signed and sent as `biz_content`, to the byte. */
  readonly biz_content: string;
}

const Plan = z.strictObject({
  method: z.string(),
  notify_url: z.string().optional(),
  return_url: z.string().optional(),
  biz_content: z.string(),
});

/** Business fields are text only: a JSON number would pass through a float in the SDK or at the gateway. */
export interface BizContent {
  readonly [field: string]: string | BizContent;
}
const BizContent: z.ZodType<BizContent> = z.record(
  z.string(),
  z.lazy(() => z.union([z.string(), BizContent])),
);

/** What a trade is asked for by: our number, or Alipay's where it may not know ours. */
export interface TradeName {
  readonly outTradeNo: string;
  readonly gatewayTradeNo?: string | undefined;
}

/** The field by which a call names its trade. */
export function tradeNamed({ outTradeNo, gatewayTradeNo }: TradeName): BizContent {
  return gatewayTradeNo === undefined ? { out_trade_no: outTradeNo } : { trade_no: gatewayTradeNo };
}

export function bizContent(fields: BizContent): string {
  return JSON.stringify(fields);
}

export function writePlan(plan: Plan): string {
  return JSON.stringify(plan);
}

/**
 * Reads a plan back from the ledger. One that is damaged, or of another order or kind of call, is not sent:
 * {@link GatewayUnavailable}, because then provably nothing has left.
 */
export function readPlan<M extends string>(
  text: string,
  methods: readonly M[],
  trade: TradeName,
): Plan & { readonly method: M } {
  // Where both stand there, Alipay goes by its own.
  return readPlanOf(text, methods, { out_trade_no: undefined, trade_no: undefined, ...tradeNamed(trade) });
}

/** As {@link readPlan}, by the fields that say whose it is: each with what it must be, or undefined for none. */
export function readPlanOf<M extends string>(
  text: string,
  methods: readonly M[],
  named: Readonly<Record<string, string | BizContent | undefined>>,
): Plan & { readonly method: M } {
  const plan = Plan.safeParse(parseJson(text)).data;
  const method = methods.find((name) => name === plan?.method);
  if (plan === undefined || method === undefined) throw new GatewayUnavailable('plan-unreadable');
  const fields = parseBizContent(plan.biz_content);
  if (Object.entries(named).some(([field, value]) => fields[field] !== value))
    throw new GatewayUnavailable('plan-of-another-order');
  return { ...plan, method };
}

/** The fields inside a plan's `biz_content`. */
export function parseBizContent(text: string): BizContent {
  const fields = BizContent.safeParse(parseJson(text)).data;
  if (fields === undefined) throw new GatewayUnavailable('plan-unreadable');
  return fields;
}
