import { type Text, wrongSetting } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/names.ts';

/** Characters; what `notify_url` may have. */
const MAX_NOTIFY_URL = 255;

/**
 * An origin: https, or http on loopback (the simulator); never with a path, so that nothing can be appended.
 * @param usual the gateway's own, which also shows the form
 */
export function readGateway(variable: string, given: string | undefined, usual: string): string {
  const url = parse(given ?? usual);
  if (!url || !isSecureOrLoopback(url) || url.href !== `${url.origin}/`) {
    throw wrongSetting(
      variable,
      `必须只有协议和主机，且为 https（仅本机回环地址可用 http），例如 ${usual}。`,
      `must be scheme and host only, https (http on loopback only), such as ${usual}.`,
    );
  }
  return url.origin;
}

/** Whether real payers stand behind a gateway: one on this machine is a simulated one. */
export function isLive({ origin }: { readonly origin: string }): boolean {
  return !isLoopbackName(new URL(origin).hostname);
}

interface NotifyUrl {
  readonly variable: string;
  readonly given: string | undefined;
  /** Of the service, from which it is derived where it is not given. */
  readonly publicUrl: string | undefined;
  /** Its path on the service. */
  readonly path: string;
  readonly gateway: Text;
}

/** Where payment and refund notifications go: given, or derived from the service's public address. */
export function readNotifyUrl(wanted: NotifyUrl): string {
  const { variable, given, publicUrl, path, gateway } = wanted;
  if (given !== undefined) return checkNotifyUrl(given, variable, wanted);
  if (publicUrl !== undefined) {
    return checkNotifyUrl(`${publicUrl.replace(/\/+$/, '')}${path}`, 'CASHIER_PUBLIC_URL', wanted);
  }
  throw wrongSetting(
    variable,
    `没有设置，而${gateway.zh}下单必须有通知地址；设置它（https，可用自己域名下的任意地址）或设置 CASHIER_PUBLIC_URL。`,
    `is not set, and ${gateway.en} takes no order without it; set it (https, any address of your own domain) or set CASHIER_PUBLIC_URL.`,
  );
}

function checkNotifyUrl(text: string, variable: string, { path, gateway }: NotifyUrl): string {
  const url = parse(text);
  if (!url || !isSecureOrLoopback(url)) {
    throw wrongSetting(
      variable,
      `必须是完整的 https 地址（仅本机回环地址可用 http），例如 https://pay.example.com${path}。`,
      `must be a complete https address (http on loopback only), such as https://pay.example.com${path}.`,
    );
  }
  if (/[?#]/.test(text) || url.username !== '' || url.password !== '') {
    throw wrongSetting(
      variable,
      `不能带查询参数（?…）、片段（#…）或用户名密码，${gateway.zh}会拒绝；只保留协议、主机和路径。`,
      `must have no query string, fragment or user name, ${gateway.en} refuses those; keep scheme, host and path only.`,
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
