import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Log } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Hearing, HeldStream } from '../ledger/session-book.ts';
import type { Identity } from '../policy/identity.ts';
import { mayHear, uriOf } from '../resources/order-news.ts';

/** How often (ms) a stream says that it is still there. */
export const KEEP_ALIVE_MS = 15_000;
/** After so many times the ledger is told so too. */
const KEEP_EVERY = 4;
/** Streams of one caller. */
const MOST_OF_CALLER = 64;
/** Streams of one session. */
const MOST_OF_SESSION = 4;
/** Of a client that reads nothing, the stream ends when so many messages wait. */
const MOST_UNREAD = 1_000;
/** Streams that are kept with one statement. */
const PAGE = 100;
const HEADERS = {
  'cache-control': 'no-cache, no-transform',
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
};
const UPDATED = 'notifications/resources/updated';
const LIST_CHANGED = 'notifications/resources/list_changed';

interface Stream extends HeldStream {
  readonly identity: Identity;
  /** Whether it was still there to be written to. */
  send(text: string): boolean;
  end(): void;
}

export interface SessionStreamsDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** Who still has rights when there is something to tell; undefined: whoever had. */
  readonly current: () => ReadonlySet<Identity> | undefined;
}

/**
 * The streams of 2025 sessions that this process holds, whichever has opened the session. What a session is to hear of
 * stands in the ledger, and so does the one of its streams on which it is told. The ledger is listened to, and asked who
 * wants to hear of an order, only while there is a stream.
 */
export class SessionStreams {
  readonly #deps: SessionStreamsDeps;
  /** The newest last. */
  readonly #bySession = new Map<string, Stream[]>();
  #stop: (() => void) | undefined;
  /** Ends the rest before the next sign of life. */
  #rest = new AbortController();

  constructor(deps: SessionStreamsDeps) {
    this.#deps = deps;
  }

  /** undefined when the session has ended. Rejects when the ledger cannot be written. */
  async open(id: string, session: string, identity: Identity): Promise<Response | undefined> {
    const { ledger } = this.#deps;
    if (this.#all().filter((one) => one.identity === identity).length >= MOST_OF_CALLER) {
      return new Response('too many streams', { status: 429, headers: { 'retry-after': '60' } });
    }
    const { stream, body } = this.#hold(session, identity);
    // What is told from here on is told on it: nothing falls between.
    this.#stop ??= ledger.onChange((outTradeNo, isNew) => void this.#tell(outTradeNo, isNew));
    if (this.#all().length === 1) void this.#stayAlive();
    const missed = await ledger
      .note((book) => book.sessions.open(stream))
      .catch((error: unknown) => {
        this.#drop(stream);
        throw error;
      });
    if (missed === undefined) {
      this.#drop(stream);
      return undefined;
    }
    for (const order of missed) if (mayHear(identity, order)) this.#send(stream, updated(order.outTradeNo));
    return new Response(body, { headers: { ...HEADERS, 'mcp-session-id': id } });
  }

  /** The session has ended, whoever it belongs to has lost their rights, or this process ends. Never rejects. */
  async end(such: (stream: HeldStream & { readonly identity: Identity }) => boolean): Promise<void> {
    const held = this.#all().filter(such);
    for (const stream of held) this.#drop(stream);
    await Promise.all(held.map((stream) => this.#forget(stream)));
  }

  #all(): Stream[] {
    return [...this.#bySession.values()].flat();
  }

  #hold(session: string, identity: Identity): { readonly stream: Stream; readonly body: ReadableStream } {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given;
      },
      cancel: () => void this.#leave(stream),
    });
    const encoder = new TextEncoder();
    const stream: Stream = {
      ...{ session, identity, caller: identity.caller },
      stream: this.#deps.randomBytes(12).toString('base64url'),
      send: (text) => {
        if ((controller?.desiredSize ?? -MOST_UNREAD) <= -MOST_UNREAD) return false;
        controller?.enqueue(encoder.encode(text));
        return true;
      },
      end: () => controller?.close(),
    };
    const own = this.#bySession.get(session) ?? [];
    this.#bySession.set(session, [...own, stream]);
    if (own.length >= MOST_OF_SESSION && own[0]) this.#drop(own[0]);
    return { stream, body };
  }

  /** Ends it, and it is held no more. */
  #drop(stream: Stream): void {
    if (this.#remove(stream)) stream.end();
  }

  /** Whether it was held. */
  #remove(stream: Stream): boolean {
    const own = this.#bySession.get(stream.session) ?? [];
    const others = own.filter((one) => one !== stream);
    if (others.length > 0) this.#bySession.set(stream.session, others);
    else this.#bySession.delete(stream.session);
    if (this.#bySession.size === 0) {
      this.#stop?.();
      this.#stop = undefined;
      this.#rest.abort();
    }
    return others.length < own.length;
  }

  /** The client has gone: another of its streams is told at once, wherever it is. */
  async #leave(stream: Stream): Promise<void> {
    this.#remove(stream);
    await this.#forget(stream);
  }

  /** Never rejects. */
  async #forget(stream: Stream): Promise<void> {
    await this.#deps.ledger.note((book) => book.sessions.leave(stream)).catch(this.#failed);
  }

  /** Never rejects. */
  async #tell(outTradeNo: string, isNew: boolean): Promise<void> {
    const { ledger } = this.#deps;
    try {
      const here = isNew ? [...this.#bySession.keys()] : [];
      const { order, hearing } = await ledger.read(async (book) => {
        const hearing = await book.sessions.hearing(outTradeNo, here);
        const isHeard = hearing.some(({ session }) => this.#bySession.has(session));
        return { hearing, order: isHeard ? await book.orders.get(outTradeNo) : undefined };
      });
      if (!order) return;
      const holders = this.#deps.current();
      const told = hearing.flatMap((one) => {
        const stream = this.#toldOn(one);
        if (!stream || holders?.has(stream.identity) === false) return [];
        if (!mayHear(stream.identity, order)) return [];
        return [{ ...one, stream }];
      });
      // Before they are told: who looks at the list then is to hear of the next one.
      const ofList = told.filter((one) => one.ofList).map(({ session }) => session);
      const waited =
        ofList.length > 0 ? await ledger.note((book) => book.sessions.forgetList(ofList)) : new Set();
      for (const one of told) {
        if (one.ofList && !waited.has(one.session)) continue;
        this.#send(one.stream, one.ofList ? event(LIST_CHANGED) : updated(outTradeNo));
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #send(stream: Stream, text: string): void {
    if (stream.send(text)) return;
    stream.end();
    void this.#leave(stream);
  }

  /** Of a session's streams only one is told; the last one here, where nobody has said which. */
  #toldOn({ session, stream }: Hearing): Stream | undefined {
    const own = this.#bySession.get(session);
    return stream === undefined ? own?.at(-1) : own?.find((one) => one.stream === stream);
  }

  /** While there is any. Never rejects. */
  async #stayAlive(): Promise<void> {
    const rest = new AbortController();
    this.#rest = rest;
    for (let times = 1; !rest.signal.aborted; times++) {
      await this.#deps.clock.sleep(KEEP_ALIVE_MS, rest.signal);
      for (const stream of this.#all()) this.#send(stream, ': keepalive\n\n');
      if (times % KEEP_EVERY === 0) await this.#keep().catch(this.#failed);
    }
  }

  async #keep(): Promise<void> {
    const newestFirst = this.#all().reverse();
    for (let i = 0; i < newestFirst.length; i += PAGE) {
      const page = newestFirst.slice(i, i + PAGE);
      const ended = await this.#deps.ledger.note((book) => book.sessions.keep(page));
      await this.end(({ session }) => ended.has(session));
    }
  }

  readonly #failed = (error: unknown): void => {
    this.#deps.log.error('session news', { error: String(error) });
  };
}

const updated = (outTradeNo: string) => event(UPDATED, { uri: uriOf(outTradeNo) });

function event(method: string, params?: Readonly<Record<string, unknown>>): string {
  return `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method, ...(params ? { params } : {}) })}\n\n`;
}
