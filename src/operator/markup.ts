import { codePoint, UNSEEN, VARIANTS } from '../domain/unseen.ts';
import { html, type Markup } from '../html/markup.ts';

export { html, Markup, trusted } from '../html/markup.ts';

/**
 * Text of somebody else: isolated, so that its writing direction cannot turn the page around it, and with every
 * character that could not be seen written out as its number.
 */
export function foreign(text: string): Markup {
  const seen: Markup[] = [];
  let from = 0;
  const clean = text.replace(VARIANTS, '');
  for (const match of clean.matchAll(UNSEEN)) {
    seen.push(html`${clean.slice(from, match.index)}<span class="odd">${codePoint(match[0])}</span>`);
    from = match.index + match[0].length;
  }
  return html`<bdi translate="no">${seen}${clean.slice(from)}</bdi>`;
}
