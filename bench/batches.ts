import type { Row, SqlValue, Store, Tx } from '../src/ledger/store.ts';

/** One transaction of the file for many of the ledger's. */
export class Batches implements Store {
  readonly #store: Store;
  #tx: Tx | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  inOne(work: () => Promise<void>): Promise<void> {
    return this.#store.write(async (tx) => {
      const { batch, flush } = rememberingMeta(tx);
      this.#tx = batch;
      await work();
      await flush();
      this.#tx = undefined;
    });
  }

  /** Indexes of what grows are made afterwards, in a fraction of the time; those that only say what is unique stay. */
  async withoutIndexes(work: () => Promise<void>): Promise<void> {
    const indexes = await this.#store.write(async (tx) => {
      await tx.all('PRAGMA cache_size = -500000');
      const rows = await tx.all(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('orders', 'audit') AND sql LIKE 'CREATE INDEX%'",
      );
      for (const { name } of rows) await tx.run(`DROP INDEX ${name}`);
      return rows.map(({ sql }) => String(sql));
    });
    await work();
    for (const sql of indexes) await this.#store.write((tx) => tx.run(sql));
  }

  read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#tx ? work(this.#tx) : this.#store.read(work);
  }

  write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#tx ? work(this.#tx) : this.#store.write(work);
  }

  note<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.write(work);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Of what `meta` says under one key, the last word of a batch is written. */
function rememberingMeta(tx: Tx): { readonly batch: Tx; readonly flush: () => Promise<void> } {
  const known = new Map<SqlValue | undefined, Row[]>();
  const written = new Map<SqlValue | undefined, () => Promise<number>>();
  const batch: Tx = {
    ...tx,
    async all(sql, ...values) {
      if (!sql.startsWith('SELECT value FROM meta WHERE key = ?')) return tx.all(sql, ...values);
      const rows = known.get(values[0]) ?? (await tx.all(sql, ...values));
      known.set(values[0], rows);
      return rows;
    },
    async run(sql, ...values) {
      if (!sql.startsWith('INSERT INTO meta (key, value)')) return tx.run(sql, ...values);
      known.set(values[0], [{ value: values[1] ?? null }]);
      written.set(values[0], () => tx.run(sql, ...values));
      return 1;
    },
  };
  return {
    batch,
    async flush() {
      for (const write of written.values()) await write();
    },
  };
}
