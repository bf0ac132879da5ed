import { digits, token } from '../numbers.ts';
import { openFromQuery } from '../pages/open-page.ts';
import { CannotOpen } from '../scanner.ts';
import { tradeState } from '../state/trades.ts';
import type { FakeWallet } from '../world.ts';
import { newpayGateway } from './gateway.ts';
import { newpayMessage } from './notify.ts';

declare module '../state/identity.ts' {
  interface Numbers {
    readonly newpayMerchant: string;
    readonly newpayKey: string;
  }
}

/**
 * Newpay as its merchants meet it, from its documents and not from the adapter.
 *
 * To do 1: the merchant in this file: numbers and keys as the documents make them, a setting for each, the look of the app
 */
export const NEWPAY: FakeWallet = {
  id: 'newpay',
  name: { zh: 'Newpay', en: 'Newpay' },
  ...{ mark: 'N', accent: '#334155', tone: 'amber', tradeNoWord: 'Newpay 单号' },
  numbers: (randomBytes) => ({ newpayMerchant: digits(randomBytes, 10), newpayKey: token(randomBytes) }),
  keys: [],
  env: ({ newpayMerchant, newpayKey }, origin) => ({
    NEWPAY_MCH_ID: newpayMerchant,
    NEWPAY_KEY: newpayKey,
    NEWPAY_NOTIFY_URL: `${origin}/merchant/notify`,
    NEWPAY_GATEWAY: `${origin}/newpay`,
  }),
  routes: [
    { method: 'POST', path: '/newpay', handle: newpayGateway },
    { method: 'GET', path: '/newpay/qr/:code', handle: openFromQuery },
  ],
  message: newpayMessage,
  // What is no code: a signed link or form of its own.
  open: () => undefined,
  async openCode(world, { outTradeNo }, late) {
    const trade = world.trades.byNumber('newpay', outTradeNo);
    if (!trade || (tradeState(trade, world.clock.now()) === 'CLOSED' && !late))
      throw new CannotOpen('订单已关闭', 'The order is closed');
    return trade;
  },
  whyNot: () => undefined,
  returnAddress: (_world, trade) => trade.returnUrl,
  newTradeNo: (world) => digits(world.randomBytes, 21),
  booksRefundsWhenDone: false,
};
