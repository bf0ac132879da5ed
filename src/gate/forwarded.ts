import type { Asked } from '../platform/relay.ts';
import { passedHeaders } from '../platform/relay-headers.ts';
import { PROXIES_SAY, plainAddress, trustOf } from '../platform/source.ts';

/** What a buyer shows, and what we say of a sale: none of it is the upstream's to read or to say. */
const OF_SALES: ReadonlySet<string> = new Set([
  ...['payment-proof', 'payment-needed', 'payment-validation', 'weixinpay-required', 'x-out-trade-no'],
  'x-cashier-receipt',
]);
/** Names another method than the request line does, to programs that look for it. */
export const OVERRIDES: readonly string[] = ['x-http-method-override', 'x-http-method', 'x-method-override'];
/** What only a proxy that we trust may say of who asks; the way a request has come (`Via`) is no such claim. */
const CLAIMS: ReadonlySet<string> = new Set(PROXIES_SAY.filter((name) => name !== 'via'));
const OURS: ReadonlySet<string> = new Set(['host', 'content-length', 'expect']);
/** Cookies of operators' pages on another port of this machine, which browsers send to all of its ports. */
const OPERATORS = /^(__Host-)?operator-(device-|challenge-)?[0-9a-f]{12}$/;

/** Whether a header, or trailer, of either side stays at the gate. */
export function isOfSales(key: string): boolean {
  return OF_SALES.has(key);
}

export interface ForwardedOptions {
  /** Addresses and networks of proxies that are believed. */
  readonly trusted: readonly string[];
  /** The gate's own address, by whose name it is known how it was asked for. */
  readonly publicUrl?: string | undefined;
}

/**
 * What goes on of a request's headers, with who asks, for which name and how, as far as that is known. What a stranger
 * says of it is dropped.
 */
export function forwardedHeaders({ trusted, publicUrl }: ForwardedOptions) {
  const isTrusted = trustOf(trusted);
  const known = publicUrl === undefined ? undefined : new URL(publicUrl);
  return (request: Asked, host: string, withheld: (key: string) => boolean = () => false): string[] => {
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    const believed = isTrusted(peer);
    const said = (name: string) => {
      const value = believed ? request.headers[name] : undefined;
      return typeof value === 'string' && value !== '' ? value : undefined;
    };
    const headers = passedHeaders(
      request.rawHeaders,
      (key) =>
        OURS.has(key) ||
        OF_SALES.has(key) ||
        key.startsWith('x-forwarded-') ||
        (!believed && CLAIMS.has(key)) ||
        withheld(key),
    );
    if (request.headers.cookie?.includes('operator-')) dropOperators(headers);
    const asked = request.headers.host ?? '';
    const chain = said('x-forwarded-for');
    const scheme = known?.host === asked.toLowerCase() ? known.protocol.slice(0, -1) : 'http';
    headers.push('Host', host);
    headers.push('X-Forwarded-For', chain === undefined ? peer : `${chain}, ${peer}`);
    headers.push('X-Forwarded-Host', said('x-forwarded-host') ?? asked);
    headers.push('X-Forwarded-Proto', said('x-forwarded-proto') ?? scheme);
    return headers;
  };
}

function dropOperators(headers: string[]): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]?.toLowerCase() !== 'cookie') continue;
    const pairs = (headers[i + 1] ?? '').split(';').map((pair) => pair.trim());
    const others = pairs.filter((pair) => !OPERATORS.test(pair.split('=')[0] ?? ''));
    if (others.length === 0) headers.splice(i, 2);
    else headers[i + 1] = others.join('; ');
  }
}
