import { createHash } from 'node:crypto';
import type { Book } from '../../ledger/book.ts';
import { hasResult } from '../../ledger/paid-call-machine.ts';
import type { PaidCallRecord, PaidResult } from '../../ledger/records.ts';
import { queryPayment } from '../query-payment.ts';
import { digest } from '../results.ts';
import { claim, isBeingSent, isStillOurs, RELEASED } from '../sending.ts';
import type { Till } from '../till.ts';
import { cameLate, oweCall, whyNotExecuted } from './pay.ts';
import { GATE } from './quote.ts';

/** How long (ms) an upstream may take; whoever asks it gives up before. */
export const EXECUTING_MS = 5 * 60_000;
/** How long (ms) after its result was stored a call that Alipay's proof has paid is confirmed, delivered or not. */
const CONFIRM_AFTER_MS = 60_000;

/** What is to be done about a call that somebody shows: `execute`, by whoever was told so and nobody else. */
export type Claim =
  | { readonly todo: 'execute'; readonly call: PaidCallRecord }
  | { readonly todo: 'deliver'; readonly call: PaidCallRecord; readonly result: PaidResult }
  /**
   * Not paid, or too late and it goes back; somebody executes it; it goes back or went back; or what was delivered long
   * ago is not kept any more.
   */
  | { readonly todo: 'unpaid' | 'late' | 'busy' | 'refunded' | 'gone'; readonly call: PaidCallRecord };

/**
 * How a call stands. Of one that is not paid the gateways are asked about the orders that were made for it.
 * Throws as {@link queryPayment} where no gateway tells and nothing else has paid it.
 */
export async function askCall(till: Till, number: string): Promise<PaidCallRecord | undefined> {
  const look = () => till.ledger.read((book) => book.paidCalls.get(number));
  const known = await look();
  if (known?.state !== 'QUOTED') return known;
  let failed: unknown;
  for (const outTradeNo of [known.pageNo, known.weixinNo]) {
    if (outTradeNo === undefined) continue;
    const isMade = await till.ledger.read((book) => book.orders.get(outTradeNo));
    if (!isMade) continue;
    try {
      await queryPayment(till, GATE, { outTradeNo, waitSeconds: 0 });
    } catch (error) {
      failed = error;
    }
  }
  const asked = await look();
  if (failed !== undefined && asked?.state === 'QUOTED') throw failed;
  return asked;
}

/**
 * Takes the one claim on a paid call, committed before the upstream is asked. What was begun and has no end is begun
 * again only where the price says that it may be; else the money goes back.
 * @param held with an earlier claim of this process, which wants to go on: where that still stands, it is renewed
 */
export async function claimCall(till: Till, shown: PaidCallRecord, held?: PaidCallRecord): Promise<Claim> {
  const found = await till.ledger.as(GATE).write((book) => claimIn(till, book, shown, held));
  if (found.todo !== 'unpaid') return found;
  const { call } = found;
  return (await till.ledger.read((book) => cameLate(book, call))) ? { todo: 'late', call } : found;
}

async function claimIn(
  till: Till,
  book: Book,
  shown: PaidCallRecord,
  held: PaidCallRecord | undefined,
): Promise<Claim> {
  const call = await book.paidCalls.again(shown);
  if (call.state === 'QUOTED') return { todo: 'unpaid', call };
  if (hasResult(call.state)) {
    const result = await book.paidCalls.result(call.number);
    return result ? { todo: 'deliver', call, result } : { todo: 'gone', call };
  }
  if (call.state === 'EXECUTING') {
    const goesOn = held !== undefined && isStillOurs(call, held);
    if (!goesOn && isExecuting(till, call)) return { todo: 'busy', call };
    const ended = goesOn ? await giveBack(book, call) : await endInterrupted(book, call, till.clock.now());
    return ended.state === 'PAID' ? execute(till, book, ended) : { todo: 'refunded', call: ended };
  }
  return call.state === 'PAID' ? execute(till, book, call) : { todo: 'refunded', call };
}

async function execute(till: Till, book: Book, call: PaidCallRecord): Promise<Claim> {
  const now = till.clock.now();
  const why = await whyNotExecuted(book, call, now);
  if (why !== undefined) return { todo: 'refunded', call: await oweCall(book, call, why, now) };
  const claimed = claim(till, EXECUTING_MS);
  const patch = { ...claimed, dueAt: claimed.sendingUntil, tries: call.tries + 1 };
  return { todo: 'execute', call: await book.paidCalls.move(call, 'claimed', patch, (to) => ({ to })) };
}

/** Whether somebody who may be alive asks the upstream just now. */
export function isExecuting(till: Till, call: PaidCallRecord): boolean {
  return call.state === 'EXECUTING' && isBeingSent(till, call, EXECUTING_MS);
}

/** Whoever executed it is gone: it may be done again where its price says so, and else the money goes back. */
export function endInterrupted(book: Book, call: PaidCallRecord, now: number): Promise<PaidCallRecord> {
  if (!call.repeatable) return oweCall(book, call, 'interrupted', now);
  return giveBack(book, call);
}

function giveBack(book: Book, call: PaidCallRecord): Promise<PaidCallRecord> {
  const dueAt = (call.paidAt ?? 0) + call.refundAfterMs;
  const over = { ...RELEASED, dueAt };
  return book.paidCalls.move(call, 'released', over, (to) => ({ to }));
}

/** Provably nothing has reached the upstream: the claim is given back, and whoever asks next gets it. */
export async function releaseCall(till: Till, claimed: PaidCallRecord): Promise<void> {
  await ours(till, claimed, (book, call) => giveBack(book, call));
}

/** Nothing can be delivered: the money goes back. Returns false where the claim was lost meanwhile. @param why a word of ours */
export async function cannotDeliver(till: Till, claimed: PaidCallRecord, why: string): Promise<boolean> {
  const owed = await ours(till, claimed, (book, call) => oweCall(book, call, why, till.clock.now()));
  return owed !== undefined;
}

/**
 * Stores what the upstream has answered, before anybody is told. Undefined where the claim was lost: it took so long
 * that somebody else has seen to it, and whoever waits is told how that came out by {@link claimCall}.
 */
export async function storeResult(
  till: Till,
  claimed: PaidCallRecord,
  answer: Pick<PaidResult, 'status' | 'headers' | 'body'>,
): Promise<PaidResult | undefined> {
  const now = till.clock.now();
  const result = { number: claimed.number, ...answer, createdAt: now };
  const body = createHash('sha256').update(answer.body).digest('hex');
  const told = { status: answer.status, result: digest(JSON.stringify(answer.headers), body).slice(0, 24) };
  const stored = await ours(till, claimed, async (book, call) => {
    await book.paidCalls.keep(result);
    const dueAt = call.paidBy === call.proofNo ? now + CONFIRM_AFTER_MS : undefined;
    const over = { ...RELEASED, dueAt, tries: 0 };
    return book.paidCalls.move(call, 'stored', over, (to) => ({ to, ...told }));
  });
  return stored && result;
}

/** The result has reached whoever asked for it, as far as that can be known. */
export async function delivered(till: Till, call: PaidCallRecord): Promise<void> {
  const now = till.clock.now();
  await till.ledger.as(GATE).write(async (book) => {
    const current = await book.paidCalls.again(call);
    const dueAt = current.dueAt === undefined ? undefined : now;
    await book.paidCalls.move(current, 'delivered', { dueAt }, (to) => ({ to }));
  });
}

/** Under a claim that still is the one given out. */
async function ours<T>(
  till: Till,
  claimed: PaidCallRecord,
  work: (book: Book, call: PaidCallRecord) => Promise<T>,
): Promise<T | undefined> {
  return till.ledger.as(GATE).write(async (book) => {
    const call = await book.paidCalls.again(claimed);
    const isOurs = call.state === 'EXECUTING' && isStillOurs(call, claimed);
    return isOurs ? work(book, call) : undefined;
  });
}
