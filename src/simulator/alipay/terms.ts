import { z } from 'zod';
import { DAY_MS, parseBeijingDateTime, wholeSecond } from '../../domain/clock.ts';
import { dayOf, digits } from '../numbers.ts';
import type { Trade, TradeScene } from '../state/trades.ts';
import type { World } from '../world.ts';
import { paySignFields, readPaySign } from './agreement-terms.ts';
import { addressIn, readBusiness, readPrice } from './reading.ts';
import { business, invalidParameter } from './refusal.ts';
import type { AlipayCall } from './request.ts';

/** What opening a link or scanning a code will make a trade of. */
export type TradeTerms = Omit<Trade, 'cashierToken' | 'createdAt' | 'refunds' | 'payer'>;

const MINUTE_MS = 60_000;
const LONGEST_MS = 15 * DAY_MS;

/** One way of ordering: its product codes, the length its price may have, and how long it waits by default (ms). */
interface Product {
  readonly scene: TradeScene;
  readonly codes: readonly string[];
  readonly priceLength: number;
  readonly waitsMs: number;
}

const PRODUCTS: Readonly<Record<string, Product>> = {
  'alipay.trade.precreate': {
    scene: 'qr',
    codes: ['QR_CODE_OFFLINE', 'FACE_TO_FACE_PAYMENT', 'OFFLINE_PAYMENT'],
    priceLength: 12,
    waitsMs: 180 * MINUTE_MS,
  },
  'alipay.trade.page.pay': {
    scene: 'web',
    codes: ['FAST_INSTANT_TRADE_PAY'],
    priceLength: 11,
    waitsMs: LONGEST_MS,
  },
  'alipay.trade.wap.pay': { scene: 'h5', codes: ['QUICK_WAP_WAY'], priceLength: 9, waitsMs: LONGEST_MS },
  'alipay.trade.app.pay': {
    scene: 'app',
    codes: ['QUICK_MSECURITY_PAY'],
    priceLength: 9,
    waitsMs: LONGEST_MS,
  },
};

const anything = z.unknown();

/** What the documents list for an order. Anything else is refused: the real gateway may intercept it. */
const orderFields = z.strictObject({
  out_trade_no: z.string().regex(/^[A-Za-z0-9_]{1,64}$/),
  total_amount: z.union([z.string(), z.number()]),
  subject: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^/=&]*$/),
  product_code: z.string().optional(),
  body: z.string().max(128).optional(),
  passback_params: z.string().max(512).optional(),
  time_expire: z.string().optional(),
  timeout_express: z.string().optional(),
  qr_code_timeout_express: z.string().optional(),
  quit_url: z.string().max(400).optional(),
  qr_pay_mode: anything.optional(),
  qrcode_width: anything.optional(),
  seller_id: z.string().max(28).optional(),
  store_id: z.string().max(32).optional(),
  operator_id: z.string().max(28).optional(),
  terminal_id: z.string().max(32).optional(),
  goods_type: z.string().optional(),
  goods_detail: anything.optional(),
  extend_params: anything.optional(),
  business_params: anything.optional(),
  query_options: anything.optional(),
});
/** An app's order can be one that its payer agrees to something with. */
const appOrderFields = orderFields.extend({ agreement_sign_params: paySignFields.optional() });
type OrderFields = z.infer<typeof orderFields>;

/**
 * Reads an order of any of the four products.
 * @see https://opendocs.alipay.com/open/59da99d0_alipay.trade.page.pay
 * @see https://opendocs.alipay.com/open/05osv9
 */
export function readTerms(world: World, call: AlipayCall): TradeTerms {
  const product = PRODUCTS[call.method];
  if (!product) throw invalidParameter('method');
  const fields =
    call.method === 'alipay.trade.app.pay'
      ? readBusiness(call, appOrderFields)
      : { ...readBusiness(call, orderFields), agreement_sign_params: undefined };
  if (fields.product_code && !product.codes.includes(fields.product_code))
    throw invalidParameter('product_code');
  const price = String(fields.total_amount);
  if (price.length > product.priceLength) throw invalidParameter('total_amount');
  const amountFen = readPrice(price);
  const expiresAt = readExpiry(fields, world.clock.now(), call.method === 'alipay.trade.precreate', product);
  const seller = call.merchant?.sellerId;
  const signing = fields.agreement_sign_params;
  return {
    provider: 'alipay',
    // Numbers are a seller's own, whoever calls for it.
    ...(seller === undefined ? {} : { space: seller, seller }),
    scene: product.scene,
    outTradeNo: fields.out_trade_no,
    amountFen,
    title: fields.subject,
    fingerprint: JSON.stringify([amountFen, fields.subject, fields.body ?? '']),
    expiresAt,
    ...(fields.body ? { body: fields.body } : {}),
    ...(signing ? { signs: readPaySign(call, signing, fields.subject) } : {}),
    ...(fields.passback_params ? { attach: fields.passback_params } : {}),
    ...addressIn(call, 'notify_url', 'notifyUrl'),
    ...addressIn(call, 'return_url', 'returnUrl'),
  };
}

/** Trades carry 28 digits: the day, `22001`, and what makes them unique. */
export function newTradeNo(world: World): string {
  const day = dayOf(world.clock.now());
  return `${day}22001${digits(world.randomBytes, 15)}`;
}

/** `time_expire` wins over `timeout_express`. A link that is opened too late is refused on the cashier page. */
function readExpiry(fields: OrderFields, now: number, mustBeAhead: boolean, product: Product): number {
  if (fields.time_expire !== undefined) {
    const at = parseBeijingDateTime(fields.time_expire);
    if (at === undefined || at > now + LONGEST_MS) throw invalidParameter('time_expire');
    if (mustBeAhead && at <= now) {
      throw business('NOW_TIME_AFTER_EXPIRE_TIME_ERROR', '当前时间已超过交易的过期时间');
    }
    return at;
  }
  const waitsMs = fields.timeout_express === undefined ? product.waitsMs : duration(fields.timeout_express);
  return wholeSecond(now + waitsMs);
}

/** `1m`–`15d`: minutes, hours or days, no decimals. */
function duration(text: string): number {
  const match = /^([1-9]\d{0,4})([mhd])$/.exec(text);
  const units: Readonly<Record<string, number>> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: DAY_MS };
  const ms = match ? Number(match[1]) * (units[match[2] ?? ''] ?? 0) : 0;
  if (ms < MINUTE_MS || ms > LONGEST_MS) throw invalidParameter('timeout_express');
  return ms;
}
