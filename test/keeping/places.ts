import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRows, tableShapes } from '../../src/keeping/rows.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { type Address, openStore } from '../../src/open-ledger.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { hasPostgres, newDatabase } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';

export type Kind = 'sqlite' | 'postgres';

export const ports = { clock: systemClock, randomBytes: systemRandom };
export const silent = () => undefined;

/** Stores between which a ledger goes, and whether this run has both. */
export const WAYS = (
  [
    ['sqlite', 'sqlite'],
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
  ] as const
).map(([from, to]) => {
  const has = hasPostgres || (from === 'sqlite' && to === 'sqlite');
  return { from, to, has, title: `${from} → ${to}${postgresMark(has)}` };
});

/** Places for ledgers that end with a test. */
export class Places {
  readonly folder = mkdtempSync(join(tmpdir(), 'keeping-'));
  readonly #drops: (() => Promise<void>)[] = [];
  #count = 0;

  path(name: string): string {
    return join(this.folder, name);
  }

  async empty(kind: Kind): Promise<Address> {
    if (kind === 'sqlite') {
      const path = this.path(`empty-${++this.#count}.db`);
      return { ledger: path, ledgerName: path };
    }
    const { url, drop } = await newDatabase();
    this.#drops.push(drop);
    return { ledger: url, ledgerName: new URL(url).pathname };
  }

  async end(): Promise<void> {
    for (const drop of this.#drops) await drop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Does something with the ledger that is there, as another process would. */
export async function withLedger<T>(address: Address, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const store = await openStore(address);
  try {
    return await work(await Ledger.open(store, 'simulator', ports, { mayMake: false }));
  } finally {
    await store.close();
  }
}

/** Every row of every table, as text. */
export async function rowsOf(address: Address): Promise<Record<string, string[]>> {
  const shapes = await tableShapes(ports);
  const store = await openStore(address);
  try {
    return await store.read(async (tx) => {
      const rows: Record<string, string[]> = {};
      for (const shape of shapes) {
        const found = await readRows(tx, shape, undefined, 100_000);
        rows[shape.name] = found.map((row) =>
          JSON.stringify(
            shape.columns.map((name) => {
              const value = row[name] ?? null;
              return value instanceof Uint8Array ? `x${Buffer.from(value).toString('hex')}` : value;
            }),
          ),
        );
      }
      return rows;
    });
  } finally {
    await store.close();
  }
}
