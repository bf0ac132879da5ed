import type { Clock } from '../domain/clock.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isSettledOrder } from '../ledger/order-machine.ts';
import type { OrderRecord } from '../ledger/records.ts';
import type { Call } from './call.ts';
import { isGatewayError } from './errors.ts';

/** How many calls of one caller may wait at the same time. */
const MOST_WAITS = 50;
/** How long (ms) between two questions to the gateway while anybody waits. */
export const ASK_EVERY_MS = 2_000;
/** How often (ms) a waiting client is told that work goes on. */
const TELL_EVERY_MS = 2_000;

const WAITING: Text = { zh: '等待付款', en: 'Waiting for payment' };

interface Waiter {
  readonly from: OrderRecord['state'];
  wake(): void;
}

/** An order that somebody waits for. */
interface Watched {
  order: OrderRecord;
  /** Why the last question was not answered. */
  failed: unknown;
  readonly waiters: Set<Waiter>;
  /** Ends with the last who waits. */
  readonly over: AbortController;
}

/**
 * Calls that wait for an order to change. All who wait for the same one share one question at a time, and all who wait
 * for anything one look at the ledger: a waiter costs a timer, and nothing else while nothing happens.
 */
export class Waits {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #orders = new Map<string, Watched>();
  readonly #byCaller = new Map<string, number>();
  #stopListening: (() => void) | undefined;

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** How many calls wait. */
  get open(): number {
    return [...this.#byCaller.values()].reduce((all, own) => all + own, 0);
  }

  /**
   * Waits `seconds`, counted from the call's arrival, for the state of `first` to change, whoever learns of it, or until the client gives up. `failed`
   * says why the gateway's last answer is missing, if it is.
   *
   * Throws TRY_LATER at once when too many calls of the caller wait, and whatever `ask` throws besides the gateway's errors.
   * @param ask one question; gives the order as it is committed then
   */
  async until(
    call: Call,
    first: OrderRecord,
    seconds: number,
    ask: (order: OrderRecord) => Promise<OrderRecord>,
  ): Promise<{ readonly order: OrderRecord; readonly failed: unknown }> {
    this.#enter(call.caller);
    const watched = this.#watch(first, ask);
    const end = new AbortController();
    const waiter: Waiter = { from: first.state, wake: () => end.abort() };
    watched.waiters.add(waiter);
    try {
      const passing = this.#pass(call, seconds, end);
      void this.#tell(call, seconds, end.signal);
      await passing;
    } finally {
      this.#leave(watched, waiter, call.caller);
    }
    const { order, failed } = watched;
    if (failed !== undefined && !isGatewayError(failed)) throw failed;
    return { order, failed };
  }

  /**
   * As {@link until}, for the next that is committed of a number which no gateway knows yet. The client is told of the
   * wait that may follow, and what it is told never goes back.
   * @param isWorth asked once news would be heard: whether there still is something to wait for
   */
  async forNews(
    call: Call,
    outTradeNo: string,
    seconds: number,
    isWorth: () => Promise<boolean>,
  ): Promise<void> {
    this.#enter(call.caller);
    const end = new AbortController();
    const stop = this.#ledger.onChange((changed) => changed === outTradeNo && end.abort());
    try {
      if (await isWorth()) await this.#pass(call, seconds, end);
    } finally {
      stop();
      this.#exit(call.caller);
    }
  }

  #enter(caller: string): void {
    const count = this.#byCaller.get(caller) ?? 0;
    if (count >= MOST_WAITS) throw tooManyWaits();
    this.#byCaller.set(caller, count + 1);
  }

  #exit(caller: string): void {
    const count = (this.#byCaller.get(caller) ?? 1) - 1;
    if (count > 0) this.#byCaller.set(caller, count);
    else this.#byCaller.delete(caller);
  }

  /** Until `end` aborts, which the client's giving up does too, or the time is over. */
  async #pass(call: Call, seconds: number, end: AbortController): Promise<void> {
    const wake = () => end.abort();
    call.signal?.addEventListener('abort', wake);
    if (call.signal?.aborted) wake();
    try {
      const now = this.#clock.now();
      const stoodInLine = Math.max(0, now - (call.arrivedAt ?? now));
      // One timer from start to end: a clock that is set meanwhile makes nobody wait longer.
      await this.#clock.sleep(Math.max(0, seconds * 1000 - stoodInLine), end.signal);
    } finally {
      end.abort();
      call.signal?.removeEventListener('abort', wake);
    }
  }

  #watch(order: OrderRecord, ask: (order: OrderRecord) => Promise<OrderRecord>): Watched {
    const known = this.#orders.get(order.outTradeNo);
    if (known) {
      this.#learn(known, order);
      return known;
    }
    const watched: Watched = { order, failed: undefined, waiters: new Set(), over: new AbortController() };
    this.#orders.set(order.outTradeNo, watched);
    this.#stopListening ??= this.#ledger.onChange((outTradeNo) => void this.#news(outTradeNo));
    void this.#askAgainAndAgain(watched, ask);
    return watched;
  }

  #leave(watched: Watched, waiter: Waiter, caller: string): void {
    this.#exit(caller);
    watched.waiters.delete(waiter);
    if (watched.waiters.size > 0) return;
    watched.over.abort();
    if (this.#orders.get(watched.order.outTradeNo) === watched) this.#orders.delete(watched.order.outTradeNo);
    if (this.#orders.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  async #askAgainAndAgain(
    watched: Watched,
    ask: (order: OrderRecord) => Promise<OrderRecord>,
  ): Promise<void> {
    const { signal } = watched.over;
    while (!signal.aborted) {
      try {
        const order = await ask(watched.order);
        watched.failed = undefined;
        this.#learn(watched, order);
      } catch (error) {
        watched.failed = error;
        if (!isGatewayError(error)) for (const waiter of watched.waiters) waiter.wake();
      }
      await this.#clock.sleep(ASK_EVERY_MS, signal);
    }
  }

  async #news(outTradeNo: string): Promise<void> {
    const watched = this.#orders.get(outTradeNo);
    if (!watched) return;
    try {
      const order = await this.#ledger.read((book) => book.orders.get(outTradeNo));
      if (order) this.#learn(watched, order);
    } catch {
      // The next question or piece of news reads it again.
    }
  }

  #learn(watched: Watched, order: OrderRecord): void {
    watched.order = order;
    for (const waiter of watched.waiters) {
      if (order.state !== waiter.from || isSettledOrder(order.state)) waiter.wake();
    }
  }

  async #tell(call: Call, seconds: number, signal: AbortSignal): Promise<void> {
    for (
      let elapsed = 0;
      call.progress && elapsed < seconds && !signal.aborted;
      elapsed += TELL_EVERY_MS / 1000
    ) {
      // A client that hears nothing waits all the same.
      await call.progress(elapsed, seconds, WAITING).catch(() => undefined);
      await this.#clock.sleep(TELL_EVERY_MS, signal);
    }
  }
}

function tooManyWaits(): CashierError {
  return new CashierError('TRY_LATER', {
    zh: `你已有 ${MOST_WAITS} 个调用在等待付款，这一个没有开始等待，也没有查询；没有资金变动。`,
    en: `${MOST_WAITS} of your calls already wait for payments; this one did not start and asked nothing. No money moved.`,
    next: {
      zh: '5 秒后重试，或不带 waitSeconds 查询。',
      en: 'Call again in 5 s, or ask without waitSeconds.',
    },
    details: { retryAfterSeconds: 5 },
  });
}
