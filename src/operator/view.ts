import { type Fen, fen } from '../domain/money.ts';
import type { Book } from '../ledger/book.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import type { ApprovalRecord, AuditRecord, OrderRecord, RefundRecord } from '../ledger/records.ts';
import { holdsSum } from '../ledger/refund-machine.ts';
import { elsewhereOf, isElsewhere, refundedHere, sum } from '../ledger/refunded.ts';
import { approvalView } from '../policy/approvals.ts';
import type { Policy } from '../policy/policy.ts';

/** How an approval stands, as a person is told. `lapsed`: approved, and the call never came. */
export type Phase = 'pending' | 'approved' | 'used' | 'failed' | 'denied' | 'expired' | 'lapsed';

/** The form of an approval's id. */
export const APPROVAL_ID = /^A[2-9A-HJ-NP-Z]{12}$/;
/** How many approvals and records a page shows at most. */
const MAX_OPEN = 200;
const MAX_RECENT = 20;

/** One approval in a list. */
export interface Item {
  readonly approval: ApprovalRecord;
  readonly phase: Phase;
  readonly title: string | undefined;
}

export interface ListView {
  readonly frozen: Freeze | undefined;
  readonly open: readonly Item[];
  readonly recent: readonly Item[];
}

/** What an order has brought and given back (fen). */
export interface Sums {
  /** undefined while the order is not paid. */
  readonly paidFen: Fen | undefined;
  readonly refundedFen: Fen;
  readonly heldFen: Fen;
  readonly leftFen: Fen;
  /** undefined when the refund in question is more than what is left. */
  readonly afterFen: Fen | undefined;
}

/** One approval with everything a person should know before deciding. */
export interface CaseView {
  readonly frozen: Freeze | undefined;
  readonly approval: ApprovalRecord;
  readonly phase: Phase;
  readonly order: OrderRecord | undefined;
  readonly refund: RefundRecord | undefined;
  /** What the calling program says it is. */
  readonly client: string | undefined;
  /** The sum (fen) above which the rule asks; undefined where it cannot be told. */
  readonly aboveFen: Fen | undefined;
  readonly sums: Sums | undefined;
  /** Oldest first. */
  readonly events: readonly AuditRecord[];
}

/** How an approval stands at the instant `now` (ms). */
export function phaseOf(approval: ApprovalRecord, now: number): Phase {
  if (approval.state === 'used') return 'used';
  const view = approvalView(approval, now);
  return view === 'expired' && approval.state === 'approved' ? 'lapsed' : view;
}

/** What waits for a person, oldest first, and what was decided or ran out lately, newest first. */
export async function readList(book: Book, now: number): Promise<ListView> {
  const item = async (approval: ApprovalRecord): Promise<Item> => ({
    approval,
    phase: phaseOf(approval, now),
    title: (await book.orders.get(approval.outTradeNo))?.title,
  });
  const open: Item[] = [];
  for (const approval of await book.approvals.open(undefined, MAX_OPEN)) open.push(await item(approval));
  const recent: Item[] = [];
  for (const approval of await recentlyTouched(book, now)) recent.push(await item(approval));
  return { frozen: await book.operator.freeze(), open, recent };
}

/** Of the newest approvals those that are decided or have run out, the last touched first. */
async function recentlyTouched(book: Book, now: number): Promise<ApprovalRecord[]> {
  const touchedAt = ({ decidedAt, createdAt }: ApprovalRecord) => decidedAt ?? createdAt;
  return (await book.approvals.newest(MAX_OPEN + MAX_RECENT))
    .filter((approval) => phaseOf(approval, now) !== 'pending')
    .sort((a, b) => touchedAt(b) - touchedAt(a))
    .slice(0, MAX_RECENT);
}

/** Everything about one approval; undefined when there is none with this id. */
export async function readCase(book: Book, id: string, now: number): Promise<CaseView | undefined> {
  const approval = APPROVAL_ID.test(id) ? await book.approvals.get(id) : undefined;
  if (!approval) return undefined;
  const order = await book.orders.get(approval.outTradeNo);
  const refunds = await book.refunds.ofOrder(approval.outTradeNo);
  const refund = refunds.find((other) => other.outRefundNo === approval.outRefundNo);
  const events = await book.audit.newestStory(approval.outTradeNo);
  return {
    frozen: await book.operator.freeze(),
    approval,
    phase: phaseOf(approval, now),
    order,
    refund,
    client: clientThatAsked(approval, events) ?? (refund ?? order)?.client,
    aboveFen: await limitOf(book, approval.rule),
    sums: approval.kind === 'refund' && order ? sumsOf(order, refunds, approval) : undefined,
    events,
  };
}

/** @param asked the refund in question, if there is one */
export function sumsOf(
  order: OrderRecord,
  refunds: readonly RefundRecord[],
  asked?: Pick<ApprovalRecord, 'outRefundNo' | 'amountFen'>,
): Sums {
  const own = refunds.filter((refund) => !isElsewhere(refund));
  const others = own.filter(({ outRefundNo }) => outRefundNo !== asked?.outRefundNo);
  const paid = order.state === 'PAID' ? order.amountFen : 0;
  const elsewhere = elsewhereOf(order, refunds);
  const elsewhereFen = elsewhere === 'unknown' ? 0 : (elsewhere ?? 0);
  const given = refundedHere(refunds) + elsewhereFen;
  const held = sum(own.filter(({ state }) => holdsSum(state) && state !== 'SUCCESS'));
  const left = Math.max(0, paid - given - held);
  const before = Math.max(0, paid - elsewhereFen - sum(others.filter(({ state }) => holdsSum(state))));
  const isOut = refunds.some(
    ({ outRefundNo, state }) => outRefundNo === asked?.outRefundNo && holdsSum(state),
  );
  return {
    paidFen: order.state === 'PAID' ? order.amountFen : undefined,
    refundedFen: fen(given),
    heldFen: fen(held),
    leftFen: fen(left),
    afterFen: isOut || !asked || asked.amountFen > before ? undefined : fen(before - asked.amountFen),
  };
}

/** Only what has been sent keeps its client with it; before that, the call that asked tells. */
function clientThatAsked(approval: ApprovalRecord, records: readonly AuditRecord[]): string | undefined {
  const asked = records.find((record) => record.detail.approval === approval.id);
  const call = asked && records.find((record) => record.kind === 'call' && record.call === asked.call);
  const client = call?.detail.client;
  return typeof client === 'string' ? client : undefined;
}

/** What the policy in force says at a rule's place, such as `clients.cursor.refunds.approveAboveYuan`. */
async function limitOf(book: Book, rule: string): Promise<Fen | undefined> {
  const match = /^(?:clients\.(.+)\.)?(payments|refunds)\.approveAboveYuan$/s.exec(rule);
  const accepted = await book.operator.policy();
  if (!match || !accepted) return undefined;
  const policy = JSON.parse(accepted.rulesJson) as Policy;
  const [, name, section] = match;
  const clients = policy.clients ?? {};
  const sections = name === undefined ? policy : Object.hasOwn(clients, name) ? clients[name] : undefined;
  const above = sections?.[section as 'payments' | 'refunds']?.approveAboveFen;
  return above === 'none' ? undefined : above;
}
