import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackName, isOwnAddress } from '../domain/names.ts';
import { isInside, literalAddress } from '../platform/addresses.ts';
import type { OutgoingProxy } from '../platform/outgoing-proxy.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../providers/contract.ts';
import { type GatewayHttp, type GatewayRequest, gatewayHttp } from '../providers/gateway-http.ts';
import { ANSWER_TIMEOUT_MS, MOST_ANSWER_BYTES, NotSent, type Send } from './kinds/kind.ts';
import { PLATFORM_HOSTS } from './kinds/platforms.ts';

export interface EgressPorts {
  readonly proxy?: OutgoingProxy | undefined;
  /** Finds the addresses of a name; by default the machine does. */
  readonly lookup?: LookupFunction;
  /** ms */
  readonly timeoutMs?: number;
}

/** The code of a connection that is not made, because the address belongs to this machine or its own network. */
const INSIDE = 'ADDRESS_INSIDE';

/** The way out of what channels say. */
export interface Egress {
  readonly send: Send;
  /** Whether somebody answers where an address leads: its front door is looked at, so that nothing is told. */
  reach(url: URL, how: Parameters<Send>[1]): Promise<void>;
}

/**
 * https, or http on this machine; no redirect is followed; an answer is read up to a bound and until a deadline; and
 * an inner address is refused where the connection is made, unless the channel may go there. Behind a proxy, too, it
 * is an address that was looked at which the proxy is asked for: only the names of the platforms, which no file
 * chooses, are left to it, as it may know others by name alone.
 */
export function openEgress({ proxy, lookup, timeoutMs = ANSWER_TIMEOUT_MS }: EgressPorts = {}): Egress {
  const find = lookup ?? (systemLookup as LookupFunction);
  const outside = checked(find, (addresses) => !addresses.some(isInside));
  const here = checked(find, (addresses) => addresses.every(isLoopbackName));
  const byName: Proxied = (url) => proxy?.connectorFor(url);
  // Connections are kept for a while: what may go nowhere but outside must not meet one that leads inside.
  const ways = {
    here: gatewayHttp(timeoutMs, { lookup: here, connectorFor: () => undefined }),
    anywhere: gatewayHttp(timeoutMs, { lookup: find, connectorFor: byName }),
    outside: gatewayHttp(timeoutMs, { lookup: outside, connectorFor: byAddress(byName, outside) }),
  };
  function wayTo(text: string, allowPrivate: boolean): GatewayHttp {
    if (!isOwnAddress(text)) throw new NotSent('not-allowed', 'not https');
    const { hostname } = new URL(text);
    if (isLoopbackName(hostname)) return ways.here;
    if (allowPrivate) return ways.anywhere;
    const literal = literalAddress(hostname);
    if (literal !== undefined && isInside(literal)) throw new NotSent('not-allowed', INSIDE);
    return PLATFORM_HOSTS.has(hostname) && byName(text) ? ways.anywhere : ways.outside;
  }
  async function ask(request: GatewayRequest, { allowPrivate, signal }: Parameters<Send>[1]) {
    if (signal.aborted) throw new NotSent('timeout');
    return wayTo(request.url, allowPrivate)
      .send({ ...request, signal })
      .catch(failed);
  }
  return {
    async send({ url, headers, body }, how) {
      const answer = await ask({ method: 'POST', url, headers, body }, how);
      if (answer.status >= 300 && answer.status < 400) throw new NotSent('redirect', `HTTP ${answer.status}`);
      return { ...answer, body: answer.body.toString('utf8', 0, MOST_ANSWER_BYTES) };
    },
    async reach({ origin }, how) {
      await ask({ method: 'GET', url: `${origin}/`, headers: {} }, how).catch((error: unknown) => {
        // A front door may be as large as it likes.
        if (!(error instanceof NotSent && error.code === 'too-long')) throw error;
      });
    },
  };
}

/** As {@link openEgress}, for whoever only sends. */
export function egress(ports?: EgressPorts): Send {
  return openEgress(ports).send;
}

/** A network's error in our words; theirs may name the address. */
function failed(error: unknown): never {
  if (!(error instanceof GatewayUnavailable || error instanceof OutcomeUnknown)) throw error;
  const { detail } = error;
  if (detail === INSIDE) throw new NotSent('not-allowed', INSIDE);
  if (detail === 'answer-too-large') throw new NotSent('too-long');
  throw new NotSent(/time.?out/i.test(detail) ? 'timeout' : 'network', detail);
}

/** A name has no address where one of them may not be. */
function checked(find: LookupFunction, mayBe: (addresses: readonly string[]) => boolean): LookupFunction {
  return (hostname, options, found) => {
    find(hostname, { ...options, all: true }, (error, answer) => {
      if (error) return found(error, []);
      const all = typeof answer === 'string' ? [{ address: answer, family: isIP(answer) }] : answer;
      const [first] = all;
      if (first === undefined || !mayBe(all.map(({ address }) => address))) {
        return found(Object.assign(new Error('an address inside'), { code: INSIDE }), []);
      }
      if (options.all) found(null, [...all]);
      else found(null, first.address, first.family);
    });
  };
}

type Proxied = OutgoingProxy['connectorFor'];
type Connector = NonNullable<ReturnType<Proxied>>;

/** The proxy is asked for the address that was looked at; the certificate has to be the name's all the same. */
function byAddress(byName: Proxied, find: LookupFunction): Proxied {
  const known = new WeakMap<Connector, Connector>();
  return (url) => {
    const through = byName(url);
    if (through === undefined) return undefined;
    const made =
      known.get(through) ??
      ((to, connected) => {
        const name = to.host ?? '';
        if (isIP(name) !== 0) return through(to, connected);
        find(name, { all: false }, (error, address) => {
          if (error) connected?.(error, undefined as never);
          else through({ ...to, host: String(address), servername: to.servername || name }, connected);
        });
        return undefined;
      });
    known.set(through, made);
    return made;
  };
}
