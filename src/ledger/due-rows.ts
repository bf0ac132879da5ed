import { DAY_MS } from '../domain/clock.ts';
import type { Row, Tx } from './store.ts';

/** What has been seen to never rests for so long (ms). */
const FURTHEST_MS = 2 * DAY_MS;

/** What somebody has to see to at an instant, and again until nothing is left to do. */
export interface DueRecord {
  /** Of its order, where it is about one; else of its contract. */
  readonly outTradeNo?: string;
  readonly contractNo?: string;
  /** Of its order, or contract. */
  readonly account: string;
  /** When (ms) somebody sees to it next; undefined once nothing is left to do. */
  readonly tryAt: number | undefined;
  /** How often somebody has seen to it. */
  readonly tries: number;
}

interface Rows<R> {
  readonly name: string;
  readonly fromRow: (row: Row) => R;
  update(tx: Tx, before: R, after: R): Promise<void>;
}

/** The rows of a table that come round, inside one transaction. All of them are found by index, however many are settled. */
export abstract class DueRows<R extends DueRecord> {
  protected readonly tx: Tx;
  protected readonly table: Rows<R>;

  constructor(tx: Tx, table: Rows<R>) {
    this.tx = tx;
    this.table = table;
  }

  /** As it stands now; nobody else changes it until a transaction that writes ends. */
  abstract again(row: R): Promise<R | undefined>;

  /** Of one account, what somebody has to see to by now, the longest due first. */
  async due(account: string, now: number, limit: number): Promise<R[]> {
    const rows = await this.tx.all(
      `SELECT * FROM ${this.table.name} WHERE account = ? AND try_at IS NOT NULL AND try_at <= ?
       ORDER BY try_at LIMIT ?`,
      account,
      now,
      limit,
    );
    return rows.map(this.table.fromRow);
  }

  /** What was to come round so far ahead that only a wrong clock can have put it there, comes round now (ms). */
  async putBack(now: number): Promise<void> {
    await this.tx.alone();
    await this.tx.run(
      `UPDATE ${this.table.name} SET try_at = ? WHERE account > '' AND try_at > ? AND tries > 0`,
      now,
      now + FURTHEST_MS,
    );
  }

  /** The accounts of whom anything is left to do, each found by a jump in an index. */
  async accounts(): Promise<string[]> {
    const found: string[] = [];
    for (;;) {
      const [row] = await this.tx.all(
        `SELECT MIN(account) AS next FROM ${this.table.name} WHERE account > ? AND try_at IS NOT NULL`,
        found.at(-1) ?? '',
      );
      if (typeof row?.next !== 'string') return found;
      found.push(row.next);
    }
  }

  /** Leaves it to whoever calls until `until` (ms). Undefined where somebody else has it, or nothing is left to do. */
  async take(row: R, until: number): Promise<R | undefined> {
    const current = await this.again(row);
    if (current?.tryAt === undefined || current.tries !== row.tries) return undefined;
    return this.change(current, { tryAt: until, tries: current.tries + 1 } as Partial<R>);
  }

  /** Comes round again at `tryAt` (ms), unless somebody else has it by now. */
  async later(taken: R, tryAt: number): Promise<void> {
    const current = await this.again(taken);
    if (current?.tryAt === undefined || current.tries !== taken.tries) return;
    await this.change(current, { tryAt } as Partial<R>);
  }

  protected async change(row: R, patch: Partial<R>): Promise<R> {
    const changed = { ...row, ...patch };
    await this.table.update(this.tx, row, changed);
    return changed;
  }
}
