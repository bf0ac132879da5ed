import { z } from 'zod';

const yuan = z.string().regex(/^-?\d+\.\d{2}$/);
const totals = z.strictObject({
  payments: z.int(),
  paidYuan: yuan,
  refunds: z.int(),
  refundedYuan: yuan,
});
const difference = z.strictObject({
  kind: z.string(),
  outTradeNo: z.string(),
  outRefundNo: z.string().optional(),
  ledger: z.strictObject({ state: z.string(), amountYuan: yuan }).optional(),
  bill: z
    .strictObject({
      state: z.string(),
      gatewayState: z.string(),
      gatewayTradeNo: z.string(),
      amountYuan: yuan,
      feeYuan: yuan,
      at: z.iso.datetime({ offset: true }),
    })
    .optional(),
  mayFollow: z.literal(true).optional(),
  settledAs: z.string().optional(),
  note: z.strictObject({ zh: z.string().min(1), en: z.string().min(1) }),
});
const report = z.strictObject({
  realm: z.enum(['live', 'trial', 'sandbox', 'simulator']),
  ledger: z.string(),
  date: z.iso.date(),
  clean: z.boolean(),
  simulated: z.boolean(),
  providers: z.array(
    z.union([
      z.strictObject({
        provider: z.string(),
        clean: z.boolean(),
        bill: totals.extend({ feeYuan: yuan }),
        ledger: totals,
        differences: z.array(difference),
        released: z.array(
          z.strictObject({ outTradeNo: z.string(), outRefundNo: z.string(), refundYuan: yuan }),
        ),
      }),
      z.strictObject({
        provider: z.string(),
        clean: z.literal(false),
        error: z.looseObject({
          code: z.string(),
          message: z.strictObject({ zh: z.string(), en: z.string() }),
        }),
      }),
    ]),
  ),
});

export type Difference = z.infer<typeof difference>;
export type Report = z.infer<typeof report>;

/** What `reconcile --json` says, checked against the form that programs rely on. */
export function readReport(stdout: string): Report {
  return report.parse(JSON.parse(stdout));
}

/** `kind order`, or `kind order refund`: enough to see that a difference is named, and named once. */
export function namesOf(differences: readonly Difference[]): string[] {
  return differences
    .map(({ kind, outTradeNo, outRefundNo }) => [kind, outTradeNo, outRefundNo].filter(Boolean).join(' '))
    .sort();
}
