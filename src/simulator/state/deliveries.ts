import { Kept } from './kept.ts';
import type { Provider, Trade } from './trades.ts';

/** A notification to be delivered, and what became of it. */
export interface Delivery {
  readonly id: string;
  readonly provider: Provider;
  readonly kind: 'payment' | 'refund' | 'echo' | 'agreement';
  /** As its order's. */
  readonly space?: string | undefined;
  readonly outTradeNo: string;
  readonly outRefundNo?: string;
  readonly url: string;
  /** The gateway's own id of the message: the same in every repetition. */
  readonly notifyId: string;
  /** ms of the next attempt; null when there is none. */
  readonly dueAt: number | null;
  /** HTTP status, or a word for what went wrong, of each attempt. */
  readonly attempts: readonly (number | string)[];
  /** How many accepted deliveries are still wanted. */
  readonly copiesLeft: number;
  readonly wrongAmount?: true;
  readonly wrongAccount?: true;
  /** Signed with the platform certificate, as while a merchant moves to the public key. */
  readonly byCertificate?: true;
  /** Signed with a key of nobody's, and claims this order to be paid. */
  readonly forged?: Trade;
  /** Which agreement was signed or ended; forged where nobody of the gateway says so. */
  readonly agreement?: { readonly no: string; readonly event: 'sign' | 'unsign'; readonly forged?: true };
  /** Text of a self-test. */
  readonly echo?: string;
}

/** Notifications waiting and done. Call inside a write to change them. */
export class DeliveryBook extends Kept {
  save(delivery: Delivery): void {
    this.database.run(
      `INSERT INTO deliveries (id, due_at, document) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, document = excluded.document`,
      delivery.id,
      delivery.dueAt,
      JSON.stringify(delivery),
    );
  }

  /** Those that still have an attempt ahead, soonest first. */
  waiting(): Delivery[] {
    return this.read('SELECT document FROM deliveries WHERE due_at IS NOT NULL ORDER BY due_at');
  }

  all(): Delivery[] {
    return this.read('SELECT document FROM deliveries ORDER BY rowid');
  }

  private read(sql: string): Delivery[] {
    return this.database.rows(sql).map((row) => JSON.parse(String(row.document)) as Delivery);
  }
}
