import { html, type Markup } from '../html/markup.ts';

export { html, Markup, trusted } from '../html/markup.ts';

/**
 * What shows nothing of itself but changes what stands around it, or stands for a space: controls, directions,
 * joiners, fillers, halves of characters.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|\u034f|\u17b4|\u17b5/gu;
/** Only choose between two drawings of the character before. */
const VARIANTS = /[\ufe00-\ufe0f]/g;

/**
 * Text of somebody else: isolated, so that its writing direction cannot turn the page around it, and with every
 * character that could not be seen written out as its number.
 */
export function foreign(text: string): Markup {
  const seen: Markup[] = [];
  let from = 0;
  const clean = text.replace(VARIANTS, '');
  for (const match of clean.matchAll(UNSEEN)) {
    const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    seen.push(html`${clean.slice(from, match.index)}<span class="odd">U+${code}</span>`);
    from = match.index + match[0].length;
  }
  return html`<bdi translate="no">${seen}${clean.slice(from)}</bdi>`;
}
