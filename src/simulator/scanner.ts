import { openCode, openLink } from './alipay/links.ts';
import { AlipayRefusal } from './alipay/refusal.ts';
import { parametersOf } from './alipay/request.ts';
import type { IssuedCode } from './state/codes.ts';
import { type Trade, tradeState } from './state/trades.ts';
import { prepayIdOf } from './wechatpay/front-end.ts';
import { WechatPayRefusal } from './wechatpay/refusal.ts';
import type { World } from './world.ts';

/** The payer's phone cannot open what it was shown. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen';
  readonly zh: string;

  constructor(zh: string, en: string) {
    super(en);
    this.zh = zh;
  }
}

/** What a payer is told about an error by which opening something fails; undefined for any other error. */
export function whyNot(error: unknown): { readonly zh: string; readonly en: string } | undefined {
  if (error instanceof AlipayRefusal) return { zh: error.subMsg, en: error.subCode };
  if (error instanceof WechatPayRefusal) return { zh: error.message, en: error.code };
  return error instanceof CannotOpen ? { zh: error.zh, en: error.message } : undefined;
}

/** Path of the page that an `h5_url` names. */
export const H5_PATH = '/cgi-bin/mmpayweb-bin/checkmweb';

/**
 * Stands for the payer's phone: opens whatever a payer can be shown (QR string, link, order string, prepay_id, signed
 * front-end parameters as JSON) and answers the order behind it. `late` also opens what is over.
 */
export async function scan(world: World, shown: string, late = false): Promise<Trade> {
  const text = shown.trim();
  if (text.startsWith('{')) return scan(world, prepayIdOf(world, text), late);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.pathname === '/gateway.do') return openLink(world, parametersOf([url.search.slice(1)]), late);
  if (url?.pathname === H5_PATH) {
    const trade = await openIssued(world, url.searchParams.get('prepay_id') ?? '', late);
    return rememberReturn(world, trade, url.searchParams.get('redirect_url'));
  }
  if (!url && text.includes('sign=')) return openLink(world, parametersOf([text]), late);
  return openIssued(world, url?.protocol.startsWith('http') ? `${world.origin}${url.pathname}` : text, late);
}

async function openIssued(world: World, code: string, late: boolean): Promise<Trade> {
  const issued = world.codes.find(code);
  if (!issued) throw new CannotOpen('无法识别的二维码或链接', 'This is not a code or link of the simulator');
  return issued.provider === 'alipay' ? openCode(world, issued, late) : openWechatPay(world, issued, late);
}

/** WeChat Pay's order exists already; its code must be alive and the order unpaid or just paid. */
function openWechatPay(world: World, issued: IssuedCode, late: boolean): Promise<Trade> {
  return world.database.write(() => {
    const now = world.clock.now();
    const trade = world.trades.byNumber('wechatpay', issued.outTradeNo);
    if (!trade) throw new CannotOpen('订单不存在', 'No such order');
    const { outTradeNo, title } = trade;
    const steered = world.steering.take({ provider: 'wechatpay', operation: 'open', outTradeNo, title });
    const over = now >= issued.diesAt || tradeState(trade, now) === 'CLOSED';
    if (trade.paidAt === undefined && over && !late && !steered.has('pay-after-close')) {
      throw new CannotOpen('二维码或订单已失效', 'The code or the order is no longer valid');
    }
    return trade;
  });
}

/** WeChat Pay's H5 link may carry where to send the payer back to. */
function rememberReturn(world: World, trade: Trade, address: string | null): Promise<Trade> | Trade {
  if (!address || !/^https?:\/\//.test(address) || trade.returnUrl === address) return trade;
  return world.database.write(() => {
    const remembered = { ...trade, returnUrl: address };
    world.trades.save(remembered);
    return remembered;
  });
}
