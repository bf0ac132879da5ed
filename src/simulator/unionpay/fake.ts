import { digits } from '../numbers.ts';
import { openFromQuery, openPage } from '../pages/open-page.ts';
import { CannotOpen } from '../scanner.ts';
import type { IssuedCode } from '../state/codes.ts';
import { type Trade, tradeState } from '../state/trades.ts';
import type { FakeWallet, World } from '../world.ts';
import { newQueryId, tradeOf } from './calls.ts';
import { certificatesOf } from './certificates.ts';
import { unionpayGateway } from './gateway.ts';
import { type Fields, readForm } from './message.ts';
import { unionpayMessage } from './notify.ts';
import { UnionpayRefusal } from './refusal.ts';
import { authenticate, Stranger } from './request.ts';

declare module '../state/identity.ts' {
  interface Numbers {
    readonly merId: string;
  }
  interface KeyNames {
    unionpay: true;
    unionMerchant: true;
  }
}

/** UnionPay as a merchant of ACP 5.1.0 meets it: forms in, texts out, and its card page. */
export const UNIONPAY: FakeWallet = {
  id: 'unionpay',
  name: { zh: '银联云闪付', en: 'UnionPay' },
  ...{ mark: '银', accent: '#c8102e', tone: 'amber', tradeNoWord: '银联查询流水号' },
  numbers: (randomBytes) => ({ merId: `777290${digits(randomBytes, 9)}` }),
  keys: ['unionpay', 'unionMerchant'],
  env(identity, origin) {
    const { root, middle, merchant } = certificatesOf(identity);
    const key = String(identity.keys.unionMerchant.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return {
      UNIONPAY_MER_ID: identity.merId,
      UNIONPAY_CERT: `${key}${merchant}`,
      UNIONPAY_ROOT_CERT: root,
      UNIONPAY_MIDDLE_CERT: middle,
      UNIONPAY_NOTIFY_URL: `${origin}/merchant/notify`,
      UNIONPAY_GATEWAY: `${origin}/unionpay`,
    };
  },
  routes: [
    { method: 'POST', path: '/unionpay/gateway/api/backTransReq.do', handle: unionpayGateway },
    { method: 'POST', path: '/unionpay/gateway/api/queryTrans.do', handle: unionpayGateway },
    { method: 'POST', path: '/unionpay/', handle: unionpayGateway },
    {
      ...{ method: 'POST', path: '/unionpay/gateway/api/frontTransReq.do' },
      handle: (world, { body }) => openPage(world, body.toString('utf8')),
    },
    { method: 'GET', path: '/unionpay/qr/:code', handle: openFromQuery },
  ],
  message: unionpayMessage,
  open(world, shown, late) {
    const fields = shown.includes('signature=') && shown.includes('certId=') ? readForm(shown) : undefined;
    return fields && world.database.write(() => openForm(world, fields, late));
  },
  openCode,
  whyNot(error) {
    if (error instanceof Stranger) return { zh: '商户不存在', en: 'No such merchant' };
    return error instanceof UnionpayRefusal ? { zh: error.message, en: `refused: ${error.code}` } : undefined;
  },
  returnAddress: (_world, trade) => trade.returnUrl,
  newTradeNo: newQueryId,
  booksRefundsWhenDone: true,
};

/** The card page: the order comes into being with the form. */
function openForm(world: World, fields: Fields, late: boolean): Trade {
  const asked = authenticate(world, fields);
  if (asked.txnType !== '01' || asked.txnSubType !== '01') throw new UnionpayRefusal('32', '无此交易权限');
  const told = tradeOf(world, asked);
  const known = world.trades.byNumber('unionpay', told.outTradeNo);
  if (known && known.fingerprint !== told.fingerprint) throw new UnionpayRefusal('12', '重复交易');
  const { outTradeNo, title } = told;
  const steered = world.steering.take({ provider: 'unionpay', operation: 'open', outTradeNo, title });
  return opened(world, known ?? told, late || steered.has('pay-after-close'));
}

function openCode(world: World, issued: IssuedCode, late: boolean): Promise<Trade> {
  return world.database.write(() => {
    const { outTradeNo } = issued;
    const trade = world.trades.byNumber('unionpay', outTradeNo) ?? (JSON.parse(issued.terms ?? '') as Trade);
    const { title } = trade;
    const steered = world.steering.take({ provider: 'unionpay', operation: 'open', outTradeNo, title });
    return opened(world, trade, late || steered.has('pay-after-close'));
  });
}

/** Seen by its payer. */
function opened(world: World, trade: Trade, late: boolean): Trade {
  if (tradeState(trade, world.clock.now()) === 'CLOSED' && !late)
    throw new CannotOpen('订单已超过支付时间', 'The time to pay is over');
  world.trades.save(trade);
  return trade;
}
