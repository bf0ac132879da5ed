import { type Fen, fen } from '../domain/money.ts';
import type { Row, SqlValue, Tx } from './store.ts';

/** How one field of a record stands in its column, which has the field's name in snake case unless it says another. */
export interface Field<T> {
  readonly column?: string;
  /** It stands in another table: read where that is joined in, and written by whoever keeps that one. */
  readonly isElsewhere?: true;
  read(value: SqlValue): T;
  write(value: T): SqlValue;
}

type Fields = Readonly<Record<string, Field<unknown>>>;

/** What a row is to the rest of the program. */
export type RecordOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export const text = <T extends string = string>(): Field<T> => ({
  read: (value) => String(value) as T,
  write: (value) => value,
});
export const number: Field<number> = { read: Number, write: (value) => value };
export const money: Field<Fen> = { read: (value) => fen(Number(value)), write: (value) => value };
export const flag: Field<boolean> = {
  read: (value) => Number(value) === 1,
  write: (value) => (value ? 1 : 0),
};
/** An object as JSON. */
export const json = <T>(column: string): Field<T> => ({
  column,
  read: (value) => JSON.parse(String(value)) as T,
  write: (value) => JSON.stringify(value),
});
/** NULL is undefined. */
export const maybe = <T>(field: Field<T>): Field<T | undefined> => ({
  ...field,
  read: (value) => (value === null ? undefined : field.read(value)),
  write: (value) => (value === undefined ? null : field.write(value)),
});

interface Column {
  readonly field: string;
  readonly name: string;
  readonly read: (value: SqlValue) => unknown;
  readonly write: (value: unknown) => SqlValue;
}

/** A table of records: what a field is, is said once, in `fields`. */
export class Table<F extends Fields, R extends RecordOf<F> = RecordOf<F>> {
  readonly name: string;
  readonly fields: F;
  readonly #columns: readonly Column[];
  /** Those of its own. */
  readonly #stored: readonly Column[];
  /** As long as it is, it is made once. */
  #insertion: string | undefined;
  /** What tells one row, in one version, from others. */
  readonly #told: readonly Column[];

  /** @param told the fields of its primary key, and those by which it is seen that a row has changed */
  constructor(name: string, told: readonly (keyof F & string)[], fields: F) {
    this.name = name;
    this.fields = fields;
    this.#columns = Object.entries<Field<unknown>>(fields).map(([field, { column, read, write }]) => ({
      field,
      name: column ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      read,
      write,
    }));
    this.#stored = this.#columns.filter(({ field }) => !fields[field]?.isElsewhere);
    this.#told = this.#columns.filter(({ field }) => told.includes(field as keyof F & string));
  }

  readonly fromRow = (row: Row): R => read(this.#columns, row) as R;

  /** Some of the fields: what to select for them, and how that is read. */
  part<K extends keyof R & string>(...fields: readonly K[]) {
    const columns = this.#columns.filter(({ field }) => fields.includes(field as K));
    return {
      columns: columns.map(({ name }) => name).join(', '),
      fromRow: (row: Row) => read(columns, row) as Pick<R, K>,
    };
  }

  /** @param more columns that no record has; the same ones every time */
  async insert(tx: Tx, record: R, more: Readonly<Record<string, SqlValue>> = {}): Promise<void> {
    this.#insertion ??= insertion(this.name, [...this.#stored.map(({ name }) => name), ...Object.keys(more)]);
    await tx.run(
      this.#insertion,
      ...this.#stored.map((column) => stored(column, record)),
      ...Object.values(more),
    );
  }

  /**
   * Writes the columns in which two versions of a record differ. Throws where the row is no longer what `before` says:
   * who has read it in another transaction would undo what has come since, and what is added up would be wrong.
   */
  async update(tx: Tx, before: R, after: R): Promise<void> {
    const changed = this.#stored.filter(
      (column) =>
        after[column.field as keyof R] !== before[column.field as keyof R] &&
        stored(column, after) !== stored(column, before),
    );
    if (changed.length === 0) return;
    const written = await tx.run(
      `UPDATE ${this.name} SET ${equal(changed, ', ')} WHERE ${this.#told.map(byKey).join(' AND ')}`,
      ...changed.map((column) => stored(column, after)),
      ...this.#told.map((column) => stored(column, before)),
    );
    if (written !== 1) throw new Error(`${this.name}: a row has changed since it was read`);
  }
}

function insertion(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}

function read(columns: readonly Column[], row: Row): unknown {
  const record: Record<string, unknown> = {};
  for (const column of columns) record[column.field] = column.read(row[column.name] ?? null);
  return record;
}

function stored({ field, write }: Column, record: object): SqlValue {
  return write((record as Readonly<Record<string, unknown>>)[field]);
}

function equal(columns: readonly Column[], between: string): string {
  return columns.map(({ name }) => `${name} = ?`).join(between);
}

/**
 * Which row is meant, its key says. Of its state an index holds the few that are in doubt, and a planner that knows of
 * none would go through all of them instead, in the hour in which they are many.
 */
function byKey({ name }: Column): string {
  return name === 'state' ? "state || '' = ?" : `${name} = ?`;
}
