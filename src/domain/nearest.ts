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
