import { ORDER_STATES, type OrderState } from '../domain/order.ts';
import { listed, type SqlValue, type Tx } from './store.ts';

/** The columns in which the orders of one state stand, beside `paid_fen`. */
export const columnsOf = (state: OrderState) => ({
  count: `${state.toLowerCase()}_count`,
  refunded: `${state.toLowerCase()}_refunded_fen`,
});

/** The tables of sums: what tells their rows from each other, and what is summed up. */
export const TALLIES = {
  /** What counts against the limits, by day of counting. */
  limit_tallies: { key: ['kind', 'scope', 'day'], sums: ['count', 'fen'] },
  /** Orders, and what was given back of them, by day of creation. */
  order_tallies: {
    key: ['scope', 'day', 'provider'],
    sums: [...ORDER_STATES.map(columnsOf).flatMap(({ count, refunded }) => [count, refunded]), 'paid_fen'],
  },
  /** What was paid, by the day on which it was, and of it given back, by the day on which that was sent. */
  takings: {
    key: ['day', 'provider', 'caller'],
    sums: ['paid_count', 'paid_fen', 'refunded_count', 'refunded_fen'],
  },
  /** Subscriptions, and what one period of each comes to, by the day since which somebody could agree to them. */
  subscription_tallies: { key: ['day'], sums: ['count', 'fen'] },
  /** What operators have put into budgets, and what calls hold of it. */
  budgets: { key: ['budget'], sums: ['filled_fen', 'held_fen'] },
} as const;
export type TallyTable = keyof typeof TALLIES;

interface Added {
  readonly table: TallyTable;
  readonly key: readonly SqlValue[];
  readonly sums: Map<string, number>;
}

/** What is to be added to the tables of sums. */
export class Sums {
  readonly #added = new Map<string, Added>();

  get isEmpty(): boolean {
    return this.#added.size === 0;
  }

  add(table: TallyTable, key: readonly SqlValue[], more: Iterable<readonly [string, number]>): void {
    const name = [table, ...key].join('\n');
    const known = this.#added.get(name) ?? { table, key, sums: new Map<string, number>() };
    this.#added.set(name, known);
    for (const [sum, by] of more) known.sums.set(sum, (known.sums.get(sum) ?? 0) + by);
  }

  addAll(others: Sums): void {
    for (const { table, key, sums } of others.#added.values()) this.add(table, key, sums);
  }

  /** What is to be added to one sum of a table, in the rows whose keys are meant. */
  of(table: TallyTable, sum: string, isMeant: (key: readonly SqlValue[]) => boolean): number {
    let found = 0;
    for (const added of this.#added.values()) {
      if (added.table === table && isMeant(added.key)) found += added.sums.get(sum) ?? 0;
    }
    return found;
  }

  /** Rows of one table that change in the same columns go together. */
  async write(tx: Tx): Promise<void> {
    const alike = new Map<string, { table: TallyTable; sums: string[]; rows: SqlValue[][] }>();
    for (const { table, key, sums } of this.#added.values()) {
      const changed = [...sums].filter(([, by]) => by !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
      if (changed.length === 0) continue;
      const names = changed.map(([sum]) => sum);
      const name = [table, ...names].join(' ');
      const known = alike.get(name) ?? { table, sums: names, rows: [] };
      alike.set(name, known);
      known.rows.push([...key, ...changed.map(([, by]) => by)]);
    }
    for (const { table, sums, rows } of alike.values()) {
      await tx.run(upsert(table, sums, rows), ...rows.flat());
    }
  }
}

/** As texts are long and few, each is made once. */
const upserts = new Map<string, string>();

function upsert(table: TallyTable, sums: readonly string[], rows: readonly SqlValue[][]): string {
  const name = `${table} ${sums.join(' ')} ${rows.length}`;
  const known = upserts.get(name);
  if (known) return known;
  const key: readonly string[] = TALLIES[table].key;
  const made = `INSERT INTO ${table} (${[...key, ...sums].join(', ')}) VALUES ${rows.map(listed).join(', ')}
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${sums.map((sum) => `${sum} = ${table}.${sum} + excluded.${sum}`).join(', ')}`;
  upserts.set(name, made);
  return made;
}
