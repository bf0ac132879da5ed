import { getRequestListener } from '@hono/node-server';
import type { Clock, RandomBytes } from '../../domain/clock.ts';
import { originOf } from '../../domain/names.ts';
import { Bucket } from '../../payments/call-rate.ts';
import type { Answering, Asked } from '../../platform/relay.ts';
import type { SourceOf } from '../../platform/source.ts';
import type { McpUpstream } from '../prices.ts';
import { type McpGate, mcpGate } from './http.ts';
import { type CounterOptions, PaidCounter } from './paid-counter.ts';
import { refused } from './refused.ts';
import type { RelayOptions } from './relay.ts';
import { openUpstream, type UpstreamPorts } from './upstream.ts';
import { lost } from './words.ts';

/** Calls that are charged for, for each who asks: a bill is a row of the ledger. */
const CALLS = { burst: 600, perSecond: 20 };

export interface McpOptions
  extends Omit<CounterOptions, 'upstream' | 'ofOneClient' | 'underWay'>,
    UpstreamPorts {
  readonly upstreams: readonly McpUpstream[];
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

export interface PortOptions extends McpOptions {
  readonly source: SourceOf;
  /** Origins whose pages may call from a browser. */
  readonly allowedOrigins: readonly string[];
}

type Listener = (request: Asked, response: Answering) => unknown;

export interface McpOnPort {
  /** What answers at a path: `/NAME/mcp`; undefined where none of these stands. */
  at(path: string): Listener | undefined;
  /** Resolves when what is paid for is done and the upstreams have ended. */
  close(): Promise<void>;
}

/** MCP servers behind one port, each under its name. */
export function mcpOnPort(options: PortOptions): McpOnPort {
  const calls = new Bucket(CALLS);
  const admit = (source: string) => calls.take(source, options.clock.now(), 1);
  const gates = options.upstreams.map((upstream): readonly [string, McpGate] => {
    const isProgram = 'command' in upstream.reached;
    const parts = partsOf(upstream, options, false, new Set());
    return [`/${upstream.name}/mcp`, mcpGate({ ...options, ...parts, isProgram, admit })];
  });
  const listeners = new Map(gates.map(([path, gate]) => [path, listenerOf(gate, options)]));
  return {
    at: (path) => listeners.get(path),
    close: async () => {
      await Promise.all(gates.map(([, gate]) => gate.close()));
    },
  };
}

/** What stands between a client and one upstream. */
export function partsOf(
  upstream: McpUpstream,
  options: McpOptions,
  ofOneClient: boolean,
  underWay: Set<Promise<unknown>>,
): Pick<RelayOptions, 'upstream' | 'counter' | 'log' | 'lost'> {
  const { name, reached } = upstream;
  return {
    log: options.log,
    upstream: () => openUpstream(name, reached, options),
    counter: new PaidCounter({ ...options, upstream, ofOneClient, underWay }),
    lost: (mayHaveReached) => lost(mayHaveReached)[options.language],
  };
}

function listenerOf(gate: McpGate, { source, allowedOrigins }: PortOptions): Listener {
  return (incoming, outgoing) => {
    const from = source(incoming.socket.remoteAddress, (name) => {
      const value = incoming.headers[name];
      return typeof value === 'string' ? value : undefined;
    });
    if (incoming.headers.expect !== undefined) outgoing.writeContinue();
    const listener = getRequestListener(
      (request) =>
        isFromElsewhere(request, allowedOrigins)
          ? refused(403, -32_000, 'Forbidden: not a page that may call')
          : gate.answer(request, from),
      { overrideGlobalObjects: false },
    );
    return listener(incoming, outgoing);
  };
}

/** A page of another site, of whoever's browser. */
function isFromElsewhere(request: Request, allowed: readonly string[]): boolean {
  const said = request.headers.get('origin');
  if (said === null) return false;
  const origin = originOf(said);
  if (origin === undefined) return true;
  return !allowed.includes(origin) && new URL(origin).host !== request.headers.get('host');
}
