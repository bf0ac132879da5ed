import type { Asked } from '../platform/relay.ts';
import { headerKey } from '../platform/relay-headers.ts';
import { OVERRIDES } from './forwarded.ts';
import type { Target } from './path.ts';
import { type HttpPrice, type HttpUpstream, isAt, isUnder } from './prices.ts';

/** What becomes of a request. */
export type Match =
  | { readonly is: 'free' | 'refused' | 'overridden'; readonly upstream: HttpUpstream }
  /** `asked`: with HEAD what it costs, which makes no bill. */
  | {
      readonly is: 'priced';
      readonly upstream: HttpUpstream;
      readonly price: HttpPrice;
      readonly asked: boolean;
    }
  | { readonly is: 'nowhere' };

/** Methods that frameworks let a form pose as. */
const POSED: ReadonlySet<string> = new Set(['PUT', 'PATCH', 'DELETE']);
const FORM = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

/** @param upstreams with the longest `under` first */
export function matchOf(upstreams: readonly HttpUpstream[], request: Asked, target: Target): Match {
  const { method = 'GET' } = request;
  const upstream = upstreams.find(({ under }) => isUnder(target.key, under));
  if (!upstream) return { is: 'nowhere' };
  const here = upstream.prices.filter((price) => isAt(price, target));
  const meant = method === 'HEAD' ? 'GET' : method;
  const prices = here.filter((one) => one.method === meant);
  const price = prices.find(({ beneath }) => !beneath) ?? prices[0];
  if (here.length > 0 && posesAs(request, target, here, price)) return { is: 'overridden', upstream };
  if (price) return { is: 'priced', upstream, price, asked: method === 'HEAD' };
  // Browsers ask so whether they may ask at all.
  const free = upstream.unpriced === 'pass' || (method === 'OPTIONS' && here.length > 0);
  return { is: free ? 'free' : 'refused', upstream };
}

/** Whether a request could be taken, by what stands behind us, for one of another method, that has another price. */
function posesAs(
  request: Asked,
  target: Target,
  here: readonly HttpPrice[],
  price: HttpPrice | undefined,
): boolean {
  const { rawHeaders, method } = request;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (OVERRIDES.includes(headerKey(rawHeaders[i] ?? ''))) return true;
  }
  const named = [...new URLSearchParams(target.query).keys()].map((key) =>
    headerKey(key.replace(/[. ]/g, '_')),
  );
  if (named.some((key) => key === '-method' || OVERRIDES.includes(key))) return true;
  const posed = here.some((one) => one !== price && POSED.has(one.method));
  return (
    method === 'POST' && price === undefined && posed && FORM.test(request.headers['content-type'] ?? '')
  );
}
