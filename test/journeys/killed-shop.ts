import type { LedgerFile } from '../support/ledger-file.ts';
import { until } from '../support/server-process.ts';
import type { SimulatorClient, Wallet } from '../support/simulator-client.ts';
import { seeded } from '../support/virtual-time.ts';
import { type Payment, type PaymentList, readPayment, readRefusal } from './shapes.ts';
import type { Agent } from './shop.ts';
import {
  type Fate,
  FREE_REFUND_FEN,
  findOddSums,
  findUnfinished,
  findWrongs,
  isLost,
  type LedgerOrder,
  readOrders,
  readSteps,
  type Sides,
  Wish,
} from './wishes.ts';

export const POLICY = `version: 1\nrefunds: { approveAboveYuan: "${FREE_REFUND_FEN / 100}" }\n`;
/** In a title: the gateway says nothing of its own accord. */
const DEAF = 'sim:notify-never ';
/** A call that takes longer (ms) waits for somebody who is dead: a sender's claim runs for 25 s. */
const ANSWERED_WITHIN_MS = 24_000;
/** How many wishes are brought to their end at the same time. */
const AT_A_TIME = 6;

export interface Kills {
  /** Counts one SIGKILL. */
  add(step: string): void;
}

/** What a new wish is to be like; the rest is drawn by lot. */
export interface Wanted {
  readonly fate: Fate;
  readonly numbered: boolean;
  /** The gateway notifies of it. */
  readonly heard: boolean;
}

/** What a shop whose servers are killed needs from outside them. */
export interface Premises {
  readonly simulator: SimulatorClient;
  /** Starts another server on the same home. */
  agent(): Promise<Agent>;
  /** What `orders --json` prints. */
  orders(): Promise<string>;
  /** A person says yes; resolves when that is committed. */
  approve(id: string): Promise<void>;
  readonly ledger: LedgerFile;
}

/**
 * Clients of servers that are killed: they remember what they were told, repeat a call that was not answered, and
 * compare what they, the ledger and the gateway say. Nothing but the death of a server excuses a call without an
 * answer.
 */
export abstract class KilledShop {
  readonly wishes: Wish[] = [];
  protected readonly premises: Premises;
  /** Errors that a call may end in besides, while the gateway itself goes up and down. */
  protected readonly excused: RegExp = /^$/;
  /** Wishes that somebody is calling for just now. */
  protected busy = new Set<Wish>();
  readonly #wallets: readonly Wallet[];
  readonly #kills: Kills;
  readonly #random: () => number;
  readonly #killed = new WeakSet<Agent>();
  readonly #approved = new WeakSet<Wish>();
  readonly #paying = new WeakMap<Wish, Promise<unknown>>();
  readonly #wrongs: string[] = [];

  protected constructor(
    premises: Premises,
    options: { readonly wallets: readonly Wallet[]; readonly kills: Kills; readonly seed: number },
  ) {
    this.premises = premises;
    this.#wallets = options.wallets;
    this.#kills = options.kills;
    this.#random = seeded(options.seed);
  }

  /** Everything that was found wrong so far. */
  get wrongs(): readonly string[] {
    return [...new Set([...this.#wrongs, ...this.wishes.flatMap((wish) => wish.violations)])];
  }

  /** Compares the three sides while it storms. */
  async compare(): Promise<void> {
    this.#wrongs.push(...findWrongs(await this.#sides()));
  }

  /** The weather clears: one server lives on, clients repeat what they were not told, and what is left is settled. */
  protected async calm(agent: Agent): Promise<void> {
    await this.look(agent);
    const made = new Set((await this.reach((gateway) => gateway.trades())).map(({ title }) => title));
    const left = this.wishes.filter((wish) => wish.leftAlone && made.has(wish.title));
    const isSettled = (items: readonly Payment[], wish: Wish) =>
      items.find(({ title }) => title === wish.title)?.state === (wish.paid ? 'PAID' : 'NOTPAY');
    await until('the settler', async () => {
      const items = await this.look(agent);
      return left.every((wish) => isSettled(items, wish)) ? true : undefined;
    });
    const waiting = [...this.wishes];
    const finish = async () => {
      for (let wish = waiting.shift(); wish; wish = waiting.shift()) {
        const one = wish;
        const ended = async () => ((await this.proceed(agent, one)) ? undefined : true);
        await until(`the end of ${one.title}`, ended);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, finish));
    const { items, totals } = await this.#listAll(agent);
    const sides = await this.#sides();
    this.#wrongs.push(...findWrongs(sides), ...findUnfinished(sides), ...findOddSums(items, totals, sides));
  }

  /** SIGKILL, and it is gone. */
  protected async kill(agent: Agent, step: string): Promise<void> {
    this.#killed.add(agent);
    await agent.server.kill();
    this.count(step);
  }

  protected count(step: string): void {
    this.#kills.add(step);
  }

  protected wasKilled(agent: Agent): boolean {
    return this.#killed.has(agent);
  }

  protected create(agent: Agent, wish: Wish): Promise<boolean> {
    wish.asked.create = true;
    const before = wish.standing;
    return this.#attempt(agent, wish, async () => {
      const reply = await agent.server.call('create-payment', wish.createArgs);
      if (!reply.isError || !wish.isGivenUp(readRefusal(reply))) wish.tell(readPayment(reply), before);
    });
  }

  protected query(agent: Agent, wish: Wish): Promise<boolean> {
    const before = wish.standing;
    const { paid } = wish;
    return this.#attempt(agent, wish, async () => {
      const payment = await agent.query(wish.outTradeNo);
      wish.tell(payment, before);
      this.insist(!paid || payment.state === 'PAID', `${wish.title}: paid, and told ${payment.state}`);
    });
  }

  protected close(agent: Agent, wish: Wish): Promise<boolean> {
    wish.asked.close = true;
    const before = wish.standing;
    return this.#attempt(agent, wish, async () => wish.tell(await agent.close(wish.outTradeNo), before));
  }

  protected refund(agent: Agent, wish: Wish): Promise<boolean> {
    wish.asked.refund = true;
    const before = wish.standing;
    return this.#attempt(agent, wish, async () =>
      wish.tellRefund(await agent.refund(wish.refundArgs), before),
    );
  }

  /** Does the next thing that a wish needs; false when there is none. */
  protected async proceed(agent: Agent, wish: Wish): Promise<boolean> {
    const { fate, state } = wish;
    if (!wish.asked.create) return false;
    if (!wish.isOpen) return this.create(agent, wish).then(() => true);
    if (fate === 'unpaid' || (fate === 'closed' && wish.isClosed)) return false;
    if ((fate === 'closed' || fate === 'late') && !wish.isClosed && state !== 'PAID') {
      await this.scan(wish);
      return this.close(agent, wish).then(() => true);
    }
    if (state !== 'PAID') {
      await this.pay(wish);
      return this.query(agent, wish).then(() => true);
    }
    if (fate !== 'refunded' || wish.refundState === 'SUCCESS') return false;
    await this.approve(wish);
    return this.refund(agent, wish).then(() => true);
  }

  /** The buyer pays, once; where the order is closed, by a way that was open before. */
  protected async pay(wish: Wish): Promise<void> {
    const paying = this.#paying.get(wish) ?? this.#pay(wish);
    this.#paying.set(wish, paying);
    await paying;
    wish.paid = true;
  }

  /** What only the settler is to learn of. */
  protected async payBehindTheirBacks(): Promise<void> {
    for (const wish of this.wishes) if (wish.leftAlone && wish.isOpen) await this.pay(wish);
  }

  /** The buyer opens what they were shown: at Alipay there is nothing to close before. */
  protected async scan(wish: Wish): Promise<void> {
    if (!wish.asked.close) await this.reach((gateway) => gateway.open(wish.shown));
  }

  /** A person says yes where that is awaited; never twice. */
  protected async approve(wish: Wish): Promise<void> {
    const { refund } = wish.standing;
    if (refund?.state !== 'PENDING_APPROVAL' || this.#approved.has(wish)) return;
    this.#approved.add(wish);
    await this.premises.approve(refund.approval?.id ?? '');
  }

  /** What the ledger says about everything, held against what was told. */
  protected async look(agent: Agent): Promise<readonly Payment[]> {
    const before = new Map(this.wishes.map((wish) => [wish, wish.standing]));
    const { items } = await this.#listAll(agent);
    for (const [wish, standing] of before) {
      const own = items.filter(({ title }) => title === wish.title);
      const item = own.find((one) => !isLost(one)) ?? own[0];
      if (item) wish.compare(item, standing);
      this.insist(item !== undefined || !standing.payment, `${wish.title}: told, but not listed`);
    }
    return items;
  }

  protected async orders(): Promise<readonly LedgerOrder[]> {
    return readOrders(await this.premises.orders());
  }

  /** Speaks to the gateway as anybody but the merchant. */
  protected reach<T>(word: (gateway: SimulatorClient) => Promise<T>): Promise<T> {
    return word(this.premises.simulator);
  }

  protected newWish(wanted: Partial<Wanted> = {}): Wish {
    const number = String(this.wishes.length + 1).padStart(4, '0');
    const fate = wanted.fate ?? this.#fate();
    const leftAlone = !wanted.heard && isToBePaid({ fate }) && this.chance(0.15);
    const deaf = leftAlone || (!wanted.heard && this.chance(0.1));
    const fen = 100 + Math.floor(this.#random() * 900);
    const provider = this.pick(this.#wallets) ?? 'alipay';
    const wish = new Wish({
      provider,
      title: `${deaf ? DEAF : ''}wish-${number}`,
      amountYuan: (fen / 100).toFixed(2),
      fate,
      numbers:
        (wanted.numbered ?? this.chance(0.7))
          ? { outTradeNo: `K${provider}${number}`, outRefundNo: `R${provider}${number}` }
          : undefined,
      refundYuan: ((this.chance(0.5) ? fen : Math.ceil(fen / 2)) / 100).toFixed(2),
      leftAlone,
    });
    this.wishes.push(wish);
    return wish;
  }

  /** A wish that nobody is calling for. */
  protected find(wanted: (wish: Wish) => boolean): Wish | undefined {
    return this.pick(
      this.wishes.filter(
        (wish) => !wish.leftAlone && wish.asked.create && wanted(wish) && !this.busy.has(wish),
      ),
    );
  }

  /** Some wishes that have been asked for, from now on busy. */
  protected some(count: number): Wish[] {
    const drawn: Wish[] = [];
    for (let wish = this.find(() => true); wish && drawn.length < count; wish = this.find(() => true)) {
      this.busy.add(wish);
      drawn.push(wish);
    }
    return drawn;
  }

  protected insist(holds: boolean, wrong: string): void {
    if (!holds) this.#wrongs.push(wrong);
  }

  protected chance(share: number): boolean {
    return this.#random() < share;
  }

  protected pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  /** 0 ≤ ms < most */
  protected upTo(most: number): number {
    return this.#random() * most;
  }

  #pay(wish: Wish): Promise<unknown> {
    const { provider, outTradeNo, shown } = wish;
    const how = { late: wish.fate === 'late' };
    let tried = false;
    return this.reach((gateway) => {
      const again = tried;
      tried = true;
      // A code is good for one payment, and whether that came about is not known when the line was cut.
      return again ? gateway.payByNumber(provider, outTradeNo, how) : gateway.pay(shown, how);
    });
  }

  #fate(): Fate {
    const draw = this.#random();
    if (draw < 0.65) return 'refunded';
    if (draw < 0.8) return 'paid';
    return draw < 0.95 ? 'unpaid' : 'late';
  }

  /** Whether the call was answered. */
  async #attempt(agent: Agent, wish: Wish, call: () => Promise<void>): Promise<boolean> {
    const began = Date.now();
    try {
      await call();
      const ms = Date.now() - began;
      this.insist(ms < ANSWERED_WITHIN_MS, `${wish.title}: answered after ${ms} ms`);
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const died = this.wasKilled(agent) && /connection closed|not connected/i.test(message);
      this.insist(died || this.excused.test(message), `${wish.title}: ${message}`);
      return false;
    }
  }

  async #listAll(agent: Agent): Promise<Pick<PaymentList, 'items' | 'totals'>> {
    const { items: first, totals, nextCursor } = await agent.list({ limit: 100 });
    const items = [...first];
    for (let cursor = nextCursor; cursor !== undefined; ) {
      const page = await agent.list({ limit: 100, cursor });
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return { items, totals };
  }

  async #sides(): Promise<Sides> {
    const [trades, calls] = await this.reach((gateway) => Promise.all([gateway.trades(), gateway.calls()]));
    const orders = await this.orders();
    return { wishes: this.wishes, orders, trades, calls, steps: await readSteps(this.premises.ledger) };
  }
}

export function needsPerson(wish: Wish): boolean {
  return Number(wish.refundYuan) * 100 > FREE_REFUND_FEN;
}

export function isHeard({ title }: Wish): boolean {
  return !title.includes(DEAF);
}

export function isToBePaid({ fate }: Pick<Wish, 'fate'>): boolean {
  return fate === 'refunded' || fate === 'paid';
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
