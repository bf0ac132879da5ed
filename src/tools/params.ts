import { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import { PROVIDER_IDS } from '../domain/order.ts';
import { invalidArgument } from './arguments.ts';
import { isBlank, named, refusedCharacter } from './characters.ts';
import type { ToolSetting } from './define-tool.ts';

/** Attaches the description in the process's language. */
export function described<T extends z.ZodType>(setting: ToolSetting, schema: T, text: Text): T {
  return schema.describe(text[setting.language]);
}

export const outTradeNo = z.string().regex(/^[A-Za-z0-9_]{6,32}$/);
export const outRefundNo = z.string().regex(/^[A-Za-z0-9_]{1,64}$/);
/** Published as text, taken as a number too; exact to the fen, for it is the money module that reads it. */
export const yuan = z.union([z.string(), z.number()]);
/** Any stable id; hashed, never shown. */
export const buyer = z.string().min(1).max(256);

/** The order that a call is about. */
export function orderNo(setting: ToolSetting) {
  return described(setting, outTradeNo, {
    zh: '订单号，6–32 位字母、数字、_',
    en: 'order number: 6–32 letters, digits, _',
  });
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
  return z.enum(setting.providers.length > 0 ? setting.providers : PROVIDER_IDS);
}

const MAX_TITLE_BYTES = 127;
export const TITLE: Text = {
  zh: '商品名，≤42 个汉字，无表情符号',
  en: 'goods: ≤127 bytes (42 Chinese characters), no emoji',
};

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

/** As {@link checkTitle}. */
export function checkReason(reason: string): void {
  checkText('reason', reason, { min: 0, max: MAX_REASON_CHARACTERS });
}

/** A blank id would make one buyer of many, who must never share a code. Throws INVALID_ARGUMENT. */
export function checkBuyer(buyer: string | undefined): void {
  if (buyer !== undefined) checkVisible('buyer', buyer);
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

function checkVisible(argument: string, text: string): void {
  if (!isBlank(text)) return;
  throw invalidArgument(argument, {
    zh: `${argument} 只有空白或不可见字符（${named(text)}）。`,
    en: `${argument} has nothing but blank or invisible characters (${named(text)}).`,
  });
}
