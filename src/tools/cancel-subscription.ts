import { cancelSubscription } from '../payments/agreements/cancel-subscription.ts';
import { defineTool } from './define-tool.ts';
import { subscriptionNo } from './params.ts';
import { subscriptionView } from './views.ts';

export const cancelSubscriptionTool = defineTool({
  name: 'cancel-subscription',
  title: { zh: '取消订阅', en: 'Cancel subscription' },
  description: {
    zh: '取消订阅：之后不再扣款。用户要求时立即调用，任何时候都可以。已付的款项另用 refund-payment。',
    en: 'Cancel a subscription: nothing more is charged. Call it as soon as the subscriber asks, at any time. What is paid needs refund-payment.',
  },
  scope: 'cashier:pay',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: (setting) => ({ contractNo: subscriptionNo(setting) }),
  output: subscriptionView,
  run: async ({ till, call, present }, args) =>
    present.subscription(await cancelSubscription(till, call, args)),
});
