import type { ProviderId } from '../../src/domain/order.ts';
import { Dice } from '../support/dice.ts';
import { type CallWish, planCalls, type Shows, type UPSTREAM_TROUBLES, type Way } from './call-plan.ts';
import { cornered } from './corners.ts';
import type { RulesName } from './rules.ts';
import { PLAYED, playedOf } from './wallets/index.ts';

/** A history as it is planned: plain data, so that it can be made smaller and told. */
export interface Plan {
  readonly seed: number;
  readonly processes: readonly {
    /** Whether it asks the gateways of its own accord and carries out what a person approves. */
    readonly background: boolean;
    /** ms ahead of the true time, and how many millionths fast. */
    readonly apartMs: number;
    readonly fastPpm: number;
  }[];
  /** All on one machine, where each sees whether another lives. */
  readonly oneMachine: boolean;
  readonly rules: RulesName;
  /** Signatures are RSA, and not what costs less. */
  readonly rsa: boolean;
  /** The merchant's own system is told what happens. */
  readonly told: boolean;
  /** With which the merchant sells. */
  readonly wallets: readonly ProviderId[];
  readonly wishes: readonly Wish[];
  /** Single calls that are sold. */
  readonly calls: readonly CallWish[];
  readonly steps: readonly Step[];
  readonly faults: readonly Fault[];
}

/** What a client wants to sell. */
export interface Wish {
  readonly client: number;
  readonly provider: ProviderId;
  readonly scene: 'qr' | 'web' | 'app' | 'jsapi';
  readonly fen: number;
  readonly minutes: number;
  /** Where it is to bring something about at the gateway. */
  readonly title?: string;
  /** Chosen by the client; else the server makes one. */
  readonly number?: string;
  readonly buyer?: string;
  /** The buyer is to choose the wallet on the page; `provider` is that of another system's order. */
  readonly either?: true;
}

export type Step = {
  /** ms after the step before began. */
  readonly after: number;
} & Act;

type At = { readonly process: number };

export type Act =
  | ({
      readonly do: 'create';
      readonly wish: number /** Another price under the same number. */;
      readonly lie?: true;
    } & At)
  | ({ readonly do: 'query'; readonly wish: number; readonly wait: number; readonly client?: number } & At)
  | ({ readonly do: 'close'; readonly wish: number } & At)
  | ({
      readonly do: 'refund';
      readonly wish: number;
      readonly fen: number;
      readonly number?: string;
      readonly client?: number;
    } & At)
  | ({ readonly do: 'query-refund'; readonly wish: number; readonly number: string } & At)
  | ({ readonly do: 'list'; readonly client: number } & At)
  /** The buyer clicks on a wallet; on another one, or again, where there was a click before. */
  | ({ readonly do: 'choose'; readonly wish: number; readonly wallet: ProviderId } & At)
  | { readonly do: 'pay'; readonly wish: number; readonly late?: true }
  | { readonly do: 'open'; readonly wish: number }
  /** Of a call that costs something. */
  | ({ readonly do: 'ask'; readonly sale: number; readonly shows: Shows } & At)
  | ({ readonly do: 'buy'; readonly sale: number; readonly way: Way } & At)
  | ({ readonly do: 'approve' | 'deny'; readonly nth: number } & At)
  | ({ readonly do: 'freeze' | 'thaw' } & At)
  | ({ readonly do: 'fill'; readonly client: number; readonly fen: number } & At)
  | ({ readonly do: 'kill'; readonly when: Moment; readonly nth: number } & At)
  /** Likewise it stands still for so long (ms), and goes on. */
  | ({ readonly do: 'stall'; readonly when: StallMoment; readonly nth: number; readonly ms: number } & At)
  | { readonly do: 'cut-power' }
  | ({ readonly do: 'start' } & At)
  | { readonly do: 'disk'; readonly fault: 'full' | 'error' }
  | ({ readonly do: 'clock'; readonly apartMs: number } & At)
  | { readonly do: 'leap'; readonly ms: number }
  /** Another system of the merchant orders under the same number. */
  | { readonly do: 'foreign'; readonly wish: number; readonly paid: boolean; readonly fen: number }
  /** The back office refunds; under this number, where it is told. */
  | { readonly do: 'elsewhere'; readonly wish: number; readonly fen: number; readonly number?: string }
  | ({ readonly do: 'forge'; readonly wish: number; readonly how: 'forged' | 'recut' | 'replayed' } & At);

/** Where a process is when it dies: `told`, what it asked of the ledger is done and it has not heard. */
export const MOMENTS = ['read', 'statement', 'write', 'told', 'request', 'answer', 'sleep'] as const;
export type Moment = (typeof MOMENTS)[number];
/**
 * Where it can stand still: before it reads, and when it has written and has not heard. Between its last look and its
 * send nobody could prevent what follows.
 */
export const STALLS = ['read', 'written'] as const;
export type StallMoment = (typeof STALLS)[number];

/** What goes wrong with the n-th exchange of an operation. */
export interface Fault {
  readonly on: Operation;
  readonly nth: number;
  readonly what: Trouble;
  readonly ms: number;
}
export const OPERATIONS = [
  ...(['create', 'query', 'close', 'refund', 'query-refund', 'notify'] as const),
  // Of what answers are verified with.
  'certificates',
  // Of calls that are sold.
  ...(['verify', 'confirm', 'preorder', 'upstream'] as const),
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Of the line and of the gateway itself; then what the simulator calls by the same name. */
export const LINE_TROUBLES = [
  'lost-request',
  'lost-answer',
  'unavailable',
  'slow',
  'late',
  'twice',
  'lag',
] as const;
export const WORD_TROUBLES = [
  'declined',
  'unsigned-decline',
  'unsigned-not-exist',
  'system-error',
  'system-error-done',
  'rate-limited',
  'rate-limited-done',
  'forged-answer',
  'unsigned-answer',
  'stale-answer',
  'signtest',
  'garbage',
  'http-502',
  'balance',
  'unknown-word',
  'wrong-amount',
  'wrong-account',
  'refund-processing',
  'refund-closed',
  'refund-abnormal',
  'fund-change-n',
] as const;
/** What else is said of a proof. */
export const PROOF_TROUBLES = ['verify-unnamed', 'verify-inactive'] as const;
/** What one gateway alone says. */
export const OWN_TROUBLES = ['unlisted-decline'] as const;
export const NOTICE_TROUBLES = ['never', 'late', 'twice', 'wrong-amount', 'wrong-account'] as const;
export type Trouble =
  | (typeof LINE_TROUBLES)[number]
  | (typeof WORD_TROUBLES)[number]
  | (typeof NOTICE_TROUBLES)[number]
  | (typeof PROOF_TROUBLES)[number]
  | (typeof OWN_TROUBLES)[number]
  | (typeof UPSTREAM_TROUBLES)[number];

const STREAM = 1;
/** What was planned before buyers could choose stays as it was. */
const CHOICE_STREAM = 3;
const CALL_STREAM = 4;
/** Likewise what was planned while there were two wallets. */
const WALLET_STREAM = 6;
/** One in so many histories begins in a tight place; the others are as they were before there were such. */
const CORNER_EVERY = 4;
const CORNER_STREAM = 7;
const USUAL: readonly ProviderId[] = ['alipay', 'wechatpay'];
/** So many merchants have another wallet, each of them by itself; and of those so many sales are with it. */
const HAS_ANOTHER = 1 / 6;
const SELLS_BY_ANOTHER = 0.7;
/** So many of those have a title that the gateway heeds, where there are such. */
const STEERED = 0.15;
/** So many of the merchants meet what goes wrong at that gateway alone. */
const TROUBLED = 0.3;
/** So many sales leave the wallet to the buyer. */
const EITHER = 0.15;
/** Most are short: one sale, little that goes wrong. They cost a fraction, and most of what can be wrong needs no more. */
const SHORT = 0.75;
/** One in so many histories signs with RSA. */
const RSA_EVERY = 250;
const NUMBERS = ['ORDER_A', 'ORDER_B', 'ORDER_C'] as const;
const REFUND_NUMBERS = ['R1', 'R2', 'R3'] as const;

/** The history of a seed. */
export function plan(seed: number): Plan {
  if (seed % CORNER_EVERY === 2) {
    const dice = Dice.of(seed, CORNER_STREAM);
    const others = { oneMachine: dice.chance(0.6), calls: [], wallets: USUAL };
    return { seed, rsa: false, ...others, ...cornered(dice) };
  }
  const dice = Dice.of(seed, STREAM);
  const short = dice.chance(SHORT);
  const count = dice.pick(short ? [1, 1, 2] : [1, 2, 2, 2, 3]);
  const wild = dice.chance(0.06);
  const shared = dice.chance(0.2) ? dice.between(-200_000, 200_000) : 0;
  const processes = Array.from({ length: count }, (_, at) => ({
    background: at === 0 ? dice.chance(0.6) : dice.chance(0.2),
    apartMs:
      shared +
      (wild && dice.chance(0.5)
        ? dice.between(-7_200_000, 7_200_000)
        : dice.chance(0.25)
          ? dice.between(-29_000, 29_000)
          : 0),
    fastPpm: dice.chance(0.15) ? dice.between(-500, 500) : 0,
  }));
  const choices = Dice.of(seed, CHOICE_STREAM);
  const others = Dice.of(seed, WALLET_STREAM);
  const more = PLAYED.map(({ id }) => id).filter((id) => !USUAL.includes(id) && others.chance(HAS_ANOTHER));
  const wallets = [...more, ...USUAL];
  const wishes = Array.from({ length: short ? 1 : dice.pick([1, 1, 2, 2, 3]) }, (_, at) =>
    soldBy(others, more, wallets, eitherOr(choices, wishOf(dice, at))),
  );
  const rules = dice.weighted<RulesName>({ free: 5, persons: 4, limits: 3, budget: 2, few: 1 });
  const steps = stepsOf(dice, wishes, wallets, count, rules, short ? dice.below(2) : dice.between(1, 5));
  const faults = dice.chance(0.92) ? faultsOf(dice, short ? [1, 2, 2, 3] : [2, 3, 4, 6, 8, 12]) : [];
  if (wishes[0]?.number !== undefined && dice.chance(0.15)) {
    // Another system takes the number while our create is lost.
    const { fen } = wishes[0];
    const taken: Act = { do: 'foreign', wish: 0, paid: dice.chance(0.8), fen };
    const create: Act = { do: 'create', wish: 0, process: 0 };
    steps.unshift({ after: 0, ...create }, { after: dice.pick([300, 2_500]), ...taken });
    faults.unshift({ on: 'create', nth: 0, what: 'lost-request', ms: dice.pick([9_000, 200]) });
  }
  for (const wallet of more) faults.push(...faultsOfItsOwn(others, wallet));
  chooseAmong(choices, wishes, wallets, count, steps);
  const calls = planCalls(Dice.of(seed, CALL_STREAM), count, steps, faults);
  return {
    seed,
    processes,
    oneMachine: dice.chance(0.6),
    rules,
    rsa: seed % RSA_EVERY === RSA_EVERY - 1,
    told: dice.chance(0.2),
    ...{ wallets, wishes, calls, steps, faults },
  };
}

function wishOf(dice: Dice, at: number): Wish {
  const provider = dice.pick(['alipay', 'wechatpay'] as const);
  const name = dice.weighted({ number: 5, buyer: 4, both: 1, none: 1 });
  return {
    client: dice.below(2),
    provider,
    scene: dice.pick(playedOf(provider).scenes),
    fen: dice.pick([990, 1_000, 1_000, 5_000]),
    minutes: dice.pick([1, 2, 5, 30]),
    ...(name === 'number' || name === 'both' ? { number: NUMBERS[at % NUMBERS.length] as string } : {}),
    ...(name === 'buyer' || name === 'both' ? { buyer: dice.pick(['alice', 'bob']) } : {}),
  };
}

function eitherOr(dice: Dice, wish: Wish): Wish {
  return dice.chance(EITHER) ? { ...wish, scene: 'qr', either: true } : wish;
}

/** Most of what a merchant sells who has more wallets. */
function soldBy(dice: Dice, more: readonly ProviderId[], wallets: readonly ProviderId[], wish: Wish): Wish {
  const provider = more.length > 0 && dice.chance(SELLS_BY_ANOTHER) ? dice.pick(more) : wish.provider;
  const isSame = provider === wish.provider || wish.either;
  const { scenes, titles } = playedOf(provider);
  const title = titles && dice.chance(STEERED) ? { title: dice.pick(titles) } : {};
  const sold = { ...wish, provider, scene: isSame ? wish.scene : dice.pick(scenes), ...title };
  return wish.number === undefined ? sold : { ...sold, number: numberOf(wallets, wish.number) };
}

/** A number that every wallet of the merchant takes. */
function numberOf(wallets: readonly ProviderId[], name: string): string {
  return wallets.reduce((number, id) => playedOf(id).numberOf?.(number) ?? number, name);
}

/** Buyers who choose, choose otherwise, click twice and come back, anywhere between what else is done. */
function chooseAmong(
  dice: Dice,
  wishes: readonly Wish[],
  wallets: readonly ProviderId[],
  processes: number,
  steps: Step[],
): void {
  for (const [wish, { either }] of wishes.entries()) {
    if (!either) continue;
    const begun = steps.findIndex((step) => step.do === 'create' && step.wish === wish);
    for (let clicks = dice.pick([1, 2, 2, 3, 4]); clicks > 0; clicks -= 1) {
      const at = dice.chance(0.6) ? begun + 1 : dice.between(begun + 1, steps.length);
      const wallet = dice.pick(wallets);
      const after = dice.pick([0, 0, 20, 400, 1_500]);
      steps.splice(at, 0, { after, do: 'choose', wish, wallet, process: dice.below(processes) });
    }
  }
}

/** Things that people do one after the other, and at once. */
function stepsOf(
  dice: Dice,
  wishes: readonly Wish[],
  wallets: readonly ProviderId[],
  processes: number,
  rules: RulesName,
  more: number,
): Step[] {
  const steps: Step[] = [];
  const process = () => dice.below(processes);
  const pause = () => Number(dice.weighted({ '0': 2, '20': 2, '300': 5, '1500': 5 }));
  const add = (act: Act, after = pause()) => {
    // For as long as nobody does anything, nobody need work.
    if (dice.chance(0.2)) steps.push({ after: 0, do: 'leap', ms: dice.pick([3_000, 12_000, 61_000]) });
    steps.push({ after, ...act });
  };
  const wanted = () => dice.below(wishes.length);
  // A sale goes mostly as sales go, with all that can be in between.
  for (const [wish, { provider, number, fen }] of wishes.entries()) {
    add({ do: 'create', wish, process: process() });
    if (dice.chance(0.3)) disturb();
    if (dice.chance(0.5)) add({ do: 'create', wish, process: process() });
    if (playedOf(provider).isMistakable && number !== undefined && dice.chance(0.2))
      add({ do: 'foreign', wish, paid: dice.chance(0.7), fen: dice.pick([fen, 123]) });
    if (dice.chance(0.2)) add({ do: 'query', wish, process: process(), wait: dice.pick([0, 5]) });
    if (dice.chance(0.12)) add({ do: 'close', wish, process: process() });
    if (dice.chance(0.85)) add({ do: 'pay', wish });
    if (dice.chance(0.1)) add({ do: 'close', wish, process: process() });
    if (dice.chance(0.9)) refund(wish);
    if (dice.chance(0.25)) disturb();
    if (dice.chance(0.6)) refund(wish);
  }
  for (let at = 0; at < more; at += 1) anything();
  // Mixed a little, so that sales meet.
  for (let at = 1; at < steps.length && at <= steps.length / 8 + 1; at += 1) {
    const from = dice.below(steps.length - 1);
    const [a, b] = [steps[from] as Step, steps[from + 1] as Step];
    steps[from] = b;
    steps[from + 1] = a;
  }
  return steps;

  function refund(wish: number): void {
    const { fen, client } = wishes[wish] as Wish;
    const number = dice.chance(0.6) ? { number: numberOf(wallets, dice.pick(REFUND_NUMBERS)) } : {};
    const sum = Math.max(1, Math.floor(fen * dice.pick([1, 0.5, 0.5, 0.4, 0.3])));
    const act: Act = { do: 'refund', wish, fen: sum, process: process(), ...number };
    add(act, dice.pick([20, 700, 1_500]));
    if (dice.chance(0.35)) add({ ...act, process: process() });
    if (rules === 'persons' || rules === 'few') {
      if (dice.chance(0.8))
        add({ do: dice.chance(0.85) ? 'approve' : 'deny', nth: 0, process: process() }, 400);
    } else if (rules === 'budget' && dice.chance(0.5))
      add({ do: 'fill', client, fen: 1_000, process: process() });
    if (dice.chance(0.45)) add({ ...act, process: process() });
    if (number.number && dice.chance(0.25))
      add({ do: 'query-refund', wish, number: number.number, process: process() });
  }

  function disturb(): void {
    const at = process();
    switch (dice.weighted({ kill: 12, power: 2, disk: 1, leap: 3, clock: 2 })) {
      case 'kill':
        add({ do: 'kill', when: dice.pick(MOMENTS), nth: dice.below(dice.pick([1, 4, 12])), process: at }, 0);
        return;
      case 'power':
        add({ do: 'cut-power' }, dice.pick([5, 50, 200]));
        return;
      case 'disk':
        add({ do: 'disk', fault: dice.pick(['full', 'error'] as const) });
        return;
      case 'clock':
        add({ do: 'clock', process: at, apartMs: dice.between(-29_000, 29_000) });
        return;
      default:
        add({ do: 'leap', ms: dice.pick([30_000, 65_000, 130_000, 1_900_000]) });
    }
  }

  /** What else people do, in any order. */
  function anything(): void {
    const wish = wanted();
    const { fen } = wishes[wish] as Wish;
    const kind = dice.weighted({
      ...{ create: 4, lie: 1, query: 4, close: 2, refund: 4, list: 1, pay: 4, late: 1, open: 1 },
      ...{ approve: 3, deny: 1, freeze: 1, thaw: 1, fill: 2, disturb: 4, foreign: 2, elsewhere: 1, forge: 2 },
      ...{ spy: 1, claim: 1 },
    });
    if (kind === 'refund') refund(wish);
    else if (kind === 'disturb') disturb();
    else if (kind === 'foreign') {
      const other: Act = { do: kind, wish, paid: dice.chance(0.6), fen: dice.pick([fen, fen, 123]) };
      steps.splice(dice.below(steps.length + 1), 0, { after: pause(), ...other });
    } else add(actOf(kind, wish, fen));
  }

  function actOf(kind: string, wish: number, fen: number): Act {
    const at = { process: process() };
    switch (kind) {
      case 'create':
      case 'close':
        return { do: kind, wish, ...at };
      case 'lie':
        return { do: 'create', wish, lie: true, ...at };
      case 'list':
        return { do: kind, client: dice.below(2), ...at };
      case 'pay':
      case 'open':
        return { do: kind, wish };
      case 'late':
        return { do: 'pay', wish, late: true };
      case 'approve':
      case 'deny':
        return { do: kind, nth: dice.below(2), ...at };
      case 'freeze':
      case 'thaw':
        return { do: kind, ...at };
      case 'fill':
        return { do: kind, client: dice.below(2), fen: dice.pick([500, 1_000]), ...at };
      case 'elsewhere':
        return { do: kind, wish, fen: Math.floor(fen * dice.pick([0.2, 0.5])) };
      case 'forge':
        return { do: kind, wish, how: dice.pick(['forged', 'recut', 'replayed'] as const), ...at };
      // Somebody asks for what may not be theirs.
      case 'spy':
        return { do: 'query', wish, wait: 0, client: dice.below(2), ...at };
      case 'claim':
        return { do: 'refund', wish, fen, client: dice.below(2), number: 'R9', ...at };
      default:
        return { do: 'query', wish, wait: dice.pick([0, 0, 3]), ...at };
    }
  }
}

/** What goes wrong at this gateway alone. */
function faultsOfItsOwn(dice: Dice, wallet: ProviderId): Fault[] {
  const { troubles } = playedOf(wallet);
  if (!troubles || !dice.chance(TROUBLED)) return [];
  return [{ ...dice.pick(troubles), nth: dice.below(2), ms: dice.between(100, 9_500) }];
}

/** Most of what goes wrong goes wrong early, where all the rest still comes. */
function faultsOf(dice: Dice, counts: readonly number[]): Fault[] {
  return Array.from({ length: dice.pick(counts) }, () => {
    const on = dice.weighted({ create: 4, query: 6, close: 1, refund: 7, 'query-refund': 3, notify: 3 });
    const nth = on === 'query' ? dice.below(12) : dice.pick([0, 0, 0, 1, 1, 2, 3]);
    if (on === 'notify') {
      return { on, nth, what: dice.pick(NOTICE_TROUBLES), ms: dice.between(1_000, 60_000) };
    }
    const what =
      on.startsWith('query') && dice.chance(0.4)
        ? 'lag'
        : dice.chance(0.65)
          ? dice.weighted({ 'lost-request': 4, 'lost-answer': 6, unavailable: 1, slow: 2, late: 3, twice: 2 })
          : dice.pick(WORD_TROUBLES);
    const ms = what === 'late' || what === 'lag' ? dice.between(2_000, 40_000) : dice.between(100, 9_500);
    return { on, nth, what, ms };
  });
}
