import { type ChannelState, KEPT_MS } from '../ledger/channel-rows.ts';
import { Courier, type Deliverer } from './courier.ts';
import { longestWaits } from './outcome.ts';

/** How often (ms) the ledger is looked at for anything new. */
const LOOK_EVERY_MS = 1_000;
/** At least so often (ms) each channel is looked at: whoever was telling it something may be gone. */
const LOOK_AT_ALL_MS = 5_000;
/**
 * Whoever tells a channel something and does not say so for so long (ms) is gone: by the clock of whoever waits, for
 * clocks differ. Longer than an answer is waited for.
 */
const GONE_MS = 20_000;
/** How often (ms) what was told long ago is forgotten. */
const PURGE_EVERY_MS = 3_600_000;

/**
 * Tells channels what has happened, within a second, until `signal` aborts. What is told, and how far each channel has
 * come, is the ledger's; of all processes one at a time tells a channel something, and another one takes over where
 * that one is killed.
 * @param from behind which record a channel begins that is new
 */
export async function runDeliverer(deliverer: Deliverer, from: number, signal: AbortSignal): Promise<void> {
  const { clock, log } = deliverer;
  const round = new Round(deliverer, from, signal);
  while (!signal.aborted) {
    await round.look().catch((error: unknown) => log.error('channels', { error: String(error) }));
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  await round.end();
}

/** What of a channel another process holds, and since when (ms) nothing of that has moved. */
interface Seen {
  readonly holder: string | undefined;
  readonly beat: number;
  readonly since: number;
}

class Round {
  readonly #deliverer: Deliverer;
  readonly #from: number;
  readonly #couriers: ReadonlyMap<string, Courier>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #seen = new Map<string, Seen>();
  #hasBegun = false;
  #purgedAt = 0;
  /** When (ms) the last look was, and how far the trail was then. */
  #lookedAt: number;
  #head = -1;
  /** When (ms) the channels are looked at again although the trail has not grown. */
  #again = 0;

  constructor(deliverer: Deliverer, from: number, signal: AbortSignal) {
    this.#deliverer = deliverer;
    this.#from = from;
    this.#lookedAt = deliverer.clock.now();
    const holder = deliverer.randomBytes(9).toString('base64url');
    this.#couriers = new Map(
      deliverer.channels.map((channel) => [channel.name, new Courier(deliverer, channel, holder, signal)]),
    );
  }

  /** Sets to work whoever has something to tell and is not at work. */
  async look(): Promise<void> {
    const { ledger, clock } = this.#deliverer;
    const now = clock.now();
    const wasSetBack = now < this.#lookedAt - LOOK_EVERY_MS;
    this.#lookedAt = now;
    if (!this.#hasBegun || wasSetBack) await this.#begin(wasSetBack);
    const names = [...this.#couriers.keys()];
    const found = await ledger.read(async ({ outbox, trail }) => {
      const head = await trail.head();
      if (head === this.#head && now < this.#again) return undefined;
      const due = new Map<string, number | undefined>();
      for (const name of names) due.set(name, await outbox.dueAt(name));
      return { head, due, states: await outbox.states(names) };
    });
    if (!found) return;
    const { head, due, states } = found;
    const later = [...due.values()].filter((at) => at !== undefined && at > now) as number[];
    this.#head = head;
    this.#again = Math.min(now + LOOK_AT_ALL_MS, ...later);
    for (const [name, courier] of this.#couriers) {
      const state = states.get(name);
      if (!state || state.disabledAt !== undefined || this.#running.has(name)) continue;
      // While it rests, too, a holder shows whether it is there still.
      const gone = this.#goneSince(state, now);
      const isDue = (due.get(name) ?? Number.POSITIVE_INFINITY) <= now && courier.mayTell(state, now);
      if (!isDue && !courier.hasNews(state, head)) continue;
      const run = courier.run(state, gone).finally(() => {
        this.#running.delete(name);
        this.#again = 0;
      });
      this.#running.set(name, run);
    }
    await this.#purge(now);
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.values());
    await Promise.all([...this.#couriers.values()].map((courier) => courier.leave()));
  }

  /** Channels that are new begin; those that were away for too long go on with what is not too old to be told. */
  async #begin(wasSetBack: boolean): Promise<void> {
    const { ledger, clock, channels } = this.#deliverer;
    const names = channels.map(({ name }) => name);
    const states = await ledger.read(({ outbox }) => outbox.states(names));
    const oldest = await ledger.read(({ trail }) => trail.before(clock.now() - KEPT_MS));
    for (const { name, kind } of channels) {
      await ledger.note(({ outbox }) =>
        states.has(name)
          ? outbox.resume(name, oldest, wasSetBack ? [0] : longestWaits(kind))
          : outbox.begin(name, Math.max(this.#from, oldest)),
      );
    }
    this.#hasBegun = true;
    this.#again = 0;
  }

  /** The beat of somebody who is gone; undefined while nobody is, or that is not known yet. */
  #goneSince({ channel, holder, beat }: ChannelState, now: number): number | undefined {
    const seen = this.#seen.get(channel);
    if (seen?.holder === holder && seen?.beat === beat && now >= seen.since) {
      return now - seen.since >= GONE_MS ? beat : undefined;
    }
    this.#seen.set(channel, { holder, beat, since: now });
    return undefined;
  }

  async #purge(now: number): Promise<void> {
    if (now - this.#purgedAt < PURGE_EVERY_MS) return;
    this.#purgedAt = now;
    const { ledger } = this.#deliverer;
    // Those that no file names any more, too.
    for (const name of await ledger.read(({ outbox }) => outbox.names())) {
      while (await ledger.note(({ outbox }) => outbox.purge(name)));
    }
  }
}
