import { AsyncLocalStorage } from 'node:async_hooks';
import * as api from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runApproved } from '../../src/payments/carry-out.ts';
import type { Identity } from '../../src/policy/identity.ts';
import type { ServerDeps } from '../../src/server.ts';
import { heardCalls, underId } from '../../src/telemetry/heard-calls.ts';
import { openTracing, type Tracing } from '../../src/telemetry/tracing.ts';
import { mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import type { Fault } from '../support/bank.ts';
import { decide } from '../support/world.ts';
import { Counter } from '../tools/counter.ts';
import { initialize, type Json, legacy, modern, Raw } from '../transports/raw.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const META = { traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: 'shop=1', baggage: 'who=SECRET_BAGGAGE' };
const WANTED = {
  provider: 'alipay',
  outTradeNo: 'SECRET_ORDER_1',
  amountYuan: '12.34',
  title: 'SECRET_TITLE',
};

/** As the context manager of OpenTelemetry's SDK for Node. */
class Contexts implements api.ContextManager {
  readonly #kept = new AsyncLocalStorage<api.Context>();
  active = () => this.#kept.getStore() ?? api.ROOT_CONTEXT;
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: api.Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#kept.run(context, () => fn.apply(self, args));
  }
  bind = <T>(_context: api.Context, target: T): T => target;
  enable = () => this;
  disable = () => this;
}

const exporter = new InMemorySpanExporter();
/** What was in the baggage when a span began, by its name. */
const baggage = new Map<string, string | undefined>();
const provider = new BasicTracerProvider({
  spanProcessors: [
    {
      onStart: (span, context) =>
        void baggage.set(span.name, api.propagation.getBaggage(context)?.getEntry('who')?.value),
      onEnd: () => undefined,
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    },
    new SimpleSpanProcessor(exporter),
  ],
});
const propagator = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
});

function setUp(): void {
  api.trace.setGlobalTracerProvider(provider);
  api.context.setGlobalContextManager(new Contexts());
  api.propagation.setGlobalPropagator(propagator);
}
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let counter: Counter;
let tracing: Tracing | undefined;
let deps: ServerDeps;
/** What was active while the bank was asked. */
let active: (api.SpanContext | undefined)[];
beforeEach(async () => {
  setUp();
  exporter.reset();
  baggage.clear();
  active = [];
  tracing = await openTracing('1.2.3', silent);
  counter = await Counter.open();
  const { bank } = counter.world;
  const fault = bank.fault;
  bank.fault = (...asked) => {
    active.push(api.trace.getSpanContext(api.context.active()));
    return fault(...asked);
  };
  deps = traced(tracing);
});
afterEach(async () => {
  for (const one of [api.trace, api.context, api.propagation]) one.disable();
  await counter.end();
});

function traced(by: Tracing | undefined): ServerDeps {
  const ports = { log: silent, randomBytes: counter.till.randomBytes, timer: () => 0, telemetry: undefined };
  return { ...counter.deps, hear: heardCalls({ ...ports, tracing: by }) };
}
async function say(...lines: readonly Json[]): Promise<unknown[]> {
  const raw = new Raw(deps);
  const answers = await raw.answers(lines.length, ...lines);
  await raw.end();
  return answers;
}
const create = (more: Json = {}) => ({ name: 'create-payment', arguments: WANTED, ...more });
const spans = () => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan => {
  const found = spans().filter((span) => span.name === name);
  expect([name, spans().map((span) => span.name), found.length]).toEqual([name, expect.anything(), 1]);
  return found[0] as ReadableSpan;
};

describe('a call', () => {
  it.each([
    ['2026-07-28', [modern(7, 'tools/call', create({ _meta: META }))]],
    ['2025-11-25', [initialize(), legacy(7, 'tools/call', create({ _meta: META }))]],
  ])(
    'of %s is a span of what its client does, and its exchanges are spans of it',
    async (revision, lines) => {
      await say(...lines);
      const call = named('tools/call create-payment');
      expect([call.kind, call.status.code]).toEqual([api.SpanKind.SERVER, api.SpanStatusCode.UNSET]);
      expect(call.attributes).toEqual({
        'mcp.method.name': 'tools/call',
        'mcp.protocol.version': revision,
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'create-payment',
        'jsonrpc.request.id': '7',
        'network.transport': 'pipe',
        'cashier.call.id': expect.stringMatching(/^[\w-]{12}$/),
        'cashier.outcome': 'ok',
      });
      expect(call.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: CALLER });
      expect(call.parentSpanContext?.traceState?.get('shop')).toBe('1');
      expect(baggage.get(call.name)).toBe('SECRET_BAGGAGE');
      const sent = named('alipay create');
      expect(sent.kind).toBe(api.SpanKind.CLIENT);
      expect(sent.attributes).toEqual({
        'cashier.call.id': call.attributes['cashier.call.id'],
        'cashier.gateway': 'alipay',
        'cashier.operation': 'create',
        'cashier.outcome': 'ok',
      });
      expect(sent.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
      // What the client sent along ends here.
      expect(baggage.get(sent.name)).toBeUndefined();
      expect(active).toContainEqual(sent.spanContext());
    },
  );

  it('tells nothing of what was asked and answered, nor of who asked', async () => {
    const clientInfo = { name: 'SECRET_CLIENT', version: '1' };
    await say(
      initialize({ clientInfo }),
      legacy('SECRET_ID', 'tools/call', create({ _meta: { ...META, model: 'SECRET_MODEL' } })),
      legacy(8, 'tools/call', create({ arguments: { ...WANTED, title: 'SECRET_OTHER' } })),
      legacy(9, 'tools/call', { name: 'SECRET_TOOL', arguments: {} }),
    );
    expect(spans().map(({ name }) => name)).toContain('alipay create');
    for (const { name, attributes, events, status } of spans()) {
      expect(JSON.stringify({ name, attributes, events, status })).not.toMatch(/SECRET|12\.34|test/);
    }
  });

  it('over HTTP says so, and without a trace of the client is part of what the process knows', async () => {
    const reader: Identity = { caller: 'SECRET_CALLER' };
    const callers = { identify: () => reader, current: () => undefined };
    const { randomBytes } = counter.till;
    const endpoint = mcpEndpoint({ ...deps, randomBytes }, callers);
    const post = (params: Json) => {
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'list-payments',
      };
      const body = JSON.stringify(modern(1, 'tools/call', { name: 'list-payments', ...params }));
      const request = new Request('http://cashier.test/mcp', { method: 'POST', headers, body });
      return provider.getTracer('http').startActiveSpan('POST /mcp', async (span) => {
        await (await endpoint.answer(request, reader)).text();
        span.end();
        return span.spanContext();
      });
    };
    const around = await post({});
    const { attributes, parentSpanContext, links } = named('tools/call list-payments');
    expect(attributes).toMatchObject({ 'network.transport': 'tcp', 'network.protocol.name': 'http' });
    expect(parentSpanContext?.spanId).toBe(around.spanId);
    expect(links).toEqual([]);
    exporter.reset();
    const beside = await post({ _meta: META });
    const linked = named('tools/call list-payments');
    expect(linked.parentSpanContext?.spanId).toBe(CALLER);
    expect(linked.links.map(({ context }) => context.spanId)).toEqual([beside.spanId]);
    expect(JSON.stringify(linked.attributes)).not.toContain('SECRET');
    await endpoint.close();
  });

  it.each<[string, Json]>([
    ['of another form', { traceparent: 'SECRET', tracestate: 7, baggage: { who: 'x' } }],
    ['too long', { ...META, traceparent: `${META.traceparent}-${'0'.repeat(200)}` }],
    ['of nobody', { ...META, traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }],
  ])('with a trace that is %s begins one of its own', async (_how, _meta) => {
    await say(modern(1, 'tools/call', create({ _meta })));
    const { parentSpanContext } = named('tools/call create-payment');
    expect(parentSpanContext).toBeUndefined();
  });

  it('that is refused is an error of the tool, by its code', async () => {
    await say(modern(1, 'tools/call', { name: 'close-payment', arguments: { outTradeNo: 'NEVER_WAS_1' } }));
    const { attributes, status } = named('tools/call close-payment');
    expect(status).toEqual({ code: api.SpanStatusCode.ERROR });
    expect(attributes).toMatchObject({ 'error.type': 'tool_error', 'cashier.outcome': 'ORDER_NOT_FOUND' });
  });

  it('that the protocol refuses has its code', async () => {
    await say(modern(1, 'tools/call', { ...create(), requestState: 'forged', inputResponses: {} }));
    const { attributes, status } = named('tools/call create-payment');
    expect(status.code).toBe(api.SpanStatusCode.ERROR);
    expect(attributes).toMatchObject({ 'error.type': '-32602' });
  });
});

describe('an exchange', () => {
  it.each<[Fault, string, boolean]>([
    ['declined', 'declined', false],
    ['unavailable', 'unavailable', true],
    ['lost-after', 'unknown', true],
  ])('that is %s has the outcome %s', async (fault, outcome, isError) => {
    counter.world.failing('create', fault);
    await say(modern(1, 'tools/call', create()));
    const [sent] = spans().filter(({ name }) => name === 'alipay create');
    expect(sent?.attributes).toMatchObject({ 'cashier.outcome': outcome });
    expect(sent?.attributes['error.type']).toBe(isError ? outcome : undefined);
    expect(sent?.status.code).toBe(isError ? api.SpanStatusCode.ERROR : api.SpanStatusCode.UNSET);
  });

  it('that a person sets going later stands by itself, with the id of the call that asked', async () => {
    const { world, till } = counter;
    await world.sold(till);
    const args = { outTradeNo: 'ORDER_1', refundYuan: '1.00', reason: 'SECRET' };
    await say(modern(1, 'tools/call', { name: 'refund-payment', arguments: args, _meta: META }));
    const asked = named('tools/call refund-payment');
    const [approval] = await till.ledger.read((book) => book.approvals.newest(1));
    await decide(till, approval?.id);
    const stop = new AbortController();
    const running = runApproved(
      till,
      () => 'unknown',
      stop.signal,
      (same, id) => underId(same, id, () => 0, tracing?.later(id)),
    );
    await world.clock.sleep(5_000);
    stop.abort();
    await running;
    const sent = named('alipay refund');
    expect(sent.parentSpanContext).toBeUndefined();
    expect(sent.attributes['cashier.call.id']).toBe(asked.attributes['cashier.call.id']);
    expect(JSON.stringify(sent.attributes)).not.toContain('ORDER_1');
  });
});

describe('whatever is set up', () => {
  const fails = () => {
    throw new Error('a broken tracer');
  };
  const broken = { startSpan: fails, startActiveSpan: fails };
  const half = new Proxy({} as api.Span, {
    get: (_, name) => (name === 'spanContext' ? () => api.INVALID_SPAN_CONTEXT : fails),
  });

  it.each<[string, api.TracerProvider]>([
    ['a tracer that throws', { getTracer: () => broken }],
    ['spans that throw', { getTracer: () => ({ ...broken, startSpan: () => half }) }],
  ])('%s: the call is answered as ever', async (_what, bad) => {
    api.trace.disable();
    api.trace.setGlobalTracerProvider(bad);
    deps = traced(await openTracing('1.2.3', silent));
    const [answer] = await say(modern(1, 'tools/call', create({ _meta: META })));
    expect(JSON.stringify(answer)).toContain('SECRET_ORDER_1');
    expect(counter.world.bank.calls.filter(({ operation }) => operation === 'create')).toHaveLength(1);
  });

  it('the API cannot be loaded: that is said, and there are no spans', async () => {
    const said: string[] = [];
    const log = { ...silent, warn: (event: string) => void said.push(event) };
    expect(await openTracing('1.2.3', log, () => Promise.reject(new Error('not found')))).toBeUndefined();
    expect(said).toEqual(['no spans: @opentelemetry/api cannot be loaded']);
  });

  it('nothing is: nothing is loaded', async () => {
    const key = Symbol.for('opentelemetry.js.api.1');
    const was = Reflect.get(globalThis, key);
    Reflect.deleteProperty(globalThis, key);
    let loaded = 0;
    const load = () => Promise.resolve(api).finally(() => (loaded += 1));
    expect(await openTracing('1.2.3', silent, load)).toBeUndefined();
    expect(loaded).toBe(0);
    Reflect.set(globalThis, key, was);
  });
});
