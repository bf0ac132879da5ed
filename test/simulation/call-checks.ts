import type { Booked, End, Event } from './history.ts';
import type { Plan } from './plan.ts';

type Of<K extends Event['kind']> = Event & { readonly kind: K };

/** What became of a bill, seen from outside. */
interface Course {
  readonly bill: string;
  readonly retry: boolean;
  /** Its buyer may never come for it. */
  readonly leaves: boolean;
  /** Orders by which it was paid. */
  readonly orders: Set<string>;
  /** When it was paid first and an order of it was first given back, in the gateways' books. */
  paidAt: number;
  backAt: number;
  /** With the time at which they were asked for: who is suspended over it does it late, and nobody can prevent that. */
  readonly executions: (Of<'executed'> & { readonly askedAt: number })[];
  /** What clients were told who showed what it was paid with, and for what. */
  readonly results: { readonly text: string; readonly of: string; readonly time: number }[];
  toldBackAt: number;
}

/** A history, as far as its calls are judged. */
interface Case {
  readonly plan: Pick<Plan, 'calls'>;
  readonly events: readonly Event[];
  readonly end: End;
}

/** Bills that were asked for or paid, each with its course. */
function courses({ plan, events }: Case): Course[] {
  const all = new Map<string, Course>();
  const asks = new Map<number, Of<'ask'>>();
  const byOrder = new Map<string, Course>();
  const made = (bill: string, sale: number) => {
    const { retry = false, leaves = false } = plan.calls[sale] ?? {};
    const course: Course = all.get(bill) ?? {
      ...{ bill, retry, leaves, orders: new Set(), executions: [], results: [] },
      ...{ paidAt: Number.POSITIVE_INFINITY, backAt: Number.POSITIVE_INFINITY },
      toldBackAt: Number.POSITIVE_INFINITY,
    };
    all.set(bill, course);
    return course;
  };
  const paid = new Map<string, number>();
  for (const event of events) {
    switch (event.kind) {
      case 'ask':
        asks.set(event.id, event);
        if (event.bill !== undefined) made(event.bill, event.sale);
        break;
      case 'buys': {
        const course = made(event.bill, event.sale);
        if (event.how !== 'done') break;
        course.orders.add(event.outTradeNo);
        byOrder.set(event.outTradeNo, course);
        course.paidAt = Math.min(course.paidAt, paid.get(event.outTradeNo) ?? event.time);
        break;
      }
      case 'book': {
        const course = byOrder.get(event.outTradeNo);
        if (event.what === 'paid') paid.set(event.outTradeNo, event.time);
        if (event.what === 'refund' && course) course.backAt = Math.min(course.backAt, event.time);
        break;
      }
      case 'executed':
        if (event.bill !== undefined)
          all
            .get(event.bill)
            ?.executions.push({ ...event, askedAt: asks.get(event.ask)?.time ?? event.time });
        break;
      case 'served': {
        const ask = asks.get(event.id);
        const course = ask?.bill === undefined ? undefined : all.get(ask.bill);
        if (!ask || !course) break;
        const { time, text = '' } = event;
        if (event.what === 'result') course.results.push({ text, of: ask.of, time });
        if (event.what === 'paid back') course.toldBackAt = Math.min(course.toldBackAt, time);
      }
    }
  }
  return [...all.values()];
}

/** Orders by which calls were paid: what goes back of them goes back without a person, outside the limits of refunds. */
export function ordersOfCalls(events: readonly Event[]): ReadonlySet<string> {
  return new Set(events.flatMap((event) => (event.kind === 'buys' ? [event.outTradeNo] : [])));
}

/** All of it has gone back, or is as far as a gateway takes its time over it, or a person has to see to it there. */
const isBack = ({ amountFen, refunds }: Booked) => sumOf(refunds.filter(isGiven)) === amountFen;
const isGiven = ({ state }: Booked['refunds'][number]) => state !== 'CLOSED';
const isDone = ({ state }: Booked['refunds'][number]) => state === 'SUCCESS';
const sumOf = (refunds: Booked['refunds']) => refunds.reduce((sum, one) => sum + one.amountFen, 0);
/** `QUOTED`: it was paid too late. */
const ENDED = /^(REFUNDED|QUOTED)$/;
const HAS_RESULT = /^(RESULT_STORED|DELIVERED|CONFIRMED)$/;

export const CALL_CHECKS = {
  /** What was paid for once is executed once, unless its price says otherwise, and not at all once it is delivered. */
  'one execution a payment': (played: Case) => {
    const unpaid = played.events.flatMap((event) =>
      event.kind === 'executed' && event.bill === undefined ? [`${event.of} was executed for nothing`] : [],
    );
    const wrong = courses(played).flatMap(({ bill, retry, executions, results, toldBackAt }) => {
      const done = executions.filter(({ trouble }) => trouble !== 'unreachable');
      const first = Math.min(toldBackAt, ...results.map(({ time }) => time));
      return [
        ...(done.length > 1 && !retry ? [`${bill} was executed ${done.length} times`] : []),
        ...executions
          .filter(({ askedAt }) => askedAt > first)
          .map(() => `${bill} was executed when it was over`),
      ];
    });
    return [...unpaid, ...wrong];
  },

  /** Nothing is done or handed over for what is not paid, or goes back, or for another call; and it is always the same. */
  'no result unpaid': (played: Case) => {
    const booked = new Map(played.end.books.map((one) => [one.outTradeNo, one]));
    const asks = new Map(played.events.flatMap((event) => (event.kind === 'ask' ? [[event.id, event]] : [])));
    const given = played.events.flatMap((event) => {
      const isDone = event.kind === 'executed' || (event.kind === 'served' && event.what === 'result');
      const ask = isDone ? asks.get(event.kind === 'executed' ? event.ask : event.id) : undefined;
      return ask && ask.shows !== 'payment'
        ? [`${ask.of} was ${event.kind} for who has shown ${ask.shows}`]
        : [];
    });
    const wrong = courses(played).flatMap(({ bill, orders, paidAt, backAt, executions, results }) => {
      const texts = new Set(results.map(({ text }) => text));
      const others = results.filter(({ text, of }) => !text.endsWith(` for ${of}`));
      const isKept = [...orders].some((order) => !isBack(booked.get(order) ?? NOTHING));
      return [
        ...executions
          .filter(({ time }) => time < paidAt)
          .map(() => `${bill} was executed before it was paid`),
        ...executions
          .filter(({ askedAt }) => askedAt > backAt && orders.size === 1)
          .map(() => `${bill} was executed when it had gone back`),
        ...(texts.size > 1 ? [`${bill} has several results: ${[...texts].join(', ')}`] : []),
        ...others.map(({ text, of }) => `${bill} gave ${text} to who asked for ${of}`),
        ...(results.length > 0 && !isKept
          ? [`${bill} was delivered and is paid back, or was never paid`]
          : []),
      ];
    });
    return [...given, ...wrong];
  },

  /** When the world is quiet, all that was paid for has its result, and is paid once; or all of it has gone back, once. */
  'paid calls end': (played: Case) => {
    const booked = new Map(played.end.books.map((one) => [one.outTradeNo, one]));
    const states = new Map(played.end.calls.map(({ bill, state }) => [bill, state]));
    const known = new Set(played.end.ledger.map(({ outTradeNo }) => outTradeNo));
    return courses(played).flatMap(({ bill, orders, leaves }) => {
      const paid = [...orders]
        .flatMap((order) => booked.get(order) ?? [])
        .filter(
          // What nobody has shown the proof of is found in the bill of the day.
          ({ byProof, outTradeNo }) => !(leaves && byProof && !known.has(outTradeNo)),
        );
      if (paid.length === 0) return [];
      const state = states.get(bill) ?? 'not known';
      const kept = paid.filter((order) => !isBack(order));
      const twice = paid.filter(({ refunds }) => refunds.filter(isGiven).length > 1);
      const isWaiting = paid.some(({ refunds }) => refunds.some((one) => isGiven(one) && !isDone(one)));
      const hasResult = HAS_RESULT.test(state);
      const isOver = hasResult || ENDED.test(state) || (state === 'REFUND_DUE' && isWaiting);
      return [
        ...(hasResult && kept.length === 0 ? [`${bill} is ${state} and all of it is paid back`] : []),
        ...(kept.length > (hasResult ? 1 : 0)
          ? [`${bill} is ${state} and ${kept.length} payments are kept`]
          : []),
        ...(isOver ? [] : [`${bill} is ${state} for good`]),
        ...twice.map(({ outTradeNo }) => `${outTradeNo} was paid back several times`),
      ];
    });
  },
} as const;

const NOTHING: Booked = {
  ...{ gateway: '', outTradeNo: '', amountFen: 0, state: 'NOTPAY' },
  ...{ foreign: false, byProof: false, refunds: [] },
};
