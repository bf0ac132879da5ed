import { describe, expect, it } from 'vitest';
import { WALLETS } from '../support/simulator-client.ts';
import { seeded } from '../support/virtual-time.ts';
import { CARRIED_OUT, MOMENTS, REPEATED, StormyShop } from './stormy-shop.ts';
import { TwinShop } from './twin-shop.ts';

/** Chooses steps, wishes and delays. The machine chooses the rest, so a seed repeats the attack, not every instant. */
const SEED = Number(process.env.KILL_LOOP_SEED ?? 20_261_121);
/** Between the seeds of two rounds: one has a seed for each of its shops. */
const SEEDS_APART = 10;

const counted = new Map<string, number>();
const killed = () => [...counted.values()].reduce((sum, count) => sum + count, 0);
const kills = { add: (step: string) => void counted.set(step, (counted.get(step) ?? 0) + 1) };
/** In a run of hours one wants to see how far it is. */
function tell(who: string, seed: number): void {
  if (ROUNDS.length > 1) process.stdout.write(`${who}, seed ${seed}: ${killed()} of ${KILLS} kills\n`);
}

type Step<Shop> = (shop: Shop) => Promise<unknown>;

const STEPS: readonly Step<StormyShop>[] = [
  ...times<StormyShop>(4, (shop) => shop.killStarting()),
  ...MOMENTS.flatMap((moment) => times<StormyShop>(3, (shop) => shop.killCreate(moment))),
  ...(['request held', 'answer held', 'answer passed'] as const).flatMap((moment): Step<StormyShop>[] => [
    (shop) => shop.killCreateAgain('question', moment),
    (shop) => shop.killCreateAgain('request', moment),
  ]),
  ...(['held', 'coming in', 'unwritten', 'acknowledged'] as const).flatMap((moment) =>
    times<StormyShop>(2, (shop) => shop.killNotified(moment)),
  ),
  ...(['answer held', 'fact unwritten', 'answer passed', 'client told'] as const).map(
    (moment): Step<StormyShop> =>
      (shop) =>
        shop.killQuery(moment),
  ),
  ...MOMENTS.map(
    (moment): Step<StormyShop> =>
      (shop) =>
        shop.killClose(moment),
  ),
  ...times<StormyShop>(2, (shop) => shop.killAwaitingApproval()),
  ...MOMENTS.map(
    (moment): Step<StormyShop> =>
      (shop) =>
        shop.killRefund(moment),
  ),
  ...CARRIED_OUT.map(
    (moment): Step<StormyShop> =>
      (shop) =>
        shop.killCarriedOut(moment),
  ),
  ...REPEATED.map(
    (moment): Step<StormyShop> =>
      (shop) =>
        shop.killRepeated(moment),
  ),
  (shop) => shop.killRefundAgain('question', 'answer held'),
  (shop) => shop.killRefundAgain('question', 'fact unwritten'),
  (shop) => shop.killRefundAgain('request', 'request held'),
  (shop) => shop.killRefundAgain('request', 'answer held'),
];
/** There must be something to settle first. */
const LATE_STEPS: readonly Step<StormyShop>[] = [
  ...times<StormyShop>(2, (shop) => shop.killSettler('question held')),
  ...times<StormyShop>(2, (shop) => shop.killSettler('answer passed')),
];
const TWIN_STEPS: readonly Step<TwinShop>[] = [
  ...times<TwinShop>(16, (shop) => shop.killAmidCalls('the elder')),
  ...times<TwinShop>(6, (shop) => shop.killAmidCalls('the younger')),
  ...times<TwinShop>(6, (shop) => shop.killAmidCalls('both')),
];

/** Of all steps once, each with ledgers and a seed of its own. */
const ROUND_KILLS = WALLETS.length * (STEPS.length + LATE_STEPS.length) + TWIN_STEPS.length;
/** At least: a round of all steps, unless it says otherwise; `KILL_LOOP_KILLS=10000` for the long run. */
const KILLS = Number(process.env.KILL_LOOP_KILLS ?? ROUND_KILLS);
/** Of less than a round, every shop has as large a part, chosen by its seed. */
const part = <T>(steps: readonly T[]): T[] =>
  steps.slice(0, Math.ceil(steps.length * Math.min(1, KILLS / ROUND_KILLS)));
const ROUNDS = Array.from({ length: Math.ceil(KILLS / ROUND_KILLS) }, (_, round) => round);
/** ms, ten times what it takes where nobody else is at work: every life of a server costs a start of Node. */
const ENDS_WITHIN_MS = 1_200_000 * ROUNDS.length;

describe.concurrent(`killed with SIGKILL at every step (KILL_LOOP_SEED=${SEED})`, () => {
  it.each(WALLETS)(
    'servers of %s lose nothing and do nothing twice',
    async (wallet) => {
      for (const round of ROUNDS) {
        const seed = SEED + SEEDS_APART * round + WALLETS.indexOf(wallet);
        const random = seeded(seed);
        const steps = part(shuffled(STEPS, random));
        const early = steps.slice(0, steps.length / 2);
        const late = shuffled([...steps.slice(early.length), ...part(LATE_STEPS)], random);
        const shop = await StormyShop.open(wallet, kills, seed);
        for (const step of [...early, ...late]) {
          await step(shop);
          expect(shop.wrongs, `seed ${seed}`).toEqual([]);
        }
        await shop.clear();
        expect(shop.wrongs, `seed ${seed}`).toEqual([]);
        await shop.end();
        tell(wallet, seed);
      }
    },
    ENDS_WITHIN_MS,
  );

  it(
    'neither do two that serve the gateway and the notify port in turn',
    async () => {
      for (const round of ROUNDS) {
        const seed = SEED + SEEDS_APART * round + WALLETS.length;
        const shop = await TwinShop.open(kills, seed);
        for (const step of part(shuffled(TWIN_STEPS, seeded(seed)))) {
          await step(shop);
          expect(shop.wrongs, `seed ${seed}`).toEqual([]);
        }
        await shop.clear();
        await shop.end();
        expect(shop.wrongs, `seed ${seed}`).toEqual([]);
        tell('two at a time', seed);
      }
    },
    ENDS_WITHIN_MS,
  );
});

it(`were at least ${KILLS}`, async ({ annotate }) => {
  const all = killed();
  await annotate(
    [`${all} kills`, ...[...counted].sort().map(([step, count]) => `${count} ${step}`)].join('\n'),
  );
  expect(all).toBeGreaterThanOrEqual(KILLS);
});

function times<Shop>(count: number, step: Step<Shop>): Step<Shop>[] {
  return Array.from({ length: count }, () => step);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}
