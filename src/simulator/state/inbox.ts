import { Kept } from './kept.ts';

/** What a phone shows of a message, whatever sent it there. */
export interface Shown {
  readonly tone: 'green' | 'blue' | 'orange' | 'red' | 'grey';
  readonly title: string;
  /** Of the merchant's own systems: what only programs read. */
  readonly raw?: string;
  /** In the Markdown of group robots where `marked`, else as it is. */
  readonly text: string;
  readonly marked?: true;
  /** What stands below all else, in small letters. */
  readonly foot?: string;
  readonly pairs?: readonly (readonly [name: string, value: string])[];
  readonly quote?: { readonly title: string; readonly text: string };
  readonly buttons: readonly { readonly text: string; readonly url: string }[];
  /** What the app makes links of, and whom it calls, in what is no button. */
  readonly links: readonly string[];
  readonly mentions: readonly string[];
}

/** Why a message was not taken. */
export type Refusal =
  | 'signature'
  | 'clock'
  | 'keyword'
  | 'limited'
  | 'removed'
  | 'busy'
  | 'malformed'
  | 'unknown-type'
  | 'too-large';

/** A message that arrived. */
export interface Arrived {
  readonly kind: string;
  readonly box: string;
  /** ms */
  readonly at: number;
  readonly refused?: Refusal;
  /** Absent where it could not be read. */
  readonly shown?: Shown;
  /** What the merchant's systems know a message by. */
  readonly id?: string;
}

/** Messages kept; older ones are forgotten. */
const KEPT = 1_000;

/** What the merchant's phone, group chats and systems were told. Call inside a write to change it. */
export class InboxBook extends Kept {
  add(arrived: Arrived): void {
    this.database.run(
      'INSERT INTO inbox (kind, box, at, document) VALUES (?, ?, ?, ?)',
      arrived.kind,
      arrived.box,
      arrived.at,
      JSON.stringify(arrived),
    );
    this.database.run(`DELETE FROM inbox WHERE sequence <= (SELECT MAX(sequence) FROM inbox) - ${KEPT}`);
  }

  /** How many arrived at one box since then (ms), taken or not. */
  since(kind: string, box: string, since: number): number {
    const row = this.database.row(
      'SELECT COUNT(*) AS n FROM inbox WHERE kind = ? AND box = ? AND at > ?',
      kind,
      box,
      since,
    );
    return Number(row?.n ?? 0);
  }

  /** When (ms) one was last refused for coming too fast. */
  lastLimited(kind: string, box: string): number | undefined {
    const row = this.database.row(
      `SELECT at FROM inbox WHERE kind = ? AND box = ? AND document LIKE '%"refused":"limited"%'
       ORDER BY sequence DESC LIMIT 1`,
      kind,
      box,
    );
    return row === undefined ? undefined : Number(row.at);
  }

  /** The newest first. */
  recent(count: number): Arrived[] {
    return this.database
      .rows('SELECT document FROM inbox ORDER BY sequence DESC LIMIT ?', count)
      .map((row) => JSON.parse(String(row.document)) as Arrived);
  }
}
