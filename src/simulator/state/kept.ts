import type { SimulatorDatabase } from './database.ts';

/** The statements that books are kept by. */
export type Tables = Pick<SimulatorDatabase, 'rows' | 'row' | 'run'>;

/** What stands in tables of its own. */
export class Kept {
  protected readonly database: Tables;

  constructor(database: Tables) {
    this.database = database;
  }
}
