import type { ProviderId } from '../../../src/domain/order.ts';
import { ALIPAY } from './alipay.ts';
import { DOUYINPAY } from './douyinpay.ts';
import { UNIONPAY } from './unionpay.ts';
import type { PlayedWallet } from './wallet.ts';
import { WECHATPAY } from './wechatpay.ts';

/** Every wallet that histories sell with: another one is a file and an entry here. */
export const PLAYED: readonly PlayedWallet[] = [ALIPAY, WECHATPAY, DOUYINPAY, UNIONPAY];

export function playedOf(id: ProviderId): PlayedWallet {
  const wallet = PLAYED.find((one) => one.id === id);
  if (!wallet) throw new Error(`nobody plays ${id}`);
  return wallet;
}
