/** Longest reason (characters) that goes with a decision. */
export const MAX_REASON = 200;

/** A reason on one line and cut to its length, for it is shown at terminals and on pages; undefined when there is none. */
export function oneLine(reason: string): string | undefined {
  const line = [...reason.replace(/[\s\p{C}]+/gu, ' ').trim()].slice(0, MAX_REASON).join('').trim();
  return line === '' ? undefined : line;
}
