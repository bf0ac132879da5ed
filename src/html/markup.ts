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

/** Takes HTML that a page's own code wrote or a library drew. Never for data. */
export function trusted(source: string): Markup {
  return new Markup(source);
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
