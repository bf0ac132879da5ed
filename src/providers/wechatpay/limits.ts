import { type CashierError, invalidArgument, type Text } from '../../domain/errors.ts';

/** UTF-8 bytes; the documents say characters in one place and bytes in another, bytes are safe under both. */
const MAX_TITLE_BYTES = 127;
/** Characters. */
const MAX_REASON = 80;
/** Control characters, and halves of what lies beyond the BMP: WeChat Pay takes 1–3-byte UTF-8 only. */
const REFUSED_CHARACTER = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;

/** A number of the merchant's, as it may stand in a path. Returns it percent-encoded. */
export function outTradeNoInPath(outTradeNo: string): string {
  checkOutTradeNo(outTradeNo);
  return encodeURIComponent(outTradeNo);
}

export function outRefundNoInPath(outRefundNo: string): string {
  checkOutRefundNo(outRefundNo);
  return encodeURIComponent(outRefundNo);
}

/** Whether WeChat Pay takes it for an order number; what it notifies of has passed the same test there. */
export function isOutTradeNo(text: string | undefined): text is string {
  return text !== undefined && /^[0-9A-Za-z_\-|*]{6,32}$/.test(text);
}

/** As {@link isOutTradeNo}, for a refund. */
export function isOutRefundNo(text: string | undefined): text is string {
  return text !== undefined && /^[0-9A-Za-z_\-|*@]{1,64}$/.test(text);
}

export function checkOutTradeNo(outTradeNo: string): void {
  if (isOutTradeNo(outTradeNo)) return;
  throw refused('outTradeNo', {
    zh: '必须是 6–32 个字符，只含字母、数字和 _ - | *',
    en: 'must be 6–32 characters, only letters, digits and _ - | *',
  });
}

export function checkOutRefundNo(outRefundNo: string): void {
  if (isOutRefundNo(outRefundNo)) return;
  throw refused('outRefundNo', {
    zh: '必须是 1–64 个字符，只含字母、数字和 _ - | * @',
    en: 'must be 1–64 characters, only letters, digits and _ - | * @',
  });
}

export function checkTitle(title: string): void {
  checkCharacters('title', title);
  const bytes = Buffer.byteLength(title, 'utf8');
  if (title.trim() !== '' && bytes <= MAX_TITLE_BYTES) return;
  throw refused('title', {
    zh: `必须是 1–${MAX_TITLE_BYTES} 个 UTF-8 字节且不能只有空白，现在是 ${bytes} 个`,
    en: `must be 1–${MAX_TITLE_BYTES} UTF-8 bytes and not blank; it has ${bytes}`,
  });
}

export function checkReason(reason: string): void {
  checkCharacters('reason', reason);
  if (reason.length <= MAX_REASON) return;
  throw refused('reason', {
    zh: `最多 ${MAX_REASON} 个字符，现在是 ${reason.length} 个`,
    en: `may have ${MAX_REASON} characters; it has ${reason.length}`,
  });
}

/** The payer as this AppID knows them; WeChat Pay wants it for jsapi. */
export function checkPayerOpenid(openid: string | undefined): string {
  if (openid !== undefined && /^[A-Za-z0-9_-]{1,128}$/.test(openid)) return openid;
  throw refused('payerOpenid', {
    zh: '在 jsapi 场景必填：付款人在该 AppID 下的 openid',
    en: "is required for jsapi: the payer's openid under this AppID",
  });
}

export function refused(argument: string, why: Text): CashierError {
  return invalidArgument(
    argument,
    { zh: `微信支付：${argument} ${why.zh}。`, en: `WeChat Pay: ${argument} ${why.en}.` },
    { zh: `改正 ${argument} 后重试。`, en: `Correct ${argument} and call again.` },
  );
}

function checkCharacters(argument: string, text: string): void {
  const at = text.search(REFUSED_CHARACTER);
  if (at < 0) return;
  const character = `U+${(text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  throw refused(argument, {
    zh: `含有不支持的字符 ${character}（控制字符、表情等）`,
    en: `contains the character ${character}, which is not taken (control characters, emoji)`,
  });
}
