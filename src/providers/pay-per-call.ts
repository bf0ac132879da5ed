import type { Fen } from '../domain/money.ts';

/*
 * What a gateway has for selling single calls to programs, beyond the orders of every sale. The words are the wallets'
 * own: A2M is Alipay's, X402 WeChat Pay's.
 */

/** A call that is offered for sale. Everything here is signed by the merchant, and fixed once the bill is given out. */
export interface A2mBill {
  readonly outTradeNo: string;
  readonly amountFen: Fen;
  readonly goodsName: string;
  /** What is bought, always the same for the same request. */
  readonly resourceId: string;
  /** As Alipay has registered it; the merchant's own where it is absent. */
  readonly serviceId?: string | undefined;
  /** ms, whole second */
  readonly payBefore: number;
}

/** What a buyer's agent shows for having paid. Its secrets stay inside: printing or serialising one shows none of them. */
export interface PaymentProof {
  /** Alipay's number of the trade. */
  readonly tradeNo: string;
  /** SHA-256 (hex) of the secret: whether a proof has been shown before is told by it, with the trade's number. */
  readonly digest: string;
}

/** What the gateway has proven of a proof: a payment, of which nothing is yet held against a bill. */
export interface ProvenCall {
  readonly outTradeNo: string;
  readonly resourceId: string;
  readonly tradeNo: string;
  readonly amountFen: Fen;
}

/** Why a proof buys nothing. */
export const PROOF_REFUSALS = [
  /** It cannot be read, or the gateway finds a part of it missing or malformed. */
  'malformed',
  /** It is not the gateway's, or it is of another trade, agent or buyer: somebody tries. */
  'forged',
  /** The buyer has not finished paying; the bill stands. */
  'not-paid',
  /** The trade is over, unpaid or given back: another bill is needed. */
  'closed',
  /** The gateway knows no such proof or trade, or no longer. */
  'not-found',
  /** It has been used up. */
  'consumed',
  /** The buyer's program is too old to prove anything. */
  'client-too-old',
] as const;
export type ProofRefusal = (typeof PROOF_REFUSALS)[number];

/** A proof that provably buys nothing; never the gateway's text, nor a part of the proof. */
export class ProofRefused extends Error {
  override readonly name = 'ProofRefused';
  readonly reason: ProofRefusal;
  /** The gateway's own code, where it was the one who refused. */
  readonly gatewayCode: string | undefined;

  constructor(reason: ProofRefusal, gatewayCode?: string) {
    super(`proof refused: ${reason}`);
    this.reason = reason;
    this.gatewayCode = gatewayCode;
  }
}

/** Selling by proof: the merchant signs a bill, the buyer's agent pays it at Alipay and shows what it got for it. */
export interface A2m {
  /** Whether a bill may do without a service id of its own. */
  readonly hasService: boolean;
  /**
   * The value of `Payment-Needed`. Signed here, without a gateway. Throws `CashierError` INVALID_ARGUMENT for a title
   * that Alipay does not take, and for a bill without a service.
   */
  bill(bill: A2mBill): string;
  /** Reads the value of `Payment-Proof`. Throws {@link ProofRefused}. */
  readProof(header: string): PaymentProof;
  /**
   * Has the gateway say what a proof is worth. Throws {@link ProofRefused} where it provably buys nothing, else the
   * three errors of the port: then nothing is known of it.
   * @param billed what the request at hand was billed as, for Alipay's sandbox, which may leave both out; looked at
   *   nowhere else
   */
  verifyProof(proof: PaymentProof, billed?: Pick<A2mBill, 'outTradeNo' | 'resourceId'>): Promise<ProvenCall>;
  /**
   * Tells the gateway that what was bought has been handed over; the same trade may be told again. `not-open`: it
   * provably waits for no such word, as after an earlier one whose answer was lost. Throws the three errors of the port.
   */
  confirmFulfilment(tradeNo: string): Promise<'confirmed' | 'not-open'>;
  /** The value of `Payment-Validation`. */
  validation(proven: Omit<ProvenCall, 'amountFen'>): string;
}

/** Selling by code: an agent's host redeems a code for the merchant's ordinary order, with its user's yes. */
export interface X402 {
  /**
   * The value of `WeixinPay-Required` for an order that is there. It proves nothing and moves nothing, so it may be had
   * as often as one likes. Throws the three errors of the port.
   */
  preorder(wanted: PreorderTerms): Promise<string>;
}

export interface PreorderTerms {
  /** The order's code. */
  readonly codeUrl: string;
  /** ms; at most 15 minutes ahead. */
  readonly expiresAt: number;
  readonly skillId: string;
  readonly skillVersion?: string | undefined;
}
