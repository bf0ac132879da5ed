import { createHash } from 'node:crypto';
import { beijingIso } from '../../domain/clock.ts';
import type { AnswerFault, Operation } from '../scenarios.ts';
import { Kept } from './kept.ts';
import type { Provider } from './trades.ts';

/** One authenticated gateway call. */
export interface LoggedRequest {
  readonly provider: Provider;
  readonly operation: Operation;
  readonly outTradeNo: string;
  readonly outRefundNo?: string;
  /** SHA-256 (hex) of the raw business bytes: `biz_content`, or the APIv3 body. Equal for byte-identical re-sends. */
  readonly bodyDigest: string;
  /** ISO 8601, +08:00 */
  readonly at: string;
  /** How the answer was made to fail. */
  readonly fault?: AnswerFault;
  /** False when the fault kept the call from being carried out. */
  readonly carriedOut: boolean;
}

/** Calls kept; older ones are forgotten. */
const KEPT = 20_000;

/** What the gateways were asked, in order, so that tests can count orders and effects. */
export class RequestLog extends Kept {
  add(request: Omit<LoggedRequest, 'bodyDigest' | 'at'>, body: string | Buffer, now: number): void {
    const logged: LoggedRequest = {
      ...request,
      bodyDigest: createHash('sha256').update(body).digest('hex'),
      at: beijingIso(now),
    };
    this.database.run('INSERT INTO requests (document) VALUES (?)', JSON.stringify(logged));
    this.database.run(
      `DELETE FROM requests WHERE sequence <= (SELECT MAX(sequence) FROM requests) - ${KEPT}`,
    );
  }

  all(): LoggedRequest[] {
    return this.database
      .rows('SELECT document FROM requests ORDER BY sequence')
      .map((row) => JSON.parse(String(row.document)) as LoggedRequest);
  }
}
