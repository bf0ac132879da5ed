import type { Ending, Store, Tx } from './store.ts';

/** How many share one commit. */
const MOST_TOGETHER = 64;

/** What somebody wants done in a transaction. */
export interface Job {
  readonly number: number;
  readonly isNote: boolean;
  /** Whether it may go on beside others, until it finds out that it may not. */
  isBeside: boolean;
  /** Shares no transaction any more. */
  isSingle: boolean;
  /** Gives the way to tell of it, once it is committed. */
  run(tx: Tx): Promise<() => void>;
  fail(error: unknown): void;
}

/** Those who wait for a transaction of one kind. */
export interface Line {
  /** How many stood in it when its turn came, and whether all of them only note something. */
  readonly waiting: number;
  readonly isNote: boolean;
  readonly isBeside: boolean;
  /**
   * Those who share the transaction that has begun: also whoever has come while its lock was waited for.
   * @param notes only those who note something
   */
  take(notes: boolean): readonly Job[];
  /** Those for whom it could not begin. */
  giveUp(): readonly Job[];
  /** Nothing of them was done: they come first the next time. */
  again(jobs: readonly Job[]): void;
}

/** What they had in common could not be written: whose fault that is shows when each is by itself. */
export function asSingle(job: Job): Job {
  job.isSingle = true;
  return job;
}

/** The ending of one transaction. */
export function inCommon() {
  let ending: Ending | undefined;
  return {
    common<T extends Ending>(make: () => T): T {
      ending ??= make();
      return ending as T;
    },
    end: async (tx: Tx) => ending?.end(tx),
  };
}

export type Kind = 'write' | 'read';

interface Turns extends Omit<Store, 'close'> {
  /** When all that was asked for is done. */
  idle(): Promise<void>;
}

/**
 * Who asks a store for something, in order: one transaction at a time, and whoever has come by then shares it.
 * @param together does a line's jobs in one transaction, and tells each of them how it ended
 * @param turn resolves when all that has come with this turn of the event loop has been heard
 * @param refusal how a failure reaches who asked
 */
export function inTurns(
  together: (kind: Kind, line: Line) => Promise<void>,
  turn: () => Promise<void>,
  refusal: (error: unknown) => unknown,
): Turns {
  const waiting: Record<Kind, Job[]> = { write: [], read: [] };
  let asked = 0;
  let serving: Promise<void> | undefined;
  async function serve(): Promise<void> {
    const { write, read } = waiting;
    while (write.length + read.length > 0) {
      await turn();
      if (write.length > 0) await together('write', lineOf(write));
      // Who reads sees what was asked to be written before.
      const until = write[0]?.number ?? Number.POSITIVE_INFINITY;
      if (read[0] && read[0].number < until) await together('read', lineOf(read, until));
    }
    serving = undefined;
  }
  function ask<T>(line: Job[], work: (tx: Tx) => Promise<T>, isBeside = false, isNote = false): Promise<T> {
    return new Promise((resolve, reject) => {
      asked += 1;
      line.push({
        number: asked,
        isNote,
        isBeside,
        isSingle: false,
        async run(on) {
          const result = await work(on);
          return () => resolve(result);
        },
        fail: (error) => reject(refusal(error)),
      });
      serving ??= serve();
    });
  }
  return {
    read: (work) => ask(waiting.read, work),
    write: (work, how) => ask(waiting.write, work, how === 'beside'),
    note: (work) => ask(waiting.write, work, true, true),
    queued: () => waiting.write.length,
    idle: async () => serving,
  };
}

/** @param until the number before which a job must have been asked for */
function lineOf(jobs: Job[], until = Number.POSITIVE_INFINITY): Line {
  const waiting = jobs.length;
  const isBeside = jobs[0]?.isBeside ?? false;
  return {
    waiting,
    isNote: jobs.every(({ isNote }) => isNote),
    isBeside,
    take(notes) {
      const other = jobs.findIndex(
        (job, i) =>
          job.number > until ||
          (notes && !job.isNote) ||
          job.isBeside !== isBeside ||
          (i > 0 && (job.isSingle || jobs[0]?.isSingle)),
      );
      return jobs.splice(0, Math.min(MOST_TOGETHER, other < 0 ? jobs.length : other));
    },
    giveUp: () => jobs.splice(0, waiting),
    again: (back) => jobs.unshift(...back),
  };
}
