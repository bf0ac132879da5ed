import type { Text } from '../domain/errors.ts';
import type { Book } from '../ledger/book.ts';
import type { Identity } from '../policy/identity.ts';

/** What is recorded of an answer. */
export type Outcome = Readonly<Record<string, string | number | boolean | undefined>>;

/** Who calls, and how to reach them while they wait. */
export interface Call extends Identity {
  /** Tells it from every other, in the trail and in the log. */
  readonly id?: string;
  /** What the program says it is; nobody has checked that. */
  readonly client?: string | undefined;
  readonly tool?: string;
  /** Carries out this approval and nothing else: the caller itself is not there. */
  readonly approval?: string;
  /**
   * Pays back what the ledger says that the server owes under this number, and nothing else: no rule of the agents'
   * binds that.
   */
  readonly owed?: string;
  /** Has a period of this contract paid, as the subscriber has agreed to, and nothing else. */
  readonly agreed?: string;
  /** Gives back, under this number, what the ledger says that nobody has delivered in time, and nothing else. */
  readonly overdue?: string;
  /** It can say that something was delivered: a tool for that is listed to it, where the rules want to know. */
  readonly delivers?: boolean;
  readonly signal?: AbortSignal;
  /** When (ms) it came in, where it may have stood in line since. */
  readonly arrivedAt?: number;
  /** Tells a waiting client that work goes on. */
  readonly progress?: (elapsedSeconds: number, totalSeconds: number, message: Text) => Promise<void>;
  /** Records what the call is about to be told, in a transaction that commits it. */
  readonly conclude?: (book: Book, outcome: Outcome) => Promise<void>;
}
