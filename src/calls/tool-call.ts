import {
  type CallToolResult,
  type InputRequiredResult,
  isInputRequiredResult,
  type Tool as ListedTool,
  ProtocolError,
  type ServerContext,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import { CashierError, type ErrorCode } from '../domain/errors.ts';
import type { ApprovalUrl } from '../elicitation/means.ts';
import { withPerson } from '../elicitation/question.ts';
import { appMeta } from '../mcp-apps/apps.ts';
import { attempt } from '../payments/attempt.ts';
import type { Call, Till } from '../payments/till.ts';
import type { ServedTool } from '../protocol/offer.ts';
import type { ToolAnswer } from '../tools/answer.ts';
import { type DropsContent, dropsContent } from '../tools/clients.ts';
import type { Tool, ToolSetting } from '../tools/define-tool.ts';
import type { LimitDeps } from './call-limit.ts';
import { type Client, clientOf } from './client.ts';
import { failureOf, internal } from './failure.ts';

export interface CallDeps extends LimitDeps {
  readonly setting: ToolSetting;
  /** All that its caller is served. */
  readonly tools?: readonly Tool[];
  /** Whether the rules in force have a section that a tool is for; where nobody can tell, they do not. */
  readonly hasSection?: (section: NonNullable<Tool['section']>) => Promise<boolean>;
  /**
   * What a server on a lasting connection of its own hears of orders, and passes on; without it the transport does,
   * which outlives its servers and can do so in the 2026 era only.
   */
  readonly bus?: ServerEventBus | undefined;
  /** Ends waits early, with what is known by then, when the process is told to stop. */
  readonly stopping?: AbortSignal;
  /** Where a person decides about an approval, in a browser. */
  readonly approvalUrl?: ApprovalUrl | undefined;
  /** Opens what only a call needs (adapters, simulator) on first use. */
  readonly till: () => Promise<Till>;
  /** Tool calls under way: a process that is told to stop lets them record what the gateway answers. */
  readonly underWay: Set<Promise<unknown>>;
  /** Hears of each call; without it none is told of. */
  readonly hear?: Hear;
  /** Clients that drop text beside a structure, where the merchant has changed the table. */
  readonly dropsContent?: DropsContent;
}

/** Of `_meta`, where what a view shows besides stands. */
const VIEW_KEY = 'cashier/view';

/** How a call came in. */
export interface CallAsked {
  /** `_meta` of the request. */
  readonly meta: unknown;
  readonly requestId: unknown;
  /** Of the protocol, where it is known. */
  readonly revision: string | undefined;
  readonly transport: 'pipe' | 'tcp';
}

/** Of a call that begins, by its tool and caller: its own id, what it works with, and where its end is told. */
export type Hear = (
  tool: string,
  caller: string,
  asked: CallAsked,
) => {
  readonly id: string;
  /** All that the call does is done in it. */
  around<T>(work: () => Promise<T>): Promise<T>;
  /** What is done with it is logged under the call's id. */
  within(till: Till): Till;
  end(outcome: CallOutcome, error?: CashierError): void;
  /** It got no further than the protocol, which has a code for that. */
  refused(code: number): void;
};
export type CallOutcome = 'ok' | 'input_required' | ErrorCode;

/** A tool as it is served: the same for every connection of a caller. */
export function servedTool(deps: CallDeps, tool: Tool, era: Client['era']): ServedTool {
  const { language } = deps.setting;
  const { section } = tool;
  const { hasSection } = deps;
  const title = tool.title[language];
  const listed = {
    name: tool.name,
    title,
    description: tool.description[language],
    inputSchema: tool.inputSchema(deps.setting),
    annotations: { title, ...tool.hints },
  };
  const outputSchema = tool.outputSchema as ListedTool['outputSchema'];
  const withOutput = outputSchema && { ...listed, outputSchema };
  const meta = appMeta(tool.app, tool.hints);
  // Only a 2025 connection says who it is before it lists; 2026-07-28 forbids a list that varies by connection.
  const drops = (client: { readonly name: string } | undefined) =>
    tool.showsImage && era === 'legacy' && (deps.dropsContent ?? dropsContent)(client?.name);
  return {
    name: tool.name,
    elicits: !tool.hints.readOnlyHint,
    outputSchema,
    ...(section === undefined ? {} : { isListed: async () => (await hasSection?.(section)) ?? false }),
    listed(ctx, connection) {
      const face = withOutput && !drops(connection.getClientVersion()) ? withOutput : listed;
      return clientOf(connection, ctx, era).showsApps ? { ...face, ...meta } : face;
    },
    async call(args, ctx, connection) {
      const running = runTool(deps, tool, args, ctx, clientOf(connection, ctx, era));
      deps.underWay.add(running);
      const answer = await running.finally(() => deps.underWay.delete(running));
      if (isInputRequiredResult(answer)) return answer;
      return drops(connection.getClientVersion()) ? withoutStructure(answer) : answer;
    },
  };
}

/** Throws nothing but a ProtocolError: what went wrong with a call is told to the model, in our words. */
function runTool(
  deps: CallDeps,
  tool: Tool,
  args: unknown,
  ctx: ServerContext,
  client: Client,
): Promise<CallToolResult | InputRequiredResult> {
  const heard = deps.hear?.(tool.name, deps.identity.caller, {
    meta: ctx.mcpReq._meta,
    requestId: ctx.mcpReq.id,
    revision: client.revision,
    transport: ctx.http ? 'tcp' : 'pipe',
  });
  const run = () => heardCall(deps, tool, args, ctx, client, heard);
  return heard ? heard.around(run) : run();
}

async function heardCall(
  deps: CallDeps,
  tool: Tool,
  args: unknown,
  ctx: ServerContext,
  { era, name, declared, showsApps }: Client,
  heard: ReturnType<Hear> | undefined,
): Promise<CallToolResult | InputRequiredResult> {
  // A 2025 connection over HTTP that dropped cancels nothing: only a question, which nobody hears, ends with it.
  const survives = era === 'legacy' && !deps.bus && !tool.hints.readOnlyHint;
  // Nobody hears a question's answer either when the stream of a session has gone, which the SDK keeps to itself.
  const gone = tool.hints.readOnlyHint ? ctx.http?.req?.signal : undefined;
  const ending = endingOf(survives ? undefined : ctx.mcpReq.signal, gone, deps.stopping);
  try {
    const opened = await deps.till();
    const till = heard?.within(opened) ?? opened;
    const call = {
      ...callOf(deps, ctx, name, ending.signal),
      tool: tool.name,
      ...(heard ? { id: heard.id } : {}),
    };
    const context = { call, setting: deps.setting, present: deps.present };
    if (tool.hints.readOnlyHint) {
      // What a question finds out is recorded in the name of who asked; the question is not.
      const ledger = till.ledger.as({ caller: call.caller, tool: tool.name });
      const answer = await toResult(
        await tool.run({ ...context, till: { ...till, ledger } }, args),
        showsApps,
      );
      heard?.end('ok');
      return answer;
    }
    const { setting, present, approvalUrl } = deps;
    let runs = 0;
    const answer = await withPerson(
      { till, call, ctx, era, declared, tool, args, setting, present, approvalUrl },
      (given, waited) =>
        attempt(
          till,
          // What a person's answer sets going is another attempt of the same call.
          runs++ > 0 && heard ? { ...call, id: `${heard.id}.${runs}` } : call,
          { tool: tool.name, args: given, meta: ctx.mcpReq._meta },
          // Of a call that has waited, another answer is recorded than the errand knows.
          async (recorded) =>
            waited
              ? asFirst(await tool.run({ ...context, till: recorded.till }, given))
              : tool.run({ ...context, ...recorded }, given),
          ({ outcome }) => outcome,
        ),
    );
    const isAsked = isInputRequiredResult(answer);
    heard?.end(isAsked ? 'input_required' : 'ok');
    return isAsked ? answer : await toResult(answer, showsApps);
  } catch (error) {
    if (error instanceof ProtocolError) {
      heard?.refused(error.code);
      throw error;
    }
    if (!(error instanceof CashierError)) {
      deps.log.error('tool failed', {
        tool: tool.name,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const known = error instanceof CashierError ? error : internal();
    heard?.end(known.code, known);
    if (!tool.hints.readOnlyHint) deps.rate?.refused(deps.identity.caller);
    return failureOf(deps.present, tool, known);
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

/** @param showsApps what a view shows comes with it, where the client has views */
async function toResult(
  { text, note, structured, image, aside }: ToolAnswer,
  showsApps: boolean,
): Promise<CallToolResult> {
  return {
    content: [
      { type: 'text', text },
      ...(note === undefined ? [] : [{ type: 'text' as const, text: note }]),
      ...(image === undefined ? [] : [{ type: 'image' as const, data: image, mimeType: 'image/png' }]),
    ],
    ...(structured === undefined ? {} : { structuredContent: structured }),
    ...(showsApps && aside ? { _meta: { [VIEW_KEY]: await aside() } } : {}),
  };
}

/** To a view it is told beside the words. */
function withoutStructure({ structuredContent: told, _meta, ...rest }: CallToolResult): CallToolResult {
  const aside = _meta?.[VIEW_KEY];
  return aside ? { ...rest, _meta: { [VIEW_KEY]: { ...aside, told } } } : rest;
}

function callOf(deps: CallDeps, ctx: ServerContext, client: string | undefined, signal: AbortSignal): Call {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  const arrivedAt = ctx.http?.authInfo?.extra?.arrivedAt;
  return {
    ...deps.identity,
    delivers: deps.tools?.some(({ section }) => section === 'delivery') ?? false,
    client,
    signal,
    ...(typeof arrivedAt === 'number' ? { arrivedAt } : {}),
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
