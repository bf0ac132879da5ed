import { z } from 'zod';
import { SUBSCRIPTION_STATES } from '../ledger/subscription-machine.ts';
import { listSubscriptions } from '../payments/agreements/query-subscription.ts';
import { defineTool } from './define-tool.ts';
import { described, provider } from './params.ts';
import { subscriptionListView } from './views.ts';

const DEFAULT_LIMIT = 20;

export const listSubscriptionsTool = defineTool({
  name: 'list-subscriptions',
  title: { zh: '订阅列表', en: 'List subscriptions' },
  description: { zh: '列出账本中的订阅，新的在前。', en: 'List subscriptions of the ledger, newest first.' },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: (setting) => ({
    state: described(setting, z.enum(SUBSCRIPTION_STATES).optional(), {
      zh: '只列此状态',
      en: 'only this state',
    }),
    provider: described(setting, provider(setting).optional(), {
      zh: '只列此支付方式',
      en: 'only this payment method',
    }),
    limit: described(setting, z.int().min(1).max(100).optional(), {
      zh: '每页 1–100，默认 20',
      en: 'page size, 1–100, default 20',
    }),
    cursor: described(setting, z.string().max(200).optional(), {
      zh: '上一页的 nextCursor',
      en: 'nextCursor of the page before',
    }),
  }),
  output: subscriptionListView,
  run: async ({ till, call, present }, args) =>
    present.subscriptions(
      await listSubscriptions(till, call, { ...args, limit: args.limit ?? DEFAULT_LIMIT }),
    ),
});
