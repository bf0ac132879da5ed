import { wrongSetting } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/names.ts';

/** Characters; what `notify_url` may have. */
const MAX_NOTIFY_URL = 255;

/** An origin: https, or http on loopback (the simulator); never with a path, so that nothing can be appended. */
export function readGateway(variable: string, text: string): string {
  const url = parse(text);
  if (!url || !isSecureOrLoopback(url) || url.href !== `${url.origin}/`) {
    throw wrongSetting(
      variable,
      '必须只有协议和主机，且为 https（仅本机回环地址可用 http），例如 https://api.mch.weixin.qq.com。',
      'must be scheme and host only, https (http on loopback only), such as https://api.mch.weixin.qq.com.',
    );
  }
  return url.origin;
}

/** Whether real payers stand behind a gateway: one on this machine is a simulated one. */
export function isLive({ origin }: { readonly origin: string }): boolean {
  return !isLoopbackName(new URL(origin).hostname);
}

/** Where payment and refund notifications go: given, or derived from the service's public address. */
export function readNotifyUrl(given: string | undefined, publicUrl: string | undefined): string {
  if (given !== undefined) return checkNotifyUrl(given, 'WXPAY_NOTIFY_URL');
  if (publicUrl !== undefined) {
    return checkNotifyUrl(`${publicUrl.replace(/\/+$/, '')}/notify/wechatpay`, 'CASHIER_PUBLIC_URL');
  }
  throw wrongSetting(
    'WXPAY_NOTIFY_URL',
    '没有设置，而微信支付下单必须有通知地址；设置它（https，可用自己域名下的任意地址）或设置 CASHIER_PUBLIC_URL。',
    'is not set, and WeChat Pay takes no order without it; set it (https, any address of your own domain) or set CASHIER_PUBLIC_URL.',
  );
}

function checkNotifyUrl(text: string, variable: string): string {
  const url = parse(text);
  if (!url || !isSecureOrLoopback(url)) {
    throw wrongSetting(
      variable,
      '必须是完整的 https 地址（仅本机回环地址可用 http），例如 https://pay.example.com/notify/wechatpay。',
      'must be a complete https address (http on loopback only), such as https://pay.example.com/notify/wechatpay.',
    );
  }
  if (/[?#]/.test(text) || url.username !== '' || url.password !== '') {
    throw wrongSetting(
      variable,
      '不能带查询参数（?…）、片段（#…）或用户名密码，微信支付会拒绝；只保留协议、主机和路径。',
      'must have no query string, fragment or user name, WeChat Pay refuses those; keep scheme, host and path only.',
    );
  }
  if (text.length > MAX_NOTIFY_URL) {
    throw wrongSetting(
      variable,
      `得到的通知地址超过 ${MAX_NOTIFY_URL} 个字符；改用更短的地址。`,
      `makes a notify address of more than ${MAX_NOTIFY_URL} characters; use a shorter one.`,
    );
  }
  return text;
}

/** A URL of visible ASCII characters, as it will be sent. */
function parse(text: string): URL | undefined {
  if (!/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

function isSecureOrLoopback(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackName(url.hostname));
}
