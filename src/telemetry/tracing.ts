import type { Attributes, Context, Link, Span, SpanKind, TextMapGetter } from '@opentelemetry/api';
import type { CallAsked, CallOutcome } from '../calls/tool-call.ts';
import type { Log } from '../domain/ports.ts';
import type { Exchanging } from '../providers/measured.ts';

/** Where whoever has set OpenTelemetry up left it, for every copy of its API of this major version. */
const SET_UP = Symbol.for('opentelemetry.js.api.1');
/** What a client may send along of a trace, and how much of each (characters). */
const SENT = { traceparent: 128, tracestate: 512, baggage: 8_192 } as const;
const REVISION = /^\d{4}-\d{2}-\d{2}$/;

type Api = Pick<
  typeof import('@opentelemetry/api'),
  'context' | 'isSpanContextValid' | 'propagation' | 'ROOT_CONTEXT' | 'SpanKind' | 'SpanStatusCode' | 'trace'
>;

/** A tool call, or what was left to be done of one, while it is traced. */
export interface TracedCall {
  /** What is done in it is part of it, also for instrumentation that is not ours. */
  around<T>(work: () => Promise<T>): Promise<T>;
  readonly exchanging: Exchanging;
  /** @param outcome a JSON-RPC error's code where it got no further */
  end(outcome: CallOutcome | number): void;
}

export interface Tracing {
  call(id: string, tool: string, asked: CallAsked): TracedCall;
  /** Of a call that has been answered; its exchanges stand by themselves. */
  later(id: string): Exchanging;
}

/**
 * Spans of calls and of their exchanges with the gateways, where the process has OpenTelemetry set up; undefined
 * elsewhere, with nothing loaded. Never throws.
 * @param load the API, which whoever wants spans has installed
 */
export async function openTracing(
  version: string,
  log: Log,
  load: () => Promise<Api> = () => import('@opentelemetry/api'),
): Promise<Tracing | undefined> {
  if (!(SET_UP in globalThis)) return undefined;
  try {
    return tracingBy(await load(), version);
  } catch (error) {
    log.warn('no spans: @opentelemetry/api cannot be loaded', { error: String(error) });
    return undefined;
  }
}

/**
 * No span has arguments, results, order numbers or anything that was sent by an agent.
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
 */
function tracingBy(api: Api, version: string): Tracing {
  const { context, propagation, trace, SpanKind, SpanStatusCode } = api;
  const tracer = trace.getTracer('mcp-cashier', version);

  /** Whatever the set-up does with spans, calls go on. */
  function safely<T>(does: () => T): T | undefined {
    try {
      return does();
    } catch {
      return undefined;
    }
  }
  function start(name: string, kind: SpanKind, attributes: Attributes, parent: Context, links: Link[] = []) {
    return safely(() => tracer.startSpan(name, { kind, attributes, links }, parent));
  }
  function finish(span: Span | undefined, attributes: Attributes, errorType: string | undefined): void {
    safely(() => {
      span?.setAttributes(attributes);
      if (errorType !== undefined) {
        span?.setAttribute('error.type', errorType);
        span?.setStatus({ code: SpanStatusCode.ERROR });
      }
      span?.end();
    });
  }
  function exchangingIn(id: string, parent: Context): Exchanging {
    return (gateway, operation) => {
      const attributes = {
        ...{ 'cashier.call.id': id, 'cashier.gateway': gateway, 'cashier.operation': operation },
      };
      const span = start(`${gateway} ${operation}`, SpanKind.CLIENT, attributes, parent);
      return {
        around: (work) => (span ? context.with(trace.setSpan(parent, span), work) : work()),
        ended(outcome) {
          const failed = outcome !== 'ok' && outcome !== 'declined';
          finish(span, { 'cashier.outcome': outcome }, failed ? outcome : undefined);
        },
      };
    };
  }
  /** What the client says it is part of; else what the process knows. */
  function parentOf(meta: unknown): { readonly parent: Context; readonly links: Link[] } {
    const ambient = context.active();
    const told = propagation.extract(api.ROOT_CONTEXT, sentAlong(meta), MEMBERS);
    const caller = trace.getSpanContext(told);
    if (caller === undefined || !api.isSpanContextValid(caller)) return { parent: ambient, links: [] };
    const request = trace.getSpanContext(ambient);
    return { parent: told, links: request === undefined ? [] : [{ context: request }] };
  }

  return {
    call(id, tool, { meta, requestId, revision, transport }) {
      const { parent, links } = safely(() => parentOf(meta)) ?? { parent: api.ROOT_CONTEXT, links: [] };
      const attributes: Attributes = {
        'mcp.method.name': 'tools/call',
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': tool,
        'network.transport': transport,
        'cashier.call.id': id,
      };
      if (transport === 'tcp') attributes['network.protocol.name'] = 'http';
      if (revision !== undefined && REVISION.test(revision)) attributes['mcp.protocol.version'] = revision;
      // An id that is a text may say anything.
      if (typeof requestId === 'number') attributes['jsonrpc.request.id'] = String(requestId);
      const span = start(`tools/call ${tool}`, SpanKind.SERVER, attributes, parent, links);
      // A gateway is told nothing that a client sent along.
      const within = propagation.deleteBaggage(span ? trace.setSpan(parent, span) : parent);
      return {
        around: (work) => (span ? context.with(within, work) : work()),
        exchanging: exchangingIn(id, within),
        end(outcome) {
          if (typeof outcome === 'number') return finish(span, {}, String(outcome));
          const failed = outcome !== 'ok' && outcome !== 'input_required';
          finish(span, { 'cashier.outcome': outcome }, failed ? 'tool_error' : undefined);
        },
      };
    },
    later: (id) => exchangingIn(id, api.ROOT_CONTEXT),
  };
}

type SentAlong = Readonly<Record<string, string>>;

function sentAlong(meta: unknown): SentAlong {
  const given = (meta ?? {}) as Readonly<Record<string, unknown>>;
  const kept = Object.entries(SENT).flatMap(([name, most]) => {
    const value = given[name];
    return typeof value === 'string' && value.length <= most ? [[name, value] as const] : [];
  });
  return Object.fromEntries(kept);
}

const MEMBERS: TextMapGetter<SentAlong> = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, name) => (Object.hasOwn(carrier, name) ? carrier[name] : undefined),
};
