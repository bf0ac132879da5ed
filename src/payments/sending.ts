import { stillLasts } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Book } from '../ledger/book.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { insistNotFrozen, isFrozen } from '../policy/decisions.ts';
import { type MayStill, Stopped } from '../providers/contract.ts';
import type { Till } from './till.ts';

/** How long (ms) a sender is believed to be still talking: two exchanges with a gateway (keys, then the call) and some. */
const SENDING_MS = 25_000;
const LOOK_AGAIN_MS = 40;

interface Sendable {
  readonly sendingBy: string | undefined;
  readonly sendingUntil: number | undefined;
}

/** Marks a record as being sent by this process, for so long (ms). Commit it with the intent. */
export function claim(till: Till, lasts = SENDING_MS): { sendingBy: string; sendingUntil: number } {
  return { sendingBy: till.senders.next(), sendingUntil: till.clock.now() + lasts };
}

/** Clears {@link claim}. */
export const RELEASED = { sendingBy: undefined, sendingUntil: undefined } as const;

/**
 * Whether the claim on `current` still is the one that `sent` was sent under. A sender may outlive its claim (a slow
 * gateway, a machine asleep); what it then learns by refusal says nothing about what its successor has sent.
 */
export function isStillOurs(current: Sendable, sent: Sendable): boolean {
  return current.sendingBy !== undefined && current.sendingBy === sent.sendingBy;
}

/** Gives the claim that `sent` was sent under back, where it still is ours. */
export async function release({ ledger }: Till, sent: OrderRecord | RefundRecord): Promise<void> {
  await ledger.write(async (book) => {
    if ('outRefundNo' in sent) {
      const refund = await book.refunds.again(sent);
      await book.refunds.patch(refund, releaseOurs(refund, sent));
    } else {
      const order = await book.orders.again(sent);
      await book.orders.patch(order, releaseOurs(order, sent));
    }
  });
}

/** {@link RELEASED} where the claim still is ours, else nothing. */
export function releaseOurs(current: Sendable, sent: Sendable): Partial<typeof RELEASED> {
  return isStillOurs(current, sent) ? RELEASED : {};
}

/** Whether somebody who may be alive is sending it right now. @param lasts ms, as {@link claim} was given */
export function isBeingSent(till: Till, record: Sendable, lasts = SENDING_MS): boolean {
  const { sendingBy, sendingUntil } = record;
  return (
    sendingBy !== undefined &&
    isClaimed({ sendingUntil }, till.clock.now(), lasts) &&
    till.senders.mayBeAlive(sendingBy)
  );
}

/** Whether a claim has not run out (`now` in ms), whoever may live. */
export function isClaimed(
  { sendingUntil }: Pick<Sendable, 'sendingUntil'>,
  now: number,
  lasts = SENDING_MS,
): boolean {
  return sendingUntil !== undefined && stillLasts(sendingUntil, now, lasts);
}

/** Whether a person has stopped everything, as it is committed now. */
export async function isFrozenNow({ ledger }: Till): Promise<boolean> {
  return (await ledger.read((book) => book.operator.freeze())) !== undefined;
}

/** Lets go out again what has been sent, unless it is frozen by now or nobody can say so. */
export function unlessFrozen(till: Till): MayStill {
  return () =>
    isFrozenNow(till).then(
      (frozen) => !frozen,
      () => false,
    );
}

/**
 * As {@link unlessFrozen}, while it is ours to send and nothing of it has been learned since: where the machine has slept,
 * others may have gone on with the order.
 * @param sent as it stood when it left
 * @param isWanted what else has to hold, seen at the same instant
 */
export function whileOurs(
  till: Till,
  sent: OrderRecord | RefundRecord,
  isWanted: (book: Book) => Promise<boolean> = async () => true,
): MayStill {
  const isOurs = async (book: Book) => {
    if ((await book.operator.freeze()) || !(await isWanted(book))) return false;
    const current = 'outRefundNo' in sent ? await book.refunds.again(sent) : await book.orders.again(sent);
    return current.state === sent.state && isStillOurs(current, sent) && isBeingSent(till, current);
  };
  return () => till.ledger.read(isOurs).catch(() => false);
}

/** Why a send was kept from leaving at the last moment, where a freeze did: that, else the error itself. */
export async function asFreeze({ ledger }: Till, error: unknown): Promise<unknown> {
  if (!(error instanceof Stopped)) return error;
  const found = await ledger.read(insistNotFrozen).catch((thrown: unknown) => thrown);
  return isFrozen(found) ? found : error;
}

/**
 * Runs `attempt` until it answers something other than 'busy'. It waits for another sender's answer instead of
 * sending the same thing beside it; the sender's claim runs out, so this ends.
 */
export async function whenFree<T>(till: Till, attempt: () => Promise<T | 'busy'>): Promise<T> {
  for (;;) {
    const result = await attempt();
    if (result !== 'busy') return result;
    await till.clock.sleep(LOOK_AGAIN_MS);
  }
}

/**
 * Commits what came of an exchange with a gateway. A ledger that cannot take it (disk full, locked) says that nothing
 * was sent, and by now that is not true: the client hears OUTCOME_UNKNOWN instead.
 */
export async function record<T>(
  till: Till,
  about: { readonly outTradeNo: string; readonly outRefundNo?: string },
  work: (book: Book) => Promise<T>,
): Promise<T> {
  try {
    return await till.ledger.write(work);
  } catch (error) {
    // What nobody has foreseen is nothing that the gateway said.
    const isTold = error instanceof CashierError && !['CONFIGURATION', 'INTERNAL'].includes(error.code);
    if (isTold) throw error;
    const { outTradeNo, outRefundNo } = about;
    const numbers = { outTradeNo, ...(outRefundNo === undefined ? {} : { outRefundNo }) };
    till.log.error('the answer of a gateway could not be recorded', { ...numbers, error: String(error) });
    throw unrecorded(numbers);
  }
}

function unrecorded(numbers: Readonly<Record<string, string>>): CashierError {
  return new CashierError('OUTCOME_UNKNOWN', {
    zh: '请求已发给支付平台，但结果无法写入账本；资金可能已变动。',
    en: 'The gateway was asked, but its answer could not be written to the ledger; money may have moved.',
    next: {
      zh: '请商家检查账本所在磁盘，然后用同一单号、相同参数重试；不要换单号。',
      en: "Ask the merchant to check the ledger's disk, then repeat the call with the same number and arguments, never a new one.",
    },
    details: numbers,
  });
}
