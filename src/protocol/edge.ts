import {
  type Implementation,
  isInputRequiredResult,
  isJSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type Result,
  Server,
  type ServerContext,
  type ServerOptions,
  specTypeSchemas,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Offer } from './offer.ts';
import { insistParams, invalidCursor, invalidParams, invalidRequestState } from './refusals.ts';

type Handler = (request: JSONRPCRequest, ctx: ServerContext) => Promise<Result>;

/** What 2025 calls a resource that does not exist; since 2026-07-28 it is among the invalid parameters. */
const NOT_FOUND_2025 = -32_002;
/** What is never turned away. */
export const HANDSHAKE: ReadonlySet<string> = new Set(['initialize', 'ping', 'server/discover']);

/**
 * One MCP server of either era over whatever it offers. The SDK's own registry looks names up in plain objects, answers
 * malformed parameters with dumps of its validators, and makes a tool's result of every refusal; this one does not.
 */
export class Edge extends Server {
  readonly #era: McpRequestContext['era'];
  readonly #offer: Offer;

  constructor(info: Implementation, options: ServerOptions, offer: Offer, era: McpRequestContext['era']) {
    super(info, options);
    this.#era = era;
    this.#offer = offer;
    this.#greet();
    this.#serveTools(offer);
    this.#servePrompts(offer);
    this.#serveResources(offer);
  }

  /**
   * For what every start goes through the SDK would first make the schemas of everything that 2025 can say, a fifth of
   * the start.
   */
  #greet(): void {
    // biome-ignore lint/complexity/useLiteralKeys: the SDK calls it private
    const initialize = this['_oninitialize'].bind(this);
    const { InitializeRequestParams } = specTypeSchemas;
    this.setRequestHandler('initialize', { params: InitializeRequestParams }, (params) =>
      initialize({ method: 'initialize', params }),
    );
    this.setNotificationHandler('notifications/initialized', { params: AS_SENT }, () => undefined);
  }

  #serveTools({ tools }: Offer): void {
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    this.setRequestHandler('tools/list', { params: AS_SENT }, async (params, ctx) => {
      insistNoCursor(params as { readonly cursor?: string });
      const isListed = await Promise.all(tools.map((tool) => tool.isListed?.() ?? true));
      return { tools: tools.filter((_, i) => isListed[i]).map((tool) => tool.listed(ctx, this)) };
    });
    // In the raw: the SDK's own schema drops arguments that are named like members of every object.
    this.setRequestHandler('tools/call', { params: AS_SENT }, async (params, ctx) => {
      const { name, arguments: args } = params as { name: string; arguments?: unknown };
      const tool = byName.get(name);
      if (!tool) throw invalidParams('tool not found');
      this.#insistState(tool.elicits, ctx);
      const result = await tool.call(args ?? {}, ctx, this);
      if (isInputRequiredResult(result)) return result;
      return this.projectCallToolResult(result, tool.outputSchema);
    });
  }

  #servePrompts({ prompts }: Offer): void {
    this.setRequestHandler('prompts/list', ({ params }) => {
      insistNoCursor(params);
      return { prompts: prompts.map(({ listed }) => listed) };
    });
    this.setRequestHandler('prompts/get', async ({ params }, ctx) => {
      const prompt = prompts.find(({ listed }) => listed.name === params.name);
      if (!prompt) throw invalidParams('prompt not found');
      this.#insistState(prompt.elicits, ctx);
      return prompt.get(params.arguments ?? {}, ctx);
    });
  }

  #serveResources({ resources }: Offer): void {
    this.setRequestHandler('resources/list', ({ params }, ctx) => resources.list(params?.cursor, ctx));
    this.setRequestHandler('resources/templates/list', ({ params }) => {
      insistNoCursor(params);
      return { resourceTemplates: [...resources.templates] };
    });
    this.setRequestHandler('resources/read', ({ params }, ctx) => {
      this.#insistState(false, ctx);
      return resources.read(params.uri, ctx);
    });
    const { subscribe } = resources;
    if (this.#era !== 'legacy' || !subscribe) return;
    this.setRequestHandler('resources/subscribe', async ({ params }, ctx) => {
      await subscribe(params.uri, ctx);
      return {};
    });
    this.setRequestHandler('resources/unsubscribe', async ({ params }, ctx) => {
      await resources.unsubscribe?.(params.uri, ctx);
      return {};
    });
  }

  /** Who never gave a state out takes none back. */
  #insistState(elicits: boolean | undefined, { mcpReq }: ServerContext): void {
    if (this.#era === 'modern' && !elicits && mcpReq.requestState() !== undefined)
      throw invalidRequestState();
  }

  /** Around every request: parameters first, and no words of an internal error to anyone. */
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    const wrapped = super._wrapHandler(method, handler);
    return async (request, ctx) => {
      const { params } = request;
      // Some clients send null for what they leave out.
      const given =
        params?.arguments === null ? { ...request, params: without(params, 'arguments') } : request;
      insistParams(method, given.params);
      try {
        const refused = HANDSHAKE.has(method)
          ? undefined
          : await this.#offer.admit?.({ method, name: given.params?.name });
        return refused ?? (await wrapped(given, ctx));
      } catch (error) {
        if (error instanceof ProtocolError) throw error;
        this.onerror?.(error instanceof Error ? error : new Error(String(error)));
        throw new ProtocolError(ProtocolErrorCode.InternalError, 'Internal error');
      }
    };
  }

  override async connect(transport: Transport): Promise<void> {
    if (this.#era === 'legacy') {
      const send = transport.send.bind(transport);
      transport.send = (message, options) => send(inWordsOf2025(message), options);
    }
    await super.connect(transport);
  }
}

const AS_SENT = {
  '~standard': {
    version: 1 as const,
    vendor: 'mcp-cashier',
    validate: (value: unknown) => ({ value }),
  },
};

/** Lists that are one page give no cursor out. */
function insistNoCursor(params: { readonly cursor?: string | undefined } | undefined): void {
  if (params?.cursor !== undefined) throw invalidCursor();
}

function without(params: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const { [name]: _, ...rest } = params;
  return rest;
}

/** The SDK gives a resource that does not exist the code of 2026-07-28 in both eras. */
function inWordsOf2025(message: JSONRPCMessage): JSONRPCMessage {
  if (!isJSONRPCErrorResponse(message)) return message;
  const { code, message: text, data } = message.error;
  const known = ProtocolError.fromError(code, text, data);
  return known instanceof ResourceNotFoundError
    ? { ...message, error: { ...message.error, code: NOT_FOUND_2025 } }
    : message;
}
