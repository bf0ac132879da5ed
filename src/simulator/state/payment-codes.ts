import { Kept } from './kept.ts';

/** A payment code of an agent's host, and what it has the payer's phone open. */
export interface PaymentCode {
  readonly code: string;
  /** Whatever a payer can be shown: nobody has looked at it. */
  readonly shown: string;
  /** ms */
  readonly diesAt: number;
}

/** Codes that were given for preorders. Call inside a write to change it. */
export class PaymentCodeBook extends Kept {
  issue({ code, shown, diesAt }: PaymentCode): void {
    this.database.run(
      'INSERT INTO payment_codes (code, shown, dies_at) VALUES (?, ?, ?)',
      code,
      shown,
      diesAt,
    );
  }

  find(code: string): PaymentCode | undefined {
    const row = this.database.row('SELECT * FROM payment_codes WHERE code = ?', code);
    return row && { code: String(row.code), shown: String(row.shown), diesAt: Number(row.dies_at) };
  }
}
