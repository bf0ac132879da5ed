/** A character by its code point, so that an invisible one can be told. */
export function named(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * What no gateway takes (control characters, lone surrogates, anything beyond the BMP such as emoji) and what could
 * make a text read as another one: characters that turn its direction or show nothing, private use. A joiner inside a
 * word is part of some scripts.
 */
const REFUSED = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\ufffe\uffff]|[^\u0000-\uffff]/u;

/** White space, joiners, variation selectors, and letters without a glyph. */
const BLANK = /^(?:[\s\u115f\u1160\u2800\u3164\uffa0]|\u200c|\u200d|\u034f|\u17b4|\u17b5|[\ufe00-\ufe0f])+$/u;

/** The first character of a text that is refused; undefined when there is none. */
export function refusedCharacter(text: string): string | undefined {
  return REFUSED.exec(text)?.[0];
}

/** Whether a text shows nothing at all. */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}
