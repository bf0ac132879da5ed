import type { Ledger } from './ledger.ts';

const META_KEY = 'refused_names';
/** How many are remembered, and for how long (ms). */
const MOST = 20;
const REMEMBERED_MS = 24 * 3_600_000;

/** A `Host` or `Origin` that listeners of this ledger refused; `lastAt` in ms. */
export interface RefusedName {
  readonly name: string;
  readonly count: number;
  readonly lastAt: number;
}

/** Adds to what is remembered of refused names, for whoever looks why nothing arrives. */
export async function keepRefusedNames(
  ledger: Ledger,
  names: ReadonlyMap<string, number>,
  now: number,
): Promise<void> {
  await ledger.write(async (book) => {
    const known = new Map(parse(await book.meta(META_KEY), now).map((one) => [one.name, one]));
    for (const [name, count] of names) {
      const before = known.get(name)?.count ?? 0;
      known.set(name, { name, count: before + count, lastAt: now });
    }
    const kept = [...known.values()].sort((a, b) => b.lastAt - a.lastAt || b.count - a.count).slice(0, MOST);
    await book.setMeta(META_KEY, JSON.stringify(kept));
  });
}

/** Names that were refused within the last day, the most frequent first. */
export async function refusedNames(ledger: Ledger, now: number): Promise<readonly RefusedName[]> {
  const stored = await ledger.read((book) => book.meta(META_KEY));
  return [...parse(stored, now)].sort((a, b) => b.count - a.count);
}

function parse(stored: string | undefined, now: number): readonly RefusedName[] {
  const all = stored ? (JSON.parse(stored) as RefusedName[]) : [];
  return all.filter(({ lastAt }) => lastAt > now - REMEMBERED_MS);
}
