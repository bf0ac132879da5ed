import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type InputRequiredResult,
  isInputRequiredResult,
  type Tool as ListedTool,
  type McpRequestContext,
  ProtocolError,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { isActorName } from './domain/actors.ts';
import type { Clock } from './domain/clock.ts';
import { CashierError } from './domain/errors.ts';
import type { Log } from './domain/ports.ts';
import { withPerson } from './elicitation/ask.ts';
import type { ApprovalUrl } from './elicitation/means.ts';
import type { Ledger } from './ledger/ledger.ts';
import { attempt } from './payments/attempt.ts';
import type { CallRate } from './payments/call-rate.ts';
import type { Call, Cashier } from './payments/cashier.ts';
import type { Identity } from './policy/identity.ts';
import { promptsOf } from './prompts/index.ts';
import { instructionsFor } from './prompts/instructions.ts';
import { Edge } from './protocol/edge.ts';
import type { ServedTool } from './protocol/offer.ts';
import { tooManyRequests } from './protocol/refusals.ts';
import { OrderResources, withoutSubscriptions } from './resources/orders.ts';
import type { ToolAnswer } from './tools/answer.ts';
import { type DropsContent, dropsContent } from './tools/clients.ts';
import type { Tool, ToolSetting } from './tools/define-tool.ts';
import type { Presenter } from './tools/present.ts';

/** What every server of this process shares; made once by the composition root. */
export interface ServerDeps {
  readonly version: string;
  readonly setting: ToolSetting;
  readonly tools: readonly Tool[];
  readonly present: Presenter;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /**
   * Who tells of changed orders: each server on its own lasting connection, or the transport, which outlives its
   * servers and can do so in the 2026 era only.
   */
  readonly updates: 'server' | 'transport';
  readonly identity: Identity;
  /** Ends waits early, with what is known by then, when the process is told to stop. */
  readonly stopping?: AbortSignal;
  /** Where a person decides about an approval, in a browser. */
  readonly approvalUrl?: ApprovalUrl | undefined;
  /** Opens what only a call needs (adapters, simulator) on first use. */
  readonly cashier: () => Promise<Cashier>;
  /** Tool calls under way: a process that is told to stop lets them record what the gateway answers. */
  readonly underWay: Set<Promise<unknown>>;
  /** How often each caller may call. */
  readonly rate?: CallRate;
  /** Clients that drop text beside a structure, where the merchant has changed the table. */
  readonly dropsContent?: DropsContent;
  readonly log: Log;
}

/** One MCP server, the same for every transport and protocol era; only wiring, no business. */
export function buildServer(deps: ServerDeps, era: McpRequestContext['era']): Edge {
  const { language } = deps.setting;
  const pushes = deps.updates === 'server';
  const orders = new OrderResources({
    ledger: deps.ledger,
    clock: deps.clock,
    present: deps.present,
    language,
    call: deps.identity,
  });
  // Whoever is told of orders is told of new ones.
  const told = pushes || era === 'modern';
  const server = new Edge(
    { name: 'mcp-cashier', title: 'mcp-cashier', version: deps.version },
    {
      instructions: instructionsFor({ language, tools: deps.tools }),
      capabilities: {
        tools: { listChanged: false },
        prompts: { listChanged: false },
        resources: { listChanged: told, subscribe: told },
      },
    },
    {
      tools: deps.tools.map((tool) => served(deps, tool, era, () => server)),
      prompts: promptsOf({ language, tools: deps.tools }),
      resources: pushes ? orders : withoutSubscriptions(orders),
      async admit() {
        const early = await tooOften(deps, undefined);
        if (early) throw tooManyRequests(Number(early.details.retryAfterSeconds));
      },
    },
    era,
  );
  if (pushes) orders.tellOn(server, era);
  return server;
}

function served(deps: ServerDeps, tool: Tool, era: Client['era'], server: () => Edge): ServedTool {
  const { language } = deps.setting;
  const title = tool.title[language];
  const listed = {
    name: tool.name,
    title,
    description: tool.description[language],
    inputSchema: tool.inputSchema(deps.setting),
    annotations: { title, ...tool.hints },
  };
  const { outputSchema } = tool;
  const withOutput = outputSchema && { ...listed, outputSchema: outputSchema as ListedTool['outputSchema'] };
  // Only a 2025 connection says who it is before it lists; 2026-07-28 forbids a list that varies by connection.
  const drops = (client: { readonly name: string } | undefined) =>
    tool.showsImage && era === 'legacy' && (deps.dropsContent ?? dropsContent)(client?.name);
  return {
    name: tool.name,
    asks: !tool.hints.readOnlyHint,
    listed: (client) => (withOutput && !drops(client) ? withOutput : listed),
    async call(args, ctx) {
      const early = await tooOften(deps, tool);
      if (early) return { isError: true, content: failureOf(deps.present, tool, early) };
      const running = runTool(deps, tool, args, ctx, { era, ...clientOf(server(), ctx, era) });
      deps.underWay.add(running);
      const answer = await running.finally(() => deps.underWay.delete(running));
      if (isInputRequiredResult(answer)) return answer;
      return drops(server().getClientVersion()) ? withoutStructure(answer) : answer;
    },
  };
}

/** Throws nothing but a ProtocolError: what went wrong with a call is told to the model, in our words. */
async function runTool(
  deps: ServerDeps,
  tool: Tool,
  args: unknown,
  ctx: ServerContext,
  { era, name, declared }: Client,
): Promise<CallToolResult | InputRequiredResult> {
  // A 2025 connection over HTTP that dropped cancels nothing: only a question, which nobody hears, ends with it.
  const survives = era === 'legacy' && deps.updates === 'transport' && !tool.hints.readOnlyHint;
  // Nobody hears a question's answer either when the stream of a session has gone, which the SDK keeps to itself.
  const gone = tool.hints.readOnlyHint ? ctx.http?.req?.signal : undefined;
  const ending = endingOf(survives ? undefined : ctx.mcpReq.signal, gone, deps.stopping);
  try {
    const cashier = await deps.cashier();
    const call = { ...callOf(deps, ctx, name, ending.signal), tool: tool.name };
    const context = { call, setting: deps.setting, present: deps.present };
    if (tool.hints.readOnlyHint) {
      // What a question finds out is recorded in the name of who asked; the question is not.
      const ledger = cashier.ledger.as({ caller: call.caller, tool: tool.name });
      return toResult(await tool.run({ ...context, cashier: { ...cashier, ledger } }, args));
    }
    const { setting, present, approvalUrl } = deps;
    const answer = await withPerson(
      { cashier, call, ctx, era, declared, tool, args, setting, present, approvalUrl },
      (given, waited) =>
        attempt(
          cashier,
          call,
          { tool: tool.name, args: given, meta: ctx.mcpReq._meta },
          async (recorded) => {
            const answer = await tool.run({ ...context, cashier: recorded }, given);
            return waited ? asFirst(answer) : answer;
          },
          ({ outcome }) => outcome,
        ),
    );
    return isInputRequiredResult(answer) ? answer : toResult(answer);
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    if (!(error instanceof CashierError)) {
      deps.log.error('tool failed', {
        tool: tool.name,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const known = error instanceof CashierError ? error : internal();
    if (!tool.hints.readOnlyHint) deps.rate?.refused(deps.identity.caller);
    return { isError: true, content: failureOf(deps.present, tool, known) };
  } finally {
    ending.forget();
  }
}

/**
 * Why a caller that asks too often, for a tool or anything else, is not answered: nothing is looked at, and of many one
 * record says how many.
 */
async function tooOften(deps: ServerDeps, tool: Tool | undefined): Promise<CashierError | undefined> {
  const { rate, ledger, log } = deps;
  const { caller } = deps.identity;
  try {
    rate?.admit(caller, tool?.hints.readOnlyHint === false);
    return undefined;
  } catch (error) {
    if (!(error instanceof CashierError)) throw error;
    const calls = rate?.limited(caller);
    if (calls !== undefined) {
      const limited = ledger.as({ caller, ...(tool === undefined ? {} : { tool: tool.name }) });
      await limited
        .write((book) => book.audit.append({ kind: 'calls-limited', detail: { calls } }))
        .catch((failed: unknown) => log.error('calls limited', { error: String(failed) }));
    }
    return error;
  }
}

/** One signal of several that leaves nothing behind on those that outlive the call, as AbortSignal.any does on Node 20. */
function endingOf(...signals: readonly (AbortSignal | undefined)[]) {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of signals) {
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end);
  }
  const forget = () => {
    for (const signal of signals) signal?.removeEventListener('abort', end);
  };
  return { signal: ending.signal, forget };
}

/** Of a call that has waited for a person and is carried out now: nobody has been told its result before. */
function asFirst(answer: ToolAnswer): ToolAnswer {
  if (answer.outcome.state === 'PENDING_APPROVAL') return answer;
  const { structured, outcome } = answer;
  return {
    ...answer,
    outcome: { ...outcome, replayed: false },
    ...(structured === undefined ? {} : { structured: { ...structured, replayed: false } }),
  };
}

function toResult({ text, note, structured, image }: ToolAnswer): CallToolResult {
  return {
    content: [
      { type: 'text', text },
      ...(note === undefined ? [] : [{ type: 'text' as const, text: note }]),
      ...(image === undefined ? [] : [{ type: 'image' as const, data: image, mimeType: 'image/png' }]),
    ],
    ...(structured === undefined ? {} : { structuredContent: structured }),
  };
}

function failureOf(present: Presenter, tool: Tool, error: CashierError): CallToolResult['content'] {
  const json = { type: 'text' as const, text: present.error(error) };
  if (tool.failure === undefined) return [json];
  return [{ type: 'text', text: present.plain(tool.failure(present.sentence(error))) }, json];
}

function withoutStructure({ structuredContent: _, ...rest }: CallToolResult): CallToolResult {
  return rest;
}

const MAX_CLIENT_NAME = 64;

/** Who is at the other end, in its own words: said once at the start, or since 2026-07-28 with every request. */
interface Client {
  readonly era: McpRequestContext['era'];
  readonly name: string | undefined;
  readonly declared: unknown;
}

function clientOf(server: Edge, ctx: ServerContext, era: Client['era']): Omit<Client, 'era'> {
  const envelope: Readonly<Record<string, unknown>> = ctx.mcpReq.envelope ?? {};
  const legacy = era === 'legacy';
  const info = legacy ? server.getClientVersion() : envelope[CLIENT_INFO_META_KEY];
  const name = typeof info === 'object' && info !== null && 'name' in info ? info.name : undefined;
  return {
    // A program that calls itself as one of our own actors has said nothing of itself.
    name: typeof name === 'string' && !isActorName(name) ? name.slice(0, MAX_CLIENT_NAME) : undefined,
    // Over stateless HTTP a 2025 client has told another server, and nothing is known.
    declared: legacy ? server.getClientCapabilities() : envelope[CLIENT_CAPABILITIES_META_KEY],
  };
}

function callOf(deps: ServerDeps, ctx: ServerContext, client: string | undefined, signal: AbortSignal): Call {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  return {
    ...deps.identity,
    client,
    signal,
    ...(progressToken === undefined
      ? {}
      : {
          progress: async (progress, total, message) => {
            await ctx.mcpReq.notify({
              method: 'notifications/progress',
              params: { progressToken, progress, total, message: message[deps.setting.language] },
            });
          },
        }),
  };
}

function internal(): CashierError {
  return new CashierError('INTERNAL', {
    zh: '内部错误，已记入日志；若已发出请求，以查询结果为准。',
    en: 'Internal error, see the log; if a request had been sent, a query tells its result.',
    next: {
      zh: '用同一单号查询，不要换单号重试。',
      en: 'Ask about the same number; do not retry with a new one.',
    },
  });
}
