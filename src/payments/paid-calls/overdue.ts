import { DAY_MS } from '../../domain/clock.ts';
import { hasResult } from '../../ledger/paid-call-machine.ts';
import type { PaidCallRecord } from '../../ledger/records.ts';
import { MOST_DAYS } from '../daily-bills.ts';
import { isGatewayError } from '../errors.ts';
import { providerOf, type Till } from '../till.ts';
import { oweCall } from './pay.ts';
import { endInterrupted, isExecuting } from './redeem.ts';

/** From one look to the next (ms). */
const LOOK_EVERY_MS = 5_000;
const AT_ONCE = 20;
/**
 * How long (ms) after it could be paid a price that nobody has paid is kept, and a result after it was stored. The oldest
 * day's bill that is caught up with may have its payment, and be had a day later only.
 */
const UNPAID_KEPT_MS = (MOST_DAYS + 2) * DAY_MS;
const RESULTS_KEPT_MS = 180 * DAY_MS;
const FORGET_AT_ONCE = 200;
/** How long (ms) one rests that could not be seen to, so that it stands in nobody's way. */
const REST_MS = 60_000;
/** How long (ms) after the claim has run out, whose clock may be another, nobody is believed to execute any more. */
const CLOCKS_APART_MS = 60_000;

/** How long (ms) after a word that was not taken it is said again; then every so often, for some weeks. */
const AGAIN_MS = [5_000, 15_000, 60_000, 300_000];
const LONGEST_WAIT_MS = 3_600_000;
const MOST_TRIES = 700;

/** Sees to calls that are paid for and left alone, until `signal` aborts; as many processes as there are may do so. */
export async function runOverdueCalls(opened: Till, signal: AbortSignal): Promise<void> {
  const till = { ...opened, ledger: opened.ledger.as({ actor: 'settler' }) };
  while (!signal.aborted) {
    const seen = await overdueCalls(till).catch((error: unknown) => {
      till.log.error('paid calls', { error: String(error) });
      return 0;
    });
    if (seen < AT_ONCE) await till.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** One round. Returns how much was seen to or forgotten. */
export async function overdueCalls(till: Till): Promise<number> {
  const now = till.clock.now();
  const [unpaid, results] = [now - UNPAID_KEPT_MS, now - RESULTS_KEPT_MS];
  const { due, isOld } = await till.ledger.read(async ({ paidCalls, operator }) => ({
    due: await paidCalls.due(AT_ONCE),
    // A person is yet to compare the bills of a restored ledger, whatever days they are of.
    isOld: !(await operator.isYetToResume()) && (await paidCalls.anyToForget(unpaid, results)),
  }));
  let seen = 0;
  for (const call of due) {
    await seeTo(till, call).then(
      () => seen++,
      (error: unknown) => rest(till, call, error),
    );
  }
  if (!isOld) return seen;
  // Whoever asks for prices is not to be faster than they are forgotten.
  return till.ledger.write(async ({ paidCalls }) => {
    const forgotten = await paidCalls.forgetUnpaid(unpaid, FORGET_AT_ONCE);
    return seen + forgotten + (await paidCalls.forgetResults(results, FORGET_AT_ONCE));
  });
}

/** Never rejects. */
async function rest(till: Till, found: PaidCallRecord, error: unknown): Promise<void> {
  till.log.error('paid call', { outTradeNo: found.paidBy, error: String(error) });
  const now = till.clock.now();
  await till.ledger
    .write(async ({ paidCalls }) => {
      const call = await paidCalls.again(found);
      if (call.dueAt !== undefined && call.dueAt <= now)
        await paidCalls.patch(call, { dueAt: now + REST_MS });
    })
    .catch(() => undefined);
}

/** Whatever has become of it since it was found. */
async function seeTo(till: Till, found: PaidCallRecord): Promise<void> {
  const now = till.clock.now();
  if (hasResult(found.state)) return confirm(till, found, now);
  await till.ledger.write(async (book) => {
    const call = await book.paidCalls.again(found);
    if (call.dueAt === undefined || call.dueAt > now) return;
    if (call.state === 'PAID') await oweCall(book, call, 'no-result', now);
    else if (call.state === 'EXECUTING') {
      if (isExecuting(till, call)) await book.paidCalls.patch(call, { dueAt: now + CLOCKS_APART_MS });
      else await endInterrupted(book, call, now);
    } else await book.paidCalls.patch(call, { dueAt: undefined });
  });
}

/** Tells Alipay that what its proof has paid for was handed over: the same word until it is taken. */
async function confirm(till: Till, found: PaidCallRecord, now: number): Promise<void> {
  const turn = await till.ledger.write(async (book) => {
    const call = await book.paidCalls.again(found);
    if (call.dueAt === undefined || call.dueAt > now) return undefined;
    const wait = AGAIN_MS[call.tries] ?? LONGEST_WAIT_MS;
    const dueAt = call.tries < MOST_TRIES ? now + wait : undefined;
    const order = call.paidBy === undefined ? undefined : await book.orders.get(call.paidBy);
    return { call: await book.paidCalls.patch(call, { dueAt, tries: call.tries + 1 }), order };
  });
  if (!turn?.order?.gatewayTradeNo) return;
  const { a2m } = providerOf(till, turn.order);
  try {
    if (!a2m) return;
    await a2m.confirmFulfilment(turn.order.gatewayTradeNo);
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    const { outTradeNo } = turn.order;
    return till.log.info('fulfilment: not confirmed yet', { outTradeNo, error: error.message });
  }
  await till.ledger.write(async (book) => {
    const call = await book.paidCalls.again(turn.call);
    await book.paidCalls.move(call, 'confirmed', { dueAt: undefined }, (to) => ({ to }));
  });
}
