import type { Pool } from 'pg';
import { until } from '../../support/server-process.ts';
import type { Shop } from '../shop.ts';
import type { Journal } from './journal.ts';
import { yuan } from './rules.ts';

/** Who decides at the terminal, while the database comes and goes. */
export class Persons {
  readonly #shop: Shop;
  readonly #pool: Pool;
  readonly #journal: Journal;
  readonly #random: () => number;
  readonly #approved = new Map<string, Promise<void>>();

  constructor(shop: Shop, pool: Pool, journal: Journal, random: () => number) {
    this.#shop = shop;
    this.#pool = pool;
    this.#journal = journal;
    this.#random = random;
  }

  /** A person says yes, once for each approval, and looks whether that stands where nobody told. */
  approve(id: string): Promise<void> {
    const known = this.#approved.get(id);
    if (known) return known;
    const approving = until(`the yes to ${id}`, async () => {
      const { stderr } = await this.#shop.command(['approvals', 'approve', id]);
      const { rows } = await this.#pool
        .query('SELECT state FROM approvals WHERE id = $1', [id])
        .catch(() => ({ rows: [] }));
      const [{ state } = { state: undefined }] = rows as { state?: string }[];
      if (state === 'pending' || state === undefined) this.#journal.tell(`approve ${id}: ${state} ${stderr}`);
      return state === undefined || state === 'pending' ? undefined : true;
    }).then(() => undefined);
    this.#approved.set(id, approving);
    return approving;
  }

  /** A person fills a budget; where nobody told whether that stands, the budget does. */
  async topUp(caller: string, fen: number): Promise<void> {
    const note = `filling ${this.#random()}`;
    await until(`${caller} is filled`, async () => {
      const command = ['budget', 'top-up', caller, yuan(fen), '--note', note];
      const { code, stderr } = await this.#shop.command(command);
      if (code === 0) return true;
      this.#journal.tell(`top-up of ${caller}: ${stderr}`);
      const stands = await until('the budget', () =>
        this.#pool.query('SELECT 1 FROM budget_moves WHERE note = $1', [note]).then(
          ({ rowCount }) => ({ stands: rowCount !== 0 }),
          () => undefined,
        ),
      );
      return stands.stands || undefined;
    });
  }
}
