import type { Text } from '../domain/errors.ts';

/** A sentence in the language that was chosen, in both when none was. */
export type Say = (text: Text) => readonly string[];

export function speaker(language: 'zh' | 'en' | undefined): Say {
  return (text) => (language === undefined ? [text.zh, text.en] : [text[language]]).filter(Boolean);
}
