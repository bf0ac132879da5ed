import { beijingIso, type Clock, type RandomBytes } from '../src/domain/clock.ts';
import { type Fen, fen } from '../src/domain/money.ts';
import type { ProviderId } from '../src/domain/order.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { openSqliteStore } from '../src/ledger/sqlite-store.ts';
import { applyNotify } from '../src/payments/apply-notify.ts';
import { askTrade } from '../src/payments/ask-gateway.ts';
import { attempt } from '../src/payments/attempt.ts';
import { closePayment } from '../src/payments/close-payment.ts';
import { createPayment } from '../src/payments/create-payment.ts';
import { Desk } from '../src/payments/desk.ts';
import { outcomeOf } from '../src/payments/outcome.ts';
import { refundPayment } from '../src/payments/refund-payment.ts';
import type { Call, Errand, Till } from '../src/payments/till.ts';
import { Person } from '../src/persons/person.ts';
import { systemRandom } from '../src/platform/system.ts';
import { decideApproval } from '../src/policy/approvals.ts';
import type { Policy } from '../src/policy/policy.ts';
import type { TradeSnapshot } from '../src/providers/contract.ts';
import { agreeable, answers } from './agreeable.ts';
import { Batches } from './batches.ts';

export interface Filling {
  readonly path: string;
  readonly orders: number;
  /** What a server on this ledger is started with, for its accounts to be the ledger's. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * `years`: a shop's last sales, up to twelve months. `today`: one caller's equal sales of one day to one buyer, out of a budget.
   * `open`: what was offered within the last minute and nobody has paid yet.
   */
  readonly kind: 'years' | 'today' | 'open';
  readonly onProgress?: (done: number) => void;
}

const DAY_MS = 86_400_000;
/** How often somebody buys (ms): a million times in a year. */
const SALE_EVERY_MS = 31_000;
/** So many sales in one transaction: the disk is no part of what is filled in. */
const BATCH = 20_000;
const CALLERS = ['cursor', 'shop-bot', 'wechat-clerk', 'web', 'night-shift'];
/** The caller, the buyer and the sale of a `today` ledger. */
export const EQUAL_SALE = {
  provider: 'wechatpay' as const,
  caller: 'bench',
  buyer: 'the same buyer',
  title: 'the same recipe',
  yuan: '0.01',
};
const PAID_AFTER_MS = 40_000;
const CLOSED_AFTER_MS = 36 * 60_000;
const REFUNDED_AFTER_MS = 2 * 3_600_000;

/** Plays sales through the use cases themselves, with a clock of its own and gateways that always agree. */
export async function fill(filling: Filling): Promise<void> {
  const { orders, kind, onProgress } = filling;
  const end = Date.now();
  const dayBegan = Date.parse(`${beijingIso(end).slice(0, 10)}T00:00:00+08:00`);
  const from = {
    years: end - Math.max(orders * SALE_EVERY_MS, 4 * DAY_MS),
    today: dayBegan,
    open: end - 60_000,
  }[kind];
  const step = (end - from) / orders;
  const shop = await Shop.for(filling, from);
  async function play(): Promise<void> {
    for (let i = 0; i < orders; ) {
      const until = Math.min(orders, i + BATCH);
      await shop.store.inOne(async () => {
        for (; i < until; i++) {
          await shop.comeTo(from + i * step);
          await shop[kind](i);
        }
      });
      onProgress?.(i);
    }
    await shop.store.inOne(() => shop.comeTo(end));
  }
  // Equal sales are looked for by index.
  await (kind === 'years' ? shop.store.withoutIndexes(play) : play());
  await shop.store.close();
}

/** To draw it in large pieces costs a fraction. */
function pooledRandom(): RandomBytes {
  let pool: Buffer = Buffer.alloc(0);
  return (size) => {
    if (pool.length < size) pool = systemRandom(65_536);
    const taken = pool.subarray(0, size);
    pool = pool.subarray(size);
    return taken;
  };
}

/** What the ledger of a shop looks like after a while: mostly paid, some closed, refunded, denied, a few still open. */
class Shop {
  readonly store: Batches;
  readonly #ledger: Ledger;
  readonly #till: Till;
  readonly #clock: { at: number };
  /** What happens later to sales that are made by now; each line in the order of time. */
  readonly #later = [PAID_AFTER_MS, CLOSED_AFTER_MS, REFUNDED_AFTER_MS].map((afterMs) => ({
    afterMs,
    first: 0,
    due: [] as { at: number; act: () => Promise<unknown> }[],
  }));

  private constructor(ledger: Ledger, till: Till, clock: { at: number }, store: Batches) {
    this.#ledger = ledger;
    this.#till = till;
    this.#clock = clock;
    this.store = store;
  }

  static async for({ path, env, kind }: Filling, from: number): Promise<Shop> {
    const time = { at: from };
    const clock: Clock = {
      now: () => Math.floor(time.at),
      async sleep(ms) {
        time.at += ms;
      },
    };
    const ports = { clock, randomBytes: pooledRandom() };
    const store = new Batches(await openSqliteStore(path, ports));
    const ledger = await Ledger.open(store, 'simulator', ports);
    const silent = () => undefined;
    const policy: Policy =
      kind === 'years'
        ? { payments: { approveAboveFen: fen(99_900) }, refunds: { approveAboveFen: 'none' } }
        : { payments: {}, refunds: {} };
    const till: Till = {
      ...ports,
      ledger,
      policy,
      foreignOrders: 'refuse',
      providers: await agreeable(env, clock, kind === 'years'),
      senders: { next: () => 'bench 1', mayBeAlive: () => false },
      log: { info: silent, warn: silent, error: silent },
      desk: new Desk({ ledger, clock }),
    };
    return new Shop(ledger, till, time, store);
  }

  /** Everything that is due until then (ms) happens, each at its time. */
  async comeTo(at: number): Promise<void> {
    for (;;) {
      const lines = this.#later.filter(
        ({ due, first }) => (due[first]?.at ?? Number.POSITIVE_INFINITY) <= at,
      );
      const [line] = lines.sort((a, b) => (a.due[a.first]?.at ?? 0) - (b.due[b.first]?.at ?? 0));
      const next = line?.due[line.first];
      if (line === undefined || next === undefined) break;
      line.first += 1;
      if (line.first === BATCH) line.due.splice(0, line.first);
      if (line.due.length === 0 || line.first === BATCH) line.first = 0;
      this.#clock.at = Math.max(this.#clock.at, next.at);
      await next.act();
    }
    this.#clock.at = Math.max(this.#clock.at, at);
  }

  #in(afterMs: number, act: () => Promise<unknown>): void {
    this.#later.find((line) => line.afterMs === afterMs)?.due.push({ at: this.#clock.at + afterMs, act });
  }

  async years(i: number): Promise<void> {
    const provider: ProviderId = i % 5 < 3 ? 'alipay' : 'wechatpay';
    const call: Call = { caller: CALLERS[(i * 7) % CALLERS.length] ?? '', named: true, client: 'cursor' };
    const amountFen = i % 1_000 === 999 ? 120_000 : 100 + ((i * 37) % 9_900);
    const order = await this.#create(call, provider, amountFen, `菜谱 recipe ${i % 500}`, undefined);
    if (order.state === 'PENDING_APPROVAL') return this.#decide(order.outTradeNo, i % 3_000 < 2_000);
    const fate = (i * 13) % 100;
    // Of a thousand answers one is lost; those orders end as those that nobody pays.
    if (order.state === 'UNKNOWN' || fate < 9) {
      this.#in(CLOSED_AFTER_MS, () => this.#ask(order.outTradeNo, { caller: 'settler' }));
    } else if (fate < 11) {
      this.#in(PAID_AFTER_MS, () => this.#close(call, order.outTradeNo));
    } else {
      this.#in(PAID_AFTER_MS, () => this.#paid(call, order.outTradeNo, i % 2 === 0));
      if (fate < 14) this.#in(REFUNDED_AFTER_MS, () => this.#refund(call, order.outTradeNo, amountFen, i));
    }
  }

  async today(): Promise<void> {
    const { provider, caller, buyer, title } = EQUAL_SALE;
    const call: Call = { caller, named: true, client: 'cursor' };
    const { outTradeNo } = await this.#create(call, provider, 1, title, buyer);
    await this.#ledger.write((book) => book.quotas.draw([caller], { outTradeNo }));
    await this.#paid(call, outTradeNo, true);
  }

  async open(i: number): Promise<void> {
    await this.#create(
      { caller: 'cursor' },
      i % 2 === 0 ? 'alipay' : 'wechatpay',
      990,
      '菜谱 recipe',
      undefined,
    );
  }

  async #create(
    call: Call,
    provider: ProviderId,
    amountFen: number,
    title: string,
    buyer: string | undefined,
  ): Promise<{ readonly outTradeNo: string; readonly state: string }> {
    const { order } = await this.#attempt(call, 'create-payment', { title, amountFen, buyer }, (errand) =>
      createPayment(errand.till, errand.call, {
        ...{ provider, scene: 'qr', amountFen: fen(amountFen), title, outTradeNo: undefined, buyer },
        ...{ expiresInMinutes: 30, payerOpenid: undefined, payerClientIp: undefined },
      }),
    );
    return order;
  }

  /** By a notification, or by the question of whoever waits for it. */
  async #paid(call: Call, outTradeNo: string, byNotify: boolean): Promise<void> {
    const order = await this.#ledger.read((book) => book.orders.get(outTradeNo));
    const provider = order && this.#till.providers.get(order.provider);
    if (order === undefined || provider === undefined) throw new Error(`no order ${outTradeNo}`);
    const trade: TradeSnapshot = {
      ...{ exists: true, account: order.account, outTradeNo, state: 'PAID', gatewayState: 'TRADE_SUCCESS' },
      ...{ gatewayTradeNo: `${outTradeNo.slice(1, 9)}22001${outTradeNo.slice(9)}`.slice(0, 28) },
      ...{ amountFen: order.amountFen, paidAt: this.#till.clock.now() },
      ...(order.terms.mark === undefined ? {} : { mark: order.terms.mark }),
    };
    const body = Buffer.from(JSON.stringify({ kind: 'trade', id: `n-${outTradeNo}`, trade }));
    if (byNotify) await applyNotify(this.#till, provider, { headers: {}, body });
    else await this.#ask(outTradeNo, { caller: call.caller, tool: 'query-payment' }, trade);
  }

  async #ask(
    outTradeNo: string,
    actor: { readonly caller: string; readonly tool?: string },
    trade: TradeSnapshot = { exists: false },
  ): Promise<void> {
    const order = await this.#ledger.read((book) => book.orders.get(outTradeNo));
    if (order === undefined) return;
    answers.set(outTradeNo, trade);
    await askTrade({ ...this.#till, ledger: this.#ledger.as(actor) }, order, 'has-turn');
    answers.delete(outTradeNo);
  }

  #close(call: Call, outTradeNo: string): Promise<unknown> {
    return this.#attempt(call, 'close-payment', { outTradeNo }, (errand) =>
      closePayment(errand.till, errand.call, { outTradeNo, provider: undefined }),
    );
  }

  async #refund(call: Call, outTradeNo: string, amountFen: number, i: number): Promise<void> {
    const refundFen: Fen = fen(i % 4 === 0 ? Math.ceil(amountFen / 2) : amountFen);
    const input = { outTradeNo, provider: undefined, refundFen, outRefundNo: undefined, reason: '不想要了' };
    await this.#attempt(call, 'refund-payment', input, (errand) =>
      refundPayment(errand.till, errand.call, input),
    );
  }

  async #decide(outTradeNo: string, isAnswered: boolean): Promise<void> {
    if (!isAnswered) return;
    const person = await Person.bySecret(this.#ledger, 'simulator', undefined, 'terminal');
    await this.#ledger.as({ caller: 'operator' }).write(async (book) => {
      const [approval] = await book.approvals.of({ outTradeNo });
      if (approval)
        await decideApproval(book, person, approval.id, { approve: false }, this.#till.clock.now());
    });
  }

  #attempt<T extends Parameters<typeof outcomeOf>[0]>(
    call: Call,
    tool: string,
    args: object,
    run: (errand: Errand) => Promise<T>,
  ): Promise<T> {
    const meta = { model: 'some-model-4', progressToken: 7 };
    return attempt(this.#till, call, { tool, args, meta }, run, outcomeOf);
  }
}
