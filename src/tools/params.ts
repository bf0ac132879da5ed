import { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import { CashierError } from '../domain/errors.ts';
import { PROVIDER_IDS } from '../domain/order.ts';
import type { ToolSetting } from './define-tool.ts';

/** Attaches the description in the process's language. */
export function described<T extends z.ZodType>(setting: ToolSetting, schema: T, text: Text): T {
  return schema.describe(text[setting.language]);
}

export const outTradeNo = z
  .string()
  .regex(/^[A-Za-z0-9_]{6,32}$/, 'letters, digits and _ only, 6–32 characters');
export const outRefundNo = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,64}$/, 'letters, digits and _ only, 1–64 characters');
/** Exact to the fen: parsed by the money module, not by the schema. */
export const yuan = z.union([z.string(), z.number()]);

/** Only what is configured is offered; with one wallet the choice is left out altogether where it says nothing. */
export function provider(setting: ToolSetting) {
  return z.enum(setting.providers.length > 0 ? setting.providers : PROVIDER_IDS);
}

const MAX_TITLE_BYTES = 127;

/** Throws INVALID_ARGUMENT naming the character or the length; nothing is altered silently. */
export function checkTitle(title: string): void {
  const bytes = Buffer.byteLength(title);
  if (bytes < 1 || bytes > MAX_TITLE_BYTES) {
    throw wrongText('title', {
      zh: `title 须为 1–${MAX_TITLE_BYTES} 个 UTF-8 字节（汉字每个 3 字节），现为 ${bytes} 字节。`,
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

/** As {@link checkTitle}, by characters. */
export function checkText(
  argument: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  const length = [...text].length;
  if (length < min || length > max) {
    throw wrongText(argument, {
      zh: `${argument} 须为 ${min}–${max} 个字符，现为 ${length} 个。`,
      en: `${argument} must have ${min}–${max} characters; it has ${length}.`,
    });
  }
  checkCharacters(argument, text);
}

/** Neither gateway takes control characters, lone surrogates or anything beyond the BMP (emoji). */
function checkCharacters(argument: string, text: string): void {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const control = point < 0x20 || (point >= 0x7f && point < 0xa0) || point === 0x2028 || point === 0x2029;
    if (!control && point <= 0xffff && !(point >= 0xd800 && point <= 0xdfff)) continue;
    const name = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
    throw wrongText(argument, {
      zh: `${argument} 含有支付网关不接受的字符 ${name}（控制字符或表情符号）。`,
      en: `${argument} contains the character ${name}, which the gateways refuse (control character or emoji).`,
    });
  }
}

function wrongText(argument: string, text: Text): CashierError {
  return new CashierError(
    'INVALID_ARGUMENT',
    {
      zh: `${text.zh}没有资金变动。`,
      en: `${text.en} No money moved.`,
      next: { zh: '改正后重试。', en: 'Correct it and call again.' },
    },
    { argument },
  );
}
