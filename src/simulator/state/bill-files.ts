import { Kept } from './kept.ts';

/** What goes wrong when a file is fetched. */
export type FileFault = 'truncated' | 'redirect';

/** A bill, made once and then served under its token as it is. */
export interface BillFile {
  /** base64 */
  readonly content: string;
  readonly fault?: FileFault | undefined;
}

/** Bills waiting to be fetched. Call inside a write to change them. */
export class BillFileBook extends Kept {
  /** Keeps a file until `diesAt` (ms), and forgets those that are dead at `now` (ms). */
  save(token: string, file: BillFile, diesAt: number, now: number): void {
    this.database.run('DELETE FROM bill_files WHERE dies_at <= ?', now);
    this.database.run(
      'INSERT INTO bill_files (token, dies_at, document) VALUES (?, ?, ?)',
      token,
      diesAt,
      JSON.stringify(file),
    );
  }

  /** Undefined once its time (ms) is over. */
  find(token: string, now: number): BillFile | undefined {
    const row = this.database.row(
      'SELECT document FROM bill_files WHERE token = ? AND dies_at > ?',
      token,
      now,
    );
    return row ? (JSON.parse(String(row.document)) as BillFile) : undefined;
  }
}
