import type { Text } from '../domain/errors.ts';
import { type Invocation, type Meant, runnable } from './invocation.ts';

export type Language = 'zh' | 'en' | undefined;

/** How a command speaks: in the language that was chosen, in both when none was, naming commands that run as they are. */
export interface Say {
  /** One line a language. */
  (text: Text): readonly string[];
  /** All of it in one line: labels and short sentences. */
  readonly line: (zh: string, en: string) => string;
  /** As {@link line}, with the colon of its language behind it. */
  readonly label: (zh: string, en: string) => string;
  /** The head of a table: its cells, parted by `|`, as {@link line}. */
  readonly row: (zh: string, en: string) => string[];
  /** A text with every command of ours in it as this reader can type it. */
  readonly runnable: (text: string, meant?: Meant) => string;
  /** For where there is room for one. */
  readonly language: keyof Text;
}

export function speaker(language: Language, invocation?: Invocation): Say {
  const chosen = ({ zh, en }: Text) => (language === undefined ? [zh, en] : [{ zh, en }[language]]);
  const asTyped = (line: string, meant?: Meant) => (invocation ? runnable(line, invocation, meant) : line);
  const say = (text: Text) =>
    chosen(text)
      .filter(Boolean)
      .map((line) => asTyped(line));
  const line = (zh: string, en: string) => say({ zh, en }).join(' ');
  const label = (zh: string, en: string) => `${line(zh, en)}${language === 'zh' ? '：' : ':'}`;
  const row = (zh: string, en: string) => {
    const other = en.split('|');
    return zh.split('|').map((cell, i) => line(cell, other[i] ?? ''));
  };
  return Object.assign(say, { line, label, row, runnable: asTyped, language: language ?? 'zh' });
}
