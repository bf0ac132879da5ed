import type {
  CallToolResult,
  GetPromptResult,
  InputRequiredResult,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  Server,
  ServerContext,
  Tool,
} from '@modelcontextprotocol/server';

/** What a server has to offer, whatever it is about. */
export interface Offer {
  readonly tools: readonly ServedTool[];
  readonly prompts: readonly ServedPrompt[];
  readonly resources: ServedResources;
  /**
   * Before every request but those of the handshake. What comes back is the answer, and nothing else is looked at.
   * Throws a ProtocolError.
   */
  admit?(asked: Asked): Promise<CallToolResult | undefined>;
  /** Whether {@link admit} would turn it away; counts nothing. */
  isExcess?(asked: Asked): boolean;
}

/** What a request is about, as far as it matters before it is looked at. */
export interface Asked {
  readonly method: string;
  /** Of the tool. */
  readonly name?: unknown;
}

/** Who is at the other end, as it has said. */
export type Connection = Pick<
  Server,
  'getClientVersion' | 'getClientCapabilities' | 'getNegotiatedProtocolVersion'
>;

interface MayAsk {
  /** It elicits in results of 2026-07-28, and judges the `requestState` that comes with an answer; others refuse any. */
  readonly elicits?: boolean;
}

export interface ServedTool extends MayAsk {
  readonly name: string;
  readonly outputSchema?: Tool['outputSchema'] | undefined;
  /** Whether it is listed just now; by default it always is. */
  isListed?(): Promise<boolean>;
  /** As it is listed to a client. */
  listed(ctx: ServerContext, connection: Connection): Tool;
  /**
   * @param args as the client sent them, members named like those of every object included. What it throws must be a
   *   ProtocolError: anything else is an internal error, of which a client is told no more.
   */
  call(
    args: unknown,
    ctx: ServerContext,
    connection: Connection,
  ): Promise<CallToolResult | InputRequiredResult>;
}

export interface ServedPrompt extends MayAsk {
  readonly listed: Prompt;
  /** As {@link ServedTool.call}. */
  get(
    args: Readonly<Record<string, string>>,
    ctx: ServerContext,
  ): Promise<GetPromptResult | InputRequiredResult>;
}

export interface ServedResources {
  readonly templates: readonly ResourceTemplateType[];
  /** One page. Throws {@link invalidCursor} for a cursor that it did not give out. */
  list(
    cursor: string | undefined,
    ctx: ServerContext,
  ): Promise<{ resources: Resource[]; nextCursor?: string | undefined }>;
  /** Throws ResourceNotFoundError. */
  read(uri: string, ctx: ServerContext): Promise<ReadResourceResult>;
  /** 2025 only; absent where nothing can be told. Throws ResourceNotFoundError. */
  readonly subscribe?: ((uri: string, ctx: ServerContext) => Promise<void>) | undefined;
  unsubscribe?(uri: string, ctx: ServerContext): Promise<void> | void;
}
