import type { Dice } from '../support/dice.ts';
import { type Act, type Fault, MOMENTS, PROOF_TROUBLES, type Step } from './plan.ts';

/** What somebody wants of a tool that has a price. */
export interface CallWish {
  readonly fen: number;
  /** Its price says that it may be executed again. */
  readonly retry: boolean;
  /** Its buyer pays, and may never come for what was bought. */
  readonly leaves?: true;
}

/** How a bill is paid: by an agent's wallet that gives a proof, by a code that the host of an agent redeems, on its page. */
export const WAYS = ['proof', 'code', 'page'] as const;
export type Way = (typeof WAYS)[number];

/**
 * What a client shows with a call: nothing, what it has paid with, that with something altered, or with other arguments
 * than it was paid for.
 */
export const SHOWS = ['nothing', 'payment', 'altered', 'other'] as const;
export type Shows = (typeof SHOWS)[number];

/** How the n-th execution goes: with `lost` and `unreachable` nothing was done. */
export const UPSTREAM_TROUBLES = [
  'unreachable',
  'lost',
  'dies',
  'hangs',
  'refuses',
  'tool-error',
  'slow',
] as const;

/** So many histories sell calls. */
const SELLS = 0.15;

/** Calls that are sold beside all else, with what goes wrong with them; mostly none. */
export function planCalls(dice: Dice, processes: number, steps: Step[], faults: Fault[]): CallWish[] {
  if (!dice.chance(SELLS)) return [];
  const wishes = Array.from({ length: dice.pick([1, 1, 1, 2]) }, (): CallWish => {
    return {
      fen: dice.pick([10, 199, 990]),
      retry: dice.chance(0.3),
      ...(dice.chance(0.15) ? { leaves: true } : {}),
    };
  });
  for (const [sale, wish] of wishes.entries()) mingle(dice, steps, saleOf(dice, sale, wish, processes));
  for (let left = dice.pick([0, 1, 1, 2, 3]); left > 0; left -= 1) faults.push(faultOf(dice));
  return wishes;
}

/** Somebody asks, pays, and asks again, with all that can be in between. */
function saleOf(dice: Dice, sale: number, { leaves }: CallWish, processes: number): Step[] {
  const story: Step[] = [];
  const at = () => ({ process: dice.below(processes) });
  const pause = () => dice.pick([0, 20, 300, 1_500]);
  const add = (act: Act, after = pause()) => story.push({ after, ...act });
  const ask = (shows: Shows, after = pause()) => add({ do: 'ask', sale, shows, ...at() }, after);
  const disturb = () => {
    const kind = dice.weighted({ kill: 6, power: 1, leap: 2, long: 1 });
    if (kind === 'kill')
      add({ do: 'kill', when: dice.pick(MOMENTS), nth: dice.below(dice.pick([1, 4, 12])), ...at() }, 0);
    else if (kind === 'power') add({ do: 'cut-power' }, dice.pick([5, 50, 200]));
    else add({ do: 'leap', ms: kind === 'leap' ? dice.pick([3_000, 61_000]) : 1_000_000 });
  };
  ask('nothing', 0);
  if (dice.chance(0.2)) ask('nothing');
  if (dice.chance(0.2)) disturb();
  if (dice.chance(0.1)) ask('payment');
  const way = dice.weighted<Way>({ proof: 5, code: 2, page: 2 });
  if (dice.chance(0.95)) add({ do: 'buy', sale, way, ...at() }, dice.pick([300, 1_500]));
  if (dice.chance(0.12)) add({ do: 'buy', sale, way: dice.pick(WAYS), ...at() });
  if (leaves && dice.chance(0.6)) return story;
  if (dice.chance(0.3)) disturb();
  if (dice.chance(0.15)) ask(dice.pick(['altered', 'other']));
  ask('payment', dice.pick([20, 300, 1_500]));
  for (let more = dice.pick([0, 1, 1, 2]); more > 0; more -= 1) ask('payment', dice.pick([0, 0, 20, 300]));
  // Its machine is suspended over it, and another process has long seen to it when it goes on.
  if (dice.chance(0.1)) {
    add({ do: 'leap', ms: 400_000 }, dice.pick([50, 150, 250]));
    ask('payment', 0);
  }
  if (dice.chance(0.35)) disturb();
  if (dice.chance(0.3)) ask(dice.pick(['other', 'altered', 'payment', 'payment']));
  if (dice.chance(0.1)) add({ do: 'leap', ms: 3_700_000 });
  if (dice.chance(0.4)) ask('payment');
  return story;
}

/** Puts the steps of a story anywhere between the others, in their order. */
function mingle(dice: Dice, steps: Step[], story: readonly Step[]): void {
  let from = 0;
  for (const step of story) {
    from = dice.chance(0.6) ? from : dice.between(from, steps.length);
    steps.splice(from, 0, step);
    from += 1;
  }
}

function faultOf(dice: Dice): Fault {
  const on = dice.weighted({ upstream: 6, verify: 3, refund: 3, confirm: 1, preorder: 1, query: 1 });
  const nth = dice.pick([0, 0, 0, 1, 2]);
  const ms = dice.between(100, 9_500);
  if (on === 'upstream') {
    const what = dice.weighted({
      ...{ unreachable: 3, lost: 4, dies: 5, hangs: 1, refuses: 2, 'tool-error': 2, slow: 2 },
    });
    return { on, nth, what, ms };
  }
  const lost = dice.weighted({
    'lost-request': 3,
    'lost-answer': 5,
    unavailable: 1,
    slow: 2,
    late: 2,
    twice: 2,
  });
  const said = dice.pick([
    ...(['system-error', 'unsigned-answer', 'forged-answer', 'garbage', 'http-502'] as const),
    ...(on === 'verify' ? (['wrong-amount', ...PROOF_TROUBLES, ...PROOF_TROUBLES] as const) : []),
  ]);
  const what = dice.chance(0.6) ? lost : said;
  return { on, nth, what, ms: what === 'late' ? dice.between(2_000, 40_000) : ms };
}
