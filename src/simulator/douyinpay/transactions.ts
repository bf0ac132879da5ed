import { z } from 'zod';
import { beijingIso, DAY_MS, wholeSecond } from '../../domain/clock.ts';
import type { Fen } from '../../domain/money.ts';
import { token } from '../numbers.ts';
import { announceForged, pay } from '../payer.ts';
import { type Trade, type TradeScene, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import { bytes, canonical, fenAmount, notifyUrl, readJson, text } from '../v3/request-body.ts';
import type { World } from '../world.ts';
import { H5_PATH, QR_PATH } from './paths.ts';
import { BODY_REFUSALS, DouyinPayRefusal } from './refusal.ts';

/** ms that an order waits when it names no `time_expire`, and that a credential works. */
const DEFAULT_WAIT_MS = 7 * DAY_MS;
const CODE_LIFETIME_MS = 2 * 3_600_000;

const KINDS = {
  native: { scene: 'qr', type: 'NATIVE' },
  h5: { scene: 'h5', type: 'H5' },
  jsapi: { scene: 'jsapi', type: 'JSAPI' },
  app: { scene: 'app', type: 'APP' },
} as const satisfies Record<string, { scene: TradeScene; type: string }>;
type OrderKind = keyof typeof KINDS;

export function isOrderKind(word: string): word is OrderKind {
  return Object.hasOwn(KINDS, word);
}

const ORDER = z.strictObject({
  appid: text(32),
  mchid: text(32),
  description: bytes(127),
  out_trade_no: z.string().regex(/^[0-9A-Za-z_\-*]{6,32}$/),
  time_expire: z.iso.datetime({ offset: true }).optional(),
  attach: text(1024).optional(),
  notify_url: notifyUrl,
  goods_tag: text(256).optional(),
  support_fapiao: z.boolean().optional(),
  amount: z.strictObject({ total: fenAmount, currency: z.literal('CNY') }),
  detail: z.record(z.string(), z.unknown()).optional(),
  settle_info: z.strictObject({ profit_sharing: z.boolean().optional() }).optional(),
  scene_info: z
    .strictObject({
      payer_client_ip: z.union([z.ipv4(), z.ipv6()]).optional(),
      device_id: text(32).optional(),
      payer_device_id: text(64).optional(),
      store_info: z.record(z.string(), z.unknown()).optional(),
      h5_info: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  payer: z.strictObject({ openid: z.string().regex(/^[0-9A-Za-z_-]{1,128}$/) }).optional(),
});

/**
 * `POST /v1/trade/transactions/{native|h5|jsapi|app}`. The same number with the same parameters gets a fresh credential
 * and the old one dies; with others it is refused.
 */
export function createOrder(
  world: World,
  kind: OrderKind,
  body: Buffer,
  steered: Steered,
): Record<string, string> {
  const request = readJson(body, ORDER, BODY_REFUSALS);
  const { appId, mchId } = world.identity.douyin;
  if (request.mchid !== mchId) throw new DouyinPayRefusal('MCH_NOT_EXISTS', '商户号不存在');
  if (request.appid !== appId) throw new DouyinPayRefusal('APPID_MCHID_NOT_MATCH', 'appid和mchid不匹配');
  const now = world.clock.now();
  const fingerprint = JSON.stringify([kind, canonical(request)]);
  const existing = world.trades.byNumber('douyinpay', request.out_trade_no);
  if (existing) checkReentry(existing, fingerprint, now);
  const order: Trade = existing ?? {
    ...{ provider: 'douyinpay', scene: KINDS[kind].scene, outTradeNo: request.out_trade_no },
    ...{ amountFen: request.amount.total as Fen, title: request.description, fingerprint },
    ...{ notifyUrl: request.notify_url, cashierToken: token(world.randomBytes) },
    ...(request.attach ? { attach: request.attach } : {}),
    payer: request.payer?.openid ?? `_000${world.randomBytes(14).toString('hex')}`,
    createdAt: now,
    expiresAt: wholeSecond(request.time_expire ? Date.parse(request.time_expire) : now + DEFAULT_WAIT_MS),
    refunds: [],
  };
  if (!existing) world.trades.save(order);
  if (!existing && steered.has('notify-forged')) announceForged(world, order);
  const credential = issueCredential(world, kind, order, now);
  if (steered.has('auto-pay')) pay(world, order);
  return credential;
}

function checkReentry(existing: Trade, fingerprint: string, now: number): void {
  if (existing.fingerprint !== fingerprint)
    throw new DouyinPayRefusal('INVALID_REQUEST', '请求重入时，参数与首次请求时不一致');
  const state = tradeState(existing, now);
  if (state === 'PAID') throw new DouyinPayRefusal('ORDER_PAID', '该订单已支付');
  if (state === 'CLOSED') throw new DouyinPayRefusal('ORDER_CLOSED', '该订单已关闭');
}

function issueCredential(
  world: World,
  kind: OrderKind,
  { outTradeNo }: Trade,
  now: number,
): Record<string, string> {
  world.codes.expire('douyinpay', outTradeNo, now);
  const once = token(world.randomBytes);
  const diesAt = now + CODE_LIFETIME_MS;
  const given = (name: string, code: string) => {
    world.codes.issue({ code, provider: 'douyinpay', outTradeNo, diesAt });
    return { [name]: code };
  };
  if (kind === 'native') return given('code_url', `${world.origin}${QR_PATH}/${once}`);
  if (kind === 'h5') return given('h5_url', `${world.origin}${H5_PATH}/${once}`);
  return given('prepay_id', `dy${once}`);
}

/** `GET …/out-trade-no/{no}` and `/id/{id}`. */
export function queryOrder(world: World, trade: Trade | undefined, steered: Steered): object {
  if (!trade) throw new DouyinPayRefusal('ORDER_NOT_EXIST', '订单不存在');
  return transaction(world, trade, {
    wrongAmount: steered.has('wrong-amount'),
    wrongAccount: steered.has('wrong-account'),
    state: steered.has('unknown-word') ? 'PONDERING' : undefined,
  });
}

/** `POST …/close`: unpaid orders, as often as one likes; the answer is empty. */
export function closeOrder(world: World, outTradeNo: string, body: Buffer): void {
  const { mchid } = readJson(body, z.strictObject({ mchid: text(32) }), BODY_REFUSALS);
  if (mchid !== world.identity.douyin.mchId)
    throw BODY_REFUSALS.parameterError('mchid', '与签名的商户号不一致');
  const trade = world.trades.byNumber('douyinpay', outTradeNo);
  if (!trade) throw new DouyinPayRefusal('ORDER_NOT_EXIST', '订单不存在');
  const now = world.clock.now();
  const state = tradeState(trade, now);
  if (state === 'PAID') throw new DouyinPayRefusal('ORDER_PAID', '该订单已支付');
  if (state === 'CLOSED') return;
  world.trades.save({ ...trade, closedAt: now });
  world.codes.expire('douyinpay', outTradeNo, now);
}

interface Lies {
  readonly wrongAmount?: boolean | undefined;
  readonly wrongAccount?: boolean | undefined;
  readonly state?: string | undefined;
}

const STATES = { NOTPAY: 'NOTPAY', PAID: 'SUCCESS', CLOSED: 'CLOSED' } as const;

/** An order as queries and notifications describe it. One that was refunded still says SUCCESS. */
export function transaction(world: World, trade: Trade, lies: Lies = {}): Record<string, unknown> {
  const { appId, mchId } = world.identity.douyin;
  const state = lies.state ?? STATES[tradeState(trade, world.clock.now())];
  const total = lies.wrongAmount ? trade.amountFen + 1 : trade.amountFen;
  const kind = Object.values(KINDS).find(({ scene }) => scene === trade.scene);
  return {
    ...{ appid: appId, mchid: lies.wrongAccount ? `${mchId.slice(0, -4)}0000` : mchId },
    ...{
      out_trade_no: trade.outTradeNo,
      trade_type: kind?.type,
      trade_state: state,
      trade_state_desc: state,
    },
    ...(trade.attach ? { attach: trade.attach } : {}),
    ...(trade.paidAt === undefined
      ? { amount: { total, currency: 'CNY' } }
      : {
          ...{ transaction_id: trade.tradeNo, success_time: beijingIso(trade.paidAt), bank_type: 'OTHERS' },
          ...{ payer: { openid: trade.payer }, promotion_detail: [] },
          amount: { total, payer_total: total, currency: 'CNY', payer_currency: 'CNY' },
        }),
  };
}
