import {
  type CallToolResult,
  CLIENT_INFO_META_KEY,
  type McpRequestContext,
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import type { Clock } from './domain/clock.ts';
import { CashierError, type Text } from './domain/errors.ts';
import type { Log } from './domain/ports.ts';
import type { Ledger } from './ledger/ledger.ts';
import { attempt, type Outcome } from './payments/attempt.ts';
import type { Call, Cashier } from './payments/cashier.ts';
import { registerOrderResources } from './resources/orders.ts';
import type { ToolAnswer } from './tools/answer.ts';
import { dropsContent } from './tools/clients.ts';
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
  readonly caller: string;
  /** Rules that stand with the caller's token. */
  readonly tokenRules?: Call['token'];
  /** Orders of other callers do not exist for this one. */
  readonly ownOrdersOnly?: boolean;
  /** Ends waits early, with what is known by then, when the process is told to stop. */
  readonly stopping?: AbortSignal;
  /** Opens what only a call needs (adapters, simulator) on first use. */
  readonly cashier: () => Promise<Cashier>;
  /** Tool calls under way: a process that is told to stop lets them record what the gateway answers. */
  readonly underWay: Set<Promise<unknown>>;
  readonly log: Log;
}

const INSTRUCTIONS: Text = {
  zh: '收款步骤：create-payment → 把链接或二维码给买家 → query-payment 查到 PAID → 才交付。创建不等于已付款，买家说已付也不算。重试用同一号码；不要编造订单号。退款只是提议，由商家批准。',
  en: 'To sell: create-payment, give the link or code to the buyer, query-payment until PAID, only then deliver. Created is not paid, nor is a buyer who says so. Retry with the same number; never invent one. A refund is a proposal that the merchant approves.',
};

/** One MCP server, the same for every transport and protocol era; only wiring, no business. */
export function buildServer(deps: ServerDeps, era: McpRequestContext['era']): McpServer {
  const { language } = deps.setting;
  const server = new McpServer(
    { name: 'mcp-cashier', title: 'mcp-cashier', version: deps.version },
    {
      instructions: INSTRUCTIONS[language],
      capabilities: {
        tools: { listChanged: false },
        resources: { listChanged: false, subscribe: deps.updates === 'server' || era === 'modern' },
      },
    },
  );
  registerOrderResources(
    server,
    {
      ledger: deps.ledger,
      clock: deps.clock,
      present: deps.present,
      language,
      call: { caller: deps.caller, ownOrdersOnly: deps.ownOrdersOnly ?? false },
      pushes: deps.updates === 'server',
    },
    era,
  );
  // Only a 2025 connection says who it is before it lists; 2026-07-28 forbids a list that varies by connection.
  const clientDropsContent = () => era === 'legacy' && dropsContent(server.server.getClientVersion()?.name);

  for (const tool of deps.tools) {
    const registered = server.registerTool(
      tool.name,
      {
        title: tool.title[language],
        description: tool.description[language],
        inputSchema: published(tool.inputSchema(deps.setting)),
        outputSchema: published(tool.outputSchema),
        annotations: { title: tool.title[language], ...tool.hints },
      },
      async (args, ctx) => {
        const running = runTool(deps, tool, args, ctx, clientOf(server, ctx, era));
        deps.underWay.add(running);
        const answer = await running.finally(() => deps.underWay.delete(running));
        return showsImage(tool) && clientDropsContent() ? withoutStructure(answer) : answer;
      },
    );
    if (!showsImage(tool)) continue;
    server.server.oninitialized = () => {
      if (clientDropsContent()) Reflect.deleteProperty(registered, 'outputSchema');
    };
  }
  return server;
}

/** Never throws: the SDK would show an exception's words to the model. */
async function runTool(
  deps: ServerDeps,
  tool: Tool,
  args: unknown,
  ctx: ServerContext,
  client: string | undefined,
): Promise<CallToolResult> {
  const ending = endingOf(ctx.mcpReq.signal, deps.stopping);
  try {
    const cashier = await deps.cashier();
    const call = callOf(deps, ctx, client, ending.signal);
    const context = { call, setting: deps.setting, present: deps.present };
    if (tool.hints.readOnlyHint) return toResult(await tool.run({ ...context, cashier }, args));
    const answer = await attempt(
      cashier,
      call,
      { tool: tool.name, args, meta: ctx.mcpReq._meta },
      (recorded) => tool.run({ ...context, cashier: recorded }, args),
      ({ structured }) => outcomeOf(structured),
    );
    return toResult(answer);
  } catch (error) {
    if (!(error instanceof CashierError)) {
      deps.log.error('tool failed', {
        tool: tool.name,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const known = error instanceof CashierError ? error : internal();
    return { isError: true, content: [{ type: 'text', text: deps.present.error(known) }] };
  } finally {
    ending.forget();
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

function toResult({ text, structured, image }: ToolAnswer): CallToolResult {
  return {
    content: [
      { type: 'text', text },
      ...(image === undefined ? [] : [{ type: 'image' as const, data: image, mimeType: 'image/png' }]),
    ],
    structuredContent: structured,
  };
}

function withoutStructure({ structuredContent: _, ...rest }: CallToolResult): CallToolResult {
  return rest;
}

function showsImage(tool: Tool): boolean {
  return tool.name === 'create-payment';
}

/** Of an answer, what the audit trail keeps. */
function outcomeOf(structured: Readonly<Record<string, unknown>>): Outcome {
  const kept = ['outTradeNo', 'outRefundNo', 'state', 'replayed', 'closing', 'late'];
  return Object.fromEntries(kept.map((name) => [name, structured[name]])) as Outcome;
}

const MAX_CLIENT_NAME = 64;

/** What the program says it is: once at the start, or since 2026-07-28 with every request. */
function clientOf(server: McpServer, ctx: ServerContext, era: McpRequestContext['era']): string | undefined {
  const envelope: Readonly<Record<string, unknown>> = ctx.mcpReq.envelope ?? {};
  const info = era === 'legacy' ? server.server.getClientVersion() : envelope[CLIENT_INFO_META_KEY];
  const name = typeof info === 'object' && info !== null && 'name' in info ? info.name : undefined;
  return typeof name === 'string' ? name.slice(0, MAX_CLIENT_NAME) : undefined;
}

function callOf(deps: ServerDeps, ctx: ServerContext, client: string | undefined, signal: AbortSignal): Call {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  return {
    caller: deps.caller,
    client,
    token: deps.tokenRules,
    ownOrdersOnly: deps.ownOrdersOnly ?? false,
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
    zh: '内部错误，已记入日志；若已发出请求，结果以 query-payment / query-refund 为准。',
    en: 'Internal error, see the log; if a request had been sent, query-payment or query-refund tells its result.',
    next: {
      zh: '用同一号码查询，不要换号重试。',
      en: 'Ask about the same number; do not retry with a new one.',
    },
  });
}

/** A schema that is shown as given and accepts everything: arguments are parsed by the tool itself. */
function published(schema: Readonly<Record<string, unknown>>): StandardSchemaWithJSON<unknown> {
  return {
    '~standard': {
      version: 1,
      vendor: 'mcp-cashier',
      validate: (value) => ({ value }),
      jsonSchema: { input: () => ({ ...schema }), output: () => ({ ...schema }) },
    },
  };
}
