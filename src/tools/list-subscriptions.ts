import { z } from 'zod';
import { SUBSCRIPTION_STATES } from '../ledger/subscription-machine.ts';
import { listSubscriptions } from '../payments/agreements/query-subscription.ts';
import { defineTool } from './define-tool.ts';
import { DEFAULT_LIMIT, described, pageShape } from './params.ts';
import { subscriptionListView } from './views.ts';

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
    ...pageShape(setting),
  }),
  output: subscriptionListView,
  run: async ({ till, call, present }, args) =>
    present.subscriptions(
      await listSubscriptions(till, call, { ...args, limit: args.limit ?? DEFAULT_LIMIT }),
    ),
});
