import { createHash } from 'node:crypto';
import type { PaidCallRecord } from '../ledger/records.ts';
import type { Priced } from '../payments/paid-calls/quote.ts';
import type { Upstream } from '../platform/relay.ts';
import type { Target } from './path.ts';
import type { HttpPrice, HttpUpstream } from './prices.ts';

/** What somebody asks for that has a price. */
export interface Wanted {
  readonly upstream: HttpUpstream;
  readonly server: Upstream;
  readonly price: HttpPrice;
  readonly target: Target;
  /** Who asks, for limits. */
  readonly source: string;
}

export function pricedAs({ upstream, price }: Wanted): Priced {
  const { amountFen, title, name, retry, method } = price;
  return {
    ...{ face: 'http', upstream: upstream.origin.origin, priced: name, amountFen, title },
    repeatable: retry || method === 'GET',
    refundAfterMs: upstream.refundAfterMs,
  };
}

/** What is bought, in words that a gateway takes and gives back: the path, or what the price file calls it. */
export function resourceOf({ target, price }: Wanted): string {
  return target.path.length <= MAX_RESOURCE ? target.path : price.key.replace(/[^!-~]/g, '_');
}
const MAX_RESOURCE = 256;

/** Whether a bill is one of this very request. */
export function isFor(call: PaidCallRecord, { upstream, price }: Wanted, requestHash: string): boolean {
  return (
    call.face === 'http' &&
    call.requestHash === requestHash &&
    call.upstream === upstream.origin.origin &&
    call.priced === price.name
  );
}

/** What a bill is bound to: 64 hexadecimal digits. */
export function hashOf(method: string, { path, query }: Target, body: Buffer): string {
  const digest = createHash('sha256').update(body).digest('hex');
  return createHash('sha256')
    .update(JSON.stringify([method, path, query, digest]))
    .digest('hex');
}
