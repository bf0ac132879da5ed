import { z } from 'zod';
import { wholeSecond } from '../../domain/clock.ts';
import { type Fen, fenFromYuan, MAX_FEN } from '../../domain/money.ts';
import { type Answer, type Incoming, json, parseOrNull } from '../http.ts';
import { pay } from '../payer.ts';
import { type Trade, tradeState } from '../state/trades.ts';
import { inSpace, type World } from '../world.ts';
import { SANDBOX_SERVICE } from './a2m-words.ts';
import { makeTrade } from './opening.ts';
import { verifyRsa2 } from './signature.ts';

/** Where a buyer's agent pays, as Alipay's sandbox has it. */
export const A2M_CASHIER = '/openclawpay/agent/v1/pay';

const filled = z.string().min(1).max(1024);
/** A bill with all its fourteen members, as a buyer's program passes it on, and who pays. */
const request = z.object({
  protocol: z.object({
    outTradeNo: z.string().regex(/^[A-Za-z0-9_]{1,64}$/),
    amount: filled,
    currency: z.literal('CNY'),
    resourceId: filled,
    payBefore: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/),
    sellerSignature: filled,
    sellerSignType: z.literal('RSA2'),
    sellerUniqueId: filled,
    buyerUniqueId: filled,
  }),
  method: z.object({
    sellerName: filled,
    sellerId: filled,
    sellerAppId: filled,
    goodsName: filled,
    sellerUniqueIdKey: z.literal('seller_id'),
    serviceId: filled,
    buyerUniqueIdKey: z.literal('buyerExternalId'),
  }),
  signature: z.object({
    buyerExternalId: filled,
    buyerSignature: filled,
    timestamp: z.union([z.string(), z.number()]),
  }),
});
type Paying = z.infer<typeof request>;

/** Why a bill is not paid. */
class NotPaid extends Error {
  override readonly name = 'NotPaid';
}

/**
 * A buyer's agent pays a bill: `{"success", "payScheme", "protocol": {"tradeNo", "paymentProof"}, "method":
 * {"clientSession"}}`, without a proof while a person has yet to say yes (`cashierUrl`). The same buyer and bill again is
 * the same trade. Else `{"success": false, "errorCode", "errorMessage"}`.
 */
export async function payBill(gateway: World, { body }: Incoming): Promise<Answer> {
  try {
    const parsed = request.safeParse(parseOrNull(body.toString('utf8')));
    const where = parsed.error?.issues[0]?.path.join('.');
    if (!parsed.success) throw new NotPaid(`BILL_MALFORMED ${where ?? ''}`);
    const paying = parsed.data;
    const { seller } = sellerOf(gateway, paying);
    checkSignature(gateway, paying);
    const world = inSpace(gateway, seller);
    const trade = await world.database.write(() => paid(world, paying, seller));
    return json(200, told(world, trade));
  } catch (error) {
    if (!(error instanceof NotPaid)) throw error;
    const [errorCode, ...why] = error.message.split(' ');
    return json(200, { success: false, errorCode, errorMessage: why.join(' ') });
  }
}

/** Who is paid: the merchant, or one of the merchants who have authorised the ISV. */
function sellerOf(
  { identity }: World,
  { method, protocol }: Paying,
): { readonly seller: string | undefined } {
  const { sellerId, sellerAppId, serviceId } = method;
  if (protocol.sellerUniqueId !== sellerId) throw new NotPaid('SELLER_UNKNOWN');
  if (serviceId !== SANDBOX_SERVICE && !/^API_[A-Za-z0-9_-]{1,60}$/.test(serviceId)) {
    throw new NotPaid('SERVICE_UNKNOWN');
  }
  if (sellerAppId === identity.appId && sellerId === identity.sellerId) return { seller: undefined };
  const isIsvs = identity.isv.merchants.some((merchant) => merchant.sellerId === sellerId);
  if (sellerAppId !== identity.isv.appId || !isIsvs) throw new NotPaid('SELLER_UNKNOWN');
  return { seller: sellerId };
}

/** The app signs these eight, in this order, as `name=value` joined by `&`. */
function checkSignature({ identity }: World, { protocol, method }: Paying): void {
  const { amount, currency, outTradeNo, payBefore, resourceId, sellerSignature } = protocol;
  const text = [
    ...[`amount=${amount}`, `currency=${currency}`, `goods_name=${method.goodsName}`],
    ...[`out_trade_no=${outTradeNo}`, `pay_before=${payBefore}`, `resource_id=${resourceId}`],
    ...[`seller_id=${method.sellerId}`, `service_id=${method.serviceId}`],
  ].join('&');
  if (!verifyRsa2(text, sellerSignature, identity.keys.app.publicKey))
    throw new NotPaid('SELLER_SIGNATURE_INVALID');
}

/** The trade of a bill, paid by now unless a scenario has a person say yes first. Call inside a write. */
function paid(world: World, paying: Paying, seller: string | undefined): Trade {
  const { protocol, method } = paying;
  const { outTradeNo, buyerUniqueId: buyer } = protocol;
  const now = world.clock.now();
  const amountFen = fenFromYuan(protocol.amount);
  if (amountFen === undefined || amountFen < 1 || amountFen > MAX_FEN)
    throw new NotPaid('BILL_MALFORMED amount');
  const fingerprint = JSON.stringify([amountFen, method.goodsName, protocol.resourceId, method.serviceId]);
  const existing = world.trades.byNumber('alipay', outTradeNo);
  if (existing) {
    if (existing.fingerprint !== fingerprint) throw new NotPaid('CONTEXT_INCONSISTENT');
    if (existing.a2m?.buyer !== buyer) throw new NotPaid('TRADE_HAS_SUCCESS');
    if (tradeState(existing, now) === 'CLOSED') throw new NotPaid('TRADE_HAS_CLOSE');
    return existing;
  }
  const steered = world.steering.take({
    ...{ provider: 'alipay', operation: 'pay', outTradeNo, title: method.goodsName },
  });
  if (steered.answer?.fault === 'system-error') throw new NotPaid('PAY_SUBMIT_FAILED 系统繁忙，请稍后重试');
  if (steered.answer?.fault === 'declined') throw new NotPaid('BUYER_REFUSED');
  const payBefore = Date.parse(protocol.payBefore);
  if (!(now < payBefore)) throw new NotPaid('BILL_EXPIRED');
  const trade: Trade = {
    ...makeTrade(world, {
      provider: 'alipay',
      ...(seller === undefined ? {} : { space: seller, seller }),
      ...{ scene: 'a2m', outTradeNo, amountFen: amountFen as Fen, title: method.goodsName, fingerprint },
      expiresAt: wholeSecond(payBefore),
    }),
    a2m: {
      ...{ resourceId: protocol.resourceId, serviceId: method.serviceId, buyer },
      proof: world.randomBytes(32).toString('hex'),
      session: Buffer.from(JSON.stringify({ externalId: buyer, signature: '-', timestamp: now })).toString(
        'base64',
      ),
    },
  };
  world.trades.save(trade);
  return steered.has('pay-asks-person') ? trade : pay(world, trade).trade;
}

function told(world: World, trade: Trade): object {
  const isPaid = trade.paidAt !== undefined;
  return {
    success: true,
    payScheme: 'AGENT_PAY',
    state: isPaid ? 'WAIT_SELLER_FULFILLMENT' : 'WAIT_BUYER_PAY',
    protocol: { tradeNo: trade.tradeNo, ...(isPaid ? { paymentProof: trade.a2m?.proof } : {}) },
    method: isPaid ? { clientSession: trade.a2m?.session } : {},
    ...(isPaid ? {} : { cashierUrl: `${world.origin}/cashier/${trade.cashierToken}` }),
  };
}
