import { z } from 'zod';
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
export type BizContent = Readonly<Record<string, string>>;
const BizContent = z.record(z.string(), z.string());

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
  outTradeNo: string,
): Plan & { readonly method: M } {
  const plan = Plan.safeParse(parseJson(text)).data;
  const method = methods.find((name) => name === plan?.method);
  if (plan === undefined || method === undefined) throw new GatewayUnavailable('plan-unreadable');
  if (parseBizContent(plan.biz_content).out_trade_no !== outTradeNo)
    throw new GatewayUnavailable('plan-of-another-order');
  return { ...plan, method };
}

/** The fields inside a plan's `biz_content`. */
export function parseBizContent(text: string): BizContent {
  const fields = BizContent.safeParse(parseJson(text)).data;
  if (fields === undefined) throw new GatewayUnavailable('plan-unreadable');
  return fields;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
