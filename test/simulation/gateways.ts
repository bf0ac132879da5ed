import type { Fen } from '../../src/domain/money.ts';
import type { ProviderId } from '../../src/domain/order.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../../src/providers/contract.ts';
import type { GatewayRequest, GatewayResponse } from '../../src/providers/gateway-http.ts';
import { payBill } from '../../src/simulator/alipay/a2m-cashier.ts';
import { FAKES } from '../../src/simulator/fakes.ts';
import type { Incoming, Outgoing } from '../../src/simulator/http.ts';
import { announce, announceForged, pay } from '../../src/simulator/payer.ts';
import { scan } from '../../src/simulator/scanner.ts';
import { isFor, scenarioNamed } from '../../src/simulator/scenarios.ts';
import type { Delivery } from '../../src/simulator/state/deliveries.ts';
import type { Identity } from '../../src/simulator/state/identity.ts';
import { refundStatus, type Trade, tradeState } from '../../src/simulator/state/trades.ts';
import { type Occasion, Steered, Steering } from '../../src/simulator/steering.ts';
import { fakeOf, type World } from '../../src/simulator/world.ts';
import type { Dice } from '../support/dice.ts';
import { Agreements, BillFiles, Codes, Deliveries, PaymentCodes, Requests, Trades } from './books.ts';
import type { Booked, Happening } from './history.ts';
import { type Fault, NOTICE_TROUBLES, type Operation } from './plan.ts';
import { START } from './rules.ts';
import type { Timeline } from './timeline.ts';
import { PLAYED, playedOf } from './wallets/index.ts';
import type { PlayedWallet, Subject } from './wallets/wallet.ts';

/** Where the simulated gateways' own pages would be. */
const ORIGIN = 'https://pay.example.com';

/** ms after which a request without an answer is given up, as the network port does. */
const TIMEOUT_MS = 10_000;
/** ms after each attempt to deliver a notification. */
const REPEAT_AFTER_MS = [1_000, 4_000, 15_000, 60_000];
/** So often a notification that goes wrong says the wrong thing before it says the right one. */
const WRONG_TIMES = 2;
/** ms within which the simulated gateways answer. */
const NEAREST_MS = 3;
const FURTHEST_MS = 90;
/** Whose agent pays. */
const BUYER = '2088000000000099';

/** What steers one exchange: what the plan has for it, and nothing that a title says. */
class Planned extends Steering {
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    super({ rows: refuse, row: refuse, run: refuse });
    this.#names = names;
  }

  override take({ provider }: Occasion): Steered {
    const named = this.#names.flatMap((name) => scenarioNamed(name) ?? []);
    return new Steered(named.filter((scenario) => isFor(scenario, provider)));
  }
}
const refuse = (): never => {
  throw new Error('no tables');
};
const UNSTEERED = new Planned([]);

/** A process of ours as the gateways' network sees it. */
export interface Reachable {
  readonly index: number;
  readonly isAlive: boolean;
  post(gateway: string, headers: Readonly<Record<string, string>>, body: string): Promise<Reply>;
}
interface Reply {
  readonly status: number;
  readonly body: string;
}

/** The gateways, the line to them, and the messages that they send. */
export class Gateways {
  readonly world: World;
  readonly #trades: Trades;
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #record: (happening: Happening) => void;
  readonly #counts = new Map<Operation | 'other', number>();
  readonly #reachable: () => readonly Reachable[];
  readonly #states = new Map<string, string>();
  readonly #sent: { delivery: Delivery; headers: Readonly<Record<string, string>>; body: string }[] = [];
  /** Orders by the numbers of refunds that were sent. */
  readonly #refunded = new Map<string, string>();
  /** Refund numbers and orders that are not ours. */
  readonly #elsewhere = new Set<string>();
  #faults: readonly Fault[];
  /** Requests that have not come to a gateway yet, and whose senders do not wait. */
  #onTheirWay = 0;

  constructor(options: {
    readonly identity: Identity;
    readonly timeline: Timeline;
    readonly dice: Dice;
    readonly faults: readonly Fault[];
    readonly record: (happening: Happening) => void;
    /** To whom a notification can be delivered. */
    readonly reachable: () => readonly Reachable[];
  }) {
    const { identity, timeline, dice, faults, record, reachable } = options;
    this.#timeline = timeline;
    this.#dice = dice;
    this.#record = record;
    this.#faults = faults;
    this.#reachable = reachable;
    const now = () => Math.floor(timeline.now);
    this.#trades = new Trades(now);
    this.world = {
      clock: { now, sleep: (ms) => timeline.wait(ms) },
      randomBytes: dice.bytes,
      identity,
      fakes: FAKES,
      origin: ORIGIN,
      database: { write: async (work) => this.#noted(work()), read: async (work) => work() },
      trades: this.#trades,
      codes: new Codes(),
      agreements: new Agreements(),
      billFiles: new BillFiles(),
      deliveries: new Deliveries((delivery) => this.#post(delivery)),
      requests: new Requests(),
      steering: UNSTEERED,
      paymentCodes: new PaymentCodes(),
      // Nobody is told anything here.
      inbox: undefined as never,
    };
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.#faults = [];
  }

  /** Whether a request is still on its way. */
  get isAwaited(): boolean {
    return this.#onTheirWay > 0;
  }

  /** One request of a process. Rejects as the network port does. */
  async send(from: { readonly index: number }, request: GatewayRequest): Promise<GatewayResponse> {
    const { wallet, subject } = this.#subjectOf(request);
    const fault = this.#faultOf(subject.operation);
    const sentAt = Math.floor(this.#timeline.now - START);
    const exchange = { from: from.index, request, wallet, subject, fault, sentAt };
    const there = this.#dice.between(NEAREST_MS, FURTHEST_MS);
    const back = this.#dice.between(NEAREST_MS, FURTHEST_MS);
    if (fault?.what === 'unavailable') {
      await this.#timeline.wait(1);
      this.#heard(exchange, 'not sent', false);
      throw new GatewayUnavailable('ECONNREFUSED');
    }
    await this.#timeline.wait(there);
    switch (fault?.what) {
      case 'lost-request':
        await this.#timeline.wait(Math.min(fault.ms, TIMEOUT_MS));
        this.#heard(exchange, 'lost', false);
        throw new OutcomeUnknown(fault.ms > 5_000 ? 'timeout' : 'ECONNRESET');
      case 'late':
        this.#carryOutLater(exchange, fault.ms);
        await this.#timeline.wait(Math.min(fault.ms, TIMEOUT_MS));
        throw new OutcomeUnknown('timeout');
      case 'lost-answer':
        await this.#carryOut(exchange);
        await this.#timeline.wait(Math.min(fault.ms, TIMEOUT_MS));
        throw new OutcomeUnknown(fault.ms > 5_000 ? 'timeout' : 'ECONNRESET');
      case 'twice': {
        const answer = await this.#carryOut(exchange);
        this.#carryOutLater(exchange, fault.ms);
        return answer;
      }
      default: {
        const answer = await this.#carryOut(exchange);
        await this.#timeline.wait(back + (fault?.what === 'slow' ? fault.ms : 0));
        return answer;
      }
    }
  }

  /** The buyer of what was shown pays it, or only opens it. */
  async buyer(shown: string, what: 'pays' | 'opens', late: boolean): Promise<boolean> {
    try {
      const trade = await scan(this.world, shown, late);
      if (what === 'opens') return true;
      return await this.world.database.write(() => {
        const current = this.#trades.byNumber(trade.provider, trade.outTradeNo) ?? trade;
        return pay(this.world, current, late).paidNow;
      });
    } catch {
      // Over, or not yet known to the gateway.
      return false;
    }
  }

  /** A buyer's agent pays a bill by Alipay: what it can show for it, and the order's number. */
  async payBill(
    needed: string,
  ): Promise<{ readonly proof: string; readonly outTradeNo: string } | undefined> {
    const { protocol, method } = JSON.parse(Buffer.from(needed, 'base64url').toString());
    const request = {
      protocol: { ...camel(protocol), buyerUniqueId: BUYER },
      method: { ...camel(method), buyerUniqueIdKey: 'buyerExternalId' },
      signature: { buyerExternalId: BUYER, buyerSignature: '-', timestamp: this.#timeline.now },
    };
    const body = Buffer.from(JSON.stringify(request));
    const said = await payBill(this.world, { method: 'POST', target: '/', headers: {}, body });
    const paid = JSON.parse(String(said.body));
    if (paid.success !== true) return undefined;
    const { tradeNo: trade_no, paymentProof: payment_proof } = paid.protocol;
    const shown = {
      protocol: { payment_proof, trade_no },
      method: { client_session: paid.method.clientSession },
    };
    return { proof: JSON.stringify(shown), outTradeNo: protocol.out_trade_no };
  }

  /** The host of a buyer's agent redeems a code: the number of the order that it has paid. */
  async redeem(code: string): Promise<string | undefined> {
    const known = this.world.paymentCodes.find(code);
    const issued = known && this.world.codes.find(known.shown);
    if (!known || !issued || known.diesAt <= this.#timeline.now) return undefined;
    return (await this.buyer(known.shown, 'pays', false)) ? issued.outTradeNo : undefined;
  }

  /** Another system of the merchant makes an order under this number. */
  async orderElsewhere(
    gateway: ProviderId,
    outTradeNo: string,
    amountFen: number,
    isPaid: boolean,
  ): Promise<boolean> {
    const { foreign, isTakenByCode } = playedOf(gateway);
    if (this.#trades.byNumber(gateway, outTradeNo)) return false;
    if (isTakenByCode && this.hasCode(gateway, outTradeNo)) return false;
    this.#elsewhere.add(outTradeNo);
    const now = Math.floor(this.#timeline.now);
    const trade: Trade = {
      ...{ provider: gateway, outTradeNo, amountFen: amountFen as Fen, scene: 'qr', title: 'elsewhere' },
      ...{ fingerprint: 'elsewhere', attach: 'elsewhere', payer: '2088000000000001', refunds: [] },
      ...{ cashierToken: `elsewhere ${outTradeNo}`, createdAt: now, expiresAt: now + 3_600_000 },
      notifyUrl: notifyUrlOf(gateway),
      ...foreign?.(this.world),
    };
    await this.world.database.write(() => {
      this.#trades.save(trade);
      if (isPaid) pay(this.world, trade);
    });
    return true;
  }

  /** Whether a gateway has given out a code of an order. */
  hasCode(gateway: ProviderId, outTradeNo: string): boolean {
    return this.world.codes.latest(gateway, outTradeNo) !== undefined;
  }

  /** The merchant's back office refunds some of an order. */
  async refundElsewhere(outTradeNo: string, amountFen: number, number?: string): Promise<boolean> {
    const trade = this.#trades.all().find((one) => one.outTradeNo === outTradeNo);
    const held = trade?.refunds.reduce((sum, refund) => sum + refund.amountFen, 0) ?? 0;
    if (!trade || trade.paidAt === undefined || held + amountFen > trade.amountFen) return false;
    const now = Math.floor(this.#timeline.now);
    const { id, tellsRefundsElsewhere } = playedOf(trade.provider as ProviderId);
    const outRefundNo = number ?? `BACK${trade.refunds.length}`;
    if (trade.refunds.some((refund) => refund.outRefundNo === outRefundNo)) return false;
    this.#elsewhere.add(`${outTradeNo}/${outRefundNo}`);
    const made = {
      ...{ outRefundNo, refundId: `5030000${now}`, amountFen: amountFen as Fen, fingerprint: 'elsewhere' },
      ...{ createdAt: now, settlesAt: now, outcome: 'SUCCESS' as const },
      ...(trade.sentAt === undefined ? {} : { sentAt: Math.floor(now / 1_000) * 1_000 }),
      ...(tellsRefundsElsewhere ? { notifyUrl: notifyUrlOf(id) } : {}),
    };
    await this.world.database.write(() => {
      const refunded = { ...trade, refunds: [...trade.refunds, made] };
      this.#trades.save(refunded);
      if (made.notifyUrl)
        announce(this.world, refunded, { kind: 'refund', url: made.notifyUrl, dueAt: now }, made);
    });
    return true;
  }

  /** Somebody else than a gateway posts a message of theirs. */
  async forge(outTradeNo: string, how: 'forged' | 'recut' | 'replayed', to: Reachable): Promise<boolean> {
    const trade = this.#trades.all().find((one) => one.outTradeNo === outTradeNo);
    if (how === 'forged') {
      if (!trade) return false;
      await this.world.database.write(() => announceForged(this.world, trade));
      return true;
    }
    const sent = this.#dice.pick(this.#sent);
    if (!sent || (how === 'recut' && sent.delivery.outTradeNo === outTradeNo)) return false;
    const { delivery, headers, body } = sent;
    const from = this.#trades.byNumber(delivery.provider, delivery.outTradeNo);
    const text = how === 'replayed' ? body : recut(body, from, trade ?? { outTradeNo });
    const reply = await to.post(delivery.provider, headers, text);
    const taken = fakeOf(this.world, delivery.provider)
      .message(this.world, delivery)
      .accepts(reply.status, reply.body);
    this.#record({
      ...{ kind: 'notice', process: to.index, gateway: delivery.provider, what: how, taken },
      outTradeNo: how === 'replayed' ? delivery.outTradeNo : outTradeNo,
    });
    return true;
  }

  /** The gateways' books as they stand. */
  books(): Booked[] {
    const now = Math.floor(this.#timeline.now);
    return this.#trades.all().map((trade) => ({
      gateway: trade.provider,
      outTradeNo: trade.outTradeNo,
      amountFen: trade.amountFen,
      state: tradeState(trade, now),
      foreign: trade.fingerprint === 'elsewhere',
      byProof: trade.a2m !== undefined,
      refunds: trade.refunds.map((refund) => ({
        outRefundNo: refund.outRefundNo,
        amountFen: refund.amountFen,
        state: refundStatus(refund, now),
        elsewhere: this.#elsewhere.has(`${trade.outTradeNo}/${refund.outRefundNo}`),
      })),
    }));
  }

  /** Whom a request is for. What names an order by the gateway's number, or its refund's alone, is of the same order. */
  #subjectOf(request: GatewayRequest): { readonly wallet: PlayedWallet; readonly subject: Subject } {
    for (const wallet of PLAYED) {
      const subject = wallet.subjectOf(request);
      if (!subject) continue;
      const trade = subject.tradeNo && this.#trades.byTradeNo(wallet.id, subject.tradeNo);
      const { outTradeNo } = trade && subject.outTradeNo === '' ? trade : subject;
      const { operation, outRefundNo } = subject;
      if (operation === 'refund') this.#refunded.set(`${wallet.id} ${outRefundNo}`, outTradeNo);
      const order = operation === 'query' && this.#refunded.get(`${wallet.id} ${outTradeNo}`);
      if (!order) return { wallet, subject: { ...subject, outTradeNo } };
      const asked = { operation: 'query-refund', outTradeNo: order, outRefundNo: outTradeNo } as const;
      return { wallet, subject: { ...subject, ...asked } };
    }
    throw new Error(`nobody is at ${request.url}`);
  }

  #faultOf(operation: Operation | 'other'): Fault | undefined {
    const nth = this.#counts.get(operation) ?? 0;
    this.#counts.set(operation, nth + 1);
    return this.#faults.find((fault) => fault.on === operation && fault.nth === nth);
  }

  #carryOutLater(exchange: Exchange, ms: number): void {
    this.#onTheirWay += 1;
    this.#timeline.in(ms, () => {
      this.#onTheirWay -= 1;
      void this.#carryOut(exchange);
    });
  }

  async #carryOut(exchange: Exchange): Promise<GatewayResponse> {
    const { request, fault, wallet, subject } = exchange;
    const steering = fault && scenarioNamed(fault.what) ? new Planned([fault.what]) : UNSTEERED;
    // Only questions are answered by replicas.
    const lags = fault?.what === 'lag' && subject.operation.startsWith('query');
    const world: World = {
      ...this.world,
      steering,
      ...(lags ? { trades: this.#trades.lagging(fault.ms) } : {}),
    };
    const url = new URL(request.url);
    const incoming: Incoming = {
      method: request.method,
      target: request.url.slice(url.origin.length),
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      body: Buffer.from(request.body ?? ''),
    };
    const outgoing: Outgoing = await wallet.answer(world, incoming);
    if (outgoing === 'cut') throw new OutcomeUnknown('ECONNRESET');
    const headers = Object.fromEntries(
      Object.entries(outgoing.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const body = Buffer.from(outgoing.body);
    const answer = { status: outgoing.status, headers, body };
    const { said, proven } = wallet.saidIn(answer);
    this.#heard(exchange, said, proven && !spoils(wallet, fault));
    return answer;
  }

  #heard({ from, wallet, subject, fault, sentAt }: Exchange, said: string, proven: boolean): void {
    const { operation, outTradeNo, outRefundNo, amountFen, digest } = subject;
    this.#record({
      ...{ kind: 'exchange', process: from, gateway: wallet.id },
      ...{ operation, outTradeNo, outRefundNo, amountFen },
      ...{ fault: fault?.what, said, proven, digest, sentAt },
    });
  }

  /** What a write has changed in the books is told. */
  #noted<T>(result: T): T {
    const now = Math.floor(this.#timeline.now);
    for (const trade of this.#trades.all()) {
      const key = `${trade.provider} ${trade.outTradeNo}`;
      const before = this.#states.get(key);
      const state = `${trade.paidAt === undefined ? (trade.closedAt === undefined ? 'open' : 'closed') : 'paid'} ${trade.refunds.length}`;
      if (before === state) continue;
      this.#states.set(key, state);
      const about = { gateway: trade.provider, outTradeNo: trade.outTradeNo };
      const elsewhere = trade.fingerprint === 'elsewhere' || undefined;
      const [was = '', refunds = '0'] = before?.split(' ') ?? [];
      const order = { ...about, amountFen: trade.amountFen, elsewhere };
      if (before === undefined) this.#record({ kind: 'book', what: 'made', ...order });
      if (trade.paidAt !== undefined && was !== 'paid') {
        const late = trade.closedAt !== undefined || now >= trade.expiresAt || undefined;
        this.#record({ kind: 'book', what: 'paid', ...order, late });
      }
      if (trade.closedAt !== undefined && was === 'open')
        this.#record({ kind: 'book', what: 'closed', ...order });
      for (const { outRefundNo, amountFen } of trade.refunds.slice(Number(refunds))) {
        const isOthers = this.#elsewhere.has(`${trade.outTradeNo}/${outRefundNo}`) || undefined;
        this.#record({
          ...{ kind: 'book', what: 'refund', ...about, outRefundNo, amountFen, elsewhere: isOthers },
        });
      }
    }
    return result;
  }

  #post(delivery: Delivery): void {
    const fault = this.#faultOf('notify');
    const trouble = NOTICE_TROUBLES.find((known) => known === fault?.what);
    if (trouble) this.#record({ kind: 'trouble', what: trouble, outTradeNo: delivery.outTradeNo });
    if (trouble === 'never' && !delivery.forged) return;
    const wrong = {
      ...(trouble === 'wrong-amount' ? { wrongAmount: true as const } : {}),
      ...(trouble === 'wrong-account' ? { wrongAccount: true as const } : {}),
    };
    const due = Math.max(0, (delivery.dueAt ?? 0) - Math.floor(this.#timeline.now));
    const wait = due + this.#dice.between(5, 400) + (trouble === 'late' ? (fault?.ms ?? 0) : 0);
    const copies = trouble === 'twice' ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1)
      this.#timeline.in(wait + copy * (fault?.ms ?? 0), () => void this.#deliver(delivery, wrong, 0));
  }

  async #deliver(right: Delivery, wrong: Partial<Delivery>, attempt: number): Promise<void> {
    const delivery = attempt < WRONG_TIMES ? { ...right, ...wrong } : right;
    const alive = this.#reachable();
    const to = alive.length > 0 ? this.#dice.pick(alive) : undefined;
    const again = () => {
      const pause = REPEAT_AFTER_MS[attempt];
      if (pause !== undefined && !delivery.forged)
        this.#timeline.in(pause, () => void this.#deliver(right, wrong, attempt + 1));
    };
    if (!to) return again();
    const message = fakeOf(this.world, delivery.provider).message(this.world, delivery);
    if (!delivery.forged) this.#sent.push({ delivery, ...message });
    let heard = false;
    // Whoever dies over it never answers.
    this.#timeline.in(5_000, () => {
      if (!heard) again();
      heard = true;
    });
    const reply = await to.post(delivery.provider, message.headers, message.body);
    if (heard) return;
    heard = true;
    const taken = message.accepts(reply.status, reply.body);
    this.#record({
      ...{ kind: 'notice', process: to.index, gateway: delivery.provider, outTradeNo: delivery.outTradeNo },
      ...{ what: delivery.forged ? 'forged' : delivery.kind === 'refund' ? 'refund' : 'payment', taken },
      outRefundNo: delivery.outRefundNo,
    });
    if (!taken) again();
  }
}

interface Exchange {
  readonly from: number;
  readonly request: GatewayRequest;
  readonly wallet: PlayedWallet;
  readonly subject: Subject;
  readonly fault: Fault | undefined;
  readonly sentAt: number;
}

/** Where notifications of a wallet are posted. */
export function notifyUrlOf(gateway: string): string {
  return `https://shop.example.com/notify/${gateway}`;
}

/** Whether an answer's signature proves nothing. */
function spoils({ id }: PlayedWallet, fault: Fault | undefined): boolean {
  const scenario = scenarioNamed(fault?.what ?? '');
  return scenario !== undefined && isFor(scenario, id) && /^(forged|stale|signtest)/.test(scenario.name);
}

/** A genuine message made to speak of another order, by our number or the gateway's. */
function recut(body: string, from: Named | undefined, to: Named): string {
  const name = [from?.outTradeNo, from?.tradeNo].find((one) => one !== undefined && body.includes(one));
  if (name !== undefined)
    return body.replaceAll(name, (name === from?.tradeNo && to.tradeNo) || to.outTradeNo);
  // What is sealed can only be damaged.
  return body.replace(
    /"ciphertext":"(.)/,
    (_, first: string) => `"ciphertext":"${first === 'A' ? 'B' : 'A'}`,
  );
}
type Named = Pick<Trade, 'outTradeNo' | 'tradeNo'>;

/** `pay_before` → `payBefore` */
function camel(members: Readonly<Record<string, string>>): Record<string, string> {
  const named = (name: string) => name.replaceAll(/_(.)/g, (_, first: string) => first.toUpperCase());
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [named(name), value]));
}
