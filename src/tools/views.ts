import { z } from 'zod';
import { ORDER_STATES, REFUND_STATES } from '../domain/order.ts';
import { SUBSCRIPTION_STATES } from '../ledger/subscription-machine.ts';

/* What tools answer as a structure. Required is only what a model cannot do without; everything else may be absent. */

const text = z.string();
const maybe = text.optional();
const flag = z.boolean().optional();
const params = z.record(text, text).optional();
const approval = z.object({ id: text, state: text, code: maybe, expiresAt: maybe }).optional();

/** A payment, as every tool and resource tells it. */
export const paymentView = z.object({
  outTradeNo: text,
  provider: text,
  scene: maybe,
  state: z.enum(ORDER_STATES),
  amountYuan: maybe,
  currency: maybe,
  title: maybe,
  payUrl: maybe,
  qrCode: maybe,
  cashierUrl: maybe,
  jsapiParams: params,
  appParams: params,
  orderString: maybe,
  createdAt: maybe,
  expiresAt: maybe,
  linkExpiresAt: maybe,
  paidAt: maybe,
  late: flag,
  closing: flag,
  gatewayTradeNo: maybe,
  gatewayState: maybe,
  refundedYuan: maybe,
  refundedElsewhereYuan: maybe,
  approval,
  source: maybe,
  replayed: flag,
  simulated: z.boolean(),
  trial: flag,
  nextStep: text,
});
export type PaymentView = z.output<typeof paymentView>;

export const refundView = z.object({
  outRefundNo: text,
  outTradeNo: text,
  provider: text,
  state: z.enum(REFUND_STATES),
  refundYuan: maybe,
  refundedYuan: maybe,
  reason: maybe,
  approval,
  replayed: flag,
  simulated: z.boolean(),
  trial: flag,
  nextStep: text,
});
export type RefundView = z.output<typeof refundView>;

export const paymentListView = z.object({
  items: z.array(paymentView),
  totals: z.object({ count: z.number(), paidYuan: text, refundedYuan: text }),
  nextCursor: maybe,
  simulated: z.boolean(),
  trial: flag,
});
export type PaymentListView = z.output<typeof paymentListView>;

export const subscriptionView = z.object({
  contractNo: text,
  provider: text,
  mode: z.enum(['auto', 'reminded']),
  state: z.enum(SUBSCRIPTION_STATES),
  amountYuan: maybe,
  title: maybe,
  period: maybe,
  times: z.number().optional(),
  charged: z.number().optional(),
  nextChargeAt: maybe,
  signUrl: maybe,
  orderString: maybe,
  cashierUrl: maybe,
  lastCharge: z.object({ outTradeNo: text, state: text, period: z.number() }).optional(),
  endedReason: maybe,
  approval,
  replayed: flag,
  simulated: z.boolean(),
  trial: flag,
  nextStep: text,
});
export type SubscriptionView = z.output<typeof subscriptionView>;

export const subscriptionListView = z.object({
  items: z.array(subscriptionView),
  nextCursor: maybe,
  simulated: z.boolean(),
  trial: flag,
});
export type SubscriptionListView = z.output<typeof subscriptionListView>;

export type View = PaymentView | RefundView | PaymentListView | SubscriptionView | SubscriptionListView;

const published = new WeakMap<z.ZodObject, Readonly<Record<string, unknown>>>();

/** A view as JSON Schema: what lies in it is published as an object and no more, for every client downloads it. */
export function publishedView(view: z.ZodObject): Readonly<Record<string, unknown>> {
  const fields = Object.entries<z.ZodType>(view.shape);
  const schema = published.get(view) ?? {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, field]) => [name, property(field)])),
    required: fields.flatMap(([name, field]) => (field instanceof z.ZodOptional ? [] : [name])),
  };
  published.set(view, schema);
  return schema;
}

function property(field: z.core.$ZodType): object {
  if (field instanceof z.ZodOptional) return property(field.unwrap());
  if (field instanceof z.ZodArray) return { type: 'array', items: property(field.element) };
  if (field instanceof z.ZodEnum) return { type: 'string', enum: field.options };
  if (field instanceof z.ZodString) return { type: 'string' };
  if (field instanceof z.ZodNumber) return { type: 'number' };
  return { type: field instanceof z.ZodBoolean ? 'boolean' : 'object' };
}
