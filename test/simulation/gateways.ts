import { createHash } from 'node:crypto';
import type { Fen } from '../../src/domain/money.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../../src/providers/contract.ts';
import type { GatewayRequest, GatewayResponse } from '../../src/providers/gateway-http.ts';
import { payBill } from '../../src/simulator/alipay/a2m-cashier.ts';
import { alipayGateway } from '../../src/simulator/alipay/gateway.ts';
import { FAKES } from '../../src/simulator/fakes.ts';
import type { Incoming, Outgoing } from '../../src/simulator/http.ts';
import { announce, announceForged, pay } from '../../src/simulator/payer.ts';
import { scan } from '../../src/simulator/scanner.ts';
import { scenarioNamed } from '../../src/simulator/scenarios.ts';
import type { Delivery } from '../../src/simulator/state/deliveries.ts';
import type { Identity } from '../../src/simulator/state/identity.ts';
import { refundStatus, type Trade, tradeState } from '../../src/simulator/state/trades.ts';
import { type Occasion, Steered, Steering } from '../../src/simulator/steering.ts';
import { wechatPayGateway } from '../../src/simulator/wechatpay/gateway.ts';
import { PREORDER, preorder } from '../../src/simulator/wechatpay/preorder.ts';
import { fakeOf, type World } from '../../src/simulator/world.ts';
import type { Dice } from '../support/dice.ts';
import { Agreements, BillFiles, Codes, Deliveries, PaymentCodes, Requests, Trades } from './books.ts';
import type { Booked, Happening } from './history.ts';
import { type Fault, NOTICE_TROUBLES, type Operation } from './plan.ts';
import { START } from './rules.ts';
import type { Timeline } from './timeline.ts';

export const ALIPAY_GATEWAY = 'https://openapi.alipay.com/gateway.do';
const WECHATPAY_ORIGIN = /^https:\/\/api2?\.mch\.weixin\.qq\.com/;
/** Where the simulated gateways' own pages would be. */
const ORIGIN = 'https://pay.example.com';

/** ms after which a request without an answer is given up, as the network port does. */
const TIMEOUT_MS = 10_000;
/** ms after each attempt to deliver a notification. */
const REPEAT_AFTER_MS = [1_000, 4_000, 15_000, 60_000];
/** ms within which the simulated WeChat Pay and Alipay answer. */
const NEAREST_MS = 3;
const FURTHEST_MS = 90;
/** Whose agent pays. */
const BUYER = '2088000000000099';

/** One exchange, as far as it can be read off the request. */
interface Subject {
  readonly gateway: 'alipay' | 'wechatpay';
  readonly operation: Operation | 'other';
  readonly outTradeNo: string;
  /** Alipay's own number of it. */
  readonly tradeNo?: string;
  readonly outRefundNo?: string;
  readonly amountFen?: number;
  readonly digest: string;
}

/** What steers one exchange: what the plan has for it, and nothing that a title says. */
class Planned extends Steering {
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    super({ rows: refuse, row: refuse, run: refuse });
    this.#names = names;
  }

  override take(_occasion: Occasion): Steered {
    return new Steered(this.#names.flatMap((name) => scenarioNamed(name) ?? []));
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

/** Both gateways, the line to them, and the messages that they send. */
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
  /** Refund numbers and orders that are not ours. */
  readonly #elsewhere = new Set<string>();
  #faults: readonly Fault[];

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

  /** One request of a process. Rejects as the network port does. */
  async send(from: { readonly index: number }, request: GatewayRequest): Promise<GatewayResponse> {
    const subject = this.#subjectOf(request);
    const fault = this.#faultOf(subject.operation);
    const sentAt = Math.floor(this.#timeline.now - START);
    const exchange = { from: from.index, request, subject, fault, sentAt };
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
        this.#timeline.in(fault.ms, () => void this.#carryOut(exchange));
        await this.#timeline.wait(Math.min(fault.ms, TIMEOUT_MS));
        throw new OutcomeUnknown('timeout');
      case 'lost-answer':
        await this.#carryOut(exchange);
        await this.#timeline.wait(Math.min(fault.ms, TIMEOUT_MS));
        throw new OutcomeUnknown(fault.ms > 5_000 ? 'timeout' : 'ECONNRESET');
      case 'twice': {
        const answer = await this.#carryOut(exchange);
        this.#timeline.in(fault.ms, () => void this.#carryOut(exchange));
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
    gateway: 'alipay' | 'wechatpay',
    outTradeNo: string,
    amountFen: number,
    isPaid: boolean,
  ): Promise<boolean> {
    if (this.#trades.byNumber(gateway, outTradeNo)) return false;
    this.#elsewhere.add(outTradeNo);
    const now = Math.floor(this.#timeline.now);
    const trade: Trade = {
      ...{ provider: gateway, outTradeNo, amountFen: amountFen as Fen, scene: 'qr', title: 'elsewhere' },
      ...{ fingerprint: 'elsewhere', attach: 'elsewhere', payer: '2088000000000001', refunds: [] },
      ...{ cashierToken: `elsewhere ${outTradeNo}`, createdAt: now, expiresAt: now + 3_600_000 },
      notifyUrl: notifyUrlOf(gateway),
      ...(gateway === 'alipay' ? { tradeNo: fakeOf(this.world, gateway).newTradeNo(this.world) } : {}),
    };
    await this.world.database.write(() => {
      this.#trades.save(trade);
      if (isPaid) pay(this.world, trade);
    });
    return true;
  }

  /** Whether Alipay has given out a code of an order. */
  hasCode(outTradeNo: string): boolean {
    return this.world.codes.latest('alipay', outTradeNo) !== undefined;
  }

  /** The merchant's back office refunds some of an order. */
  async refundElsewhere(outTradeNo: string, amountFen: number): Promise<boolean> {
    const trade = this.#trades.all().find((one) => one.outTradeNo === outTradeNo);
    const held = trade?.refunds.reduce((sum, refund) => sum + refund.amountFen, 0) ?? 0;
    if (!trade || trade.paidAt === undefined || held + amountFen > trade.amountFen) return false;
    const now = Math.floor(this.#timeline.now);
    const outRefundNo = `BACK${trade.refunds.length}`;
    this.#elsewhere.add(`${outTradeNo}/${outRefundNo}`);
    const made = {
      ...{ outRefundNo, refundId: `5030000${now}`, amountFen: amountFen as Fen, fingerprint: 'elsewhere' },
      ...{ createdAt: now, settlesAt: now, outcome: 'SUCCESS' as const },
      ...(trade.provider === 'wechatpay' ? { notifyUrl: notifyUrlOf('wechatpay') } : {}),
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
    const text = how === 'replayed' ? body : recut(body, delivery.outTradeNo, outTradeNo);
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

  /** What names an order by the gateway's number alone is of the same order. */
  #subjectOf(request: GatewayRequest): Subject {
    const subject = subjectOf(request);
    const trade = subject.tradeNo && this.#trades.byTradeNo('alipay', subject.tradeNo);
    return trade && subject.outTradeNo === '' ? { ...subject, outTradeNo: trade.outTradeNo } : subject;
  }

  #faultOf(operation: Operation | 'other'): Fault | undefined {
    const nth = this.#counts.get(operation) ?? 0;
    this.#counts.set(operation, nth + 1);
    return this.#faults.find((fault) => fault.on === operation && fault.nth === nth);
  }

  async #carryOut(exchange: Exchange): Promise<GatewayResponse> {
    const { request, fault, subject } = exchange;
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
    const outgoing: Outgoing =
      subject.gateway === 'alipay'
        ? await alipayGateway(world, incoming)
        : subject.operation === 'preorder'
          ? await preorder(world, incoming)
          : await wechatPayGateway(world, incoming);
    if (outgoing === 'cut') throw new OutcomeUnknown('ECONNRESET');
    const headers = Object.fromEntries(
      Object.entries(outgoing.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const body = Buffer.from(outgoing.body);
    const { said, proven } = saidIn(subject.gateway, outgoing.status, headers, body);
    // Alipay's answers have no time.
    const unproven = subject.gateway === 'alipay' ? /^(forged|signtest)/ : /^(forged|stale|signtest)/;
    this.#heard(exchange, said, proven && !unproven.test(fault?.what ?? ''));
    return { status: outgoing.status, headers, body };
  }

  #heard({ from, subject, fault, sentAt }: Exchange, said: string, proven: boolean): void {
    const { gateway, operation, outTradeNo, outRefundNo, amountFen, digest } = subject;
    this.#record({
      ...{ kind: 'exchange', process: from, gateway, operation, outTradeNo, outRefundNo, amountFen },
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
    const told = {
      ...delivery,
      ...(trouble === 'wrong-amount' ? { wrongAmount: true as const } : {}),
      ...(trouble === 'wrong-account' ? { wrongAccount: true as const } : {}),
    };
    const due = Math.max(0, (delivery.dueAt ?? 0) - Math.floor(this.#timeline.now));
    const wait = due + this.#dice.between(5, 400) + (trouble === 'late' ? (fault?.ms ?? 0) : 0);
    const copies = trouble === 'twice' ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1)
      this.#timeline.in(wait + copy * (fault?.ms ?? 0), () => void this.#deliver(told, 0));
  }

  async #deliver(delivery: Delivery, attempt: number): Promise<void> {
    const alive = this.#reachable();
    const to = alive.length > 0 ? this.#dice.pick(alive) : undefined;
    const again = () => {
      const pause = REPEAT_AFTER_MS[attempt];
      if (pause !== undefined && !delivery.forged)
        this.#timeline.in(pause, () => void this.#deliver(delivery, attempt + 1));
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
  readonly subject: Subject;
  readonly fault: Fault | undefined;
  readonly sentAt: number;
}

/** Where notifications of a wallet are posted. */
export function notifyUrlOf(gateway: string): string {
  return `https://shop.example.com/notify/${gateway}`;
}

const ALIPAY_OPERATIONS: Readonly<Record<string, Operation>> = {
  'alipay.trade.precreate': 'create',
  'alipay.trade.query': 'query',
  'alipay.trade.close': 'close',
  'alipay.trade.refund': 'refund',
  'alipay.trade.fastpay.refund.query': 'query-refund',
  'alipay.aipay.agent.payment.verify': 'verify',
  'alipay.aipay.agent.fulfillment.confirm': 'confirm',
};

function subjectOf({ url, method, body = '' }: GatewayRequest): Subject {
  if (url.endsWith(PREORDER))
    return { gateway: 'wechatpay', operation: 'preorder', outTradeNo: '', digest: digestOf(body) };
  if (WECHATPAY_ORIGIN.test(url)) return wechatPaySubject(new URL(url).pathname, method, body);
  const parameters = new URLSearchParams(url.split('?')[1]);
  const text = new URLSearchParams(body).get('biz_content') ?? '{}';
  const fields = JSON.parse(text) as Readonly<Record<string, string>>;
  const amount = fields.total_amount ?? fields.refund_amount;
  return {
    gateway: 'alipay',
    operation: ALIPAY_OPERATIONS[parameters.get('method') ?? ''] ?? 'other',
    outTradeNo: fields.out_trade_no ?? '',
    ...(fields.trade_no === undefined ? {} : { tradeNo: fields.trade_no }),
    ...(fields.out_request_no === undefined ? {} : { outRefundNo: fields.out_request_no }),
    ...(amount === undefined ? {} : { amountFen: Number(amount.replace('.', '')) }),
    digest: digestOf(text),
  };
}

function wechatPaySubject(path: string, method: string, body: string): Subject {
  const fields = (body === '' ? {} : JSON.parse(body)) as {
    readonly out_trade_no?: string;
    readonly out_refund_no?: string;
    readonly amount?: { readonly total: number; readonly refund?: number };
  };
  const about = { gateway: 'wechatpay', digest: digestOf(body) } as const;
  const refund = '/v3/refund/domestic/refunds';
  if (path === refund) {
    const { out_trade_no: outTradeNo = '', out_refund_no: outRefundNo = '', amount } = fields;
    return { ...about, operation: 'refund', outTradeNo, outRefundNo, amountFen: amount?.refund ?? 0 };
  }
  if (path.startsWith(`${refund}/`)) {
    return {
      ...about,
      operation: 'query-refund',
      outTradeNo: '',
      outRefundNo: path.slice(refund.length + 1),
    };
  }
  const number = /\/out-trade-no\/([^/]+)(\/close)?$/.exec(path);
  if (number) {
    const operation = number[2] ? 'close' : 'query';
    return { ...about, operation, outTradeNo: number[1] ?? '' };
  }
  if (method === 'POST' && fields.out_trade_no !== undefined) {
    const { out_trade_no: outTradeNo, amount } = fields;
    return { ...about, operation: 'create', outTradeNo, amountFen: amount?.total ?? 0 };
  }
  return { ...about, operation: 'other', outTradeNo: '' };
}

/** The gateway's code, and whether the answer is signed at all. */
function saidIn(
  gateway: Subject['gateway'],
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): { readonly said: string; readonly proven: boolean } {
  const text = body.toString('utf8');
  if (!text.startsWith('{') && text !== '') return { said: `http ${status}`, proven: false };
  const parsed = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
  if (gateway === 'wechatpay') {
    const proven = headers['wechatpay-signature'] !== undefined;
    return { said: status < 300 ? 'ok' : String(parsed.code), proven };
  }
  const [node] = Object.values(parsed) as [Readonly<Record<string, string>>];
  return { said: node.code === '10000' ? 'ok' : String(node.sub_code), proven: parsed.sign !== undefined };
}

/** A genuine message made to speak of another order. */
function recut(body: string, from: string, to: string): string {
  if (body.includes(from)) return body.replaceAll(from, to);
  // What is sealed can only be damaged.
  return body.replace(
    /"ciphertext":"(.)/,
    (_, first: string) => `"ciphertext":"${first === 'A' ? 'B' : 'A'}`,
  );
}

/** `pay_before` → `payBefore` */
function camel(members: Readonly<Record<string, string>>): Record<string, string> {
  const named = (name: string) => name.replaceAll(/_(.)/g, (_, first: string) => first.toUpperCase());
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [named(name), value]));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
