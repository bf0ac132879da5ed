import {
  CHANNELS,
  type ChannelState,
  DELIVERIES,
  type Delivery,
  isResting,
  KEPT_MS,
  type Waiting,
  waitingFor,
} from './channel-rows.ts';
import { listed, type Tx } from './store.ts';

/** So many told events are forgotten in one transaction. */
const PURGE = 200;

/** What became of one try. */
export type Told =
  | { readonly seqs: readonly number[]; readonly is: 'delivered' | 'refused' }
  /** @property dueAt ms */
  | { readonly seqs: readonly number[]; readonly is: 'again'; readonly dueAt: number };

/** How a channel is since something was tried. */
export interface Health {
  /** Whether anything arrived. */
  readonly isWell: boolean;
  /** Whether nothing had for long: what was tried in vain need not wait any longer. */
  readonly isBack: boolean;
  /** ms */
  readonly restUntil: number;
}

/**
 * What channels are told of the audit trail, inside one transaction: the trail is the outbox, and this is how far each
 * channel has come in it, and what of it still waits to be told. Nothing of it is recorded itself.
 */
export class Outbox {
  readonly #tx: Tx;
  readonly #now: number;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  /** Every channel that there ever was. */
  async names(): Promise<string[]> {
    return (await this.#tx.all('SELECT channel FROM channels')).map(({ channel }) => String(channel));
  }

  /** Those of these channels that there are. */
  async states(channels: readonly string[]): Promise<ReadonlyMap<string, ChannelState>> {
    const rows = await this.#tx.all(
      `SELECT * FROM channels WHERE channel IN ${listed(channels)}`,
      ...channels,
    );
    return new Map(rows.map(CHANNELS.fromRow).map((state) => [state.channel, state]));
  }

  /** When (ms) the next thing is due to be told; undefined where nothing waits. */
  async dueAt(channel: string): Promise<number | undefined> {
    const [row] = await this.#tx.all(
      `SELECT MIN(due) AS due FROM (${FIRST_DUE}) AS first`,
      ...RANKS.map(() => channel),
    );
    return typeof row?.due === 'number' ? row.due : undefined;
  }

  /** A channel begins behind a record; one that there is goes on. */
  async begin(channel: string, seq: number): Promise<void> {
    await this.#tx.lock(channelKey(channel));
    await this.#tx.run(
      'INSERT INTO channels (channel, seq) VALUES (?, ?) ON CONFLICT (channel) DO NOTHING',
      ...[channel, seq],
    );
  }

  /**
   * One that goes on after a while misses what is too old to be told, and does not wait for a wrong clock.
   * @param longestMs for how long what was tried so often is ever put off; the last is for all that were more often
   */
  async resume(channel: string, seq: number, longestMs: readonly number[]): Promise<void> {
    await this.#tx.lock(channelKey(channel));
    await this.#tx.run('UPDATE channels SET seq = ? WHERE channel = ? AND seq < ?', seq, channel, seq);
    await this.#dueNow(channel, longestMs);
  }

  /**
   * Moves a channel on from where it was found to `upTo`, with what of that it is to be told. Returns whether it was
   * there still; else others have moved it, and nothing was done.
   */
  async takeIn(
    channel: string,
    from: number,
    upTo: number,
    wanted: readonly Omit<Delivery, 'tries'>[],
  ): Promise<boolean> {
    await this.#tx.lock(channelKey(channel));
    const sql = 'UPDATE channels SET seq = ? WHERE channel = ? AND seq = ?';
    if ((await this.#tx.run(sql, upTo, channel, from)) !== 1) return false;
    for (const { seq, type, lane, rank } of wanted) {
      const isBehind = (await this.#first(channel, lane)) !== undefined;
      await this.#tx.run(
        `INSERT INTO deliveries (channel, seq, type, lane, rank, due_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (channel, seq) DO NOTHING`,
        ...[channel, seq, type, lane, rank, isBehind ? null : this.#now],
      );
    }
    return true;
  }

  /**
   * Makes `holder` the one who tells a channel something, if nobody else does, or whoever did has not moved since
   * `seen`. Returns where it stands, and what is due, the most urgent first; undefined where it is another's turn, or
   * nobody's.
   */
  async take(
    channel: string,
    holder: string,
    seen: number | undefined,
    most: number,
  ): Promise<{ readonly state: ChannelState; readonly due: readonly Delivery[] } | undefined> {
    await this.#tx.lock(channelKey(channel));
    const state = (await this.states([channel])).get(channel);
    if (!state || state.disabledAt !== undefined || isResting(state, this.#now)) return undefined;
    const isFree = state.holder === undefined || state.holder === holder || state.beat === seen;
    if (!isFree) return undefined;
    const due: Delivery[] = [];
    for (const rank of RANKS) {
      if (due.length >= most) break;
      const rows = await this.#tx.all(
        `SELECT ${DELIVERIES.columns} FROM deliveries
         WHERE channel = ? AND rank = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ?`,
        ...[channel, rank, this.#now, most - due.length],
      );
      due.push(...rows.map(DELIVERIES.fromRow));
    }
    const now = due.length === 0 ? null : holder;
    if (now !== null || state.holder === holder) {
      await this.#tx.run(
        'UPDATE channels SET holder = ?, beat = beat + 1 WHERE channel = ?',
        ...[now, channel],
      );
    }
    return { state, due };
  }

  /** Notes when (ms) the channel is told something. */
  async pace(channel: string, sent: readonly number[]): Promise<void> {
    await this.#tx.lock(channelKey(channel));
    await this.#tx.run(
      'UPDATE channels SET sent = ? WHERE channel = ?',
      CHANNELS.fields.sent.write(sent),
      channel,
    );
  }

  /** Takes in what became of tries; what waits behind something that is told is due. */
  async settle(channel: string, told: readonly Told[], health: Health | undefined): Promise<void> {
    await this.#tx.lock(channelKey(channel));
    for (const one of told) {
      const of = `WHERE channel = ? AND done_at IS NULL AND seq IN ${listed(one.seqs)}`;
      if (one.is === 'again') {
        await this.#tx.run(
          `UPDATE deliveries SET due_at = ?, tries = tries + 1 ${of}`,
          ...[one.dueAt, channel, ...one.seqs],
        );
        continue;
      }
      const rows = await this.#tx.all(`SELECT lane FROM deliveries ${of}`, channel, ...one.seqs);
      await this.#tx.run(
        `UPDATE deliveries SET done_at = ?, due_at = NULL, outcome = ? ${of}`,
        ...[this.#now, one.is, channel, ...one.seqs],
      );
      for (const lane of new Set(rows.map((row) => String(row.lane)))) {
        const next = await this.#first(channel, lane);
        if (next === undefined) continue;
        await this.#tx.run(
          'UPDATE deliveries SET due_at = ? WHERE channel = ? AND seq = ? AND due_at IS NULL',
          ...[this.#now, channel, next],
        );
      }
    }
    if (!health) return;
    const changes = health.isWell
      ? 'told_at = ?, failures = 0, failing_since = NULL'
      : 'failures = failures + 1, failing_since = COALESCE(failing_since, ?)';
    await this.#tx.run(
      `UPDATE channels SET ${changes}, rest_until = ? WHERE channel = ?`,
      ...[this.#now, health.restUntil, channel],
    );
    if (health.isBack) await this.#dueNow(channel);
  }

  /** Whoever tells a channel something does so no more. */
  async leave(channel: string, holder: string): Promise<void> {
    await this.#tx.lock(channelKey(channel));
    await this.#tx.run(
      'UPDATE channels SET holder = NULL, beat = beat + 1 WHERE channel = ? AND holder = ?',
      ...[channel, holder],
    );
  }

  /** Nothing more is told until a person has seen to it. Returns whether that is new. */
  async disable(channel: string, why: string): Promise<boolean> {
    await this.#tx.lock(channelKey(channel));
    const sql = `UPDATE channels SET disabled_at = ?, disabled_why = ?, holder = NULL, beat = beat + 1
      WHERE channel = ? AND disabled_at IS NULL`;
    return (await this.#tx.run(sql, this.#now, why, channel)) === 1;
  }

  /** All that waits is told from now on. Returns whether it was disabled. */
  async enable(channel: string): Promise<boolean> {
    await this.#tx.lock(channelKey(channel));
    const [row] = await this.#tx.all('SELECT disabled_at FROM channels WHERE channel = ?', channel);
    await this.#tx.run(
      `UPDATE channels SET disabled_at = NULL, disabled_why = NULL, failures = 0, failing_since = NULL, rest_until = 0
       WHERE channel = ?`,
      channel,
    );
    await this.#dueNow(channel);
    return row !== undefined && row.disabled_at !== null;
  }

  /** All behind a record is told once more. */
  async replay(channel: string, seq: number): Promise<void> {
    await this.begin(channel, seq);
    await this.#tx.run('UPDATE channels SET seq = ?, rest_until = 0 WHERE channel = ?', seq, channel);
    await this.#tx.run('DELETE FROM deliveries WHERE channel = ? AND seq > ?', channel, seq);
  }

  /** Forgets what was told long ago. Returns whether there may be more. */
  async purge(channel: string): Promise<boolean> {
    await this.#tx.lock(channelKey(channel));
    const rows = await this.#tx.all(
      `SELECT seq FROM deliveries WHERE channel = ? AND done_at < ? ORDER BY done_at LIMIT ${PURGE}`,
      ...[channel, this.#now - KEPT_MS],
    );
    const seqs = rows.map(({ seq }) => Number(seq));
    await this.#tx.run(
      `DELETE FROM deliveries WHERE channel = ? AND seq IN ${listed(seqs)}`,
      channel,
      ...seqs,
    );
    return seqs.length === PURGE;
  }

  waiting(channel: string): Promise<Waiting> {
    return waitingFor(this.#tx, channel, this.#now);
  }

  async #first(channel: string, lane: string): Promise<number | undefined> {
    const [row] = await this.#tx.all(
      'SELECT seq FROM deliveries WHERE channel = ? AND lane = ? AND done_at IS NULL ORDER BY seq LIMIT 1',
      ...[channel, lane],
    );
    return row && Number(row.seq);
  }

  /** @param longestMs what is due later than that, by how often it was tried, as {@link resume} has it */
  async #dueNow(channel: string, longestMs: readonly number[] = [0]): Promise<void> {
    for (const rank of RANKS) {
      for (const [tries, ms] of longestMs.entries()) {
        await this.#tx.run(
          `UPDATE deliveries SET due_at = ?
           WHERE channel = ? AND rank = ? AND due_at > ? AND tries ${tries < longestMs.length - 1 ? '=' : '>='} ?`,
          ...[this.#now, channel, rank, this.#now + ms, tries],
        );
      }
    }
  }
}

/** Of deliveries, from the most urgent to the least. */
export const RANKS = [0, 1] as const;

/** Of each rank by its index. */
const FIRST_DUE = RANKS.map(
  (rank) =>
    `SELECT MIN(due_at) AS due FROM deliveries WHERE channel = ? AND rank = ${rank} AND due_at IS NOT NULL`,
).join(' UNION ALL ');

const channelKey = (channel: string) => `channel ${channel}`;
