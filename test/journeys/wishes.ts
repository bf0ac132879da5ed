import { CLOSE_NOTHING, SAY_ONCE } from '../support/gateways.ts';
import type { LedgerFile } from '../support/ledger-file.ts';
import type { Arguments } from '../support/server-process.ts';
import type { GatewayCall, GatewayTrade, Wallet } from '../support/simulator-client.ts';
import type { Payment, PaymentList, Refund, Refusal } from './shapes.ts';

/** How a wish is to end. `late`: closed, and then paid all the same. `denied`: there never was room for it. */
export type Fate = 'refunded' | 'paid' | 'unpaid' | 'closed' | 'late' | 'denied';

/** What a client had been told when it asked again: what is told from then on must agree with it. */
export interface Standing {
  readonly payment: Payment | undefined;
  readonly refund: Refund | undefined;
}

/**
 * Whether an order is one whose code got lost where it is given only once: the gateway has it, nobody can pay it, and
 * the same is wanted under another number.
 */
export function isLost({ provider, state }: { readonly provider: string; readonly state: string }): boolean {
  return SAY_ONCE.has(provider) && state === 'CLOSED';
}

/** A refund above this waits for a person. */
export const FREE_REFUND_FEN = 600;

const REFUND_MAY_BE: Readonly<Record<string, readonly string[]>> = {
  PENDING_APPROVAL: ['PENDING_APPROVAL', 'UNKNOWN', 'PROCESSING', 'SUCCESS'],
  UNKNOWN: ['UNKNOWN', 'PROCESSING', 'SUCCESS'],
  PROCESSING: ['PROCESSING', 'SUCCESS'],
  SUCCESS: ['SUCCESS'],
};

const ENDS_AS: Readonly<Record<Fate, string | undefined>> = {
  refunded: 'PAID',
  paid: 'PAID',
  unpaid: 'NOTPAY',
  closed: 'CLOSED',
  late: 'PAID',
  denied: undefined,
};

/**
 * One thing that a client wants, over any number of server processes: an order, and perhaps a refund of it, always
 * asked for by the same calls. It remembers what it was told, and notes every word that takes an earlier one back.
 */
export class Wish {
  readonly provider: Wallet;
  /** No other wish has it, so it also finds orders and trades that should not be there. */
  readonly title: string;
  readonly amountYuan: string;
  fate: Fate;
  /** Stays as it is once it was asked for, unless that was refused. */
  refundYuan: string;
  /** Nobody repeats its calls before the very end. */
  readonly leftAlone: boolean;
  /** Its refund needs no person, however much it is. */
  readonly isTrusted: boolean = false;
  /** What the client asked for so far, answered or not. */
  readonly asked = { create: false, close: false, refund: false };
  /** The buyer has paid. */
  paid = false;
  readonly violations: string[] = [];
  /** Numbers that were given up for the next. */
  readonly lost = new Set<string>();
  readonly #refundNo: string | undefined;
  #number: string | undefined;
  #payment: Payment | undefined;
  #refund: Refund | undefined;
  /** The code that the buyer was given. */
  #code: string | undefined;

  constructor(options: {
    readonly provider: Wallet;
    readonly title: string;
    readonly amountYuan: string;
    readonly fate: Fate;
    /** Else the order is recognised by its buyer, and the refund by its order. */
    readonly numbers: { readonly outTradeNo: string; readonly outRefundNo: string } | undefined;
    readonly refundYuan: string;
    readonly leftAlone: boolean;
  }) {
    const { provider, title, amountYuan, fate, numbers } = options;
    this.provider = provider;
    this.title = title;
    this.amountYuan = amountYuan;
    this.fate = fate;
    this.refundYuan = options.refundYuan;
    this.leftAlone = options.leftAlone;
    this.#number = numbers?.outTradeNo;
    this.#refundNo = numbers?.outRefundNo;
  }

  get createArgs(): Arguments {
    const { provider, title, amountYuan } = this;
    const identity =
      this.#number === undefined ? { buyer: `buyer of ${title}` } : { outTradeNo: this.#number };
    return { provider, title, amountYuan, ...identity };
  }

  get outTradeNo(): string {
    const number = this.#payment?.outTradeNo ?? this.#number;
    if (number === undefined) throw new Error(`${this.title} has no number yet`);
    return number;
  }

  /** What its calls to a gateway carry, whichever they are. */
  isIn(text: string): boolean {
    const { outTradeNo = this.#number, gatewayTradeNo } = this.#payment ?? {};
    return [this.title, outTradeNo, gatewayTradeNo].some((one) => one !== undefined && text.includes(one));
  }

  get refundArgs(): Arguments {
    const number = this.#refundNo === undefined ? {} : { outRefundNo: this.#refundNo };
    return { outTradeNo: this.outTradeNo, refundYuan: this.refundYuan, ...number };
  }

  get standing(): Standing {
    return { payment: this.#payment, refund: this.#refund };
  }

  get state(): Payment['state'] | undefined {
    return this.#payment?.state;
  }

  get refundState(): Refund['state'] | undefined {
    return this.#refund?.state;
  }

  /** All that can be done to keep it from being paid was done. */
  get isClosed(): boolean {
    const { state, closing } = this.#payment ?? {};
    return state === 'CLOSED' || (closing === true && CLOSE_NOTHING.has(this.provider));
  }

  /** How it is to stand in the ledger at the end. */
  get endsAs(): string | undefined {
    return this.fate === 'closed' && CLOSE_NOTHING.has(this.provider) ? 'NOTPAY' : ENDS_AS[this.fate];
  }

  /** Something to pay with was given out. */
  get isOpen(): boolean {
    return this.#code !== undefined;
  }

  /** The code as it was told when it was first told. */
  get shown(): { readonly qrCode: string } {
    if (this.#code === undefined) throw new Error(`nothing to pay ${this.title} with`);
    return { qrCode: this.#code };
  }

  /**
   * Takes in that its create was refused because its code got lost, and goes on under another number; false for any
   * other refusal, and where the code was told.
   */
  isGivenUp({ code, outTradeNo }: Refusal): boolean {
    if (code !== 'GATEWAY_DECLINED' || !SAY_ONCE.has(this.provider) || this.isOpen) return false;
    this.#giveUp(String(outTradeNo));
    return true;
  }

  #giveUp(number: string): void {
    if (this.lost.has(number)) return;
    this.lost.add(number);
    if (this.#payment?.outTradeNo === number) this.#payment = undefined;
    if (this.#number === number) this.#number = `${number}N`;
  }

  /** Takes in what the client was told by a call that began at `before`. */
  tell(payment: Payment, before: Standing): void {
    this.compare(payment, before);
    // Whoever was to tell of that refusal has died of it: the number says no more than that it is closed.
    if (isLost(payment) && !this.isOpen) this.#giveUp(payment.outTradeNo);
    else if (this.#payment?.state !== 'PAID' || payment.state === 'PAID') this.#payment = payment;
    this.#code ??= payment.qrCode;
  }

  /** As {@link tell}, where the client only looks whether what it was told still stands. */
  compare(payment: Payment, before: Standing): void {
    const earlier = before.payment;
    const { title, amountYuan, provider } = payment;
    this.#insist(title === this.title && amountYuan === this.amountYuan && provider === this.provider, {
      is: 'another order',
      payment,
    });
    const known = this.#number === payment.outTradeNo || this.lost.has(payment.outTradeNo);
    if (this.#number !== undefined) this.#insist(known, { is: 'another number', payment });
    const isAnew = earlier?.outTradeNo !== payment.outTradeNo && earlier?.state === 'UNKNOWN';
    if (earlier && !(isAnew && SAY_ONCE.has(this.provider))) {
      for (const fact of ['outTradeNo', 'createdAt', 'expiresAt', 'paidAt', 'gatewayTradeNo'] as const) {
        const kept = earlier[fact] === undefined || earlier[fact] === payment[fact];
        this.#insist(kept, { is: `${fact} taken back`, earlier, payment });
      }
      const grown = Number(payment.refundedYuan) >= Number(earlier.refundedYuan);
      this.#insist(grown, { is: 'refundedYuan taken back', earlier, payment });
      this.#insist(this.#mayFollow(earlier.state, payment.state), {
        is: 'state taken back',
        earlier,
        payment,
      });
    }
    const { qrCode } = payment;
    const sameCode = qrCode === undefined || this.#code === undefined || this.#code === qrCode;
    this.#insist(sameCode, { is: 'another code', payment });
  }

  /** As {@link tell}. */
  tellRefund(refund: Refund, before: Standing): void {
    const earlier = before.refund;
    const mine = refund.outTradeNo === this.outTradeNo && refund.refundYuan === this.refundYuan;
    this.#insist(mine, { is: 'another refund', refund });
    if (this.#refundNo !== undefined)
      this.#insist(refund.outRefundNo === this.#refundNo, { is: 'another number', refund });
    if (earlier) {
      this.#insist(refund.outRefundNo === earlier.outRefundNo, { is: 'another refund', earlier, refund });
      const sameYes = earlier.approval === undefined || earlier.approval.id === refund.approval?.id;
      this.#insist(sameYes, { is: 'asked for a second yes', earlier, refund });
    }
    const may = REFUND_MAY_BE[earlier?.state ?? 'PENDING_APPROVAL'] ?? [];
    this.#insist(may.includes(refund.state), { is: 'state taken back', earlier, refund });
    if (this.#refund?.state !== 'SUCCESS' || refund.state === 'SUCCESS') this.#refund = refund;
  }

  /** CLOSED is only a word to be kept where somebody asked for it; a late payment may follow it. */
  #mayFollow(earlier: Payment['state'], now: Payment['state']): boolean {
    if (earlier === 'PAID') return now === 'PAID';
    if (earlier === 'CLOSED' && this.asked.close) return now === 'CLOSED' || now === 'PAID';
    return true;
  }

  #insist(holds: boolean, found: { readonly is: string } & Readonly<Record<string, unknown>>): void {
    if (!holds) this.violations.push(`${this.title}: ${JSON.stringify(found)}`);
  }
}

/** A row of `orders --json`, as far as it matters here. */
export interface LedgerOrder {
  readonly outTradeNo: string;
  readonly provider: Wallet;
  readonly title: string;
  readonly amountFen: number;
  readonly state: string;
  readonly source: string;
  readonly late: boolean;
  readonly refunds: readonly {
    readonly outRefundNo: string;
    readonly amountFen: number;
    readonly state: string;
  }[];
}

/** What `orders --json` says. */
export function readOrders(stdout: string): LedgerOrder[] {
  const fen = (yuan: string) => Number(yuan.replace('.', ''));
  type Shown = Omit<LedgerOrder, 'amountFen' | 'refunds'> & {
    readonly amountYuan: string;
    readonly refunds: readonly { outRefundNo: string; refundYuan: string; state: string }[];
  };
  return (JSON.parse(stdout) as { items: Shown[] }).items.map(({ amountYuan, refunds, ...order }) => ({
    ...order,
    amountFen: fen(amountYuan),
    refunds: refunds.map(({ refundYuan, ...refund }) => ({ ...refund, amountFen: fen(refundYuan) })),
  }));
}

/** How often something has happened to a refund, by the record. */
export interface Step {
  readonly outTradeNo: string;
  readonly outRefundNo: string;
  readonly kind: 'approval-used' | 'refund-sent' | 'refund-declined';
  readonly count: number;
}

/** What the record says about refunds and the yes to them. */
export async function readSteps(ledger: Pick<LedgerFile, 'rows'>): Promise<Step[]> {
  const rows = await ledger.rows(
    `SELECT out_trade_no AS "outTradeNo", out_refund_no AS "outRefundNo", word AS kind, COUNT(*) AS count
     FROM audit JOIN words ON words.id = audit.kind WHERE word IN ('approval-used', 'refund-sent', 'refund-declined') GROUP BY 1, 2, 3`,
  );
  return rows.map((row) => ({ ...row, count: Number(row.count) }) as Step);
}

/** The three sides at one moment. */
export interface Sides {
  readonly wishes: readonly Wish[];
  readonly orders: readonly LedgerOrder[];
  readonly trades: readonly GatewayTrade[];
  readonly calls: readonly GatewayCall[];
  readonly steps: readonly Step[];
}

/** Everything that must hold at any moment, whatever was killed; tells what does not. */
export function findWrongs({ wishes, orders, trades, calls, steps }: Sides): string[] {
  const wrongs = wishes.flatMap((wish) => wish.violations);
  const insist = (holds: boolean, wrong: string) => {
    if (!holds) wrongs.push(wrong);
  };
  const byNumber = new Map(orders.map((order) => [order.outTradeNo, order]));
  const known = new Set(wishes.map((wish) => wish.title));
  const trusted = new Set(wishes.filter((wish) => wish.isTrusted).map((wish) => wish.title));
  for (const wish of wishes) {
    const all = orders.filter((order) => order.title === wish.title);
    const own = all.filter((order) => !isLost(order));
    const [order = all.at(-1)] = own;
    for (const { outTradeNo } of all.filter(isLost)) {
      const told = wish.isOpen && wish.outTradeNo === outTradeNo;
      insist(!told, `${wish.title}: ${outTradeNo} is closed, and its code was told`);
    }
    for (const number of wish.lost) {
      const had = calls.filter(
        (call) => call.outTradeNo === number && call.operation === 'create' && call.carriedOut,
      );
      insist(had.length > 1, `${wish.title}: ${number} was refused, and the gateway did not have it`);
    }
    insist(own.length <= 1, `${wish.title}: ${own.length} orders in the ledger`);
    insist(
      own.every((one) => one.refunds.length <= 1),
      `${wish.title}: two refunds in the ledger`,
    );
    const { payment, refund } = wish.standing;
    if (payment) {
      insist(order?.outTradeNo === payment.outTradeNo, `${wish.title}: told, but not in the ledger`);
      const kept = payment.state !== 'PAID' || order?.state === 'PAID';
      insist(kept, `${wish.title}: told PAID, the ledger says ${order?.state}`);
    }
    if (refund) {
      const row = order?.refunds.find(({ outRefundNo }) => outRefundNo === refund.outRefundNo);
      insist(row !== undefined, `${wish.title}: told of a refund that is not in the ledger`);
      const kept = refund.state !== 'SUCCESS' || row?.state === 'SUCCESS';
      insist(kept, `${wish.title}: refund told SUCCESS, the ledger says ${row?.state}`);
    }
  }
  for (const order of orders) insist(known.has(order.title), `${order.outTradeNo}: nobody asked for it`);

  for (const title of known) {
    const own = trades.filter((trade) => trade.title === title);
    insist(own.length <= 1, `${title}: ${own.length} trades at the gateway`);
  }
  for (const { outTradeNo, provider, amountFen, refunds } of trades) {
    const order = byNumber.get(outTradeNo);
    const same = order?.provider === provider && order.amountFen === amountFen;
    insist(same, `${outTradeNo}: a trade of ${amountFen} fen that the ledger does not have`);
    insist(refunds.length <= 1, `${outTradeNo}: ${refunds.length} refunds at the gateway`);
    const refundedFen = refunds.reduce((sum, refund) => sum + refund.amountFen, 0);
    insist(refundedFen <= amountFen, `${outTradeNo}: ${refundedFen} fen of ${amountFen} refunded`);
    for (const refund of refunds) {
      const intent = order?.refunds.find(({ outRefundNo }) => outRefundNo === refund.outRefundNo);
      insist(intent?.amountFen === refund.amountFen, `${outTradeNo}: a refund without an intent`);
      insist(intent?.state !== 'PENDING_APPROVAL', `${outTradeNo}: a refund without a yes`);
    }
  }

  for (const { outTradeNo, title, refunds } of orders) {
    for (const { outRefundNo, amountFen } of refunds) {
      const times = (kind: Step['kind']) =>
        steps.find(
          (step) => step.outTradeNo === outTradeNo && step.outRefundNo === outRefundNo && step.kind === kind,
        )?.count ?? 0;
      const sent = times('refund-sent');
      const yes = amountFen > FREE_REFUND_FEN && !trusted.has(title) ? sent : 0;
      const name = `${outTradeNo} ${outRefundNo}`;
      insist(sent - times('refund-declined') <= 1, `${name}: intended ${sent} times`);
      insist(times('approval-used') === yes, `${name}: sent ${sent} times, by ${times('approval-used')} yes`);
    }
  }

  const bytes = new Map<string, string>();
  for (const { operation, outTradeNo, outRefundNo, bodyDigest } of calls) {
    const deed = `${operation} of ${outTradeNo} ${outRefundNo ?? ''}`;
    const order = byNumber.get(outTradeNo);
    // Asking is no deed, and some questions name no order.
    if (operation === 'query' || operation === 'query-refund') continue;
    insist(order !== undefined, `${deed}: no intent in the ledger`);
    if (operation === 'close') continue;
    if (operation === 'refund') {
      const intent = order?.refunds.some((refund) => refund.outRefundNo === outRefundNo);
      insist(intent === true, `${deed}: no intent in the ledger`);
    }
    const first = bytes.get(deed) ?? bodyDigest;
    bytes.set(deed, first);
    insist(first === bodyDigest, `${deed}: sent again with other bytes`);
  }
  return wrongs;
}

/** What must hold besides, once the weather has cleared and everybody has had time. */
export function findUnfinished({ wishes, orders, trades }: Sides): string[] {
  const wrongs: string[] = [];
  const insist = (holds: boolean, wrong: string) => {
    if (!holds) wrongs.push(wrong);
  };
  const asked = wishes.filter((wish) => wish.asked.create);
  const granted = asked.filter((wish) => wish.fate !== 'denied').length;
  const kept = orders.filter((order) => !isLost(order));
  insist(kept.length === granted, `${kept.length} orders for ${granted} wishes`);
  for (const wish of asked) {
    const order = kept.find(({ title }) => title === wish.title);
    const trade = trades.find(({ title }) => title === wish.title);
    const { title, fate } = wish;
    insist(order?.state === wish.endsAs, `${title} (${fate}) ended ${order?.state} in the ledger`);
    const paidThere = wish.endsAs === 'PAID' ? 'PAID' : undefined;
    const agrees = paidThere === undefined ? trade?.state !== 'PAID' : trade?.state === paidThere;
    insist(agrees, `${title} (${fate}) ended ${trade?.state} at the gateway`);
    const wanted = fate === 'refunded' ? 1 : 0;
    insist(
      (order?.refunds.length ?? 0) === wanted,
      `${title} (${fate}): ${order?.refunds.length} refunds here`,
    );
    insist((trade?.refunds.length ?? 0) === wanted, `${title} (${fate}): ${trade?.refunds.length} there`);
    for (const { state } of order?.refunds ?? []) insist(state === 'SUCCESS', `${title}: refund ${state}`);
    for (const { status } of trade?.refunds ?? [])
      insist(status === 'SUCCESS', `${title}: refund ${status} at the gateway`);
  }
  for (const { outTradeNo, state, refunds } of orders) {
    const unknown = state === 'UNKNOWN' || refunds.some((refund) => refund.state === 'UNKNOWN');
    insist(!unknown, `${outTradeNo} is still UNKNOWN`);
  }
  return wrongs;
}

/** Whether a list says the same as the rows of the ledger and the books of the gateway, to the fen. */
export function findOddSums(
  items: PaymentList['items'],
  totals: PaymentList['totals'],
  sides: Sides,
): string[] {
  const told = items.map(({ outTradeNo, state }) => `${outTradeNo} ${state}`).sort();
  const rows = sides.orders.map(({ outTradeNo, state }) => `${outTradeNo} ${state}`).sort();
  const paidFen = sum(sides.trades.filter(({ state }) => state === 'PAID').map(({ amountFen }) => amountFen));
  const refundedFen = sum(sides.trades.flatMap(({ refunds }) => refunds.map(({ amountFen }) => amountFen)));
  const wrongs: string[] = [];
  if (told.join() !== rows.join()) wrongs.push('list-payments and the ledger differ');
  if (totals.count !== rows.length) wrongs.push(`list-payments counts ${totals.count} of ${rows.length}`);
  if (totals.paidYuan !== yuan(paidFen))
    wrongs.push(`paid ${totals.paidYuan}, at the gateway ${paidFen} fen`);
  if (totals.refundedYuan !== yuan(refundedFen))
    wrongs.push(`refunded ${totals.refundedYuan}, at the gateway ${refundedFen} fen`);
  return wrongs;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function yuan(fen: number): string {
  return (fen / 100).toFixed(2);
}
