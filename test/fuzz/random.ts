/** Chance that comes out the same for the same seed, whatever ran before. */
export interface Random {
  /** From 0, less than 1. */
  next(): number;
  /** A whole number from 0, less than `below`. */
  below(below: number): number;
  chance(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(size: number): Buffer;
}

/** Two words of hash over a text, far apart for neighbours. */
function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Mulberry32 of whatever names the case. */
export function randomOf(...names: readonly (string | number)[]): Random {
  let a = hashed(names.join('\n'));
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (most: number) => Math.floor(next() * most);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    bytes: (size) => {
      const bytes = Buffer.allocUnsafe(size);
      for (let i = 0; i < size; i += 1) bytes[i] = below(256);
      return bytes;
    },
  };
}
