import { type Fen, fen } from '../domain/money.ts';
import type { Credential, OrderState, ProviderId, RefundState, Scene, Source } from '../domain/order.ts';
import type { Link } from './audit-chain.ts';
import type { Row, SqlValue } from './store.ts';

/** What the caller asked for beyond what the order's own columns hold. */
export interface RequestedTerms {
  readonly expiresInMinutes: number;
  readonly payerOpenid?: string;
  readonly payerClientIp?: string;
  /** Another system made it; what only its maker knows is not known here. */
  readonly adopted?: true;
  /** The caller chose its number, so another system of the merchant may have used it before. */
  readonly chosen?: true;
  /** What the gateway must say again when it says that this very order is paid. */
  readonly mark?: string;
}

/** One order as the ledger has it. Instants in ms. */
export interface OrderRecord {
  readonly outTradeNo: string;
  readonly provider: ProviderId;
  readonly account: string;
  readonly caller: string;
  readonly buyerHash: string | undefined;
  readonly scene: Scene;
  readonly amountFen: Fen;
  readonly title: string;
  readonly state: OrderState;
  readonly gatewayState: string | undefined;
  readonly gatewayTradeNo: string | undefined;
  readonly source: Source;
  readonly inputHash: string;
  readonly terms: RequestedTerms;
  readonly plan: string | undefined;
  readonly credential: Credential;
  readonly pageToken: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly sentAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly paidAt: number | undefined;
  readonly late: boolean;
  readonly closing: boolean;
  /** The gateway's code of a proven refusal of the whole order. */
  readonly declinedCode: string | undefined;
  /** The process that is talking to the gateway about it just now, and until when (ms) that may be believed. */
  readonly sendingBy: string | undefined;
  readonly sendingUntil: number | undefined;
  /** When (ms) the settler asks next; undefined while there is nothing to ask. */
  readonly askAt: number | undefined;
  /** How often it has asked since it was sent. */
  readonly asked: number;
  /** Since when (ms) it counts against the limits; undefined while nothing was committed to be sent. */
  readonly countedAt: number | undefined;
  /** Against whose limits. */
  readonly countedBy: string | undefined;
  /** What the calling program says it is; nobody has checked that. */
  readonly client: string | undefined;
  /**
   * The gateway's word on what was refunded of it in all, by whomever; `unknown` when it proves a refund but no sum,
   * `elsewhere` when that refund cannot be one of ours.
   */
  readonly gatewayRefunded: Fen | 'unknown' | 'elsewhere' | undefined;
}

/** One refund as the ledger has it. Instants in ms. */
export interface RefundRecord {
  readonly outTradeNo: string;
  readonly outRefundNo: string;
  readonly merchantScope: string | undefined;
  readonly caller: string;
  readonly amountFen: Fen;
  readonly reason: string | undefined;
  readonly state: RefundState;
  readonly gatewayState: string | undefined;
  readonly gatewayRefundNo: string | undefined;
  readonly inputHash: string;
  readonly plan: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When (ms) it was last sent. */
  readonly sentAt: number | undefined;
  /** The gateway's code of its last refusal; a refusal ends the refund only when no answer was lost before. */
  readonly declinedCode: string | undefined;
  readonly sendingBy: string | undefined;
  readonly sendingUntil: number | undefined;
  /** When (ms) the settler asks next; undefined while there is nothing to ask. */
  readonly askAt: number | undefined;
  /** How often it has asked since it was sent. */
  readonly asked: number;
  /** Since when (ms) it counts against the limits; undefined while nothing was committed to be sent. */
  readonly countedAt: number | undefined;
  /** Against whose limits. */
  readonly countedBy: string | undefined;
  /** What the calling program says it is; nobody has checked that. */
  readonly client: string | undefined;
}

/** `used`: what was approved was committed to be sent; `failed`: it was not, or the gateway provably declined it. */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'used' | 'failed';

/** What a call that needs a person was, beyond its arguments: enough to make it again without the agent. */
export interface AskedBy {
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
}

/** A person's decision on one exact call. `expired` is not stored: it is `expiresAt` against the clock. */
export interface ApprovalRecord {
  readonly id: string;
  readonly kind: 'payment' | 'refund';
  readonly outTradeNo: string;
  readonly outRefundNo: string | undefined;
  readonly inputHash: string;
  readonly caller: string;
  readonly amountFen: Fen;
  /** The policy rule that asks for a person. */
  readonly rule: string;
  readonly state: ApprovalState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedAt: number | undefined;
  readonly decidedBy: string | undefined;
  readonly reason: string | undefined;
  /** undefined where an older version asked: only the agent's own repeat carries that out. */
  readonly asked: AskedBy | undefined;
  /** Why what was approved has not been sent, or not yet: our own code, or the gateway's. */
  readonly code: string | undefined;
}

/** One link of the audit trail, read. Instants in ms; the kinds are `call`, `result`, `order-…`, `refund-…` and so on. */
export interface AuditRecord extends Omit<Link, 'detailJson'> {
  readonly detail: Readonly<Record<string, unknown>>;
  /** Over the link before and everything above. */
  readonly hash: string;
}

export const text = (value: SqlValue | undefined): string | undefined =>
  value === null || value === undefined ? undefined : String(value);
const instant = (value: SqlValue | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value);

export function orderFromRow(row: Row): OrderRecord {
  return {
    outTradeNo: String(row.out_trade_no),
    provider: String(row.provider) as ProviderId,
    account: String(row.account),
    caller: String(row.caller),
    buyerHash: text(row.buyer_hash),
    scene: String(row.scene) as Scene,
    amountFen: fen(Number(row.amount_fen)),
    title: String(row.title),
    state: String(row.state) as OrderState,
    gatewayState: text(row.gateway_state),
    gatewayTradeNo: text(row.gateway_trade_no),
    source: String(row.source) as Source,
    inputHash: String(row.input_hash),
    terms: JSON.parse(String(row.terms_json)) as RequestedTerms,
    plan: text(row.plan),
    credential: JSON.parse(text(row.credential_json) ?? '{}') as Credential,
    pageToken: String(row.page_token),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    sentAt: instant(row.sent_at),
    expiresAt: instant(row.expires_at),
    paidAt: instant(row.paid_at),
    late: Number(row.late) === 1,
    closing: Number(row.closing) === 1,
    declinedCode: text(row.declined_code),
    sendingBy: text(row.sending_by),
    sendingUntil: instant(row.sending_until),
    askAt: instant(row.ask_at),
    asked: Number(row.asked),
    countedAt: instant(row.counted_at),
    countedBy: text(row.counted_by),
    client: text(row.client),
    gatewayRefunded: refundedTotal(row.gateway_refunded),
  };
}

function refundedTotal(value: SqlValue | undefined): OrderRecord['gatewayRefunded'] {
  const total = text(value);
  return total === undefined || total === 'unknown' || total === 'elsewhere' ? total : fen(Number(total));
}

export function refundFromRow(row: Row): RefundRecord {
  return {
    outTradeNo: String(row.out_trade_no),
    outRefundNo: String(row.out_refund_no),
    merchantScope: text(row.merchant_scope),
    caller: String(row.caller),
    amountFen: fen(Number(row.amount_fen)),
    reason: text(row.reason),
    state: String(row.state) as RefundState,
    gatewayState: text(row.gateway_state),
    gatewayRefundNo: text(row.gateway_refund_no),
    inputHash: String(row.input_hash),
    plan: text(row.plan),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    sentAt: instant(row.sent_at),
    declinedCode: text(row.declined_code),
    sendingBy: text(row.sending_by),
    sendingUntil: instant(row.sending_until),
    askAt: instant(row.ask_at),
    asked: Number(row.asked),
    countedAt: instant(row.counted_at),
    countedBy: text(row.counted_by),
    client: text(row.client),
  };
}

export function approvalFromRow(row: Row): ApprovalRecord {
  return {
    id: String(row.id),
    kind: String(row.kind) as ApprovalRecord['kind'],
    outTradeNo: String(row.out_trade_no),
    outRefundNo: text(row.out_refund_no),
    inputHash: String(row.input_hash),
    caller: String(row.caller),
    amountFen: fen(Number(row.amount_fen)),
    rule: String(row.rule),
    state: String(row.state) as ApprovalState,
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    decidedAt: instant(row.decided_at),
    decidedBy: text(row.decided_by),
    reason: text(row.reason),
    asked: row.asked_json === null ? undefined : (JSON.parse(String(row.asked_json)) as AskedBy),
    code: text(row.code),
  };
}

export function auditFromRow(row: Row): AuditRecord {
  return {
    seq: Number(row.seq),
    at: Number(row.at),
    kind: String(row.kind),
    caller: String(row.caller),
    tool: text(row.tool),
    call: text(row.call_id),
    outTradeNo: text(row.out_trade_no),
    outRefundNo: text(row.out_refund_no),
    detail: JSON.parse(String(row.detail_json)) as Record<string, unknown>,
    hash: String(row.hash),
  };
}
