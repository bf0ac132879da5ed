import type { SimulatorDatabase } from './database.ts';

/** What stands in tables of its own. */
export class Kept {
  protected readonly database: SimulatorDatabase;

  constructor(database: SimulatorDatabase) {
    this.database = database;
  }
}
