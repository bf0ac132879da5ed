/**
 * What shows nothing of itself but changes what stands around it, or stands for a space: controls, directions,
 * joiners, fillers, halves of characters.
 */
export const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|\u034f|\u17b4|\u17b5/gu;

/** Only choose between two drawings of the character before. */
export const VARIANTS = /[\ufe00-\ufe0f]/g;

/** An unseen character as its number: `U+202E`. */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
