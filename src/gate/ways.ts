import { CashierError } from '../domain/errors.ts';
import type { ByProof, PaidCallRecord } from '../ledger/records.ts';
import { Bucket } from '../payments/call-rate.ts';
import { paidByProof, payByProof } from '../payments/paid-calls/prove.ts';
import { provingWallet } from '../payments/paid-calls/quote.ts';
import { codeWallet, weixinCode } from '../payments/paid-calls/weixin.ts';
import type { Till } from '../payments/till.ts';
import { ProofRefused } from '../providers/contract.ts';
import type { Price } from './prices.ts';
import type { ProblemName } from './problems.ts';
import { type PageOf, receiptLink } from './receipt-link.ts';

/** Bills are rows of the ledger, and codes are orders at a gateway: so many for each who asks. */
const BILLS = { burst: 2_000, perSecond: 10 };
const CODES = { burst: 30, perSecond: 0.5 };
/** A gateway is asked about what somebody shows: who shows what is worth nothing would use up everybody's turns. */
const IN_VAIN = { burst: 300, perSecond: 2 };

/** What a bill says of the ways to pay it besides its page. */
export interface ShownWays {
  readonly headers: Readonly<Record<string, string>>;
  /** Of its body. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** The ways, besides its page, in which a bill can be paid and shown to be: by a wallet's proof, or by a code. */
export class Ways {
  readonly #till: Till;
  readonly #pageOf: PageOf;
  readonly #bills = new Bucket(BILLS);
  readonly #codes = new Bucket(CODES);
  readonly #inVain = new Bucket(IN_VAIN);

  constructor(till: Till, pageOf: PageOf) {
    this.#till = till;
    this.#pageOf = pageOf;
  }

  /** Counts a bill that somebody wants. Throws TRY_LATER where it is one too many. */
  admit(source: string): void {
    const seconds = Math.ceil(this.#bills.take(source, this.#till.clock.now(), 1));
    if (seconds > 0) throw tooMany(seconds);
  }

  /** Whether a gateway may be asked about what somebody shows. Throws TRY_LATER where too much was worth nothing. */
  mayAsk(source: string): void {
    const seconds = Math.ceil(this.#inVain.take(source, this.#till.clock.now(), 0));
    if (seconds > 0) throw tooManyShown(seconds);
  }

  /** Counts what a gateway was asked about in vain. */
  askedInVain(source: string): void {
    this.#inVain.take(source, this.#till.clock.now(), 1);
  }

  /**
   * What a bill needs in order to be paid by proof; undefined where no wallet takes one, or knows this service.
   * @param resourceId what is bought, always the same for the same request
   */
  proofTerms({ a2mServiceId }: Price, resourceId: string): Omit<ByProof, 'outTradeNo'> | undefined {
    const { a2m } = provingWallet(this.#till) ?? {};
    if (!a2m || (a2mServiceId === undefined && !a2m.hasService)) return undefined;
    return { serviceId: a2mServiceId ?? '', resourceId };
  }

  /** The bill with a code, which takes an order at the gateway: without one where too many are wanted, or none is to be had. */
  async withCode(call: PaidCallRecord, price: Price, source: string): Promise<PaidCallRecord> {
    const { skillId, skillVersion } = price;
    const till = this.#till;
    if (skillId === undefined || !codeWallet(till)) return call;
    if (this.#codes.take(source, till.clock.now(), 1) > 0) return call;
    try {
      return await weixinCode(till, call, { skillId, skillVersion });
    } catch (error) {
      if (!(error instanceof CashierError)) throw error;
      till.log.warn('no payment code', { error: error.message });
      return call;
    }
  }

  shownIn({ byProof, proofNo, weixinCode: code, amountFen, title, expiresAt }: PaidCallRecord): ShownWays {
    const { a2m } = provingWallet(this.#till) ?? {};
    const needed =
      a2m && byProof && proofNo !== undefined
        ? a2m.bill({
            ...{ outTradeNo: proofNo, amountFen, goodsName: title, payBefore: expiresAt },
            resourceId: byProof.resourceId,
            serviceId: byProof.serviceId || undefined,
          })
        : undefined;
    return {
      headers: {
        ...(needed === undefined ? {} : { 'Payment-Needed': needed }),
        ...(code === undefined ? {} : { 'WeixinPay-Required': code }),
      },
      members: code === undefined ? {} : { WeixinPay: { 'WeixinPay-Required': code, prompt: REDEEM } },
    };
  }

  /**
   * The call that a proof pays for, or why it pays for none. Throws TRY_LATER, and the three errors of the port where
   * nobody can say.
   */
  async payByProof(
    header: string,
    requestHash: string,
    source: string,
  ): Promise<PaidCallRecord | ProblemName> {
    try {
      const known = await paidByProof(this.#till, header);
      if (known) return known;
      this.mayAsk(source);
      const paid = await payByProof(this.#till, header, requestHash);
      if (paid === 'other-bill') this.askedInVain(source);
      return paid;
    } catch (error) {
      if (!(error instanceof ProofRefused)) throw error;
      this.askedInVain(source);
      return error.reason;
    }
  }

  /** As {@link receiptLink}. */
  receiptOf(call: PaidCallRecord): Promise<string | undefined> {
    return receiptLink(this.#till, this.#pageOf, call);
  }

  /** What is added to the answer of a call that was paid for: the same whenever it is made. */
  async addedTo(call: PaidCallRecord): Promise<readonly string[]> {
    const { number, paidBy, proofNo, byProof } = call;
    const receipt = await this.receiptOf(call);
    const ours = [
      ...['X-Out-Trade-No', number],
      ...(receipt === undefined ? [] : ['X-Cashier-Receipt', receipt]),
    ];
    if (paidBy === undefined || paidBy !== proofNo) return ours;
    const order = await this.#till.ledger.read((book) => book.orders.get(paidBy));
    const { a2m } = provingWallet(this.#till) ?? {};
    if (!a2m || !byProof || order?.gatewayTradeNo === undefined) return ours;
    const proven = { outTradeNo: paidBy, tradeNo: order.gatewayTradeNo, resourceId: byProof.resourceId };
    return [...ours, 'Payment-Validation', a2m.validation(proven)];
  }
}

/** As the host of an agent with such a wallet expects it: it hands the code to its own tool. */
const REDEEM =
  '将 WeixinPay-Required 的值作为 paymentCode 交给 weixinpay_pay，向用户申请支付授权；付款后带上 X-Out-Trade-No 重复同一请求。';

function tooMany(seconds: number): CashierError {
  return new CashierError('TRY_LATER', {
    zh: '账单要得过于频繁，没有开新账单。',
    en: 'Too many bills were asked for; none was made.',
    next: { zh: `${seconds} 秒后再试。`, en: `Try again in ${seconds} s.` },
    details: { retryAfterSeconds: seconds },
  });
}

function tooManyShown(seconds: number): CashierError {
  return new CashierError('TRY_LATER', {
    zh: '出示的凭证中有太多不能证明付款，这次没有查看。',
    en: 'Too much of what was shown proves no payment; this was not looked at.',
    next: { zh: `${seconds} 秒后再试。`, en: `Try again in ${seconds} s.` },
    details: { retryAfterSeconds: seconds },
  });
}
