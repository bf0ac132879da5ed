import { z } from 'zod';
import { listPayments } from '../payments/list-payments.ts';
import { defineTool } from './define-tool.ts';
import { LIST_SCHEMA } from './output-schemas.ts';
import { described, provider } from './params.ts';

const DEFAULT_LIMIT = 20;

export const listPaymentsTool = defineTool({
  name: 'list-payments',
  title: { zh: '订单列表', en: 'List payments' },
  description: { zh: '列出账本中的订单与合计。', en: 'List orders of the ledger, with totals.' },
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: (setting) =>
    z.strictObject({
      from: described(setting, z.string().optional(), { zh: 'YYYY-MM-DD', en: 'YYYY-MM-DD' }),
      to: z.string().optional(),
      state: z.enum(['PENDING_APPROVAL', 'DENIED', 'NOTPAY', 'PAID', 'CLOSED', 'UNKNOWN']).optional(),
      provider: provider(setting).optional(),
      limit: z.int().min(1).max(100).optional(),
      cursor: z.string().max(200).optional(),
    }),
  outputSchema: LIST_SCHEMA,
  run: async ({ cashier, call, present }, args) =>
    present.list(
      await listPayments(cashier, call, {
        from: args.from,
        to: args.to,
        state: args.state,
        provider: args.provider,
        limit: args.limit ?? DEFAULT_LIMIT,
        cursor: args.cursor,
      }),
    ),
});
