import { codePoint, UNSEEN, VARIANTS } from '../domain/unseen.ts';

/** Characters of somebody else's words that are shown at most. */
const MOST = 100;

/** In the place of what marks up text, in any dialect, what looks like it. */
const LOOKS_LIKE: Readonly<Record<string, string>> = {
  ...{ '\\': '＼', '`': '｀', '*': '＊', _: '＿', '~': '～', '#': '＃', '|': '｜', '!': '！', '&': '＆' },
  ...{ '[': '［', ']': '］', '(': '（', ')': '）', '<': '＜', '>': '＞', $: '＄', '{': '｛', '}': '｝' },
};

/**
 * Words of somebody else as plain text in one line that does nothing: what cannot be seen is written as its number,
 * what an app would make a link, a tag or a call of somebody is broken, and what is too long is cut.
 */
export function theirs(text: string, most = MOST): string {
  const seen = text
    .replace(VARIANTS, '')
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(UNSEEN, (one) => `[${codePoint(one)}]`);
  return unlinked(cut(seen, most));
}

/** Cut to so many characters, with what shows it. */
export function cut(text: string, most: number): string {
  const [...characters] = text;
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/**
 * No address is left that an app would open (`a.example`, `weixin://…`, `mailto:…`), and nobody is mentioned; decimal
 * numbers keep their points.
 */
function unlinked(text: string): string {
  return text
    .replace(/[@＠]/g, '(at)')
    .replace(/[<>]/g, (mark) => LOOKS_LIKE[mark] ?? mark)
    .replace(/:(?=\/\/)/g, '[:]')
    .replace(/(?<=[\p{L}\p{N}_-])[.．｡](?=[\p{L}\p{N}])/gu, (dot, at: number, all: string) =>
      /\d.\d/.test(all.slice(at - 1, at + 2)) ? dot : '[.]',
    )
    .replace(/(?<=[a-z0-9-])。(?=[a-z0-9])/gi, '[.]');
}

/** Words of somebody else inside Markdown: dialects differ in what they take for an escape, so nothing is escaped. */
export function inMarkdown(text: string): string {
  return text.replace(/[\\`*_~#|!&[\]()<>${}]/g, (mark) => LOOKS_LIKE[mark] ?? mark);
}

/** The same of a line of ours, in which somebody's words may stand: numbers and ids stay as they are typed. */
export function lineInMarkdown(text: string): string {
  return text.replace(/[^\w()]+/g, inMarkdown);
}
