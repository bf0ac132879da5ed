import type { ActorName } from '../domain/actors.ts';
import { type Fen, fen } from '../domain/money.ts';
import type { Credential, OrderState, ProviderId, RefundState, Scene, Source } from '../domain/order.ts';
import type { Link } from './audit-chain.ts';
import type { PaidCallState } from './paid-call-machine.ts';
import { type Field, flag, json, maybe, money, number, Table, text } from './table.ts';

/** What the caller asked for beyond what the order's own columns hold. */
export interface RequestedTerms {
  readonly expiresInMinutes: number;
  /** Another system made it; what only its maker knows is not known here. */
  readonly adopted?: true;
  /** The caller chose its number, so another system of the merchant may have used it before. */
  readonly chosen?: true;
  /** The buyer has chosen the wallet on the page: its expiry was promised before. */
  readonly offered?: true;
  /** Which period of which subscription it is for: its expiry was promised before. */
  readonly period?: { readonly contractNo: string; readonly period: number };
  /** So long (ms) after it was paid it is to be delivered, and whoever sells it can say so. */
  readonly deliverWithinMs?: number;
  /** With it: whoever sells it, as far as stricter rules on what the server gives back of it go by that. */
  readonly soldBy?: Pick<AskedBy, 'named' | 'client' | 'token'>;
  /** What the gateway must say again when it says that this very order is paid. */
  readonly mark?: string;
}

const credential: Field<Credential> = {
  column: 'credential_json',
  read: (value) => JSON.parse(String(value ?? '{}')) as Credential,
  write: JSON.stringify,
};

/** Most have no more than these two. */
const SHORT_TERMS = /^\{"expiresInMinutes":(\d+)(?:,"mark":("[^"\\]*"))?\}$/;
const shortTerms = (_: string, minutes: string, mark?: string) => (mark ? `[${minutes},${mark}]` : minutes);

const terms: Field<RequestedTerms> = {
  column: 'terms_json',
  read(value) {
    const stored = JSON.parse(String(value)) as RequestedTerms | number | [number, string];
    if (typeof stored === 'number') return { expiresInMinutes: stored };
    return Array.isArray(stored) ? { expiresInMinutes: stored[0], mark: stored[1] } : stored;
  },
  write: (value) => JSON.stringify(value).replace(SHORT_TERMS, shortTerms),
};

/** 64 hex digits as bytes; what is none as it is. */
const hash: Field<string> = {
  read: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)),
  write: (value) => (IS_HASH.test(value) ? Buffer.from(value, 'hex') : value),
};
export const IS_HASH = /^[0-9a-f]{64}$/;

const refundedTotal: Field<Fen | 'unknown' | 'elsewhere'> = {
  read: (value) => (value === 'unknown' || value === 'elsewhere' ? value : fen(Number(value))),
  write: String,
};

/** What orders and refunds have in common. */
const SENT = {
  /** When (ms) it was last sent. */
  sentAt: maybe(number),
  /** The process that is talking to the gateway about it just now, and until when (ms) that may be believed. */
  sendingBy: maybe(text()),
  sendingUntil: maybe(number),
  /** When (ms) the settler asks next; undefined while there is nothing to ask. */
  askAt: maybe(number),
  /** How often it has asked since it was sent. */
  asked: number,
  /** Since when (ms) it counts against the limits; undefined while nothing was committed to be sent. */
  countedAt: maybe(number),
  /** Against whose limits. */
  countedBy: maybe(text()),
  /** What the calling program says it is; nobody has checked that. */
  client: maybe(text()),
};

export const ORDERS = new Table('orders', ['outTradeNo', 'state', 'updatedAt'], {
  outTradeNo: text(),
  provider: text<ProviderId>(),
  account: text(),
  caller: text(),
  buyerHash: maybe(text()),
  payerOpenid: maybe(text()),
  payerClientIp: maybe(text()),
  /** There where any of these three is, or was; see payers.ts. */
  payerSalt: maybe(text()),
  scene: text<Scene>(),
  amountFen: money,
  title: text(),
  state: text<OrderState>(),
  gatewayState: maybe(text()),
  gatewayTradeNo: maybe(text()),
  source: text<Source>(),
  inputHash: hash,
  terms,
  /** What is sent now, and again as it is; there while that may be, and only where one order was asked for. */
  plan: { ...maybe(text()), isElsewhere: true },
  credential,
  pageToken: text(),
  createdAt: number,
  updatedAt: number,
  ...SENT,
  expiresAt: maybe(number),
  paidAt: maybe(number),
  late: flag,
  closing: flag,
  /** The gateway's code of a proven refusal of the whole order. */
  declinedCode: maybe(text()),
  /**
   * The gateway's word on what was refunded of it in all, by whomever; `unknown` when it proves a refund but no sum,
   * `elsewhere` when that refund cannot be one of ours.
   */
  gatewayRefunded: maybe(refundedTotal),
});

/** One order as the ledger has it. Instants in ms. */
export type OrderRecord = ReturnType<typeof ORDERS.fromRow>;

export const REFUNDS = new Table('refunds', ['outTradeNo', 'outRefundNo', 'state', 'updatedAt'], {
  outTradeNo: text(),
  outRefundNo: text(),
  merchantScope: maybe(text()),
  caller: text(),
  amountFen: money,
  reason: maybe(text()),
  state: text<RefundState>(),
  gatewayState: maybe(text()),
  gatewayRefundNo: maybe(text()),
  inputHash: text(),
  plan: maybe(text()),
  createdAt: number,
  updatedAt: number,
  ...SENT,
  /** The gateway's code of its last refusal; a refusal ends the refund only when no answer was lost before. */
  declinedCode: maybe(text()),
});

/** One refund as the ledger has it. Instants in ms. */
export type RefundRecord = ReturnType<typeof REFUNDS.fromRow>;

/** `used`: what was approved was committed to be sent; `failed`: it was not, or the gateway provably declined it. */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'used' | 'failed';

/** Stands in an approval as the rule that asks: nobody has, a person wants it of their own accord. */
export const BY_PERSON = 'by-person';

/** What a call that needs a person was, beyond its arguments: enough to make it again without the agent. */
export interface AskedBy {
  /** The id of the call that asked. */
  readonly call?: string;
  readonly tool?: string;
  readonly named?: boolean;
  readonly client?: string;
  readonly ownOrdersOnly?: boolean;
  /** Which token it came with; undefined for callers that need none. */
  readonly credential?: string;
  /** Rules that stood with that token, as parsed. */
  readonly token?: Readonly<Record<string, unknown>>;
  /** The version of the accepted policy that asked for a person. */
  readonly policy: number;
  /** Why the yes before this question did not come about. */
  readonly afterFailure?: string;
  /** The name of the person who has wanted it of their own accord; no agent asked, and no rule of theirs binds it. */
  readonly person?: string;
  /** No agent asked, and no person yet: the server proposes it, and no rule of the agents' binds what a person says to that. */
  readonly byServer?: true;
  /** Whoever asked can say that something was delivered. */
  readonly delivers?: true;
}

export const APPROVALS = new Table('approvals', ['id'], {
  id: text(),
  kind: text<'payment' | 'refund'>(),
  outTradeNo: text(),
  outRefundNo: maybe(text()),
  inputHash: text(),
  caller: text(),
  amountFen: money,
  /** The policy rule that asks for a person. */
  rule: text(),
  state: text<ApprovalState>(),
  createdAt: number,
  expiresAt: number,
  decidedAt: maybe(number),
  decidedBy: maybe(text()),
  reason: maybe(text()),
  /** undefined where an older version asked: only the agent's own repeat carries that out. */
  asked: maybe(json<AskedBy>('asked_json')),
  /** Why what was approved has not been sent, or not yet: our own code, or the gateway's. */
  code: maybe(text()),
});

/** A person's decision on one exact call. `expired` is not stored: it is `expiresAt` against the clock. */
export type ApprovalRecord = ReturnType<typeof APPROVALS.fromRow>;

export const OFFERS = new Table('offers', ['outTradeNo'], {
  outTradeNo: text(),
  caller: text(),
  buyerHash: maybe(text()),
  amountFen: money,
  title: text(),
  inputHash: text(),
  terms: json<Pick<RequestedTerms, 'expiresInMinutes' | 'chosen'>>('terms_json'),
  pageToken: text(),
  createdAt: number,
  /** The order that the buyer's choice makes of it lives no longer. */
  expiresAt: number,
  /** When a call has closed it, before anybody had chosen. */
  closedAt: maybe(number),
  /** Who asked for it, in whose name and under whose rules the choice is carried out. */
  asked: json<AskedBy>('asked_json'),
});

/** A payment of which the buyer is yet to choose the wallet. Instants in ms. */
export type OfferRecord = ReturnType<typeof OFFERS.fromRow>;

/** Who pays back what the server owes: no caller, and no person. */
export const PAY_BACK: ActorName = 'pay-back';

/**
 * Why the server itself owes money back: the trial edition keeps none, a paid call was not delivered, or it was paid
 * once more or too late.
 */
export type OwedWhy = 'trial' | 'call' | 'paid-twice';

export const OWED = new Table('owed', ['outTradeNo', 'outRefundNo', 'tries'], {
  outTradeNo: text(),
  /** Under which it goes back; what a gateway has ended for good goes on under numbers made of this one. */
  outRefundNo: text(),
  /** Of its order. */
  account: text(),
  amountFen: money,
  why: text<OwedWhy>(),
  createdAt: number,
  dueAt: number,
  /** When (ms) somebody sees to it next; undefined once nothing is left to do. */
  tryAt: maybe(number),
  /** How often somebody has seen to it. */
  tries: number,
  /** The code of the first proven refusal, of which the merchant was told. */
  refusedCode: maybe(text()),
  settledAt: maybe(number),
});

/** What the server pays back of its own accord, however long it takes. Instants in ms. */
export type OwedRecord = ReturnType<typeof OWED.fromRow>;
/** What Alipay's buyers are asked for besides the sum, when they pay a call by proof. */
export interface ByProof {
  /** The number under which Alipay knows the payment. */
  readonly outTradeNo: string;
  readonly serviceId: string;
  readonly resourceId: string;
}

export const PAID_CALLS = new Table('paid_calls', ['number', 'state', 'updatedAt'], {
  /** Redeems: whoever shows it with the same request gets what was paid for. At least 100 random bits. */
  number: text(),
  caller: text(),
  face: text<'http' | 'mcp'>(),
  /** What stands behind the gate, and which of its prices; both as the prices file has them. */
  upstream: text(),
  priced: text(),
  /** Over the request that it is bound to. */
  requestHash: hash,
  amountFen: money,
  title: text(),
  /** Whether the upstream may be asked again although an answer was lost. */
  repeatable: flag,
  refundAfterMs: number,
  state: text<PaidCallState>(),
  createdAt: number,
  updatedAt: number,
  /** Until when it can be paid. */
  expiresAt: number,
  /** Of the page where the buyer chooses a wallet, and the number of the order which that makes. */
  pageToken: text(),
  pageNo: text(),
  /** Of an order at WeChat Pay that was made with the price, and what a buyer's agent pays it by. */
  weixinNo: maybe(text()),
  weixinCode: maybe(text()),
  /** How it is paid by Alipay's proof, where it can be; `proofNo` is the number of the order that this makes. */
  proofNo: maybe(text()),
  byProof: maybe(json<Omit<ByProof, 'outTradeNo'>>('by_proof_json')),
  /** The order that was paid first. */
  paidBy: maybe(text()),
  paidAt: maybe(number),
  /** Who asks the upstream just now, and until when that may be believed. */
  sendingBy: maybe(text()),
  sendingUntil: maybe(number),
  /** When something is to be done of our own accord: paying back, or telling Alipay that it is fulfilled. */
  dueAt: maybe(number),
  tries: number,
  /** Why it is paid back: a word of ours. */
  why: maybe(text()),
});

/** One call that is paid for, from its price to its end. Instants in ms. */
export type PaidCallRecord = ReturnType<typeof PAID_CALLS.fromRow>;

export const PAID_RESULTS = new Table('paid_results', ['number'], {
  number: text(),
  /** HTTP status. */
  status: number,
  headers: json<readonly (readonly [name: string, value: string])[]>('headers_json'),
  body: { read: (value) => value as Uint8Array, write: (value) => value } as Field<Uint8Array>,
  createdAt: number,
});

/** What the upstream has answered, as it is handed over. */
export type PaidResult = ReturnType<typeof PAID_RESULTS.fromRow>;

export const PROMISES = new Table('promises', ['outTradeNo', 'tries'], {
  outTradeNo: text(),
  /** Of its order. */
  account: text(),
  /** Under which it would go back. */
  outRefundNo: text(),
  createdAt: number,
  /** When (ms) what was paid for is to be delivered at the latest; undefined: nobody has said. */
  overdueAt: maybe(number),
  /** As of what is owed. */
  tryAt: maybe(number),
  tries: number,
  /** When it was told to be overdue, and what the rules said to do then. */
  toldAt: maybe(number),
  course: maybe(text<Course>()),
  deliveredAt: maybe(number),
  /** The agent's words. */
  note: maybe(text()),
});

/** What is done about an order that nobody has delivered in time. */
export type Course = 'tell' | 'propose-refund' | 'refund';

/** What a paid order's buyer waits for. Instants in ms. */
export type PromiseRecord = ReturnType<typeof PROMISES.fromRow>;

/** One link of the audit trail, read. Instants in ms; the kinds are `call`, `result`, `order-…`, `refund-…` and so on. */
export interface AuditRecord extends Omit<Link, 'detailJson'> {
  readonly detail: Readonly<Record<string, unknown>>;
  /** Over the link before and everything above. */
  readonly hash: string;
}
