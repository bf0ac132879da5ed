import { once } from 'node:events';
import { isLoopbackName } from '../domain/names.ts';
import { boundedBody } from '../platform/bounded-body.ts';
import { onThisMachine } from '../platform/loopback.ts';
import type { Delivery } from './state/deliveries.ts';
import { fakeOf, type World } from './world.ts';

/**
 * ms before each repetition. The gateways repeat for a day (Alipay 4m 10m 10m 1h 2h 6h 15h; WeChat Pay 15s 15s 30s
 * 3m …); nobody wants to wait that long here.
 */
const REPEAT_AFTER_MS = [1_000, 2_000, 5_000, 15_000, 30_000, 60_000];

/** ms; WeChat Pay wants its answer within five seconds. */
const ANSWER_WITHIN_MS = 5_000;
const MAX_ANSWER_BYTES = 65_536;

/**
 * Delivers notifications in the background, each on its own, and only to this machine. What is waiting is in the
 * database, so a simulator that takes over carries on.
 */
export class Courier {
  private readonly world: World;
  private readonly onTheWay = new Set<string>();
  private stopped = false;
  private wake = new AbortController();

  constructor(world: World) {
    this.world = world;
  }

  /** Runs until {@link stop}. */
  async run(): Promise<void> {
    while (!this.stopped) {
      const signal = this.wake.signal;
      const now = this.world.clock.now();
      const waiting = await this.world.database.read(() => this.world.deliveries.waiting());
      const idle = waiting.filter(({ id }) => !this.onTheWay.has(id));
      for (const delivery of idle) {
        if ((delivery.dueAt ?? 0) <= now)
          void this.deliver(delivery).catch(() => this.onTheWay.add(delivery.id));
      }
      const next = idle.find(({ dueAt }) => (dueAt ?? 0) > now)?.dueAt;
      if (next) await this.world.clock.sleep(next - now, signal);
      else if (!signal.aborted) await once(signal, 'abort');
    }
  }

  /** Looks again at what is waiting: call after something was added. */
  kick(): void {
    this.wake.abort();
    this.wake = new AbortController();
  }

  stop(): void {
    this.stopped = true;
    this.wake.abort();
  }

  /** One attempt. Where even its outcome cannot be kept, it stays due, for the next process that serves. */
  private async deliver(delivery: Delivery): Promise<void> {
    this.onTheWay.add(delivery.id);
    const { outcome, accepted } = await this.post(delivery);
    if (this.stopped) return;
    const attempts = [...delivery.attempts, outcome];
    const copiesLeft = accepted ? delivery.copiesLeft - 1 : delivery.copiesLeft;
    const pauseMs = accepted ? 0 : REPEAT_AFTER_MS[attempts.length - 1];
    const again = copiesLeft > 0 && pauseMs !== undefined && outcome !== 'not-loopback' && !delivery.forged;
    const dueAt = again ? this.world.clock.now() + pauseMs : null;
    await this.world.database.write(() =>
      this.world.deliveries.save({ ...delivery, attempts, copiesLeft, dueAt }),
    );
    this.onTheWay.delete(delivery.id);
    this.kick();
  }

  private async post(delivery: Delivery): Promise<{ outcome: number | string; accepted: boolean }> {
    if (!isLoopback(delivery.url)) return { outcome: 'not-loopback', accepted: false };
    const message = fakeOf(this.world, delivery.provider).message(this.world, delivery);
    try {
      const { headers, body } = message;
      const request: RequestInit = { method: 'POST', headers, body, redirect: 'manual' };
      const response = await onThisMachine(delivery.url, request, ANSWER_WITHIN_MS);
      const accepted = message.accepts(
        response.status,
        String((await boundedBody(response, MAX_ANSWER_BYTES)) ?? ''),
      );
      return { outcome: response.status, accepted };
    } catch {
      return { outcome: 'no-answer', accepted: false };
    }
  }
}

/** Nothing the simulator sends may leave this machine, whatever an order names as its notify URL. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return /^https?:$/.test(protocol) && isLoopbackName(hostname);
}
