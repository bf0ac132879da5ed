import type { Dice } from '../support/dice.ts';
import { type Act, type Fault, MOMENTS, type Plan, STALLS, type Step, type Wish } from './plan.ts';
import { playedOf } from './wallets/index.ts';

/*
 * Tight places. What people do at random seldom leads there: a limit's edge, two processes at the same refund, a clock
 * that is days ahead, a number that another system has taken before us. A corner is a short history that begins near
 * such a place, with the dice for everything that need not be so.
 */

/** What a corner plans; the rest of a history is as elsewhere. */
export type Cornered = Pick<Plan, 'processes' | 'rules' | 'told' | 'wishes' | 'steps' | 'faults'>;

/** Sums that a sloppy conversion of yuan gets wrong, among others. */
const SUMS = [1_000, 1_000, 990, 113, 435, 1_999] as const;
const HALF_DAYS_MS = 43_200_000;
/** As long as a claim lasts, and a little (ms). */
const LONGER_THAN_A_CLAIM_MS = [26_000, 32_000, 45_000] as const;
const AT_ONCE = [0, 0, 0, 1, 5, 20] as const;
const SOON = [0, 20, 300, 1_500] as const;

/** Of a corner, as far as it is told. */
class Story {
  readonly dice: Dice;
  readonly steps: Step[] = [];
  readonly faults: Fault[] = [];
  readonly wishes: Wish[] = [];
  processes: Plan['processes'];
  rules: Plan['rules'] = 'free';
  told: boolean;

  constructor(dice: Dice) {
    this.dice = dice;
    this.told = dice.chance(0.2);
    this.processes = Array.from({ length: dice.pick([1, 2, 2, 2, 3]) }, (_, at) => ({
      background: dice.chance(at === 0 ? 0.5 : 0.2),
      ...{ apartMs: dice.chance(0.15) ? dice.between(-9_000, 9_000) : 0, fastPpm: 0 },
    }));
  }

  /** One of the processes. */
  at(): { readonly process: number } {
    return { process: this.dice.below(this.processes.length) };
  }

  next(act: Act, after: number = this.dice.pick(SOON)): void {
    this.steps.push({ after, ...act });
  }

  goesWrong(on: Fault['on'], nth: number, what: Fault['what'], ms = this.dice.between(100, 9_500)): void {
    this.faults.push({ on, nth, what, ms });
  }

  /** Something is to be sold. @returns its place among the wishes */
  wish(more: Partial<Wish> = {}): number {
    const { dice } = this;
    const provider = more.provider ?? dice.pick(['alipay', 'wechatpay'] as const);
    this.wishes.push({
      ...{ client: dice.below(2), provider, scene: dice.pick(playedOf(provider).scenes) },
      ...{ fen: dice.pick(SUMS), minutes: dice.pick([2, 5, 30]) },
      number: `ORDER_${'ABCDEF'[this.wishes.length]}`,
      ...more,
    });
    return this.wishes.length - 1;
  }

  fenOf(wish: number): number {
    return (this.wishes[wish] as Wish).fen;
  }

  create(wish: number, after?: number): void {
    this.next({ do: 'create', wish, ...this.at() }, after);
  }

  /** It is sold and paid. */
  sell(more: Partial<Wish> = {}): number {
    const wish = this.wish(more);
    this.create(wish);
    this.next({ do: 'pay', wish }, 700);
    return wish;
  }

  refund(wish: number, number: string, fen: number, after?: number): void {
    this.next({ do: 'refund', wish, fen: Math.max(1, Math.floor(fen)), number, ...this.at() }, after);
  }

  /** All these clocks are set at once. */
  set(processes: readonly number[], apartMs: number, after: number): void {
    for (const [at, process] of processes.entries())
      this.next({ do: 'clock', process, apartMs }, at === 0 ? after : 0);
  }

  decide(after = 400): void {
    this.next({ do: this.dice.chance(0.9) ? 'approve' : 'deny', nth: 0, ...this.at() }, after);
  }
}

type Corner = (story: Story, dice: Dice) => void;

/** Another system has the number before we ask for it. */
const taken: Corner = (story, dice) => {
  const number = dice.chance(0.8) ? {} : { buyer: 'alice' };
  const wish = story.wish({ provider: dice.pick(['alipay', 'alipay', 'wechatpay'] as const), ...number });
  const fen = dice.chance(0.8) ? story.fenOf(wish) : 123;
  story.next({ do: 'foreign', wish, paid: dice.chance(0.7), fen }, 0);
  story.create(wish);
  if (dice.chance(0.4)) story.create(wish);
  story.next({ do: 'query', wish, wait: 0, ...story.at() });
  if (dice.chance(0.5)) story.next({ do: 'pay', wish });
  if (dice.chance(0.5)) story.refund(wish, 'R1', story.fenOf(wish));
};

/** What may yet arrive is sent once more, and refused; then more is wanted than is left beside it. */
const refusedInDoubt: Corner = (story, dice) => {
  const wish = story.sell();
  const fen = story.fenOf(wish);
  story.goesWrong('refund', 0, 'late', dice.between(12_000, 30_000));
  story.goesWrong('refund', 1, dice.pick(['declined', 'balance', 'declined', 'system-error']));
  story.refund(wish, 'R1', fen * 0.6, 1_500);
  for (let times = dice.between(1, 3); times > 0; times -= 1) story.refund(wish, 'R1', fen * 0.6, 12_000);
  story.refund(wish, 'R2', fen * dice.pick([0.4, 0.6]));
  if (dice.chance(0.5)) story.refund(wish, 'R2', fen * 0.6, 12_000);
  // Until it has arrived.
  story.next({ do: 'query', wish, wait: 0, ...story.at() }, 20_000);
};

/** Several want the very same at the same instant. */
const atOnce: Corner = (story, dice) => {
  const wish = story.sell();
  const fen = story.fenOf(wish) * dice.pick([0.5, 0.6, 1]);
  const ends = ['declined', 'balance', 'lost-answer', 'late', 'slow', 'lost-request'] as const;
  story.goesWrong('refund', 0, dice.pick(ends));
  story.goesWrong('refund', 1, dice.pick(ends));
  story.refund(wish, 'R1', fen, 1_500);
  for (let more = dice.between(1, 3); more > 0; more -= 1) story.refund(wish, 'R1', fen, dice.pick(AT_ONCE));
  if (dice.chance(0.6)) story.refund(wish, 'R2', fen, dice.pick([...AT_ONCE, 12_000]));
};

/** A process stands still between what it has written and its last look, and others go on in the meantime. */
const stalled: Corner = (story, dice) => {
  const wish = story.sell();
  const fen = story.fenOf(wish);
  const moment = dice.pick(STALLS);
  const ms = dice.pick(LONGER_THAN_A_CLAIM_MS);
  story.next({ do: 'stall', when: moment, nth: dice.below(6), ms, process: 0 }, 1_500);
  story.next({ do: 'refund', wish, fen, number: 'R1', process: 0 }, 0);
  const again = { do: 'refund', wish, fen, number: 'R1', ...story.at() } as const;
  story.next(again, dice.pick([20, 300, 24_000]));
  if (dice.chance(0.5)) story.next(again, 26_000);
  if (dice.chance(0.3)) story.goesWrong('refund', 0, dice.pick(['declined', 'lost-answer', 'lost-request']));
};

/** A clock that is half a day or more ahead is put right; nothing may wait until that time comes. */
const clockPutRight: Corner = (story, dice) => {
  story.processes = story.processes.map((process) => ({ ...process, background: true, apartMs: 0 }));
  // What is carried out for a person is nothing that a client asks about.
  const isPersons = dice.chance(0.5);
  if (isPersons) story.rules = 'persons';
  story.told = dice.chance(0.5);
  const wish = story.sell({ fen: 1_000, minutes: 30 });
  const { process } = story.at();
  const refund = { do: 'refund', wish, fen: 500, number: 'R1', process } as const;
  const all = [...story.processes.keys()];
  const wrong = (after: number) =>
    story.set(isPersons ? all : [process], dice.between(1, 8) * HALF_DAYS_MS, after);
  story.goesWrong(
    'refund',
    0,
    dice.pick(['refund-processing', 'lost-answer', 'late', 'lost-request']),
    9_000,
  );
  for (const nth of [0, 1, 2]) story.goesWrong('query-refund', nth, 'lag', 40_000);
  if (isPersons) {
    story.next(refund, 1_500);
    story.decide();
    wrong(dice.pick([1_500, 3_000]));
  } else {
    wrong(1_500);
    // Who dies over it leaves a claim behind that lasts for days by that clock.
    const kill: Act = { do: 'kill', when: dice.pick(['request', 'answer']), nth: 0, process };
    if (dice.chance(0.6)) story.next(kill, 0);
    story.next(refund, 0);
  }
  if (dice.chance(0.3)) wrong(1_500);
  story.next({ do: 'leap', ms: dice.pick([0, 61_000, 600_000]) }, dice.pick([3_000, 12_000]));
  story.next({ do: 'list', client: 0, process }, 3_000);
  // It may be put right while nobody is there.
  if (dice.chance(0.5))
    for (const of of all) story.next({ do: 'kill', when: 'read', nth: 0, process: of }, 0);
  story.set(all, 0, 1_500);
  if (!isPersons && dice.chance(0.6)) story.next({ ...refund, ...story.at() }, 3_000);
};

/** The back office refunds under the number of a refund of ours that was refused. */
const numberUsedElsewhere: Corner = (story, dice) => {
  const wish = story.sell();
  const fen = Math.floor(story.fenOf(wish) * dice.pick([0.4, 0.5, 1]));
  story.goesWrong('refund', 0, dice.pick(['declined', 'balance']));
  story.refund(wish, 'R1', fen, 1_500);
  story.next({ do: 'elsewhere', wish, fen, number: 'R1' }, 1_500);
  if (dice.chance(0.5)) story.refund(wish, 'R1', fen);
  // Nobody asks about it of their own accord, and one of these may die.
  for (const after of [1_500, 3_000])
    story.next({ do: 'query-refund', wish, number: 'R1', ...story.at() }, after);
};

/** A word that it is closed comes when it has been paid since: of a slow answer, or of a replica. */
const paidAfterClose: Corner = (story, dice) => {
  const wish = story.wish();
  const isSlow = dice.chance(0.5);
  if (isSlow) story.goesWrong('close', 0, 'slow', dice.between(2_000, 9_000));
  else for (let nth = 0; nth < 8; nth += 1) story.goesWrong('query', nth, 'lag', dice.between(300, 40_000));
  story.create(wish);
  if (isSlow || dice.chance(0.7)) story.next({ do: 'open', wish }, 700);
  story.next({ do: 'close', wish, ...story.at() }, dice.pick([300, 1_500]));
  story.next({ do: 'pay', wish, late: true }, dice.pick([300, 1_500]));
  for (let times = 4; times > 0; times -= 1)
    story.next({ do: 'query', wish, wait: 0, ...story.at() }, dice.between(0, 150));
  if (isSlow) story.next({ do: 'list', client: 0, ...story.at() }, 9_000);
};

/** The power goes as soon as something has been answered. */
const powerCut: Corner = (story, dice) => {
  const wishes = [story.wish(), story.wish(), story.wish()];
  for (const wish of wishes) {
    const { process } = story.at();
    const asks = () =>
      story.next({ do: 'query', wish: dice.pick(wishes), wait: 0, process }, dice.pick(AT_ONCE));
    if (dice.chance(0.5)) asks();
    story.next({ do: 'create', wish, process }, dice.pick(AT_ONCE));
    for (let more = dice.below(3); more > 0; more -= 1) asks();
    if (dice.chance(0.3)) story.next({ do: 'pay', wish }, 200);
    if (dice.chance(0.6)) story.next({ do: 'cut-power' }, dice.between(20, 260));
  }
};

/** Several payments, or refunds, of which a limit or budget allows fewer. */
const limitsEdge: Corner = (story, dice) => {
  story.rules = dice.pick(['limits', 'limits', 'budget'] as const);
  const troubles = ['lost-answer', 'late', 'lost-request', 'slow', 'declined'] as const;
  const goWrong = (on: 'create' | 'refund') => {
    for (let times = dice.below(3); times > 0; times -= 1)
      story.goesWrong(on, dice.below(3), dice.pick(troubles), dice.pick([3_000, 15_000, 60_000]));
  };
  if (story.rules === 'limits' && dice.chance(0.5)) {
    goWrong('create');
    const { process } = story.at();
    const isAtOnce = dice.chance(0.5);
    for (let left = 3; left > 0; left -= 1) {
      const wish = story.wish({ client: 0, fen: dice.pick([3_001, 5_000, 5_000]) });
      const where = isAtOnce ? { process } : story.at();
      story.next({ do: 'create', wish, ...where }, isAtOnce ? 0 : dice.pick(SOON));
    }
    return;
  }
  const sums = dice.pick([
    [300, 300, 300, 300],
    [300, 200, 300, 200, 300],
    [800, 800, 500],
    [1_000, 1_000, 500],
  ]);
  // Of one order each: who refunds one twice has to wait in between.
  const wishes = sums.slice(0, 4).map(() => story.sell({ client: 0, fen: 1_000 }));
  goWrong('refund');
  if (story.rules === 'budget') story.next({ do: 'fill', client: 0, fen: 1_000, ...story.at() });
  const { process } = story.at();
  const isAtOnce = dice.chance(0.4);
  for (const [at, fen] of sums.entries()) {
    const wish = wishes[at % wishes.length] as number;
    const where = isAtOnce ? { process } : story.at();
    const after = at === 0 ? 1_500 : isAtOnce ? 0 : dice.pick([20, 1_500, 11_000]);
    story.next({ do: 'refund', wish, fen, number: `R${at + 1}`, ...where }, after);
  }
};

/** A person stops everything while something is on its way, or just before it is wanted. */
const frozen: Corner = (story, dice) => {
  const [sold, open] = [story.sell(), story.wish()];
  story.create(open);
  const wanted: readonly Act[] = [
    { do: 'close', wish: open, ...story.at() },
    { do: 'refund', wish: sold, fen: story.fenOf(sold), number: 'R1', ...story.at() },
    { do: 'create', wish: story.wish(), ...story.at() },
  ];
  if (dice.chance(0.4)) story.next({ do: 'open', wish: open }, 500);
  const freeze = { do: 'freeze', ...story.at() } as const;
  if (dice.chance(0.5)) {
    const act = dice.pick(wanted);
    const process = 'process' in act ? act.process : 0;
    const when = dice.pick(STALLS);
    const nth = dice.pick([0, 0, 0, 1, 2, 3, 4]);
    story.next({ do: 'stall', when, nth, ms: dice.between(1_500, 6_000), process }, 1_500);
    story.next(act, 0);
    story.next({ ...freeze, process: (process + 1) % story.processes.length }, dice.pick([20, 300]));
  } else story.next(freeze, 1_500);
  for (const act of wanted) if (dice.chance(0.6)) story.next(act, dice.pick([1_100, 2_000]));
  if (dice.chance(0.8)) story.next({ do: 'thaw', ...story.at() }, 8_000);
};

/** A yes is given, and used at once, too late, or after it was used. */
const yes: Corner = (story, dice) => {
  story.rules = dice.pick(['persons', 'persons', 'few'] as const);
  // What works in the background uses a yes at once.
  if (dice.chance(0.6)) story.processes = story.processes.map((one) => ({ ...one, background: false }));
  const wish = story.sell({ fen: dice.pick([1_000, 1_000, 1_999]), client: 0 });
  const fen = Math.floor(story.fenOf(wish) * dice.pick([0.5, 1]));
  if (dice.chance(0.6))
    story.goesWrong('refund', 0, dice.pick(['declined', 'balance', 'declined', 'unavailable']));
  // Whoever slept over it could not know: so nothing is under way then, nor soon after.
  const wait = () => {
    if (dice.chance(0.5)) return dice.pick(SOON);
    story.next({ do: 'leap', ms: dice.pick([60_000, 880_000, 1_200_000, 1_200_000]) }, 3_000);
    return 26_000;
  };
  story.refund(wish, 'R1', fen, 1_500);
  story.decide();
  story.refund(wish, 'R1', fen, wait());
  for (let more = dice.between(1, 3); more > 0; more -= 1) {
    const after = wait();
    if (dice.chance(0.4)) story.decide();
    story.refund(wish, dice.pick(['R1', 'R1', 'R2']), fen, after);
  }
};

/** A code that nobody has opened is not wanted any more, and its server dies over it. */
const closing: Corner = (story, dice) => {
  const wish = story.wish({ provider: dice.pick(['alipay', 'alipay', 'wechatpay'] as const) });
  story.create(wish);
  if (dice.chance(0.4)) story.next({ do: 'open', wish }, 700);
  if (dice.chance(0.6))
    story.next({ do: 'kill', when: dice.pick(MOMENTS), nth: dice.below(12), ...story.at() }, 300);
  if (dice.chance(0.3))
    story.goesWrong('close', 0, dice.pick(['lost-answer', 'lost-request', 'late', 'slow']));
  story.next({ do: 'close', wish, ...story.at() }, 500);
  if (dice.chance(0.5)) story.next({ do: 'open', wish });
  if (dice.chance(0.4)) story.next({ do: 'pay', wish });
  story.next({ do: 'query', wish, wait: 0, ...story.at() });
};

const CORNERS: readonly Corner[] = [
  ...[taken, refusedInDoubt, atOnce, stalled, clockPutRight, numberUsedElsewhere],
  ...[paidAfterClose, powerCut, limitsEdge, frozen, yes, closing],
];

/** A history that begins in a tight place. */
export function cornered(dice: Dice): Cornered {
  const story = new Story(dice);
  dice.pick(CORNERS)(story, dice);
  // What else happens anywhere.
  if (dice.chance(0.25)) {
    const kill: Act = { do: 'kill', when: dice.pick(MOMENTS), nth: dice.below(12), ...story.at() };
    story.steps.splice(dice.below(story.steps.length + 1), 0, { after: 0, ...kill });
  }
  if (dice.chance(0.2))
    story.goesWrong('notify', dice.below(2), dice.pick(['never', 'late', 'twice']), 20_000);
  const { processes, rules, told, wishes, steps, faults } = story;
  return { processes, rules, told, wishes, steps, faults };
}
