import { beforeAll, describe, expect, it } from 'vitest';
import { WALLET_IDS } from '../../src/providers/registry.ts';
import { bundle, load } from './bundle.mjs';
import type { Plan } from './plan.ts';
import type { Player } from './player.ts';
import { PLAYED } from './wallets/index.ts';

/** Played twice, with others between. */
const TWICE = [0, 7, 42, 123, 249];
/** Judged here; `npm run simulate` judges many more. */
const SEEDS = [
  ...Array.from({ length: 20 }, (_, at) => 1_000 + at),
  ...[3_005_851, 14_776, 30_007_483, 30_070_727, 30_111_603, 30_163_536, 30_197_149],
  ...[50_011_546, 50_078_561, 50_116_983, 50_137_532, 50_168_175],
  ...[70_001_225, 70_050_698, 70_062_990, 70_076_502],
  ...[330, 1_134, 4_573, 7_245, 9_413, 15_159, 15_468],
];

/** What histories have found, as small as they could be made. */
const FOUND: readonly (readonly [
  what: string,
  Pick<Plan, 'wishes' | 'steps' | 'faults'> &
    Partial<Pick<Plan, 'seed' | 'processes' | 'rules' | 'calls' | 'told' | 'wallets'>>,
])[] = [
  [
    'a request that goes to the other host of a gateway after a freeze',
    {
      wishes: [{ client: 0, provider: 'wechatpay', scene: 'qr', fen: 1_000, minutes: 30 }],
      steps: [
        { after: 0, do: 'create', wish: 0, process: 0 },
        { after: 50, do: 'freeze', process: 0 },
        { after: 12_000, do: 'thaw', process: 0 },
      ],
      faults: [{ on: 'create', nth: 0, what: 'lost-request', ms: 3_000 }],
    },
  ],
  [
    'a close that left after a freeze, its process having stood still in between',
    {
      wishes: [{ client: 0, provider: 'wechatpay', scene: 'qr', fen: 1_000, minutes: 5, number: 'ORDER_A' }],
      steps: [
        { after: 0, do: 'create', wish: 0, process: 0 },
        { after: 1_500, do: 'stall', when: 'written', nth: 0, ms: 5_000, process: 0 },
        { after: 0, do: 'close', wish: 0, process: 0 },
        { after: 300, do: 'freeze', process: 0 },
        { after: 8_000, do: 'thaw', process: 0 },
      ],
      faults: [],
    },
  ],
  [
    'two refunds of one instant, of which the one that came later answered for a call without a number',
    {
      rules: 'persons',
      wishes: [{ client: 0, provider: 'alipay', scene: 'qr', fen: 1_000, minutes: 5, number: 'ORDER_A' }],
      steps: [
        { after: 0, do: 'create', wish: 0, process: 0 },
        { after: 300, do: 'pay', wish: 0 },
        { after: 1_500, do: 'refund', wish: 0, fen: 500, process: 0 },
        { after: 0, do: 'refund', wish: 0, fen: 500, number: 'R1', process: 0 },
        { after: 300, do: 'refund', wish: 0, fen: 500, process: 0 },
      ],
      faults: [],
    },
  ],
  [
    'an alarm about what became an order of ours, told a second time with what was known by then',
    {
      ...{ seed: 384, told: true, rules: 'limits', calls: [{ fen: 199, retry: false }] },
      processes: [{ background: false, apartMs: -20_676, fastPpm: 0 }],
      wishes: [{ client: 0, provider: 'wechatpay', scene: 'qr', fen: 1_000, minutes: 1, number: 'ORDER_A' }],
      steps: [
        { after: 0, do: 'ask', sale: 0, shows: 'nothing', process: 0 },
        { after: 300, do: 'buy', sale: 0, way: 'proof', process: 0 },
        { after: 300, do: 'ask', sale: 0, shows: 'payment', process: 0 },
      ],
      faults: [{ on: 'verify', nth: 0, what: 'wrong-amount', ms: 4_360 }],
    },
  ],
];
const ALONE: Omit<Plan, 'wishes' | 'steps' | 'faults'> = {
  ...{ seed: 0, processes: [{ background: false, apartMs: 0, fastPpm: 0 }], oneMachine: true },
  ...{ rules: 'free', rsa: false, told: false, calls: [], wallets: ['alipay', 'wechatpay'] },
};

let player: Player;
beforeAll(async () => {
  const { Player: Loaded } = load(await bundle()) as { readonly Player: typeof Player };
  player = await Loaded.open();
});

it('every wallet is sold with', () => {
  expect(PLAYED.map(({ id }) => id)).toEqual(WALLET_IDS);
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

  it.each(FOUND)('that has found %s finds it no more', async (_what, found) => {
    expect((await player.play({ ...ALONE, ...found })).violations).toEqual([]);
  });
});
