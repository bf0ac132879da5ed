import { querySubscription } from '../payments/agreements/query-subscription.ts';
import { defineTool } from './define-tool.ts';
import { subscriptionNo } from './params.ts';
import { subscriptionView } from './views.ts';

export const querySubscriptionTool = defineTool({
  name: 'query-subscription',
  title: { zh: '查询订阅', en: 'Query subscription' },
  description: {
    zh: '向支付平台查询订阅。只有 ACTIVE 才算已同意，只有 lastCharge 为 PAID 的那一期才算已付款。',
    en: 'Ask the gateway about a subscription. Only ACTIVE is agreed to, and only a period whose lastCharge is PAID is paid.',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: (setting) => ({ contractNo: subscriptionNo(setting) }),
  output: subscriptionView,
  run: async ({ till, call, present }, args) =>
    present.subscription(await querySubscription(till, call, args)),
});
