import { type CashierError, invalidArgument, type Text } from '../../domain/errors.ts';
import type { OrderTerms, RefundTerms } from '../../domain/order.ts';

/** UTF-8 bytes; the documents say characters in one place and bytes in another, bytes are safe under both. */
const MAX_TITLE_BYTES = 127;
/** Characters. */
const MAX_REASON = 80;
/** Control characters, and halves of what lies beyond the BMP: these gateways take 1–3-byte UTF-8 only. */
const REFUSED_CHARACTER = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
const OUT_REFUND_NO = /^[0-9A-Za-z_\-|*@]{1,64}$/;

/** What one gateway takes otherwise than the next. */
interface Words {
  readonly name: Text;
  /** An order number, and which marks may stand in it besides letters and digits. */
  readonly outTradeNo: { readonly form: RegExp; readonly marks: string };
}

export type Limits = ReturnType<typeof limitsOf>;

/** What a gateway takes, looked at before anything is stored or sent; refusals are INVALID_ARGUMENT in its name. */
export function limitsOf({ name, outTradeNo: { form, marks } }: Words) {
  function refused(argument: string, why: Text): CashierError {
    return invalidArgument(
      argument,
      { zh: `${name.zh}：${argument} ${why.zh}。`, en: `${name.en}: ${argument} ${why.en}.` },
      { zh: `改正 ${argument} 后重试。`, en: `Correct ${argument} and call again.` },
    );
  }
  /** Whether the gateway takes it for an order number; what it notifies of has passed the same test there. */
  const isOutTradeNo = (text: string | undefined): text is string => text !== undefined && form.test(text);
  /** As {@link isOutTradeNo}, for a refund. */
  const isOutRefundNo = (text: string | undefined): text is string =>
    text !== undefined && OUT_REFUND_NO.test(text);

  function checkOutTradeNo(outTradeNo: string): void {
    if (isOutTradeNo(outTradeNo)) return;
    throw refused('outTradeNo', {
      zh: `必须是 6–32 个字符，只含字母、数字和 ${marks}`,
      en: `must be 6–32 characters, only letters, digits and ${marks}`,
    });
  }
  function checkOutRefundNo(outRefundNo: string): void {
    if (isOutRefundNo(outRefundNo)) return;
    throw refused('outRefundNo', {
      zh: '必须是 1–64 个字符，只含字母、数字和 _ - | * @',
      en: 'must be 1–64 characters, only letters, digits and _ - | * @',
    });
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
  function checkTitle(title: string): void {
    checkCharacters('title', title);
    const bytes = Buffer.byteLength(title, 'utf8');
    if (title.trim() !== '' && bytes <= MAX_TITLE_BYTES) return;
    throw refused('title', {
      zh: `必须是 1–${MAX_TITLE_BYTES} 个 UTF-8 字节且不能只有空白，现在是 ${bytes} 个`,
      en: `must be 1–${MAX_TITLE_BYTES} UTF-8 bytes and not blank; it has ${bytes}`,
    });
  }
  function checkReason(reason: string): void {
    checkCharacters('reason', reason);
    if (reason.length <= MAX_REASON) return;
    throw refused('reason', {
      zh: `最多 ${MAX_REASON} 个字符，现在是 ${reason.length} 个`,
      en: `may have ${MAX_REASON} characters; it has ${reason.length}`,
    });
  }

  return {
    refused,
    isOutTradeNo,
    isOutRefundNo,
    checkOutTradeNo,
    checkTitle,
    /** A number of the merchant's, as it may stand in a path. Returns it percent-encoded. */
    outTradeNoInPath(outTradeNo: string): string {
      checkOutTradeNo(outTradeNo);
      return encodeURIComponent(outTradeNo);
    },
    outRefundNoInPath(outRefundNo: string): string {
      checkOutRefundNo(outRefundNo);
      return encodeURIComponent(outRefundNo);
    },
    checkOrder({ outTradeNo, title, amountFen }: OrderTerms): void {
      checkOutTradeNo(outTradeNo);
      checkTitle(title);
      if (!Number.isSafeInteger(amountFen) || amountFen < 1) {
        throw refused('amountYuan', { zh: '至少是 0.01', en: 'must be at least 0.01' });
      }
    },
    checkRefund({ outTradeNo, outRefundNo, reason, refundFen, totalFen }: RefundTerms): void {
      checkOutTradeNo(outTradeNo);
      checkOutRefundNo(outRefundNo);
      if (reason !== undefined) checkReason(reason);
      if (
        !Number.isSafeInteger(refundFen) ||
        !Number.isSafeInteger(totalFen) ||
        refundFen < 1 ||
        refundFen > totalFen
      ) {
        throw refused('refundYuan', {
          zh: '必须在 0.01 与订单金额之间',
          en: "must be between 0.01 and the order's amount",
        });
      }
    },
    /** The payer as this AppID knows them. */
    checkPayerOpenid(openid: string | undefined): string {
      if (openid !== undefined && /^[A-Za-z0-9_-]{1,128}$/.test(openid)) return openid;
      if (openid) {
        throw refused('payerOpenid', {
          zh: '不是 openid：应为 1–128 个字符，只含字母、数字、_ 和 -',
          en: 'is not an openid: that has 1–128 characters, only letters, digits, _ and -',
        });
      }
      throw refused('payerOpenid', {
        zh: '在 jsapi 场景必填：付款人在该 AppID 下的 openid',
        en: "is required for jsapi: the payer's openid under this AppID",
      });
    },
  };
}
