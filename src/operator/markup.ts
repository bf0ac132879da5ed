/** Text that is HTML already. Only this file makes it, so whatever is not Markup is escaped on its way in. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type Piece = Markup | string | number | undefined | readonly Markup[];

/** Builds HTML from a template; every inserted value is escaped unless it is Markup, undefined inserts nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  return new Markup(parts.map((part, i) => part + render(values[i])).join(''));
}

/** Takes HTML that was written in this folder. Never for data. */
export function trusted(source: string): Markup {
  return new Markup(source);
}

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

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(value: Piece): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.source;
  if (typeof value === 'object') return value.map((piece) => piece.source).join('');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
