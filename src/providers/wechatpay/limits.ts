import { limitsOf } from '../v3/limits.ts';

/** What WeChat Pay takes. */
export const LIMITS = limitsOf({
  name: { zh: '微信支付', en: 'WeChat Pay' },
  outTradeNo: { form: /^[0-9A-Za-z_\-|*]{6,32}$/, marks: '_ - | *' },
});
