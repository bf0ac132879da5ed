import type { Clock } from '../src/domain/clock.ts';
import type { ProviderId } from '../src/domain/order.ts';
import { systemRandom } from '../src/platform/system.ts';
import { OutcomeUnknown, type PaymentProvider, type TradeSnapshot } from '../src/providers/contract.ts';
import { WALLETS } from '../src/providers/registry.ts';

/** What the gateways say of a number, while they are asked. */
export const answers = new Map<string, TradeSnapshot>();

/**
 * The wallets of `env` with their real plans, and gateways without a wire.
 * @param isLossy of a thousand answers to a create, one is lost
 */
export async function agreeable(
  env: Readonly<Record<string, string>>,
  clock: Clock,
  isLossy = false,
): Promise<Map<ProviderId, PaymentProvider>> {
  const http = { send: () => Promise.reject(new Error('nothing is sent')) };
  let sent = 0;
  const made = await Promise.all(
    WALLETS.map(async ({ id, configure }) => {
      const real = await configure(env, { clock, randomBytes: systemRandom, http });
      if (!real) return [];
      const provider: PaymentProvider = {
        ...real,
        async sendPayment(order) {
          sent += 1;
          if (isLossy && sent % 1_000 === 0) throw new OutcomeUnknown('timeout');
          const code = order.outTradeNo.slice(-17).toLowerCase();
          return id === 'alipay'
            ? { qrCode: `https://qr.alipay.com/${code}` }
            : { qrCode: `weixin://wxpay/bizpayurl?pr=${code.slice(-9)}` };
        },
        queryTrade: async (outTradeNo) => answers.get(outTradeNo) ?? { exists: false },
        closeTrade: async () => undefined,
        sendRefund: async ({ outTradeNo, outRefundNo, refundFen }) => ({
          ...{ exists: true, outTradeNo, outRefundNo, refundFen, state: 'SUCCESS', gatewayState: 'SUCCESS' },
        }),
        parseNotify: async ({ body }) => JSON.parse(body.toString()),
      };
      return [[id, provider] as const];
    }),
  );
  return new Map(made.flat());
}
