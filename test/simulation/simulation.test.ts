import { beforeAll, describe, expect, it } from 'vitest';
import { bundle, load } from './bundle.mjs';
import type { Player } from './player.ts';

/** Played twice, with others between. */
const TWICE = [0, 7, 42, 123, 249];
/** Judged here; `npm run simulate` judges many more. */
const SEEDS = Array.from({ length: 20 }, (_, at) => 1_000 + at);

let player: Player;
beforeAll(async () => {
  const { Player: Loaded } = load(await bundle()) as { readonly Player: typeof Player };
  player = await Loaded.open();
});

describe('a history', () => {
  it('is the same for the same seed, byte for byte, whatever was played before', async () => {
    const first = [];
    for (const seed of TWICE) first.push(await player.seed(seed));
    for (const { plan, head, digest } of first.reverse()) {
      expect(await player.seed(plan.seed)).toMatchObject({ head, digest });
    }
    expect(new Set(first.map(({ digest }) => digest)).size).toBe(TWICE.length);
  });

  it.each(SEEDS)('of seed %i did nothing that none may', async (seed) => {
    expect((await player.seed(seed)).violations).toEqual([]);
  });
});
