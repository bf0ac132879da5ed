import { beijingDate } from '../domain/clock.ts';
import { readMeta, writeMeta } from './meta.ts';
import { type Due, daysDue, isMadeUpFor, type Restored, reconciledDay } from './restored.ts';
import type { Tx } from './store.ts';

/** A policy that a person has accepted, or the first of the ledger. `acceptedAt` in ms. */
export interface AcceptedPolicy {
  readonly version: number;
  readonly acceptedAt: number;
  readonly acceptedBy: string;
  readonly rulesJson: string;
}

/** Since when (ms) and why nothing moves. */
export interface Freeze {
  readonly at: number;
  readonly by: string;
  readonly reason: string | undefined;
}

/** What only a person decides, inside one transaction. */
export class OperatorBook {
  readonly #tx: Tx;
  readonly #now: number;
  #policy: Promise<AcceptedPolicy | undefined> | undefined;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  /** The same all through a transaction, unless that changes it. */
  policy(): Promise<AcceptedPolicy | undefined> {
    this.#policy ??= this.#newestPolicy();
    return this.#policy;
  }

  async #newestPolicy(): Promise<AcceptedPolicy | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM policies ORDER BY version DESC LIMIT 1');
    return (
      row && {
        version: Number(row.version),
        acceptedAt: Number(row.accepted_at),
        acceptedBy: String(row.accepted_by),
        rulesJson: String(row.rules_json),
      }
    );
  }

  /** One that was accepted before. */
  async rulesOf(version: number): Promise<string | undefined> {
    const [row] = await this.#tx.all('SELECT rules_json FROM policies WHERE version = ?', version);
    return row && String(row.rules_json);
  }

  async insertPolicy(rulesJson: string, by: string): Promise<number> {
    const version = ((await this.#newestPolicy())?.version ?? 0) + 1;
    this.#policy = undefined;
    await this.#tx.run(
      'INSERT INTO policies (version, accepted_at, accepted_by, rules_json) VALUES (?, ?, ?, ?)',
      version,
      this.#now,
      by,
      rulesJson,
    );
    return version;
  }

  async freeze(): Promise<Freeze | undefined> {
    const stored = await readMeta(this.#tx, 'frozen');
    return stored ? (JSON.parse(stored) as Freeze) : undefined;
  }

  /** undefined thaws. */
  async setFreeze(freeze: Omit<Freeze, 'at'> | undefined): Promise<void> {
    await writeMeta(this.#tx, 'frozen', freeze ? JSON.stringify({ at: this.#now, ...freeze }) : '');
  }

  /** Undefined where the ledger was never restored, or all that the backup had forgotten is made up for. */
  async restored(): Promise<Restored | undefined> {
    const stored = await readMeta(this.#tx, 'restored');
    return stored ? (JSON.parse(stored) as Restored) : undefined;
  }

  /** Whether it was restored and no person has resumed it: a day that is still open then stands in nobody's way. */
  async isYetToResume(): Promise<boolean> {
    return (await this.freeze()) !== undefined && (await this.restored()) !== undefined;
  }

  /** When (ms) it was restored last, also when that has been made up for; undefined: never. */
  async restoredAt(): Promise<number | undefined> {
    const at = await readMeta(this.#tx, 'restored_at');
    return at === undefined ? undefined : Number(at);
  }

  /** While all is stopped it is known on, made up for or not: what was open has to be asked about as well. */
  async setRestored(restored: Restored): Promise<void> {
    const isOver = isMadeUpFor(restored) && (await this.freeze()) === undefined;
    await writeMeta(this.#tx, 'restored_at', String(restored.at));
    await writeMeta(this.#tx, 'restored', isOver ? '' : JSON.stringify(restored));
  }

  /** Leaves these days as they are, but for today: its bill is still to be looked at. */
  async passOver({ restored, days }: Due): Promise<void> {
    const today = beijingDate(this.#now);
    const over = days.filter(({ date }) => date < today);
    await this.setRestored(over.reduce((left, day) => reconciledDay(left, { ...day, open: 0 }), restored));
  }

  /** Of a restored ledger; undefined for any other. */
  async due(): Promise<Due | undefined> {
    const restored = await this.restored();
    if (!restored) return undefined;
    // All that was open was due when it was restored, and whoever asks puts it off.
    const [open] = await this.#tx.all(
      `SELECT EXISTS (SELECT 1 FROM orders WHERE ask_at <= ?) OR EXISTS (SELECT 1 FROM refunds WHERE ask_at <= ?) AS any_open`,
      restored.at,
      restored.at,
    );
    return { restored, days: daysDue(restored), unasked: Number(open?.any_open) === 1 };
  }
}
