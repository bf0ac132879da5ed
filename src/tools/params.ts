import { z } from 'zod';
import { isBlank, named, refusedCharacter } from '../domain/characters.ts';
import { invalidArgument, type Text } from '../domain/errors.ts';
import { parseAmount } from '../domain/money.ts';
import type { CreatePaymentInput, RefundPaymentInput } from '../payments/inputs.ts';
import { WALLET_IDS } from '../providers/registry.ts';
import type { ToolSetting } from './define-tool.ts';

/** Attaches the description in the process's language. */
export function described<T extends z.ZodType>(setting: ToolSetting, schema: T, text: Text): T {
  return schema.describe(text[setting.language]);
}

export const outTradeNo = z.string().regex(/^[A-Za-z0-9_]{6,32}$/);
export const outRefundNo = z.string().regex(/^[A-Za-z0-9_]{1,64}$/);
export const contractNo = z.string().regex(/^[A-Za-z0-9_]{6,32}$/);
/** Published as text, taken as a number too; exact to the fen, for it is the money module that reads it. */
export const yuan = z.union([z.string(), z.number()]);

/** The order that a call is about; its number was given out by another tool, which is why nobody is told its form. */
export function orderNo(setting: ToolSetting) {
  return described(setting, outTradeNo, { zh: '订单号', en: 'order number' }).meta({ untold: true });
}

/** The subscription that a call is about; its number was given out by another tool. */
export function subscriptionNo(setting: ToolSetting) {
  return described(setting, contractNo, { zh: '订阅号', en: "the subscription's number" });
}

/** Needed only for an order that other systems made. */
export function otherProvider(setting: ToolSetting) {
  return described(setting, provider(setting).optional(), {
    zh: '仅账本外的订单需要',
    en: 'only for an order not in the ledger',
  });
}

/** Only what is configured is offered; with one wallet the choice is left out altogether where it says nothing. */
export function provider(setting: ToolSetting) {
  return z.enum(setting.providers.length > 0 ? setting.providers : WALLET_IDS);
}

/** What every list is narrowed by and turned over with; a page has 20 where nobody says. */
export const pageShape = (setting: ToolSetting) => ({
  provider: described(setting, provider(setting).optional(), {
    zh: '只列此支付方式',
    en: 'only this payment method',
  }),
  limit: described(setting, z.int().min(1).max(100).optional(), {
    zh: '每页 1–100，默认 20',
    en: 'page size, 1–100, default 20',
  }),
  cursor: described(setting, z.string().max(200).optional(), {
    zh: '上一页的 nextCursor',
    en: 'nextCursor of the page before',
  }),
});
export const DEFAULT_LIMIT = 20;

/** What every create tool of ours takes, in this order; {@link wanted} reads it. */
export const saleShape = (setting: ToolSetting) => ({
  amountYuan: described(setting, yuan, {
    zh: '元，至多两位小数，如 "9.90"',
    en: 'yuan, at most 2 decimals, e.g. "9.90"',
  }),
  title: described(setting, z.string(), {
    zh: '商品名，≤42 个汉字，无表情符号',
    en: 'goods: ≤127 bytes (42 Chinese characters), no emoji',
  }),
  outTradeNo: described(setting, outTradeNo.optional(), {
    zh: '订单号，6–32 位字母、数字、_；缺省自动生成',
    en: 'order number: 6–32 letters, digits, _; made here when absent',
  }),
  // Hashed, never shown.
  buyer: described(setting, z.string().min(1).max(256).optional(), {
    zh: '买家或会话的稳定标识，≤256 字符，用于识别重复调用',
    en: 'stable id of buyer or conversation (≤256 characters), to recognise a repeated call',
  }),
  expiresInMinutes: described(setting, z.int().min(1).max(1440).optional(), {
    zh: '有效期，1–1440 分钟，默认 30',
    en: 'minutes to pay, 1–1440, default 30',
  }),
});

/** What every refund tool of ours takes beside the order's number. */
export const refundShape = (setting: ToolSetting) => ({
  outRefundNo: described(setting, outRefundNo.optional(), {
    zh: '退款单号，1–64 位字母、数字、_；缺省时，同额退款视为同一笔',
    en: 'refund number: 1–64 letters, digits, _; when absent, an equal amount is the same refund',
  }),
  reason: described(setting, z.string().optional(), { zh: '原因，≤80 字', en: 'why, ≤80 characters' }),
});

const DEFAULT_EXPIRY_MINUTES = 30;

/** From the arguments of any create tool to what is to be created. Throws INVALID_ARGUMENT. */
export function wanted(
  args: Omit<CreatePaymentInput, 'amountFen' | 'expiresInMinutes'> & {
    readonly amountYuan: string | number;
    readonly expiresInMinutes?: number | undefined;
  },
  check: (title: string) => void = checkTitle,
): CreatePaymentInput {
  const { amountYuan, expiresInMinutes = DEFAULT_EXPIRY_MINUTES, ...rest } = args;
  check(args.title);
  // A blank id would make one buyer of many, who must never share a code.
  if (args.buyer !== undefined) checkVisible('buyer', args.buyer);
  return { ...rest, expiresInMinutes, amountFen: parseAmount(amountYuan, 'amountYuan') };
}

/** As {@link wanted}, of a refund tool. */
export function wantedBack(
  args: Omit<RefundPaymentInput, 'refundFen'> & { readonly refundYuan: string | number },
  check: (reason: string) => void = checkReason,
): RefundPaymentInput {
  const { refundYuan, reason, ...rest } = args;
  if (reason !== undefined) check(reason);
  return { ...rest, refundFen: parseAmount(refundYuan, 'refundYuan'), reason: reason || undefined };
}

const MAX_TITLE_BYTES = 127;

/** Throws INVALID_ARGUMENT naming the character or the length; nothing is altered silently. */
export function checkTitle(title: string): void {
  const bytes = Buffer.byteLength(title);
  if (bytes < 1 || bytes > MAX_TITLE_BYTES) {
    throw invalidArgument('title', {
      zh: `title 须为 1–${MAX_TITLE_BYTES} 字节（至多 42 个汉字），现为 ${bytes} 字节。`,
      en: `title must have 1–${MAX_TITLE_BYTES} UTF-8 bytes (a Chinese character has 3); it has ${bytes}.`,
    });
  }
  checkCharacters('title', title);
}

const MAX_REASON_CHARACTERS = 80;

function checkReason(reason: string): void {
  checkText('reason', reason, { min: 0, max: MAX_REASON_CHARACTERS });
}

/** As {@link checkTitle}, by characters. */
export function checkText(
  argument: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  const length = [...text].length;
  if (length < min || length > max) {
    throw invalidArgument(argument, {
      zh: `${argument} 须为 ${min}–${max} 个字符，现为 ${length} 个。`,
      en: `${argument} must have ${min}–${max} characters; it has ${length}.`,
    });
  }
  checkCharacters(argument, text);
}

function checkCharacters(argument: string, text: string): void {
  const refused = refusedCharacter(text);
  if (refused !== undefined) {
    throw invalidArgument(argument, {
      zh: `${argument} 含有不能使用的字符 ${named(refused)}（控制符、不可见字符或表情符号）。`,
      en: `${argument} contains the character ${named(refused)}, which is refused (control, invisible or emoji).`,
    });
  }
  checkVisible(argument, text);
}

export function checkVisible(argument: string, text: string): void {
  if (!isBlank(text)) return;
  throw invalidArgument(argument, {
    zh: `${argument} 只有空白或不可见字符（${named(text)}）。`,
    en: `${argument} has nothing but blank or invisible characters (${named(text)}).`,
  });
}
