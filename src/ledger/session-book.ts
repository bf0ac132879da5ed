import { DAY_MS } from '../domain/clock.ts';
import { listed, type Tx } from './store.ts';

/** What nobody has kept alive for so long (ms) is forgotten. */
const KEPT_MS = DAY_MS;
/** So often (ms) it is kept alive, as long as there is a stream. */
const RENEWED_MS = KEPT_MS / 12;
/** A stream of which its process has said nothing for so long (ms) is nobody's any more. */
const LOST_MS = 3 * 60_000;
/** Of what one caller's sessions left behind, the oldest gives way to what is beyond this. */
const MOST_OF_CALLER = 1_000;
/** Orders that one session may subscribe to. */
export const MOST_OF_SESSION = 200;

/** What a row may be about besides an order; no order is numbered like this. */
const ENDED = ':ended';
const STREAM = ':stream';
const LIST = ':list';

/** A session with what it is to be told. */
export interface Hearing {
  readonly session: string;
  /** The list of orders, or the order itself. */
  readonly ofList: boolean;
  /** On which of its streams; undefined where none is known to be open. */
  readonly stream: string | undefined;
}

/** An order that has changed while nobody was told, and whose it is. */
export interface Missed {
  readonly outTradeNo: string;
  readonly caller: string;
}

/** A stream that this process holds. */
export interface HeldStream {
  readonly session: string;
  readonly caller: string;
  readonly stream: string;
}

/**
 * What 2025 clients want to hear of, and on which stream they are told, whichever process they have said it to, inside
 * one transaction. A session is known by a digest: nobody can use one who reads this.
 */
export class SessionBook {
  readonly #tx: Tx;
  readonly #now: number;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  async hasEnded(session: string): Promise<boolean> {
    return this.#has(session, ENDED);
  }

  /** Nothing of it remains but that it has ended. */
  async end(session: string, caller: string): Promise<void> {
    await this.#tx.lock(sessionKey(session));
    await this.#tx.run('DELETE FROM sessions WHERE session = ?', session);
    await this.#put(session, caller, ENDED);
  }

  /**
   * From now on this is the stream on which it is told. Returns the orders of which it may not have been told, for want
   * of one: they have changed since a stream was last known to be open; undefined when the session has ended.
   */
  async open({ session, caller, stream }: HeldStream): Promise<Missed[] | undefined> {
    await this.#tx.lock(sessionKey(session));
    if (await this.hasEnded(session)) return undefined;
    const [last] = await this.#tx.all(
      'SELECT at FROM sessions WHERE session = ? AND about = ?',
      ...[session, STREAM],
    );
    const since = Number(last?.at ?? 0);
    const missed = await this.#tx.all(
      `SELECT told.about, orders.caller FROM sessions AS told JOIN orders ON orders.out_trade_no = told.about
       WHERE told.session = ? AND (orders.updated_at >= told.at AND orders.updated_at >= ?
       OR EXISTS (SELECT 1 FROM refunds WHERE refunds.out_trade_no = told.about
         AND refunds.updated_at >= told.at AND refunds.updated_at >= ?))`,
      ...[session, since, since],
    );
    await this.#put(session, caller, STREAM, stream);
    return missed.map((row) => ({ outTradeNo: String(row.about), caller: String(row.caller) }));
  }

  /** The stream is open no more; another of the session may be. */
  async leave({ session, stream }: HeldStream): Promise<void> {
    await this.#tx.run(
      'UPDATE sessions SET stream = NULL, at = ? WHERE session = ? AND about = ? AND stream = ?',
      ...[this.#now, session, STREAM, stream],
    );
  }

  /**
   * What these streams' sessions want is wanted still, and a session without a stream gets the first of these.
   * Returns the sessions that have ended.
   */
  async keep(held: readonly HeldStream[]): Promise<Set<string>> {
    const sessions = [...new Set(held.map(({ session }) => session))];
    const rows = await this.#tx.all(
      `SELECT session, about FROM sessions
       WHERE session IN ${listed(sessions)} AND (about = ? OR (about = ? AND stream IS NOT NULL AND at > ?))`,
      ...[...sessions, ENDED, STREAM, this.#now - LOST_MS],
    );
    const of = (what: string) =>
      new Set(rows.filter(({ about }) => about === what).map(({ session }) => String(session)));
    const [ended, streamed] = [of(ENDED), of(STREAM)];
    for (const one of held) {
      if (ended.has(one.session) || streamed.has(one.session)) continue;
      streamed.add(one.session);
      await this.open(one);
    }
    await this.#tx.run(
      `UPDATE sessions SET at = ? WHERE session IN ${listed(sessions)} AND about <> ?
       AND (at < ? OR stream IN ${listed(held.map(({ stream }) => stream))})`,
      ...[this.#now, ...sessions, ENDED, this.#now - RENEWED_MS, ...held.map(({ stream }) => stream)],
    );
    return ended;
  }

  /** It wants to hear of the order. */
  async subscribe(session: string, caller: string, outTradeNo: string): Promise<'kept' | 'ended' | 'full'> {
    await this.#tx.lock(sessionKey(session));
    if (await this.hasEnded(session)) return 'ended';
    if (await this.#has(session, outTradeNo)) return 'kept';
    const [row] = await this.#tx.all('SELECT COUNT(*) AS kept FROM sessions WHERE session = ?', session);
    if (Number(row?.kept) >= MOST_OF_SESSION) return 'full';
    await this.#put(session, caller, outTradeNo);
    return 'kept';
  }

  async unsubscribe(session: string, outTradeNo: string): Promise<void> {
    await this.#tx.run('DELETE FROM sessions WHERE session = ? AND about = ?', session, outTradeNo);
  }

  /** Whether it is to hear of the next new order. */
  async awaitsList(session: string): Promise<boolean> {
    return this.#has(session, LIST);
  }

  /** It has seen the list. */
  async awaitList(session: string, caller: string): Promise<void> {
    await this.#tx.lock(sessionKey(session));
    if (!(await this.hasEnded(session))) await this.#put(session, caller, LIST);
  }

  /** They hear no more of the list until they see it. Returns those who did: each is told once, by whoever asked first. */
  async forgetList(sessions: readonly string[]): Promise<Set<string>> {
    const forgotten = new Set<string>();
    for (const session of sessions) {
      const sql = 'DELETE FROM sessions WHERE session = ? AND about = ?';
      if ((await this.#tx.run(sql, session, LIST)) === 1) forgotten.add(session);
    }
    return forgotten;
  }

  /** @param here the sessions of which it is asked whether they wait for a new order */
  async hearing(outTradeNo: string, here: readonly string[]): Promise<Hearing[]> {
    const told = `SELECT told.session, told.about, streams.stream FROM sessions AS told
      LEFT JOIN sessions AS streams
      ON streams.session = told.session AND streams.about = '${STREAM}' AND streams.at > ? WHERE told.about = ?`;
    const since = this.#now - LOST_MS;
    const rows = await this.#tx.all(told, since, outTradeNo);
    if (here.length > 0)
      rows.push(...(await this.#tx.all(`${told} AND told.session IN ${listed(here)}`, since, LIST, ...here)));
    return rows.map(({ session, about, stream }) => ({
      session: String(session),
      ofList: about === LIST,
      stream: typeof stream === 'string' ? stream : undefined,
    }));
  }

  async #has(session: string, about: string): Promise<boolean> {
    const rows = await this.#tx.all('SELECT 1 FROM sessions WHERE session = ? AND about = ?', session, about);
    return rows.length > 0;
  }

  async #put(session: string, caller: string, about: string, stream: string | null = null): Promise<void> {
    await this.#forgetOld(caller);
    await this.#tx.run(
      `INSERT INTO sessions (session, about, caller, stream, at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (session, about) DO UPDATE SET stream = excluded.stream, at = excluded.at`,
      ...[session, about, caller, stream, this.#now],
    );
  }

  async #forgetOld(caller: string): Promise<void> {
    await this.#tx.run('DELETE FROM sessions WHERE at <= ?', this.#now - KEPT_MS);
    await this.#tx.run(
      `DELETE FROM sessions WHERE caller = ? AND at <=
       (SELECT at FROM sessions WHERE caller = ? ORDER BY at DESC LIMIT 1 OFFSET ${MOST_OF_CALLER - 1})`,
      ...[caller, caller],
    );
  }
}

const sessionKey = (session: string) => `session ${session}`;
