import type { RandomBytes } from '../../src/domain/clock.ts';
import { seeded, seededBytes } from './virtual-time.ts';

/** Lots, all from one seed: the same for the same one, whatever ran before. */
export class Dice {
  readonly #random: () => number;
  readonly bytes: RandomBytes;

  private constructor(random: () => number) {
    this.#random = random;
    this.bytes = seededBytes(random);
  }

  /** @param stream what of the world these are for: none disturbs another */
  static of(seed: number, stream: number): Dice {
    const random = seeded((Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0);
    random();
    return new Dice(random);
  }

  /** For whatever these names name. */
  static named(...names: readonly (string | number)[]): Dice {
    return new Dice(seeded(hashed(names.join('\n'))));
  }

  /** 0 ≤ n < 1 */
  get fraction(): number {
    return this.#random();
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** By weights. */
  weighted<T extends string>(weights: Readonly<Partial<Record<T, number>>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let left = this.#random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of entries) {
      left -= weight;
      if (left < 0) return item;
    }
    return (entries[0] as [T, number])[0];
  }
}

/** Two words of hash over a text, far apart for neighbours. */
function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
