import { ERAS } from '../../http/service.ts';
import { type Reply, until } from '../../support/server-process.ts';
import type { SimulatorClient } from '../../support/simulator-client.ts';
import { pick } from '../../support/virtual-time.ts';
import { pause } from '../killed-shop.ts';
import { type Refusal, readList, readPayment, readRefund } from '../shapes.ts';
import { isLost } from '../wishes.ts';
import type { Callers } from './callers.ts';
import { Cut } from './clients.ts';
import type { Journal } from './journal.ts';
import type { Trade } from './trade.ts';

/** A wait may be this much shorter (ms) than was asked for, and the news of a payment this late. */
const EARLY_MS = 1_500;
const NEWS_MS = 20_000;
/** Who listens, and is neither told nor cut off for so long (ms), has been forgotten. */
const FORGOTTEN_MS = 60_000;

/** How a client may learn that a buyer has paid. */
export const WAYS = ['asking', 'waiting', 'listening', 'looking'] as const;

export interface Premises {
  readonly callers: Callers;
  readonly simulator: SimulatorClient;
  readonly journal: Journal;
  readonly random: () => number;
  readonly wrong: (what: string) => void;
  /** A person says yes. */
  readonly approve: (id: string) => Promise<void>;
}

/** What clients and buyers do, over any number of replicas' lives. */
export class Seller {
  readonly #at: Premises;
  /** How each payment was heard of. */
  readonly heard = new Map<string, number>();

  constructor(premises: Premises) {
    this.#at = premises;
  }

  /** Brings a wish to its end; one that is left alone, only so far that others must learn the rest. */
  async fulfil(trade: Trade): Promise<void> {
    const { fate } = trade;
    await this.#open(trade);
    if (fate === 'unpaid') return this.#maybe(trade, () => this.#open(trade));
    if (fate === 'closed' || fate === 'late') {
      await this.#at.simulator.open(trade.shown);
      while (!trade.isClosed) await this.#tell(trade, 'close-payment');
      if (fate === 'closed') return this.#maybe(trade, () => this.#tell(trade, 'close-payment'));
    }
    if (trade.leftAlone) return this.pay(trade);
    await this.#learn(trade);
    await this.#maybe(trade, () => this.#open(trade));
    if (fate !== 'refunded') return;
    const refused = await this.refund(trade);
    if (refused) this.#at.wrong(`${trade.title}: refund refused: ${JSON.stringify(refused)}`);
  }

  /** Until there is something to pay with; the refusal otherwise. */
  async create(trade: Trade): Promise<Refusal | undefined> {
    trade.asked.create = true;
    let refused: Refusal | undefined;
    do {
      refused = await this.#ask(trade, 'create-payment', trade.createArgs);
      if (refused && trade.isGivenUp(refused)) refused = undefined;
    } while (!trade.isOpen && !refused);
    return refused;
  }

  /** Now and then by two clients at once. */
  async #open(trade: Trade): Promise<void> {
    const asked = Array.from({ length: this.#chance(0.2) ? 2 : 1 }, () => this.create(trade));
    for (const refused of await Promise.all(asked))
      if (refused) throw new Error(`${trade.title}: ${JSON.stringify(refused)}`);
  }

  /** Until the money is back; the refusal otherwise. */
  async refund(trade: Trade): Promise<Refusal | undefined> {
    trade.asked.refund = true;
    while (trade.refundState !== 'SUCCESS') {
      const refused = await this.#at.callers.call(
        trade.title,
        trade.caller,
        'refund-payment',
        trade.refundArgs,
        () => {
          const before = trade.standing;
          return (reply) => trade.tellRefund(readRefund(reply), before);
        },
      );
      if (refused) return refused;
      const { refund } = trade.standing;
      if (refund?.state === 'PENDING_APPROVAL' && refund.approval?.state === 'pending') {
        await this.#at.approve(refund.approval.id);
        this.#at.journal.note(trade.title, 'approved');
      }
    }
    return undefined;
  }

  /** The buyer pays, once. */
  pay(trade: Trade): Promise<void> {
    trade.paying ??= this.#pay(trade);
    return trade.paying;
  }

  /** The client asks until it is told that the buyer has paid. */
  async learnByAsking(trade: Trade): Promise<void> {
    await this.pay(trade);
    while (!trade.isToldPaid) await this.#tell(trade, 'query-payment');
  }

  async #pay(trade: Trade): Promise<void> {
    await this.#at.simulator.pay(trade.shown, { late: trade.fate === 'late' });
    trade.paidAt = performance.now();
    trade.paid = true;
    this.#at.journal.note(trade.title, 'the buyer pays');
  }

  async #learn(trade: Trade): Promise<void> {
    const way = trade.fate === 'late' ? 'asking' : pick(WAYS, this.#at.random);
    if (way === 'asking') await this.learnByAsking(trade);
    if (way === 'waiting') await this.#learnByWaiting(trade);
    if (way === 'listening') await this.#learnByListening(trade);
    if (way === 'looking') await this.#learnByLooking(trade);
    this.heard.set(way, (this.heard.get(way) ?? 0) + 1);
  }

  async #learnByWaiting(trade: Trade): Promise<void> {
    const seconds = 4 + Math.floor(this.#at.random() * 30);
    const paying = pause(this.#at.random() * 3_000).then(() => this.pay(trade));
    const { outTradeNo } = trade;
    while (!trade.isToldPaid) {
      await this.#ask(trade, 'query-payment', { outTradeNo, waitSeconds: seconds }, (before, began) => {
        const [now, { state }] = [performance.now(), trade];
        if (state !== 'NOTPAY' || before !== 'NOTPAY') return;
        if (now - began < seconds * 1_000 - EARLY_MS)
          this.#at.wrong(
            `${trade.title}: a wait of ${seconds} s ended after ${now - began} ms, with nothing new`,
          );
        const since = Math.max(began, trade.paidAt);
        if (trade.paid && now - since > NEWS_MS)
          this.#at.wrong(`${trade.title}: paid ${now - since} ms ago, and a wait ended without that`);
      });
    }
    await paying;
  }

  /** A subscription at whichever replica the client reaches, again where that one dies. */
  async #learnByListening(trade: Trade): Promise<void> {
    const { callers, journal, random, wrong } = this.#at;
    while (!trade.isToldPaid) {
      const client = callers.client(trade.caller, pick(ERAS, random));
      let news: () => void = () => undefined;
      let isClosed = false;
      let count = 0;
      const wake = () => news();
      try {
        journal.note(trade.title, `${client.era} ${trade.caller}: listens`);
        await client.subscribe(
          trade.uri,
          () => {
            count += 1;
            wake();
          },
          () => {
            isClosed = true;
            wake();
          },
        );
        journal.note(trade.title, '  → listening');
        // What happened before is read, what happens from now on is told.
        await this.#read(trade);
        void this.pay(trade);
        for (let seen = 0; !trade.isToldPaid && !isClosed; ) {
          if (seen === count) {
            const told = new Promise<'told'>((resolve) => {
              news = () => resolve('told');
            });
            const forgotten = pause(FORGOTTEN_MS).then(() => 'forgotten' as const);
            if ((await Promise.race([told, forgotten])) === 'forgotten') {
              wrong(`${trade.title}: neither told nor cut off in ${FORGOTTEN_MS} ms`);
              break;
            }
          }
          seen = count;
          journal.note(trade.title, isClosed ? '  ✂ the stream is cut' : '  ← told of a change');
          if (!isClosed) await this.#read(trade);
        }
      } catch (error) {
        journal.note(trade.title, `  ✂ ${error instanceof Error ? error.message : error}`);
        if (!(error instanceof Cut) && !/subscri/i.test(String(error))) throw error;
      }
      await client.close();
    }
    await this.pay(trade);
  }

  /** A client that asks for nothing but lists: notifications and settlers must do the rest. */
  async #learnByLooking(trade: Trade): Promise<void> {
    await this.pay(trade);
    while (!trade.isToldPaid) {
      if (!(await this.look(trade.caller, [trade]))) throw new Error(`${trade.title} has gone`);
      await pause(300);
    }
  }

  /** Compares what the ledger lists with what was told of these; false where it does not list them all. */
  async look(caller: string, trades: readonly Trade[]): Promise<boolean> {
    const before = new Map(trades.map((trade) => [trade, trade.standing]));
    const missing = new Set(trades);
    const told = trades.length === 1 ? (trades[0]?.title ?? '') : `list of ${caller}`;
    for (let cursor: string | undefined, page = 0; missing.size > 0; page += 1) {
      const args = cursor === undefined ? { limit: 100 } : { limit: 100, cursor };
      let next: string | undefined;
      const refused = await this.#at.callers.call(told, caller, 'list-payments', args, () => (reply) => {
        const { items, nextCursor } = readList(reply);
        next = nextCursor;
        for (const trade of [...missing]) {
          const item = items.find((one) => one.title === trade.title && !isLost(one));
          if (!item) continue;
          trade.tell(item, before.get(trade) ?? trade.standing);
          missing.delete(trade);
        }
      });
      if (refused) throw new Error(`${told}: ${JSON.stringify(refused)}`);
      if (next === undefined) break;
      cursor = next;
      if (page > 100) throw new Error(`${told}: more than ${page} pages`);
    }
    for (const trade of missing) this.#at.wrong(`${trade.title}: told, but not listed`);
    return missing.size === 0;
  }

  /** The settlers have learned of it, although nobody has asked. */
  async settled(trade: Trade): Promise<void> {
    await until(`the settlement of ${trade.title}`, async () => {
      if (!(await this.look(trade.caller, [trade]))) throw new Error(`${trade.title} has gone`);
      return trade.state === 'PAID' || undefined;
    });
  }

  async #read(trade: Trade): Promise<void> {
    const before = trade.standing.payment;
    const text = await this.#at.callers.read(trade.title, trade.caller, trade.uri);
    const { state } = JSON.parse(text) as { state: string };
    this.#at.journal.note(trade.title, `  → ${state} in the resource`);
    if (before?.state === 'PAID' && state !== 'PAID')
      this.#at.wrong(`${trade.title}: told PAID, and ${state} in its resource`);
    if (state === 'PAID' && !trade.isToldPaid) await this.#tell(trade, 'query-payment');
  }

  async #tell(trade: Trade, tool: 'query-payment' | 'close-payment'): Promise<void> {
    if (tool === 'close-payment') trade.asked.close = true;
    const refused = await this.#ask(trade, tool, { outTradeNo: trade.outTradeNo });
    if (refused) throw new Error(`${trade.title}: ${tool} refused: ${JSON.stringify(refused)}`);
  }

  #ask(
    trade: Trade,
    tool: string,
    args: Readonly<Record<string, unknown>>,
    told: (before: string | undefined, began: number) => void = () => undefined,
  ): Promise<Refusal | undefined> {
    return this.#at.callers.call(trade.title, trade.caller, tool, args, () => {
      const before = trade.standing;
      const began = performance.now();
      return (reply: Reply) => {
        trade.tell(readPayment(reply), before);
        told(before.payment?.state, began);
      };
    });
  }

  /** Who repeats a call that was answered is told the same. */
  async #maybe(trade: Trade, again: () => Promise<unknown>): Promise<void> {
    const isKnownByNumber = 'outTradeNo' in trade.createArgs;
    if (isKnownByNumber && this.#chance(0.3)) await again();
  }

  #chance(share: number): boolean {
    return this.#at.random() < share;
  }
}
