import { ALIPAY } from './alipay/fake.ts';
import { DOUYINPAY } from './douyinpay/fake.ts';
import { UNIONPAY } from './unionpay/fake.ts';
import { WECHATPAY } from './wechatpay/fake.ts';
import type { FakeWallet } from './world.ts';

/** Every gateway that is played: a third one is a folder and an entry here. */
export const FAKES: readonly FakeWallet[] = [ALIPAY, WECHATPAY, DOUYINPAY, UNIONPAY];
