/**
 * Why WeChat's H5 page turns a browser away; undefined where it goes on. Whatever is no browser on its way to a page
 * stands for the payer's phone and is let through.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012525153
 */
export function h5Refusal(
  headers: Readonly<Record<string, string>>,
): { readonly zh: string; readonly en: string } | undefined {
  if (headers['sec-fetch-mode'] !== 'navigate') return undefined;
  if (/MicroMessenger/.test(headers['user-agent'] ?? '')) {
    return { zh: '请在微信外打开订单，进行支付', en: 'Open the order outside WeChat' };
  }
  if (URL.canParse(headers.referer ?? '')) return undefined;
  return { zh: '商家参数格式有误，请联系商家解决', en: 'No Referer: opened from no page of the merchant' };
}
