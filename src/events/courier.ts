import type { Clock, RandomBytes } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/ports.ts';
import { type ChannelState, isResting } from '../ledger/channel-rows.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from './channel.ts';
import type { CashierEvent, EventType, OwnType, ToldOutcome } from './event.ts';
import { type KindId, type Message, NotSent, type Send, type Telling } from './kinds/kind.ts';
import { type Outcome, outcomeOf, type Tried } from './outcome.ts';
import { readEvents } from './read-events.ts';
import { partsOf } from './summing.ts';
import { TakingIn } from './taking-in.ts';

const MINUTE_MS = 60_000;
/** So many events that are due are looked at to see which of them go together. */
const MOST_DUE = 200;

/** What a process tells channels with. */
export interface Deliverer {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  readonly send: Send;
  readonly channels: readonly Channel[];
  /** The merchant's name, as persons know it. */
  readonly payee: string | undefined;
  readonly simulated: boolean;
  /** Our page about an event, which a person may open. */
  readonly linkOf: (event: CashierEvent) => Promise<string | undefined>;
  /** Told of every try. */
  readonly tried?: ((kind: KindId, outcome: ToldOutcome) => void) | undefined;
}

/** Brings one channel what is for it, in the name of one process. */
export class Courier {
  readonly #deliverer: Deliverer;
  readonly #channel: Channel;
  readonly #holder: string;
  readonly #signal: AbortSignal;
  readonly #takingIn: TakingIn;

  constructor(deliverer: Deliverer, channel: Channel, holder: string, signal: AbortSignal) {
    this.#deliverer = deliverer;
    this.#channel = channel;
    this.#holder = holder;
    this.#signal = signal;
    this.#takingIn = new TakingIn(deliverer.ledger, channel);
  }

  /** Whether the channel wants to be told anything now, and its minute has room for it. */
  mayTell(state: ChannelState, now: number): boolean {
    const { perMinute = Number.POSITIVE_INFINITY } = this.#channel.kind.limits;
    return !isResting(state, now) && lastMinute(state, now).length < perMinute;
  }

  hasNews(state: ChannelState, head: number): boolean {
    return this.#takingIn.from(state) < head;
  }

  /**
   * Takes in what has been recorded, then tells what is due. Never rejects.
   * @param gone the beat of a holder that is gone
   */
  async run(state: ChannelState, gone: number | undefined): Promise<void> {
    const { log } = this.#deliverer;
    try {
      await this.#takingIn.run(state, this.#signal);
      while (!this.#signal.aborted && (await this.#tell(gone)));
    } catch (error) {
      log.error('channel', { channel: this.#channel.name, error: String(error) });
    }
  }

  /** Others need not wait for this process. */
  async leave(): Promise<void> {
    const { ledger, log } = this.#deliverer;
    const { name } = this.#channel;
    await ledger
      .note(({ outbox }) => outbox.leave(name, this.#holder))
      .catch((error: unknown) => log.error('channel', { channel: name, error: String(error) }));
  }

  /** Tells what is due and may be told at once. Returns whether there may be more. */
  async #tell(gone: number | undefined): Promise<boolean> {
    const { ledger, clock } = this.#deliverer;
    const { name, kind } = this.#channel;
    const { perMinute, perSecond, atOnce = 1 } = kind.limits;
    const taken = await ledger.note(async ({ outbox }) => {
      const found = await outbox.take(name, this.#holder, gone, kind.sumsUp ? MOST_DUE : atOnce);
      if (!found) return undefined;
      const now = clock.now();
      const sent = lastMinute(found.state, now);
      const room = perMinute === undefined ? Number.POSITIVE_INFINITY : Math.max(0, perMinute - sent.length);
      const due = found.due.map((one) => ({ ...one, type: one.type as EventType | OwnType }));
      const parts = partsOf(due, room, kind.sumsUp).slice(0, Math.min(room, atOnce));
      if (perMinute !== undefined && parts.length > 0)
        await outbox.pace(name, [...sent, ...parts.map(() => now)]);
      if (parts.length === 0) await outbox.leave(name, this.#holder);
      return { state: found.state, parts };
    });
    if (!taken || taken.parts.length === 0) return false;
    const tried = await Promise.all(taken.parts.map((part) => this.#try(part)));
    // What was broken off because this process ends, the next one tells; it may be heard twice.
    const known = this.#signal.aborted ? tried.filter(({ judged }) => judged.is !== 'again') : tried;
    await this.#settle(taken.state, known);
    if (known.length < tried.length) return false;
    if (perSecond !== undefined) await clock.sleep(1_000 / perSecond, this.#signal);
    return true;
  }

  /** Sends one request. Never rejects. */
  async #try(part: Tried['part']): Promise<Tried> {
    const { ledger, clock, log, send, simulated, payee } = this.#deliverer;
    const { name, opened, language, allowPrivate } = this.#channel;
    let telling: Telling | undefined;
    try {
      const events = await ledger.read((book) =>
        readEvents(
          book,
          part.map(({ seq }) => seq),
          { simulated, trial: ledger.realm === 'trial' },
        ),
      );
      const [first, ...others] = events;
      // A record that is no event any more: somebody has been at the trail.
      if (!first) return { part, judged: { is: 'bug', code: 'no-event' } };
      const messages = [await this.#withLink(first), ...others] as const;
      telling = { messages, language, payee, attempt: part[0]?.tries ?? 0 };
      const request = opened.compose(telling, clock.now());
      const answer = await send(request, { allowPrivate, signal: this.#signal });
      return { part, judged: opened.judge(answer, clock.now()) };
    } catch (error) {
      if (error instanceof NotSent) return { part, judged: { is: 'again', code: error.code } };
      // What went wrong may quote the address.
      log.error('channel: a message could not be made', { channel: name, error: errorName(error) });
      return { part, judged: telling ? { is: 'bug', code: 'internal' } : { is: 'again', code: 'ledger' } };
    }
  }

  async #withLink(event: Message): Promise<Message> {
    const link = await this.#deliverer.linkOf(event).catch(() => undefined);
    return link === undefined ? event : { ...event, link };
  }

  async #settle(state: ChannelState, tried: readonly Tried[]): Promise<void> {
    const { ledger, clock, log, randomBytes, tried: note } = this.#deliverer;
    const { name, kind } = this.#channel;
    if (tried.length === 0) return;
    for (const { part, judged } of tried) {
      note?.(kind.id, judged.is === 'bug' ? 'refused' : judged.is === 'disable' ? 'disabled' : judged.is);
      if (judged.is !== 'again' && judged.is !== 'bug') continue;
      const facts = { channel: name, seqs: part.map(({ seq }) => seq).join(' '), code: judged.code };
      if (judged.is === 'bug') log.error('channel: a message was refused', facts);
      else log.info('channel: not told', facts);
    }
    const { told, health, disable } = outcomeOf(tried, kind, state, clock.now(), randomBytes);
    await ledger.note(({ outbox }) => outbox.settle(name, told, health));
    if (disable) await this.#disable(disable);
  }

  async #disable({ why, code }: NonNullable<Outcome['disable']>): Promise<void> {
    const { ledger, log } = this.#deliverer;
    const { name } = this.#channel;
    const isNew = await ledger.as({ actor: 'deliverer' }).write(async (book) => {
      if (!(await book.outbox.disable(name, why))) return false;
      const detail = { channel: name, why, ...defined({ code }) };
      await book.audit.append({ kind: 'channel-disabled', detail });
      return true;
    });
    if (isNew) log.error('channel disabled', { channel: name, why, code });
  }
}

/** When it was told something that counts against its limits still. */
function lastMinute({ sent }: ChannelState, now: number): readonly number[] {
  return sent.filter((at) => at > now - MINUTE_MS && at <= now);
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
