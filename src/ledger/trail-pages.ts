import type { AuditKind } from './audit-kinds.ts';
import { LINK } from './audit-reader.ts';
import { recordFromRow } from './audit-trail.ts';
import type { AuditRecord } from './records.ts';
import { endOfChain } from './sealing.ts';
import { listed, type Tx } from './store.ts';

/** How many records are looked through at once. */
export const PAGE = 200;

/** The audit trail for whoever goes through it from where he was, inside one transaction. */
export class TrailPages {
  readonly #tx: Tx;

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  /** The number of the newest record. */
  async head(): Promise<number> {
    return (await endOfChain(this.#tx)).seq;
  }

  /** The records of these kinds, oldest first, among the next ones behind `after`: those up to `upTo`. */
  async page(
    after: number,
    kinds: readonly AuditKind[],
  ): Promise<{ readonly records: AuditRecord[]; readonly upTo: number; readonly isLast: boolean }> {
    const head = await this.head();
    const upTo = Math.max(after, Math.min(head, after + PAGE));
    const records = upTo > after ? await this.between(after, upTo, kinds) : [];
    return { records, upTo, isLast: upTo >= head };
  }

  /** Records of these kinds behind `after` up to `upTo`, oldest first. */
  async between(after: number, upTo: number, kinds: readonly AuditKind[]): Promise<AuditRecord[]> {
    const rows = await this.#tx.all(
      `${LINK} WHERE audit.seq > ? AND audit.seq <= ?
       AND audit.kind IN (SELECT id FROM words WHERE word IN ${listed(kinds)}) ORDER BY audit.seq`,
      ...[after, upTo, ...kinds],
    );
    return rows.map(recordFromRow);
  }

  /** Some records, oldest first. */
  async at(seqs: readonly number[]): Promise<AuditRecord[]> {
    const rows = await this.#tx.all(`${LINK} WHERE audit.seq IN ${listed(seqs)} ORDER BY audit.seq`, ...seqs);
    return rows.map(recordFromRow);
  }

  /** The newest record that was made before an instant (ms), as far as clocks agree; 0: none. */
  async before(at: number): Promise<number> {
    let [low, high] = [0, await this.head()];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const [row] = await this.#tx.all('SELECT at FROM audit WHERE seq = ?', middle);
      if (Number(row?.at ?? 0) < at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
