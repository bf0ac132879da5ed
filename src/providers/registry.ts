import { ALIPAY } from './alipay/wallet.ts';
import { DOUYINPAY } from './douyinpay/wallet.ts';
import { UNIONPAY } from './unionpay/wallet.ts';
import type { Wallet } from './wallet.ts';
import { WECHATPAY } from './wechatpay/wallet.ts';

/** Every wallet there is: a third one is a folder and an entry here. */
export const WALLETS: readonly Wallet[] = [ALIPAY, WECHATPAY, DOUYINPAY, UNIONPAY];

export const WALLET_IDS = WALLETS.map(({ id }) => id);

/** Their variables, in a sentence: `AP_* / WXPAY_*`. */
export const WALLET_VARIABLES = WALLETS.map(({ prefix }) => `${prefix}_*`).join(' / ');

/** The wallet of an id. Throws for one that is not in the list. */
export function walletOf(id: Wallet['id']): Wallet {
  const wallet = WALLETS.find((one) => one.id === id);
  if (!wallet) throw new Error(`no such wallet: ${id}`);
  return wallet;
}

/** Whether a payment can have this number (which is one of ours) with a wallet. */
export function takesNumber(id: Wallet['id'], outTradeNo: string): boolean {
  return walletOf(id).numbers?.test(outTradeNo) ?? true;
}
