import { verifierOf } from '../v3/verifier.ts';

/**
 * Checks WeChat Pay's signature. Deliberately wrong ones (`WECHATPAY/SIGNTEST/…`) are failures like any other.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013053420
 */
export const verifySignature = verifierOf('wechatpay');
