/** A value that SQLite and PostgreSQL both bind and give back unchanged. */
export type SqlValue = string | number | null | Uint8Array;
export type Row = Record<string, SqlValue>;

/** As many placeholders as there are values, for `IN`; of none, which PostgreSQL takes for a mistake, nothing is one. */
export function listed(values: readonly SqlValue[]): string {
  if (values.length === 0) return '(NULL)';
  return `(${values.map(() => '?').join(', ')})`;
}

/** What belongs to several orders, by the order. */
export function byOrder<T extends { readonly outTradeNo: string }>(all: readonly T[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const own = found.get(one.outTradeNo);
    if (own) own.push(one);
    else found.set(one.outTradeNo, [one]);
  }
  return found;
}

/** What those who share a transaction have in common, written behind the work of all of them. */
export interface Ending {
  end(tx: Tx): Promise<void>;
}

/** Statements inside one transaction. Placeholders are `?`. */
export interface Tx {
  all(sql: string, ...values: SqlValue[]): Promise<Row[]>;
  /** Returns the number of rows changed. */
  run(sql: string, ...values: SqlValue[]): Promise<number>;
  /** Keeps everybody else who asks for the same key waiting until this transaction ends. */
  lock(key: string): Promise<void>;
  /** Whether nobody else can have this key. */
  holds(key: string): boolean;
  /** Goes on where nobody else writes at all; what was done up to here may be done once more for it. */
  alone(): Promise<void>;
  /** The ending of the transaction; made by the first who asks. */
  common<T extends Ending>(make: () => T): T;
  /** Others are told, once this is committed, that there is something to read. */
  tell?(): void;
}

/** Hears of what others commit. */
export interface Ear {
  /** Whether it hears just now; else one has to look. */
  readonly isLive: boolean;
  /** When that is known for the first time: why it does not, undefined where it does. */
  readonly tried: Promise<unknown>;
}

/**
 * The port to a database shared by several processes. `write` is serialised against every other writer and durable
 * when it resolves; when `work` throws, nothing of it remains. With `beside` it may go on beside others that do, and is
 * serialised against whoever asks for one of its keys or for being alone: what it reads and relies upon has to stand
 * under one of its keys, or be written by nobody who is not alone. `read` sees all that had resolved when it was asked
 * for, as of one instant not before it. `note` is a write beside others that a power cut may
 * undo, alone of the last ones: no wait for the disk is spent on it.
 */
export interface Store {
  /** Where its tables are made, and filled from older ones, otherwise than by SQLite's. */
  readonly dialect?: 'postgres';
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  write<T>(work: (tx: Tx) => Promise<T>, how?: 'beside'): Promise<T>;
  note<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** How many of this process's writes wait for their turn. */
  queued?(): number;
  /**
   * Where the database tells of what others commit: calls `heard` when one may have, and after every time in which it
   * could not, until the store is closed. A hint and no more.
   */
  listen?(heard: () => void): Ear;
  close(): Promise<void>;
}
