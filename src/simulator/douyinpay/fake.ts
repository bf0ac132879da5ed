import { dayOf, digits, token } from '../numbers.ts';
import { openFromQuery, openPage } from '../pages/open-page.ts';
import { CannotOpen, openIssued } from '../scanner.ts';
import type { IssuedCode } from '../state/codes.ts';
import { type Trade, tradeState } from '../state/trades.ts';
import type { FakeWallet, World } from '../world.ts';
import { BILL_FILE_PATH, serveBill } from './bill-calls.ts';
import { isFrontEnd, prepayIdOf } from './front-end.ts';
import { douyinPayGateway } from './gateway.ts';
import { douyinPayMessage } from './notify.ts';
import { H5_PATH, QR_PATH } from './paths.ts';
import { DouyinPayRefusal } from './refusal.ts';

declare module '../state/identity.ts' {
  interface Numbers {
    readonly douyin: {
      readonly appId: string;
      readonly mchId: string;
      readonly mchSerial: string;
      readonly apiKey: string;
    };
  }
  interface KeyNames {
    douyinMerchant: true;
    douyinpay: true;
  }
}

export const DOUYINPAY: FakeWallet = {
  id: 'douyinpay',
  name: { zh: '抖音支付', en: 'Douyin Pay' },
  ...{ mark: '抖', accent: '#c2183c', tone: 'amber', tradeNoWord: '抖音支付单号' },
  numbers: (randomBytes) => ({
    douyin: {
      appId: `tt${randomBytes(8).toString('hex')}`,
      mchId: `6020${digits(randomBytes, 12)}`,
      mchSerial: randomBytes(20).toString('hex').toUpperCase(),
      apiKey: token(randomBytes),
    },
  }),
  keys: ['douyinMerchant', 'douyinpay'],
  env: ({ keys, douyin }, origin) => ({
    DYPAY_APP_ID: douyin.appId,
    DYPAY_MCH_ID: douyin.mchId,
    DYPAY_MCH_KEY: String(keys.douyinMerchant.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    DYPAY_MCH_SERIAL: douyin.mchSerial,
    DYPAY_API_KEY: douyin.apiKey,
    DYPAY_NOTIFY_URL: `${origin}/merchant/notify`,
    DYPAY_GATEWAY: origin,
  }),
  routes: [
    // Before the rest: the file is asked for without a signature.
    { method: 'GET', path: BILL_FILE_PATH, handle: serveBill },
    { method: 'ALL', path: '/v1/*', handle: douyinPayGateway },
    { method: 'GET', path: `${QR_PATH}/:code`, handle: openFromQuery },
    { method: 'GET', path: `${H5_PATH}/:code`, handle: openFromQuery },
    {
      ...{ method: 'POST', path: '/douyinpay/app' },
      handle: (world, { body }) => openPage(world, body.toString('utf8')),
    },
  ],
  message: douyinPayMessage,
  open: (world, shown, late) =>
    isFrontEnd(shown) ? openIssued(world, prepayIdOf(world, shown), late) : undefined,
  openCode,
  whyNot: (error) => (error instanceof DouyinPayRefusal ? { zh: error.message, en: error.code } : undefined),
  returnAddress: () => undefined,
  newTradeNo: (world) => `TP${dayOf(world.clock.now())}${digits(world.randomBytes, 20)}`,
  booksRefundsWhenDone: false,
};

/** The order exists already; its code must be alive and the order unpaid or just paid. */
function openCode(world: World, issued: IssuedCode, late: boolean): Promise<Trade> {
  return world.database.write(() => {
    const now = world.clock.now();
    const trade = world.trades.byNumber('douyinpay', issued.outTradeNo);
    if (!trade) throw new CannotOpen('订单不存在', 'No such order');
    const { outTradeNo, title } = trade;
    const steered = world.steering.take({ provider: 'douyinpay', operation: 'open', outTradeNo, title });
    const over = now >= issued.diesAt || tradeState(trade, now) === 'CLOSED';
    if (trade.paidAt === undefined && over && !late && !steered.has('pay-after-close'))
      throw new CannotOpen('二维码或订单已失效', 'The code or the order is no longer valid');
    return trade;
  });
}
