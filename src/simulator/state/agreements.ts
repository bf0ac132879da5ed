import type { AgreementTerms } from './agreed.ts';
import { Kept, type Tables } from './kept.ts';
import { keyOf, type Provider } from './trades.ts';

/** An agreement by which a merchant takes money without the buyer: from the moment the buyer looks at it. */
export interface Agreement extends AgreementTerms {
  readonly agreementNo: string;
  /** The buyer's id. */
  readonly payer: string;
  /** 128 random bits: the address of its page. */
  readonly token: string;
  /** ms */
  readonly createdAt: number;
  /** ms; the buyer looked and went away. It can be signed still. */
  readonly declinedAt?: number;
  /** ms */
  readonly signedAt?: number;
  /** ms, where it does not hold for ever */
  readonly endsAt?: number;
  /** ms; ended by the buyer or the merchant. */
  readonly stoppedAt?: number;
  /** When the merchant has put off a deduction: that period (from 0) and its day; those that follow go by it. */
  readonly putOff?: { readonly period: number; readonly on: string };
  /** The order that takes each period's money, or has tried to. */
  readonly taken: readonly { readonly period: number; readonly outTradeNo: string }[];
}

export type AgreementState = 'TEMP' | 'NORMAL' | 'STOP';

/** The state at an instant: one whose time runs out ends by itself, and nobody is told. */
export function agreementState({ signedAt, stoppedAt, endsAt }: Agreement, now: number): AgreementState {
  if (signedAt === undefined) return 'TEMP';
  return stoppedAt !== undefined || (endsAt !== undefined && now >= endsAt) ? 'STOP' : 'NORMAL';
}

/** Every agreement, looked up as orders are. Call inside a write to change it. */
export class AgreementBook extends Kept {
  readonly #space: string | undefined;

  constructor(database: Tables, space?: string) {
    super(database);
    this.#space = space;
  }

  of(space: string | undefined): AgreementBook {
    return new AgreementBook(this.database, space);
  }

  byNumber(provider: Provider, agreementNo: string): Agreement | undefined {
    return this.#one('provider = ? AND agreement_no = ?', keyOf(provider, this.#space), agreementNo);
  }

  byExternal(provider: Provider, externalNo: string): Agreement | undefined {
    return this.#one('provider = ? AND external_no = ?', keyOf(provider, this.#space), externalNo);
  }

  byToken(token: string): Agreement | undefined {
    return this.#one('token = ?', token);
  }

  /** By either number, whoever's it is. Looks through all of them. */
  anywhere(number: string): Agreement | undefined {
    return this.#one('agreement_no = ? OR external_no = ?', number, number);
  }

  /** The latest, newest first. */
  recent(limit: number): Agreement[] {
    return this.database
      .rows('SELECT document FROM agreements ORDER BY sequence DESC LIMIT ?', limit)
      .map((row) => JSON.parse(String(row.document)) as Agreement);
  }

  save(agreement: Agreement): void {
    this.database.run(
      `INSERT INTO agreements (provider, agreement_no, external_no, token, document) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (provider, agreement_no) DO UPDATE SET document = excluded.document`,
      keyOf(agreement.provider, agreement.space),
      agreement.agreementNo,
      agreement.externalNo ?? null,
      agreement.token,
      JSON.stringify(agreement),
    );
  }

  /** Where a wallet tells what it tells without an order, as the merchant has set it in the wallet's own console. */
  address(provider: Provider): string | undefined {
    const row = this.database.row('SELECT url FROM addresses WHERE provider = ?', provider);
    return row && String(row.url);
  }

  setAddress(provider: Provider, url: string): void {
    this.database.run(
      'INSERT INTO addresses (provider, url) VALUES (?, ?) ON CONFLICT (provider) DO UPDATE SET url = excluded.url',
      provider,
      url,
    );
  }

  #one(where: string, ...values: string[]): Agreement | undefined {
    const row = this.database.row(`SELECT document FROM agreements WHERE ${where}`, ...values);
    return row && (JSON.parse(String(row.document)) as Agreement);
  }
}
