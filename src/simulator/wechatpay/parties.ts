import type { Identity } from '../state/identity.ts';
import type { Trade } from '../state/trades.ts';
import type { World } from '../world.ts';
import { parameterError, WechatPayRefusal } from './refusal.ts';

/** Who has signed a call: a merchant, or a service provider who sells through sub-merchants alone. */
export interface Side {
  readonly mchId: string;
  readonly serial: string;
  readonly isProvider: boolean;
}

/** Who calls, and whether by the paths of service providers. */
export interface OrderCall {
  readonly side: Side;
  readonly isPartner: boolean;
}

/** What a call says of who sells. */
type Given = Readonly<Partial<Record<'mchid' | 'sp_mchid' | 'sub_mchid', string | undefined>>>;

export function sidesOf({ mchId, mchSerial, serviceProvider }: Identity): readonly Side[] {
  return [
    { mchId, serial: mchSerial, isProvider: false },
    { mchId: serviceProvider.mchId, serial: serviceProvider.serial, isProvider: true },
  ];
}

/** The numbers of orders are a merchant's own; sub-merchants share their provider's. */
export function spaceOf({ isProvider, mchId }: Side): string | undefined {
  return isProvider ? mchId : undefined;
}

/**
 * The sub-merchant that a call is made for; undefined for a merchant's own. Refuses what does not go together.
 * @see https://pay.weixin.qq.com/doc/v3/partner/4013080340
 */
export function sellerOf(
  { identity }: World,
  { isProvider, mchId }: Side,
  given: Given,
  location: 'body' | 'query',
): string | undefined {
  const { sub_mchid: sub } = given;
  if (!isProvider) {
    if (sub !== undefined || given.sp_mchid !== undefined)
      throw new WechatPayRefusal('PARAM_ERROR', '普通商户不允许传sub_mch_id');
    return undefined;
  }
  if (!sub) throw new WechatPayRefusal('PARAM_ERROR', '受理机构必须传入sub_mch_id', 268443704);
  if (given.sp_mchid !== undefined && given.sp_mchid !== mchId)
    throw parameterError('sp_mchid', 'http header中的mchid与post payload中的mchid不匹配', location);
  if (sub === mchId) throw new WechatPayRefusal('PARAM_ERROR', '子商户mchid不能与自身mchid相同', 268443705);
  if (!identity.serviceProvider.subMerchants.some((known) => known.mchId === sub))
    throw new WechatPayRefusal('NO_AUTH', '受理关系不存在', 268443701);
  return sub;
}

/** An order of another sub-merchant is there, and refused. */
export function requireOwn(trade: Trade, seller: string | undefined): Trade {
  if (trade.seller === seller) return trade;
  throw new WechatPayRefusal('INVALID_REQUEST', '子商户号和订单信息不匹配', 268447845);
}

/** As whom queries and notifications name the sides of an order; `lie` names another merchant. */
export function partiesOf(identity: Identity, trade: Trade, lie = false): Record<string, string> {
  const { mchId, wechatAppId, serviceProvider: provider } = identity;
  if (trade.seller === undefined) {
    return { appid: trade.app ?? wechatAppId, mchid: lie ? `${mchId.slice(0, -4)}0000` : mchId };
  }
  const other = provider.subMerchants.find((sub) => sub.mchId !== trade.seller)?.mchId ?? mchId;
  return {
    sp_appid: provider.appId,
    sp_mchid: provider.mchId,
    ...(trade.app === undefined ? {} : { sub_appid: trade.app }),
    sub_mchid: lie ? other : trade.seller,
  };
}

/** The app in which the checkout of an order opens, and the merchant number that it is told. */
export function checkoutOf(
  { mchId, wechatAppId, serviceProvider }: Identity,
  { seller, app }: Pick<Trade, 'seller' | 'app'>,
): { readonly appId: string; readonly partnerId: string } {
  return seller === undefined
    ? { appId: app ?? wechatAppId, partnerId: mchId }
    : { appId: app ?? serviceProvider.appId, partnerId: serviceProvider.mchId };
}
