import { z } from 'zod';
import { parseAmount } from '../domain/money.ts';
import { createSubscription } from '../payments/agreements/create-subscription.ts';
import { walletOf } from '../providers/registry.ts';
import { defineTool, type ToolSetting } from './define-tool.ts';
import { checkTitle, checkVisible, contractNo, described, provider, yuan } from './params.ts';
import { subscriptionView } from './views.ts';

export const createSubscriptionTool = defineTool({
  name: 'create-subscription',
  title: { zh: '新建订阅', en: 'Create subscription' },
  description: {
    zh: '卖一个按周期付费的订阅。用户同意条款后，由服务器按期扣款或提醒，智能体从不扣款。改价须取消后用新的 contractNo 请用户重新同意。',
    en: 'Sell a subscription. Once the subscriber has agreed, the server charges or reminds each period; the agent never does. Another price needs a cancel, a new contractNo and a new consent.',
  },
  scope: 'cashier:pay',
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: (setting) => ({
    provider: described(
      setting,
      setting.providers.length === 1 ? provider(setting).optional() : provider(setting),
      { zh: '用户用哪种支付方式', en: 'how the subscriber pays' },
    ),
    amountYuan: described(setting, yuan, {
      zh: '每期金额，元，至多两位小数，如 "19.00"',
      en: 'yuan a period, at most 2 decimals, e.g. "19.00"',
    }),
    title: described(setting, z.string(), {
      zh: '订阅名称，≤42 个汉字，无表情符号',
      en: 'what is sold: ≤127 bytes (42 Chinese characters), no emoji',
    }),
    period: described(setting, z.string(), {
      zh: '周期，P7D 到 P1Y，如 P1M',
      en: 'ISO 8601 duration from P7D to P1Y, e.g. P1M',
    }),
    firstYuan: described(setting, yuan.optional(), {
      zh: '首期金额，缺省与每期相同',
      en: 'yuan of the first period, where that differs',
    }),
    times: described(setting, z.int().min(1).max(999).optional(), {
      zh: '总期数（含首期），1–999，缺省直到取消',
      en: 'periods in all, the first included, 1–999; absent: until cancelled',
    }),
    ...signedByPaying(setting),
    // Hashed, never shown.
    subscriber: described(setting, z.string().min(1).max(256), {
      zh: '用户的稳定标识，≤256 字符',
      en: 'stable id of the subscriber (≤256 characters)',
    }),
    contractNo: described(setting, contractNo.optional(), {
      zh: '订阅号，6–32 位字母、数字、_；缺省自动生成；重试用同一个',
      en: 'its number: 6–32 letters, digits, _; made here when absent; retry with the same',
    }),
  }),
  output: subscriptionView,
  showsImage: true,
  run: async ({ till, call, present }, { amountYuan, firstYuan, ...rest }) => {
    checkTitle(rest.title);
    checkVisible('subscriber', rest.subscriber);
    const firstFen = firstYuan === undefined ? undefined : parseAmount(firstYuan, 'firstYuan');
    const input = { ...rest, amountFen: parseAmount(amountYuan, 'amountYuan'), firstFen };
    return present.offered(await createSubscription(till, call, input));
  },
});

/** Published where a wallet has it. */
function signedByPaying(setting: ToolSetting) {
  const scenes = setting.providers.flatMap((id) => walletOf(id).signedByPaying ?? []);
  const scene = described(setting, z.enum(scenes).optional(), {
    zh: 'app：用户在商家 App 里付首期时一并签约（orderString）',
    en: "app: the subscriber signs by paying the first period in the merchant's app (orderString)",
  });
  return scenes.length > 0 ? { scene } : ({} as { scene: typeof scene });
}
