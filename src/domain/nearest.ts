import type { Text } from './errors.ts';

/** Longer words (characters) are nobody's slip of a known one. */
const LONGEST = 80;

/** The word that was probably meant: the only one that begins like the given one, or the {@link nearest}. */
export function likely(word: string, known: readonly string[], most?: number): string | undefined {
  const plain = folded(word);
  const begun = known
    .map(folded)
    .flatMap((one, i) => (one.startsWith(plain) || plain.startsWith(one) ? [i] : []));
  return word.length > 2 && begun.length === 1 ? known[begun[0] ?? 0] : nearest(word, known, most);
}

/** The candidate that differs least, within `most` slips (default: two, or a third of its letters). */
export function nearest(word: string, candidates: readonly string[], most?: number): string | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, far: distance(folded(word), folded(candidate)) }))
    .sort((a, b) => a.far - b.far);
  if (!best) return undefined;
  const { candidate, far } = best;
  const near = most ?? Math.max(2, Math.floor(candidate.length / 3));
  return far <= near && far < candidate.length ? candidate : undefined;
}

/** What to add about a name that is none: the one that was meant, or those that there are; else `none`. */
export function meantOrKnown(name: string, known: readonly string[], none: Text): Text {
  const meant = nearest(name, known);
  if (meant !== undefined) return { zh: `是否应为 ${meant}？`, en: `Did you mean ${meant}?` };
  if (known.length === 0) return none;
  return { zh: `有：${known.join('、')}。`, en: `There are: ${known.join(', ')}.` };
}

function folded(word: string): string {
  return word.slice(0, LONGEST).toUpperCase();
}

/** Letters to add, drop or change to get from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
