import { beijingDate, beijingMidnight, type Clock, DAY_MS } from '../../src/domain/clock.ts';
import type { AuditKind } from '../../src/ledger/audit-kinds.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';

const HOUR_MS = 3_600_000;

/** What processes do of their own accord, until it is ended; others may begin then. */
export class Background {
  #stop = new AbortController();
  #running: Promise<void>[] = [];

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  run(work: (signal: AbortSignal) => Promise<void>): void {
    this.#running.push(work(this.signal));
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    [this.#stop, this.#running] = [new AbortController(), []];
  }
}

/** How long (ms) it is until it is so late in Beijing, on a day so many behind today. */
export function timeUntil(clock: Pick<Clock, 'now'>, days: number, hours: number): number {
  const midnight = beijingMidnight(beijingDate(clock.now())) ?? 0;
  return midnight + days * DAY_MS + hours * HOUR_MS - clock.now();
}

/** What the records of a kind tell, oldest first. */
export async function told(ledger: Ledger, kind: AuditKind): Promise<object[]> {
  const records = await ledger.read((book) => book.audit.after(0, 1_000));
  return records.flatMap((record) => (record.kind === kind ? [record.detail] : []));
}
