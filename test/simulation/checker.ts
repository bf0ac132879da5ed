import { APPROVAL_TTL_MS } from '../../src/policy/approvals.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { CALL_CHECKS, ordersOfCalls } from './call-checks.ts';
import type { Booked, End, Event } from './history.ts';
import type { Plan } from './plan.ts';
import { RULES, START } from './rules.ts';

/** What a history did that none may. */
export interface Violation {
  readonly check: CheckName;
  readonly what: string;
}

/** A history, as far as it is judged. */
export interface Case {
  readonly plan: Pick<Plan, 'rules' | 'processes' | 'steps' | 'wishes' | 'faults' | 'calls' | 'told'>;
  readonly events: readonly Event[];
  readonly end: End;
}

type Of<K extends Event['kind']> = Event & { readonly kind: K };
type Check = (played: Case) => string[];

const of =
  <K extends Event['kind']>(kind: K) =>
  (event: Event): event is Of<K> =>
    event.kind === kind;

/** Clocks of one ledger's machines may be so far apart (ms), and so far from the gateways'. */
const NEAR_MS = 60_000;
const NEAR_GATEWAY_MS = 240_000;
/** Nothing that is told is older (ms). */
const STALE_MS = 1_000;
/** A yes is good for so long (ms), by clocks that may differ. */
const YES_LASTS_MS = APPROVAL_TTL_MS + 2 * NEAR_MS;
/** No call waits longer (ms) for a gateway, or for it and its keys; and none is at it so long after it came. */
const EXCHANGE_MS = 10_000;
const EXCHANGES_MS = 25_000;
const CALL_MS = 60_000;
/** So long (ms) after a freeze something may still be on its way. */
const FREEZE_WITHIN_MS = 1_000;
const DAY_MS = 86_400_000;
/** What a tool's answer may hold for a buyer. */
const TO_PAY_WITH = ['qrCode', 'payUrl', 'jsapiParams', 'appParams', 'orderString', 'cashierUrl'];
/** With these the sender hears nothing of what became of its request. */
const UNHEARD: ReadonlySet<string> = new Set(['lost-request', 'lost-answer', 'late']);

/** Whether all clocks were as right as they have to be for what depends on time. */
export function areClocksNear({ plan, events }: Pick<Case, 'plan' | 'events'>): boolean {
  const set = events.filter(of('clock')).map(({ apartMs }) => apartMs);
  const began = plan.processes.map(({ apartMs }) => apartMs);
  const apart = Math.max(...began, ...set) - Math.min(...began, ...set);
  return apart <= NEAR_MS && [...began, ...set].every((ms) => Math.abs(ms) <= NEAR_GATEWAY_MS);
}

/** A call with its end. */
interface Ended {
  readonly call: Of<'call'>;
  readonly answer: Of<'answer'> | undefined;
}

function ended(events: readonly Event[]): Ended[] {
  const answers = new Map(events.filter(of('answer')).map((answer) => [answer.id, answer]));
  return events.filter(of('call')).map((call) => ({ call, answer: answers.get(call.id) }));
}

/** The call that an answer is to, by the id of both. */
function callsById(events: readonly Event[]): ReadonlyMap<number, Of<'call'>> {
  return new Map(events.filter(of('call')).map((call) => [call.id, call]));
}

/** When (ms) a client was first told that an order is paid (`ORDER/`) or a refund done (`ORDER/REFUND`). */
function firstToldDone(events: readonly Event[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { structured, time } of events.filter(of('answer'))) {
    const { outTradeNo, outRefundNo, state } = structured ?? {};
    const key = `${text(outTradeNo)}/${text(outRefundNo)}`;
    const isDone = state === (outRefundNo === undefined ? 'PAID' : 'SUCCESS');
    if (isDone && !first.has(key)) first.set(key, time);
  }
  return first;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');
const fenOf = (yuan: unknown) => Number(text(yuan).replace('.', ''));
const isOurs = ({ foreign }: Booked) => !foreign;

const CHECKS = {
  /** Of what a client wished once, a buyer has never two codes that both can be paid, and never pays twice. */
  'no double charge': (played) => {
    if (!areClocksNear(played)) return [];
    const { events } = played;
    const wrong: string[] = [];
    const wishes = new Map<string, Set<string>>();
    const open = new Map<string, 'shown' | 'paid' | 'over'>();
    const calls = callsById(events);
    const expires = new Map<string, number>();
    const keys = new Map<string, string>();
    /** A buyer has something to pay with. */
    const shows = (number: string, time: number) => {
      if (!open.has(number)) open.set(number, 'shown');
      for (const other of wishes.get(keys.get(number) ?? '') ?? []) {
        // What nobody has opened by its expiry is over at the gateway, whoever knows.
        const lasts = open.get(other) === 'shown' && (expires.get(other) ?? 0) > time;
        if (other !== number && lasts)
          wrong.push(`one wish has two codes that can be paid, of ${other} and ${number}`);
      }
    };
    for (const event of events) {
      if (event.kind === 'choice' && event.payable) shows(event.outTradeNo, event.time);
      if (event.kind === 'answer' && event.structured) {
        const call = calls.get(event.id);
        const { outTradeNo: number, state, expiresAt, provider } = event.structured;
        if (call?.tool !== 'create-payment') continue;
        const { buyer, outTradeNo: chosen, ...goods } = call.args;
        if (chosen !== undefined && chosen !== number)
          wrong.push(`${chosen} was asked for and ${text(number)} made`);
        if (buyer === undefined || chosen !== undefined) continue;
        const key = JSON.stringify([call.client, buyer, goods]);
        keys.set(text(number), key);
        wishes.set(key, (wishes.get(key) ?? new Set<string>()).add(text(number)));
        if (expiresAt !== undefined) expires.set(text(number), Date.parse(text(expiresAt)) - START);
        // There is nothing to pay with before the buyer has chosen, nor while no code or link has come.
        const given = provider !== 'any' && TO_PAY_WITH.some((name) => name in (event.structured ?? {}));
        if (state === 'NOTPAY' && given) shows(text(number), event.time);
      }
      if (event.kind === 'book' && event.what === 'paid') open.set(event.outTradeNo, 'paid');
      if (event.kind === 'book' && event.what === 'closed') open.set(event.outTradeNo, 'over');
    }
    return wrong;
  },

  /** What a client was told, or a gateway was told to have been taken, is so for ever. */
  'no lost fact': ({ events, end }) => {
    const orders = new Map(end.ledger.map((order) => [order.outTradeNo, order]));
    const wrong: string[] = [];
    const all = ended(events);
    const done = firstToldDone(events);
    // What is told looked at the ledger last before it was, unless its process stood still in between.
    const stood = events.filter(({ kind }) => kind === 'stalled' || kind === 'leap').map(({ time }) => time);
    for (const { call, answer } of all) {
      const { outTradeNo, outRefundNo, state } = answer?.structured ?? {};
      const since = done.get(`${text(outTradeNo)}/`) ?? Number.POSITIVE_INFINITY;
      if (!answer || state === undefined || state === 'PAID' || outRefundNo !== undefined) continue;
      const isStale = stood.some((time) => time >= call.time && time <= answer.time);
      const lookedAt = isStale ? call.time : answer.time - STALE_MS;
      if (lookedAt > since) wrong.push(`${text(outTradeNo)} was told to be paid, and then ${text(state)}`);
    }
    for (const { call, answer } of all) {
      const told = answer?.structured;
      if (!told || !('outTradeNo' in told)) continue;
      const number = text(told.outTradeNo);
      const order = orders.get(number);
      if (told.provider === 'any' && !order && end.offers.includes(number)) continue;
      if (!order) {
        wrong.push(`${number} was told and is not known any more`);
        continue;
      }
      if ('outRefundNo' in told) {
        const refund = order.refunds.find(({ outRefundNo }) => outRefundNo === told.outRefundNo);
        if (!refund) wrong.push(`refund ${text(told.outRefundNo)} of ${number} was told and is not known`);
        else if (told.state === 'SUCCESS' && refund.state !== 'SUCCESS')
          wrong.push(`refund ${refund.outRefundNo} of ${number} was told to be done and is ${refund.state}`);
        else if (told.refundYuan !== undefined && fenOf(told.refundYuan) !== refund.amountFen)
          wrong.push(`refund ${refund.outRefundNo} of ${number} has become another sum`);
        continue;
      }
      if (told.state === 'PAID' && order.state !== 'PAID')
        wrong.push(`${number} was told to be paid and is ${order.state}`);
      if (told.amountYuan !== undefined && fenOf(told.amountYuan) !== order.amountFen)
        wrong.push(`${number} has become another sum (${call.tool})`);
    }
    for (const notice of events.filter(of('notice'))) {
      if (notice.what !== 'payment' || !notice.taken) continue;
      if (orders.get(notice.outTradeNo)?.state !== 'PAID')
        wrong.push(`the payment of ${notice.outTradeNo} was taken as known and is not`);
    }
    return wrong;
  },

  /** Paid, refunded and closed is told only of what the gateway's own book says then. */
  'told means proven': (played) => {
    const { events } = played;
    const paid = new Set<string>();
    const closed = new Set<string>();
    const refunded = new Set<string>();
    const wrong: string[] = [];
    for (const event of events) {
      if (event.kind === 'book') {
        if (event.what === 'paid' && !event.elsewhere) paid.add(event.outTradeNo);
        if (event.what === 'closed') closed.add(event.outTradeNo);
        if (event.what === 'refund') refunded.add(`${event.outTradeNo}/${event.outRefundNo}`);
      }
      if (event.kind !== 'answer' || !event.structured) continue;
      const { outTradeNo, outRefundNo, state } = event.structured;
      if (state === 'PAID' && outRefundNo === undefined && !paid.has(text(outTradeNo)))
        wrong.push(`${text(outTradeNo)} is told to be paid and is not`);
      if (state === 'SUCCESS' && !refunded.has(`${text(outTradeNo)}/${text(outRefundNo)}`))
        wrong.push(`refund ${text(outRefundNo)} of ${text(outTradeNo)} is told to be done and is not`);
    }
    return wrong;
  },

  /** Nobody gets back more than was paid, nor twice what was wished once; nor is a gateway asked for that. */
  'no over-refund': ({ events, end }) => {
    const wrong: string[] = [];
    for (const { outTradeNo, amountFen, refunds } of end.books) {
      const given = refunds.filter(({ state }) => state !== 'CLOSED');
      const sum = given.reduce((all, refund) => all + refund.amountFen, 0);
      if (sum > amountFen) wrong.push(`${sum} fen of ${amountFen} of ${outTradeNo} were given back`);
    }
    const elsewhere = new Set(
      events.filter(of('book')).flatMap((e) => (e.what === 'refund' && e.elsewhere ? [e.outTradeNo] : [])),
    );
    for (const exchange of events.filter(of('exchange'))) {
      const { operation, outTradeNo, outRefundNo, said, gateway } = exchange;
      if (operation !== 'refund' || elsewhere.has(outTradeNo)) continue;
      if (/REFUND_FEE_ERR|REFUND_AMT/.test(said))
        wrong.push(`${gateway} was asked to give back too much of ${outTradeNo} (${outRefundNo})`);
    }
    // A call without a number stands for one refund of that sum.
    const nameless = new Map<string, Set<string>>();
    for (const { call, answer } of ended(events)) {
      if (call.tool !== 'refund-payment' || call.args.outRefundNo !== undefined) continue;
      const number = answer?.structured?.outRefundNo;
      if (number === undefined) continue;
      const key = `${text(call.args.outTradeNo)} ${text(call.args.refundYuan)}`;
      nameless.set(key, (nameless.get(key) ?? new Set()).add(text(number)));
    }
    for (const [key, numbers] of nameless)
      if (numbers.size > 1) wrong.push(`one refund has become several: ${key}: ${[...numbers].join(', ')}`);
    return wrong;
  },

  /** While nobody can know whether a refund came about, no other of that order is sent. */
  'no refund beside one in doubt': ({ events }) => {
    const named = events.flatMap((event) =>
      (event.kind === 'exchange' || event.kind === 'notice') && event.outRefundNo !== undefined
        ? [{ event, order: `${event.gateway} ${event.outTradeNo}`, refund: event.outRefundNo }]
        : [],
    );
    const sent = named.flatMap(({ event, ...of }) =>
      event.kind === 'exchange' && event.operation === 'refund' ? [{ ...event, ...of }] : [],
    );
    // Anything that its gateway has proven of it may have been the end of the doubt; what it has taken in, it has.
    const isHeardOf = ({ order, refund, sentAt }: (typeof sent)[number], until: number) =>
      named.some(({ event, ...of }) => {
        // Some are asked about a refund by its number alone.
        const isOfOrder = of.order === order || event.outTradeNo === '';
        if (!isOfOrder || of.refund !== refund) return false;
        if (event.kind === 'notice') return event.taken && event.time <= until;
        const isHeard = event.proven && !UNHEARD.has(event.fault ?? '') && event.sentAt <= until;
        return isHeard && (event.time >= sentAt || event.said === 'ok');
      });
    return sent.flatMap((first) =>
      UNHEARD.has(first.fault ?? '')
        ? sent
            .filter((other) => other.order === first.order && other.refund !== first.refund)
            .filter((other) => other.sentAt > first.sentAt && !isHeardOf(first, other.sentAt))
            .map(
              ({ order, refund }) =>
                `refund ${refund} of ${order} was sent while ${first.refund} was in doubt`,
            )
        : [],
    );
  },

  /** What is provably done is not sent once more, and the same is not sent by two at once while the first still may be heard of. */
  'one sender': (played) => {
    const { events } = played;
    const wrong: string[] = [];
    const done = firstToldDone(events);
    const sent = events
      .filter(of('exchange'))
      .filter(({ operation, said }) => /^(create|refund)$/.test(operation) && said !== 'not sent')
      .map((event) => ({ ...event, name: `${event.outTradeNo}/${event.outRefundNo ?? ''}` }))
      // What the network delivers twice is sent by one, and answered the first time.
      .filter(
        ({ fault, process, name, sentAt }, at, all) =>
          fault !== 'twice' ||
          all.findIndex((e) => e.process === process && e.name === name && e.sentAt === sentAt) === at,
      );
    for (const { operation, name, sentAt } of sent)
      if (sentAt > (done.get(name) ?? Number.POSITIVE_INFINITY))
        wrong.push(`${operation} of ${name} was sent although it was done`);
    // Who has died, slept or another clock, is not waited for.
    const apart = played.plan.processes.some(({ apartMs, fastPpm }) => apartMs !== 0 || fastPpm !== 0);
    if (apart || events.some(({ kind }) => kind === 'clock')) return wrong;
    const disturbing = events.filter(({ kind }) => /^(died|power-cut|leap|stalled|disk)$/.test(kind));
    for (const first of sent) {
      const until = Math.min(first.time, first.sentAt + EXCHANGE_MS);
      const beside = sent.find(
        ({ operation, name, sentAt }) =>
          operation === first.operation && name === first.name && sentAt > first.sentAt && sentAt < until,
      );
      if (!beside) continue;
      const isDisturbed = disturbing.some(
        ({ time }) => time > first.sentAt - CALL_MS && time <= beside.sentAt,
      );
      if (!isDisturbed) wrong.push(`${first.operation} of ${first.name} was sent by two at once`);
    }
    return wrong;
  },

  /** Whatever has left is in the trail as something that was wanted. */
  'nothing without its intent': ({ events, end }) => {
    const wanted = new Set(end.intents);
    return events.filter(of('exchange')).flatMap(({ operation, outTradeNo, outRefundNo }) => {
      if (!/^(create|refund|close)$/.test(operation) || outTradeNo === '') return [];
      const name = `${operation} ${outTradeNo}/${outRefundNo ?? ''}`;
      return wanted.has(name) ? [] : [`${name} has left, and nobody knows of it`];
    });
  },

  /** Whatever buyers choose, one number is never at two gateways, where both could be paid. */
  'one gateway': ({ events }) => {
    const made = new Map<string, string>();
    return events.filter(of('book')).flatMap(({ what, elsewhere, outTradeNo, gateway }) => {
      if (what !== 'made' || elsewhere) return [];
      const first = made.get(outTradeNo) ?? gateway;
      made.set(outTradeNo, first);
      return first === gateway ? [] : [`${outTradeNo} is at ${first} and at ${gateway}`];
    });
  },

  /** Every order and refund at a gateway is known here, with its sum; and what is sent again is the same. */
  'no orphan': ({ events, end }) => {
    const orders = new Map(end.ledger.map((order) => [order.outTradeNo, order]));
    const wrong: string[] = [];
    for (const booked of end.books.filter(isOurs)) {
      const order = orders.get(booked.outTradeNo);
      if (!order) {
        if (!booked.byProof) wrong.push(`${booked.outTradeNo} is at ${booked.gateway} and not known here`);
        continue;
      }
      if (order.amountFen !== booked.amountFen)
        wrong.push(`${booked.outTradeNo} is ${booked.amountFen} fen there and ${order.amountFen} here`);
      for (const { outRefundNo, amountFen, elsewhere } of booked.refunds) {
        const refund = order.refunds.find((one) => one.outRefundNo === outRefundNo);
        if (!refund && !elsewhere)
          wrong.push(`refund ${outRefundNo} of ${booked.outTradeNo} is not known here`);
        if (refund && refund.amountFen !== amountFen && !elsewhere)
          wrong.push(`refund ${outRefundNo} of ${booked.outTradeNo} is another sum here`);
      }
    }
    const bytes = new Map<string, string>();
    const refused = new Set<string>();
    for (const event of events.filter(of('exchange'))) {
      const { operation, gateway, outTradeNo, outRefundNo, digest, said, proven, fault } = event;
      // What was refused, and is asked for and proven not to be there, may be ordered anew.
      const made = `${gateway} create ${outTradeNo} `;
      const isNone = operation === 'query' && proven && fault === undefined && said.endsWith('NOT_EXIST');
      if (isNone && refused.has(made)) bytes.delete(made);
      if (operation !== 'create' && operation !== 'refund') continue;
      const key = `${gateway} ${operation} ${outTradeNo} ${outRefundNo ?? ''}`;
      const before = bytes.get(key);
      if (before !== undefined && before !== digest)
        wrong.push(`${operation} of ${outTradeNo} was sent again with other bytes`);
      // What is provably refused may be ordered anew, with its own time.
      if ((proven && said !== 'ok') || said === 'not sent') bytes.delete(key);
      else bytes.set(key, digest);
      if (said === 'ok' || said === 'lost') refused.delete(key);
      else refused.add(key);
    }
    return wrong;
  },

  /** When the world has been quiet for long, the books here and there are the same, and nothing is in doubt. */
  'books agree': (played) => {
    const { events, end } = played;
    const booked = new Map(end.books.map((one) => [`${one.gateway} ${one.outTradeNo}`, one]));
    const wrong: string[] = [];
    const refusedFor = (outTradeNo: string, outRefundNo: string) => {
      const last = events
        .filter(of('exchange'))
        .findLast(
          (e) =>
            e.operation === 'refund' &&
            e.outTradeNo === outTradeNo &&
            e.outRefundNo === outRefundNo &&
            !UNHEARD.has(e.fault ?? ''),
        );
      return last?.proven === true && last.said !== 'ok';
    };
    const sent = new Set(
      events
        .filter(of('exchange'))
        .filter(({ operation, said }) => operation === 'refund' && said !== 'not sent')
        .map(({ outTradeNo, outRefundNo }) => `${outTradeNo}/${outRefundNo}`),
    );
    for (const order of end.ledger) {
      const { outTradeNo, state } = order;
      const there = booked.get(`${order.provider} ${outTradeNo}`);
      const own = there && !there.foreign ? there : undefined;
      const paid = own?.state === 'PAID';
      if (state === 'PAID' && !paid) wrong.push(`${outTradeNo} is paid here and not there`);
      if (paid && order.givenOut && state !== 'PAID')
        wrong.push(`${outTradeNo} is paid there and ${state} here`);
      if (state === 'UNKNOWN') wrong.push(`${outTradeNo} is in doubt for good`);
      // Under another's number at the gateway nothing of ours is proven to be over.
      if (state === 'NOTPAY' && !there?.foreign)
        wrong.push(`${outTradeNo} still waits although its time is over`);
      for (const refund of order.refunds) {
        const back = own?.refunds.find((one) => one.outRefundNo === refund.outRefundNo);
        const name = `refund ${refund.outRefundNo} of ${outTradeNo}`;
        if (refund.state === 'SUCCESS' && back?.state !== 'SUCCESS')
          wrong.push(`${name} is done here and ${back?.state ?? 'nowhere'} there`);
        // What another system has given back under the number of ours that never left, is not ours.
        const isOthers = back?.elsewhere === true && !sent.has(`${outTradeNo}/${refund.outRefundNo}`);
        if (back?.state === 'SUCCESS' && refund.state !== 'SUCCESS' && !isOthers)
          wrong.push(`${name} is done there and ${refund.state} here`);
        if (refund.state === 'UNKNOWN' && !back && !refusedFor(outTradeNo, refund.outRefundNo))
          wrong.push(`${name} is in doubt for good`);
      }
    }
    return wrong;
  },

  /** No limit and no budget is overshot by what really went to the gateways. */
  'no limit overshot': ({ plan, events, end }) => {
    const { payments, refunds }: Policy = RULES[plan.rules];
    const days = 1 + Math.floor(((events.at(-1)?.time ?? 0) + START_OF_DAY_MS) / DAY_MS);
    const orders = new Map<string, number>();
    const given = new Map<string, number>();
    const wrong: string[] = [];
    const calls = ordersOfCalls(events);
    for (const event of events) {
      if (event.kind === 'exchange' && event.operation === 'create') {
        const refused = (event.proven && event.said !== 'ok') || event.said === 'not sent';
        if (refused) continue;
        orders.set(event.outTradeNo, event.amountFen ?? 0);
        if (payments.maxFen !== undefined && (event.amountFen ?? 0) > payments.maxFen)
          wrong.push(`${event.outTradeNo} was sent above the most that is allowed`);
      }
      if (
        event.kind === 'book' &&
        event.what === 'refund' &&
        !event.elsewhere &&
        !calls.has(event.outTradeNo)
      )
        given.set(`${event.outTradeNo}/${event.outRefundNo}`, event.amountFen);
    }
    // What the gateway has given up has gone back to nobody, and is let go once that is proven.
    for (const { outTradeNo, refunds: there } of end.books)
      for (const { outRefundNo, state } of there)
        if (state === 'CLOSED') given.delete(`${outTradeNo}/${outRefundNo}`);
    const total = (sums: Map<string, number>) => [...sums.values()].reduce((sum, one) => sum + one, 0);
    const bound = (name: string, sums: Map<string, number>, most: number | undefined, count?: number) => {
      if (most !== undefined && total(sums) > most * days)
        wrong.push(`${name}: ${total(sums)} fen of ${most}`);
      if (count !== undefined && sums.size > count * days) wrong.push(`${name}: ${sums.size} of ${count}`);
    };
    bound('payments a day', orders, payments.perDay?.totalFen, payments.perDay?.count);
    bound('refunds a day', given, refunds.perDay?.totalFen, refunds.perDay?.count);
    if (refunds.from === 'budget') {
      const filled = events.filter(of('filled')).reduce((sum, { amountFen }) => sum + amountFen, 0);
      if (total(given) > filled) wrong.push(`${total(given)} fen out of a budget of ${filled}`);
    }
    return wrong;
  },

  /**
   * What a person has to approve goes to a gateway only after a person's yes to just that, given not long ago, and once
   * for each yes; after a no, never.
   */
  'no move without its yes': (played) => {
    const { plan, events } = played;
    const rules: Policy = RULES[plan.rules];
    // What is under way for long is not seen while it is; when all is quiet, hours go by at once.
    const isTimely = areClocksNear(played) && plan.faults.every(({ what }) => what !== 'late');
    const yes = new Map<string, number[]>();
    const no = new Set<string>();
    const calls = ordersOfCalls(events);
    /** What has been sent under the yes that is in use. */
    const begun = new Set<string>();
    const refused = new Set<string>();
    const asked = callsById(events);
    const wrong: string[] = [];
    let [leapt, died] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let isQuiet = false;
    for (const event of events) {
      if (event.kind === 'quiet') isQuiet = true;
      if (event.kind === 'leap') leapt = event.time;
      if (event.kind === 'died') died = event.time;
      if (event.kind === 'person') {
        const key = `${event.outTradeNo}/${event.outRefundNo ?? ''} ${event.amountFen}`;
        if (event.what === 'approves' && event.how !== 'failed')
          yes.set(key, [...(yes.get(key) ?? []), event.time]);
        if (event.what === 'denies' && event.how === 'done') no.add(key);
      }
      const call = event.kind === 'answer' ? asked.get(event.id) : undefined;
      if (event.kind === 'answer' && call?.tool === 'refund-payment') {
        // Its sender has been told that nothing came of it: whoever wants it still needs another yes.
        const { outTradeNo, outRefundNo, refundYuan } = call.args;
        const key = `${text(outTradeNo)}/${text(outRefundNo)} ${fenOf(refundYuan)}`;
        // What its first sender had left in doubt, by dying or sleeping before it left, stays so: it keeps its yes.
        const isInDoubt = /unknown result/.test(String(event.error?.message));
        if (event.error?.code === 'GATEWAY_DECLINED' && !isInDoubt && refused.delete(key)) begun.delete(key);
      }
      if (event.kind !== 'exchange' || !['create', 'refund'].includes(event.operation)) continue;
      if (event.said === 'not sent' || calls.has(event.outTradeNo)) continue;
      const { approveAboveFen = 'none' } = event.operation === 'create' ? rules.payments : rules.refunds;
      if (approveAboveFen === 'none' || (event.amountFen ?? 0) <= approveAboveFen) continue;
      const key = `${event.outTradeNo}/${event.outRefundNo ?? ''} ${event.amountFen}`;
      // What is sent again was in doubt, and no refusal ends that.
      if (begun.has(key)) refused.delete(key);
      if (begun.has(key)) continue;
      begun.add(key);
      const given = yes.get(key) ?? [];
      if (given.length === 0) wrong.push(`${event.operation} of ${key} without a person's yes`);
      if (given.length === 0 && no.has(key)) wrong.push(`${event.operation} of ${key} after a person's no`);
      if (event.proven && event.said !== 'ok' && !UNHEARD.has(event.fault ?? '')) refused.add(key);
      const last = Math.max(...given, Number.NEGATIVE_INFINITY);
      // A machine may have slept over it, or who used the yes died before it was sent.
      const mayBeUsed = event.sentAt - leapt < EXCHANGES_MS || died > last;
      if (isTimely && !isQuiet && !mayBeUsed && given.length > 0 && event.sentAt - last > YES_LASTS_MS)
        wrong.push(`${event.operation} of ${key} long after a person's yes`);
      yes.set(key, given.slice(0, -1));
    }
    return wrong;
  },

  /** While a person has stopped everything, nothing that moves money leaves. */
  'nothing while frozen': ({ events }) => {
    let since: number | undefined;
    const frozen: [from: number, until: number][] = [];
    for (const event of events) {
      if (event.kind === 'frozen') since ??= event.time;
      if (event.kind === 'thawed' && since !== undefined) {
        frozen.push([since, event.time]);
        since = undefined;
      }
    }
    const moves = events
      .filter(of('exchange'))
      .filter(({ operation }) => ['create', 'refund', 'close'].includes(operation));
    return moves.flatMap((move) => {
      const { operation, outTradeNo, sentAt } = move;
      return frozen.some(([from, until]) => sentAt > from + FREEZE_WITHIN_MS && sentAt < until)
        ? [`${operation} of ${outTradeNo} left while frozen`]
        : [];
    });
  },

  /** The same call is answered with the same thing, and another under the same number is refused. */
  'replays are the same': ({ events }) => {
    const wrong: string[] = [];
    const first = new Map<string, string>();
    for (const { call, answer } of ended(events)) {
      if (call.tool !== 'create-payment' && call.tool !== 'refund-payment') continue;
      const { outTradeNo, outRefundNo, amountYuan, refundYuan } = call.args;
      const number =
        call.tool === 'create-payment' ? outTradeNo : outRefundNo && `${outTradeNo}/${outRefundNo}`;
      if (number === undefined || !answer?.structured) continue;
      const sum = text(amountYuan ?? refundYuan);
      const key = `${call.tool} ${String(number)}`;
      const before = first.get(key);
      if (before !== undefined && before !== sum) wrong.push(`${key} stands for ${before} and ${sum}`);
      first.set(key, before ?? sum);
      const told = answer.structured.amountYuan ?? answer.structured.refundYuan;
      if (told !== undefined && told !== sum) wrong.push(`${key} was answered with ${text(told)} for ${sum}`);
    }
    return wrong;
  },

  /** A caller that sees its own orders only is told of no other's. */
  'nobody sees another’s': ({ events, end }) => {
    const callers = new Map(end.ledger.map(({ outTradeNo, caller }) => [outTradeNo, caller]));
    return ended(events).flatMap(({ call, answer }) => {
      if (call.client !== 'kiosk' || !answer) return [];
      const items = (answer.structured?.items ?? []) as readonly { readonly outTradeNo: string }[];
      const told = [answer.structured, ...items].flatMap((one) => {
        const number = text((one as { readonly outTradeNo?: unknown } | undefined)?.outTradeNo);
        return number === '' ? [] : [number];
      });
      return told
        .filter((number) => !['kiosk', undefined].includes(callers.get(number)))
        .map((number) => `kiosk was told of ${number} by ${call.tool}`);
    });
  },

  /** What is not provably a gateway's message is not taken. */
  'no forged message taken': ({ events }) =>
    events
      .filter(of('notice'))
      .filter(({ what, taken }) => taken && (what === 'forged' || what === 'recut'))
      .map(({ what, outTradeNo }) => `a ${what} message about ${outTradeNo} was taken`),

  /** All that became so is told, each as it is and in its order; and nothing is told that is not so. */
  'told what happened': ({ plan, events, end }) => {
    if (!plan.told) return [];
    const wrong: string[] = [];
    const bodies = new Map<string, string>();
    const newest = new Map<string, number>();
    const known = new Set<string>();
    const told = new Set<string>();
    for (const event of events) {
      if (event.kind === 'book') known.add(`${event.what} ${event.outTradeNo}/${event.outRefundNo ?? ''}`);
      if (event.kind === 'person' && event.how !== 'failed') known.add(`decided ${event.approval}`);
      if (event.kind !== 'told' || event.fate === 'busy' || event.fate === 'lost-request') continue;
      const { id, type, body, outTradeNo = '', outRefundNo, approval } = event;
      const before = bodies.get(id);
      if (before !== undefined && before !== body) wrong.push(`${id} was told as two things`);
      if (before !== undefined) continue;
      bodies.set(id, body);
      const seq = Number(id.split('_')[1]);
      if (outTradeNo !== '' && (newest.get(outTradeNo) ?? 0) > seq)
        wrong.push(`${type} of ${outTradeNo} was told behind what came after it`);
      newest.set(outTradeNo, Math.max(seq, newest.get(outTradeNo) ?? 0));
      const paid = type === 'payment.paid' || type === 'payment.late';
      if (paid && !known.has(`paid ${outTradeNo}/`))
        wrong.push(`${type} of ${outTradeNo} was told and is not so`);
      if (type === 'refund.succeeded' && !known.has(`refund ${outTradeNo}/${outRefundNo}`))
        wrong.push(`${type} ${outRefundNo} of ${outTradeNo} was told and is not so`);
      if (type === 'approval.decided' && !known.has(`decided ${approval}`))
        wrong.push(`a decision on ${approval} was told that nobody has made`);
      told.add(paid ? `paid ${outTradeNo}` : `${type} ${approval ?? outRefundNo ?? outTradeNo}`);
    }
    const insist = (what: string) => told.has(what) || wrong.push(`nobody was told: ${what}`);
    for (const { outTradeNo, state, refunds } of end.ledger) {
      if (state === 'PAID') insist(`paid ${outTradeNo}`);
      if (state === 'CLOSED') insist(`payment.closed ${outTradeNo}`);
      for (const { outRefundNo, state: refunded } of refunds)
        if (refunded === 'SUCCESS') insist(`refund.succeeded ${outRefundNo}`);
    }
    for (const { approval, how } of events.filter(of('person')))
      if (how === 'done') insist(`approval.decided ${approval}`);
    if (events.some(({ kind }) => kind === 'frozen')) insist('freeze.set ');
    return wrong;
  },

  /** The trail is whole, the tables are what it says, and the sums what the rows add up to. */
  'audit holds': ({ end }) => [...end.audit],

  /** Nobody is told of an error of our own, and everybody who is there is answered. */
  'no error of our own': ({ events }) => {
    const ends = new Set(
      events.flatMap((e) => (['answer', 'served', 'unanswered'].includes(e.kind) && 'id' in e ? [e.id] : [])),
    );
    const disk = events.some(({ kind }) => kind === 'disk');
    const lost = events.flatMap((event) =>
      (event.kind === 'call' || event.kind === 'ask') && !ends.has(event.id)
        ? [{ id: event.id, tool: event.kind === 'call' ? event.tool : 'paid for' }]
        : [],
    );
    const internal = events.filter(of('answer')).filter(({ error }) => error?.code === 'INTERNAL');
    const alarms = events
      .filter(of('alarm'))
      .filter(({ what }) => !(disk && /disk|ledger|record/i.test(what)));
    return [
      ...lost.map(({ tool, id }) => `call ${id} (${tool}) was never answered`),
      ...(disk ? [] : internal.map(({ id }) => `call ${id} was answered INTERNAL`)),
      ...alarms.map(({ what }) => what),
    ];
  },
  ...CALL_CHECKS,
} satisfies Readonly<Record<string, Check>>;

export type CheckName = keyof typeof CHECKS;
export const CHECK_NAMES = Object.keys(CHECKS) as CheckName[];

/** From midnight in Beijing to the beginning of a history. */
const START_OF_DAY_MS = (14 * 60 + 30) * 60_000 + 5_000;

/** What is wrong with a history; nothing, where nothing is. */
export function judge(played: Case): Violation[] {
  return CHECK_NAMES.flatMap((check) => CHECKS[check](played).map((what) => ({ check, what })));
}
