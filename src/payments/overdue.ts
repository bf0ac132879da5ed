import { CashierError } from '../domain/errors.ts';
import type { Book } from '../ledger/book.ts';
import {
  type Course,
  type OrderRecord,
  PAY_BACK,
  type PromiseRecord,
  type RefundRecord,
} from '../ledger/records.ts';
import { approvalView, requestApproval } from '../policy/approvals.ts';
import { policyInForce } from '../policy/decisions.ts';
import { NEVER_SENT } from './beginnings.ts';
import { type Coming, restedAt, runDue } from './due.ts';
import { type Back, refusalOf, type Step, sendBack, stepIn } from './give-back.ts';
import { digest } from './results.ts';
import { isFrozenNow } from './sending.ts';
import type { Till } from './till.ts';

/** Stands in an approval as the rule that asks: nobody has confirmed the delivery in time. */
export const OVERDUE_RULE = 'delivery.otherwise';
/** How long (ms) it rests while no money may move. */
const FROZEN_REST_MS = 30_000;

/**
 * Tells of paid orders that nobody has delivered in time, once each, and does what the merchant's rules say then, until
 * `signal` aborts: nothing more; a refund that a person decides on; or a refund, within the agents' limits and the
 * caller's allowance, and where those do not let it pass, or the gateway does not, a person decides all the same.
 */
export function runOverdue(opened: Till, signal: AbortSignal): Promise<void> {
  return runDue({ ...opened, ledger: opened.ledger.as({ actor: PAY_BACK }) }, PROMISED, signal);
}

const PROMISED: Coming<PromiseRecord> = {
  name: 'overdue',
  rows: (book) => book.promises,
  whileFrozen: true,
  async see(till, taken) {
    const course = await till.ledger.write((book) => tellOverdue(till, book, taken));
    if (course === undefined) return;
    if (await isFrozenNow(till)) {
      const again = till.clock.now() + FROZEN_REST_MS;
      return till.ledger.write((book) => book.promises.later(taken, again));
    }
    if (course === 'refund' && (await refundOverdue(till, taken)) !== 'to a person') return;
    await till.ledger.write((book) => askPerson(till, book, taken));
  },
};

/** What is to come of it; undefined where nothing more is. */
async function tellOverdue(till: Till, book: Book, taken: PromiseRecord): Promise<Course | undefined> {
  const promise = await book.promises.again(taken);
  if (!promise || promise.deliveredAt !== undefined) return undefined;
  const { delivery } = await policyInForce(book, till.policy);
  const { order, step } = await stepIn(book, await backOf(book, promise));
  const course = promise.course ?? delivery?.otherwise;
  // The buyer has everything back, or the merchant does not want to know any more.
  if (course === undefined || step === 'settled' || order.state !== 'PAID') {
    await book.promises.end(promise);
    return undefined;
  }
  await book.promises.overdue(promise, course);
  if (course !== 'tell') return course;
  await book.promises.end(promise);
  return undefined;
}

async function backOf(book: Book, { outTradeNo, outRefundNo }: PromiseRecord): Promise<Back> {
  const order = await book.orders.get(outTradeNo);
  if (!order) throw new Error('an order is never deleted');
  return { outTradeNo, outRefundNo, amountFen: order.amountFen, reason: '未按时交付，自动退款' };
}

/** `to a person` where the rules, or provably the gateway, do not let it pass. */
async function refundOverdue(till: Till, taken: PromiseRecord): Promise<'to a person' | undefined> {
  const back = await till.ledger.read((book) => backOf(book, taken));
  const failure = await sendBack(till, back, { overdue: taken.outRefundNo });
  return till.ledger.write(async (book) => {
    const { step } = await stepIn(book, back);
    if (step === 'settled') {
      await book.promises.end(taken);
      return undefined;
    }
    const isDenied = failure instanceof CashierError && failure.code === 'POLICY_DENIED';
    const promise = await book.promises.again(taken);
    const isRefused = isDenied || (await refusalOf(book, back, failure)) !== undefined;
    // What may have gone out already nobody is asked about.
    if (isRefused && typeof step === 'object' && promise) {
      const { state } = (await book.refunds.get(back.outTradeNo, step.outRefundNo)) ?? {};
      if (state !== 'UNKNOWN') {
        await book.promises.leaveToPerson(promise);
        return 'to a person';
      }
    }
    await book.promises.later(taken, restedAt(till, taken));
    return undefined;
  });
}

/**
 * Leaves a refund to a person, who has a day for it and is asked again then; a no is final. What is approved is sent as
 * everything that is, bound by what was paid and by a freeze.
 */
async function askPerson(till: Till, book: Book, taken: PromiseRecord): Promise<void> {
  const promise = await book.promises.again(taken);
  if (!promise || promise.deliveredAt !== undefined) return;
  const back = await backOf(book, promise);
  const { order, refunds, step } = await stepIn(book, back);
  const isDenied = refunds.some(
    ({ state, outRefundNo }) => state === 'DENIED' && outRefundNo.startsWith(promise.outRefundNo),
  );
  if (step === 'settled' || isDenied) return book.promises.end(promise);
  const now = till.clock.now();
  await book.promises.later(taken, restedAt(till, taken));
  if (step === 'waiting') return;
  const approvals = await book.approvals.of({ outTradeNo: order.outTradeNo, outRefundNo: step.outRefundNo });
  if (approvals.some((one) => ['pending', 'approved'].includes(approvalView(one, now)))) return;
  const refund = await waitingRefund(book, order, refunds, step, now);
  const { outTradeNo, outRefundNo, inputHash, caller, amountFen } = refund;
  const asked = { policy: (await book.operator.policy())?.version ?? 0, byServer: true as const };
  const question = { outTradeNo, outRefundNo, inputHash, caller, amountFen, rule: OVERDUE_RULE };
  const { randomBytes } = till;
  await requestApproval(book, { ...question, kind: 'refund', asked }, [], { now, randomBytes });
}

async function waitingRefund(
  book: Book,
  { outTradeNo }: OrderRecord,
  refunds: readonly RefundRecord[],
  { outRefundNo, refundFen, reason }: Exclude<Step, string>,
  now: number,
): Promise<RefundRecord> {
  const known = refunds.find((refund) => refund.outRefundNo === outRefundNo);
  if (known) {
    return book.refunds.move(known, 'reopened', { declinedCode: undefined, sentAt: undefined });
  }
  const refund: RefundRecord = {
    ...NEVER_SENT,
    ...{ outTradeNo, outRefundNo, reason, caller: PAY_BACK, inputHash: digest(refundFen, reason) },
    // Within which its number is unique is known to whoever sends it.
    merchantScope: undefined,
    amountFen: refundFen,
    state: 'PENDING_APPROVAL',
    gatewayRefundNo: undefined,
    createdAt: now,
    updatedAt: now,
  };
  await book.refunds.insert(refund);
  return refund;
}
