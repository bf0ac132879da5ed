import { expect } from 'vitest';
import { z } from 'zod';
import { WALLET_IDS } from '../../src/providers/registry.ts';
import type { Reply } from '../support/server-process.ts';

const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/);
const yuan = z.string().regex(/^(0|[1-9]\d*)\.\d\d$/);
const provider = z.enum(WALLET_IDS);
const signed = z.record(z.string(), z.string());
const approval = z.strictObject({
  id: z.string().min(8),
  state: z.enum(['pending', 'approved', 'denied', 'expired', 'failed']),
  expiresAt: time,
  /** Why one has failed. */
  code: z.string().min(1).optional(),
});

/** Contract §4.1: these fields and no others. */
const payment = z.strictObject({
  outTradeNo: z.string().regex(/^[A-Za-z0-9_]{6,32}$/),
  /** `any` until the buyer has chosen. */
  provider: z.enum([...WALLET_IDS, 'any']),
  scene: z.enum(['qr', 'web', 'h5', 'jsapi', 'app']),
  state: z.enum(['PENDING_APPROVAL', 'DENIED', 'NOTPAY', 'PAID', 'CLOSED', 'UNKNOWN']),
  amountYuan: yuan,
  currency: z.literal('CNY'),
  title: z.string(),
  payUrl: z.url().optional(),
  qrCode: z.string().optional(),
  cashierUrl: z.url().optional(),
  jsapiParams: signed.optional(),
  appParams: signed.optional(),
  orderString: z.string().optional(),
  createdAt: time,
  expiresAt: time.optional(),
  linkExpiresAt: time.optional(),
  paidAt: time.optional(),
  late: z.boolean().optional(),
  closing: z.boolean().optional(),
  gatewayTradeNo: z.string().optional(),
  gatewayState: z.string().optional(),
  refundedYuan: yuan,
  refundedElsewhereYuan: z.union([yuan, z.literal('unknown')]).optional(),
  approval: approval.optional(),
  source: z.enum(['ledger', 'query', 'notify']),
  replayed: z.boolean(),
  simulated: z.boolean(),
  trial: z.boolean().optional(),
  nextStep: z.string().min(1),
});
export type Payment = z.infer<typeof payment>;

const refund = z.strictObject({
  outRefundNo: z.string().regex(/^[A-Za-z0-9_]{1,64}$/),
  outTradeNo: z.string(),
  provider,
  state: z.enum(['PENDING_APPROVAL', 'DENIED', 'PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL', 'UNKNOWN']),
  refundYuan: yuan,
  refundedYuan: yuan,
  reason: z.string().optional(),
  approval: approval.optional(),
  replayed: z.boolean(),
  simulated: z.boolean(),
  trial: z.boolean().optional(),
  nextStep: z.string().min(1),
});
export type Refund = z.infer<typeof refund>;

const list = z.strictObject({
  items: z.array(payment),
  totals: z.strictObject({ count: z.int(), paidYuan: yuan, refundedYuan: yuan }),
  nextCursor: z.string().optional(),
  simulated: z.boolean(),
  trial: z.boolean().optional(),
});
export type PaymentList = z.infer<typeof list>;

/** Contract §4.2; more facts may follow. */
const refusal = z.looseObject({
  code: z.enum([
    'INVALID_ARGUMENT',
    'ORDER_NOT_FOUND',
    'IDEMPOTENCY_CONFLICT',
    'ALREADY_PAID',
    'ORDER_CLOSED',
    'NOT_PAID',
    'REFUND_EXCEEDS_PAID',
    'REFUND_NOT_ALLOWED',
    'TRY_LATER',
    'POLICY_DENIED',
    'FROZEN',
    'GATEWAY_DECLINED',
    'OUTCOME_UNKNOWN',
    'GATEWAY_UNAVAILABLE',
    'CONFIGURATION',
    'INTERNAL',
  ]),
  message: z.string().min(1),
  retryable: z.boolean(),
  nextAction: z.string().min(1),
});
export type Refusal = z.infer<typeof refusal>;

/** A Payment whose first text block says all that a model needs, because some clients show nothing else. */
export function readPayment(reply: Reply): Payment {
  const read = payment.parse(succeeded(reply).structured);
  const { qrCode, payUrl, cashierUrl, orderString, jsapiParams, appParams } = read;
  const facts = [
    read.outTradeNo,
    read.state,
    read.amountYuan,
    read.nextStep,
    qrCode,
    cashierUrl,
    orderString,
  ];
  if (payUrl !== undefined) facts.push(`[点击完成支付](${payUrl})`);
  if (read.state === 'NOTPAY' && !read.closing) facts.push(read.expiresAt);
  if (read.state === 'PENDING_APPROVAL') facts.push(read.approval?.id);
  for (const parameters of [jsapiParams, appParams]) {
    if (parameters !== undefined) facts.push(...Object.values(parameters));
  }
  saysAll(reply, read.simulated, facts);
  return read;
}

export function readRefund(reply: Reply): Refund {
  const read = refund.parse(succeeded(reply).structured);
  const { outRefundNo, outTradeNo, state, refundYuan, nextStep } = read;
  saysAll(reply, read.simulated, [outRefundNo, outTradeNo, state, refundYuan, nextStep]);
  if (state === 'PENDING_APPROVAL') expect(reply.text).toContain(read.approval?.id);
  return read;
}

export function readList(reply: Reply): PaymentList {
  const read = list.parse(succeeded(reply).structured);
  saysAll(
    reply,
    read.simulated,
    read.items.map((item) => item.outTradeNo),
  );
  return read;
}

/** An error is one JSON object in one text block and nothing else. */
export function readRefusal(reply: Reply): Refusal {
  expect(reply).toMatchObject({ isError: true, structured: undefined, blocks: 1 });
  return refusal.parse(JSON.parse(reply.text));
}

function succeeded(reply: Reply): Reply {
  if (reply.isError) throw new Error(`the tool answered an error: ${reply.text}`);
  return reply;
}

function saysAll(reply: Reply, simulated: boolean, facts: readonly (string | undefined)[]): void {
  for (const fact of facts) if (fact !== undefined) expect(reply.text).toContain(fact);
  expect(/模拟|SIMULATED/.test(reply.text.split('\n')[0] ?? '')).toBe(simulated);
}
