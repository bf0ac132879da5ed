import type { AuditKind } from './audit-kinds.ts';
import type { Reader } from './audit-reader.ts';
import type { Row, SqlValue } from './store.ts';

/** A row that is not what the trail tells of it: nothing tells of it, it is gone, or a column differs. */
export interface TableFault {
  readonly table: string;
  readonly row: string;
  readonly look: 'unrecorded' | 'gone' | 'differs';
  readonly column?: string;
  readonly recorded?: string;
  readonly stored?: string;
}

/** What a record says under one of its names. */
export type Fact = string | number | undefined;

/** Only one kind, by the number that the trail has for it, in SQL. */
export function kind(word: AuditKind): string {
  return `(SELECT id FROM words WHERE word = '${word}')`;
}

/** What is told of a row: columns, and digests of what is not told in full. Undefined is not told. */
export type Facts = Record<string, Fact>;

/** What is left of the facts of one part of a trail. */
export interface RowsState {
  readonly made: number;
  readonly facts: readonly (readonly [key: string, facts: Facts])[];
}

/** A row, read: the columns that are compared, and its key. */
interface Found {
  readonly key: string;
  readonly row: Row;
}

export interface RecordedTable {
  readonly name: string;
  /** Where its rows are found with all their columns; the table itself by default. */
  readonly rows?: string;
  /** The primary key. */
  readonly key: readonly string[];
  /** Columns that {@link Facts} may name, and those that `digests` reads. */
  readonly columns: readonly string[];
  /** Which of its rows the trail tells of, in SQL; all by default. */
  readonly told?: string;
  /** How some of them are read, in SQL. */
  readonly read?: Readonly<Record<string, string>>;
  /** What is told by digest only, of those that the facts tell. */
  readonly digests?: (row: Row, facts: Facts) => Facts;
  /** Of a record (`audit`), in SQL: whether it tells that the row was made. */
  readonly made: string;
}

/** So many faults are named; more say no more. */
export const MOST = 20;
/** Rows that are fetched at once, and waited for: what has just begun is mostly told to its end soon. */
const BATCH = 100;
const PLACES = Array.from({ length: BATCH }, () => '?').join(', ');

/**
 * What the rows of one table must hold, gathered record by record. What a row bears out already is forgotten, and of
 * what is told of that row later only that is remembered: a row that was right before and bears out what came after is
 * right. So only what is under way takes memory, however long the trail.
 */
export class RecordedRows {
  readonly #table: RecordedTable;
  readonly #columns: readonly string[];
  readonly #rowsAs: string;
  readonly #since: number;
  readonly #facts = new Map<string, Facts>();
  readonly #touched = new Set<string>();
  #made = 0;

  /** @param since of rows made before (ms) an earlier part of the trail tells too; what is told here is remembered */
  constructor(table: RecordedTable, since = 0) {
    this.#table = table;
    this.#since = since;
    this.#columns = [...new Set([...table.key, ...table.columns, ...(since > 0 ? ['created_at'] : [])])];
    // As one value: to fetch ten of every row takes longer than all else that is done with it. JSON holds no BLOB.
    const values = this.#columns.map(
      (name) => table.read?.[name] ?? `CASE typeof(${name}) WHEN 'blob' THEN hex(${name}) ELSE ${name} END`,
    );
    this.#rowsAs = `SELECT json_group_array(json_array(${values.join(', ')})) AS found FROM`;
  }

  /** @param key the columns of the primary key, with slashes between */
  make(key: string, facts: Facts): void {
    this.#made += 1;
    this.#facts.set(key, facts);
    this.#touched.add(key);
  }

  /** What is known of a row, to be added to. */
  of(key: string): Facts {
    const known = this.#facts.get(key) ?? {};
    this.#facts.set(key, known);
    this.#touched.add(key);
    return known;
  }

  get state(): RowsState {
    return { made: this.#made, facts: [...this.#facts] };
  }

  /** Takes what the earlier part of the trail has told and no row has borne out yet; what this one told is newer. */
  follow({ made, facts }: RowsState): void {
    this.#made += made;
    for (const [key, earlier] of facts) this.#facts.set(key, { ...earlier, ...this.#facts.get(key) });
  }

  /** Forgets what the rows bear out of which something was told since the last time, once they are some. */
  async settle(tx: Reader): Promise<void> {
    if (this.#touched.size < BATCH) return;
    await this.#compare(tx, this.#touched);
    this.#touched.clear();
  }

  /** What is wrong, after the last record. @param excused rows that nothing need tell of */
  async faults(tx: Reader, excused?: (row: Row) => boolean): Promise<TableFault[]> {
    const { name, told = 'TRUE' } = this.#table;
    const there = new Set<string>();
    const faults = await this.#compare(tx, [...this.#facts.keys()], there);
    const gone = [...this.#facts.keys()].filter((row) => !there.has(row));
    faults.push(...gone.map((row) => ({ table: name, row, look: 'gone' as const })));
    const [all] = await tx.all(`SELECT COUNT(*) AS count FROM ${name} WHERE ${told}`);
    const more = Number(all?.count) - (this.#made - gone.length);
    if (more !== 0) faults.push(...(await this.#unrecorded(tx, more, excused)));
    return faults.slice(0, MOST);
  }

  /** Forgets those of these rows that are as they are told to be. Returns what is wrong with others that are `there`. */
  async #compare(tx: Reader, keys: Iterable<string>, there = new Set<string>()): Promise<TableFault[]> {
    const {
      name,
      rows = name,
      key: [first],
    } = this.#table;
    const faults: TableFault[] = [];
    const wanted = new Set(keys);
    const firsts = [...new Set([...wanted].map((key) => key.split('/', 1)[0] ?? ''))];
    for (let i = 0; i < firsts.length; i += BATCH) {
      const batch: SqlValue[] = firsts.slice(i, i + BATCH);
      while (batch.length < BATCH) batch.push(null);
      for (const { key, row } of await this.#find(tx, `${rows} WHERE ${first} IN (${PLACES})`, batch)) {
        const facts = wanted.has(key) ? this.#facts.get(key) : undefined;
        if (facts === undefined) continue;
        there.add(key);
        const found = this.#differences(key, facts, row);
        const isOlder = this.#since > 0 && !(Number(row.created_at) > this.#since);
        if (found.length === 0 && !isOlder) this.#facts.delete(key);
        else if (faults.length < MOST) faults.push(...found);
      }
    }
    return faults;
  }

  #differences(key: string, facts: Facts, row: Row): TableFault[] {
    const { name, digests } = this.#table;
    const digested: Facts = digests?.(row, facts) ?? {};
    const faults: TableFault[] = [];
    for (const column in facts) {
      const value = facts[column];
      const stored = digested[column] ?? row[column] ?? undefined;
      if (value === undefined || stored === value || String(stored ?? '-') === String(value)) continue;
      faults.push(differs(name, key, column, value, stored));
    }
    return faults;
  }

  async #find(tx: Reader, from: string, values: readonly SqlValue[] = []): Promise<Found[]> {
    const [all] = await tx.all(`${this.#rowsAs} ${from}`, ...values);
    return (JSON.parse(String(all?.found)) as SqlValue[][]).map((columns) => {
      const row: Row = {};
      for (const [i, name] of this.#columns.entries()) row[name] = columns[i] ?? null;
      return { row, key: this.#table.key.map((name) => row[name]).join('/') };
    });
  }

  /** @param more so many rows more than are told of; fewer when negative */
  async #unrecorded(tx: Reader, more: number, excused?: (row: Row) => boolean): Promise<TableFault[]> {
    const { name, rows = name, told = 'TRUE', made } = this.#table;
    const limit = excused ? '' : `LIMIT ${MOST}`;
    const found = await this.#find(
      tx,
      `(SELECT * FROM ${rows} WHERE ${told} AND NOT EXISTS (SELECT 1 FROM audit WHERE ${made}) ${limit}) AS ${name}`,
    );
    const named = excused ? found.filter(({ row }) => !excused(row)) : found;
    if (named.length === 0 && found.length === more) return [];
    if (named.length === 0) return [{ table: name, row: '', look: more < 0 ? 'gone' : 'unrecorded' }];
    return named.map(({ key }) => ({ table: name, row: key, look: 'unrecorded' }));
  }
}

export function differs(
  table: string,
  row: string,
  column: string,
  recorded: SqlValue | boolean | undefined,
  stored: SqlValue | boolean | undefined,
): TableFault {
  return {
    ...{ table, row, look: 'differs', column },
    recorded: String(recorded ?? '-'),
    stored: String(stored ?? '-'),
  };
}
