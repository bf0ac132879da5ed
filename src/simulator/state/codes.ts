import { Kept, type Tables } from './kept.ts';
import { keyOf, type Provider } from './trades.ts';

/** Something a payer can scan or open: a QR string, an H5 link, a prepay_id. */
export interface IssuedCode {
  readonly code: string;
  readonly provider: Provider;
  /** As its order's. */
  readonly space?: string;
  readonly outTradeNo: string;
  /** ms */
  readonly diesAt: number;
  /** Alipay: the order that opening it will create, as JSON. WeChat Pay's order exists already. */
  readonly terms?: string;
}

/** Every code ever issued, looked up as orders are. Call inside a write to change it. */
export class CodeBook extends Kept {
  readonly #space: string | undefined;

  constructor(database: Tables, space?: string) {
    super(database);
    this.#space = space;
  }

  of(space: string | undefined): CodeBook {
    return new CodeBook(this.database, space);
  }

  issue(code: IssuedCode): void {
    this.database.run(
      'INSERT INTO codes (code, provider, out_trade_no, dies_at, terms) VALUES (?, ?, ?, ?, ?)',
      code.code,
      keyOf(code.provider, this.#space),
      code.outTradeNo,
      code.diesAt,
      code.terms ?? null,
    );
  }

  find(code: string): IssuedCode | undefined {
    return this.read(this.database.row('SELECT * FROM codes WHERE code = ?', code));
  }

  latest(provider: Provider, outTradeNo: string): IssuedCode | undefined {
    return this.read(
      this.database.row(
        'SELECT * FROM codes WHERE provider = ? AND out_trade_no = ? ORDER BY sequence DESC LIMIT 1',
        keyOf(provider, this.#space),
        outTradeNo,
      ),
    );
  }

  /** The latest of a number, whoever's it is. Looks through all of them. */
  anywhere(provider: Provider, outTradeNo: string): IssuedCode | undefined {
    return this.read(
      this.database.row(
        `SELECT * FROM codes WHERE out_trade_no = ? AND (provider = ? OR provider LIKE ? || '/%')
         ORDER BY sequence DESC LIMIT 1`,
        outTradeNo,
        provider,
        provider,
      ),
    );
  }

  /** The latest codes of orders that nobody has opened, newest first. */
  unopened(limit: number): IssuedCode[] {
    return this.database
      .rows(
        `SELECT c.* FROM codes c WHERE terms IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM trades t WHERE t.provider = c.provider AND t.out_trade_no = c.out_trade_no)
         ORDER BY sequence DESC LIMIT ?`,
        limit,
      )
      .flatMap((row) => this.read(row) ?? []);
  }

  /** Lets every live code of an order die now. */
  expire(provider: Provider, outTradeNo: string, now: number): void {
    this.database.run(
      'UPDATE codes SET dies_at = ? WHERE provider = ? AND out_trade_no = ? AND dies_at > ?',
      now,
      keyOf(provider, this.#space),
      outTradeNo,
      now,
    );
  }

  private read(row: Record<string, unknown> | undefined): IssuedCode | undefined {
    if (!row) return undefined;
    const [provider = '', space] = String(row.provider).split('/');
    return {
      code: String(row.code),
      provider,
      ...(space === undefined ? {} : { space }),
      outTradeNo: String(row.out_trade_no),
      diesAt: Number(row.dies_at),
      ...(typeof row.terms === 'string' ? { terms: row.terms } : {}),
    };
  }
}
