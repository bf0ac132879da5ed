import type { RandomBytes } from '../../src/domain/clock.ts';
import { seeded } from '../support/virtual-time.ts';

/** Lots, all from one seed. */
export class Dice {
  readonly #random: () => number;

  /** @param stream what of the world these are for: none disturbs another */
  constructor(seed: number, stream: number) {
    this.#random = seeded((Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0);
    this.#random();
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

  get bytes(): RandomBytes {
    return (size) => {
      const bytes = Buffer.allocUnsafe(size);
      for (let at = 0; at < size; at += 1) bytes[at] = this.below(256);
      return bytes;
    };
  }
}
