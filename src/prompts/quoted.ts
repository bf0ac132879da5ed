import { z } from 'zod';
import type { Text } from '../domain/errors.ts';

/**
 * Control and format characters (among them those that turn or hide text), lone surrogates, private use, and the
 * selectors in which text can be smuggled. A joiner may be part of an emoji.
 */
const HIDDEN = /(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]|[\u{e0100}-\u{e01ef}]/u;

/** One line of a person's words, at most `max` characters long. */
export function line(max: number, say: (text: Text) => string) {
  const error = say({
    zh: ` 1–${max} 个可见字符`,
    en: `1–${max} characters, none of them control, invisible or private`,
  });
  return z
    .string()
    .trim()
    .refine((text) => text !== '' && [...text].length <= max && !HIDDEN.test(text), { error });
}

/** Arguments as data: one line of JSON that cannot end the block it stands in. */
export function quoted(data: Readonly<Record<string, string | undefined>>): string {
  return JSON.stringify(data).replace(/[<>]/g, (sign) => (sign === '<' ? '\\u003c' : '\\u003e'));
}
