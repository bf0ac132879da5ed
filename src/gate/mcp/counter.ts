import type { JSONRPCErrorResponse, Result } from '@modelcontextprotocol/server';
import type { ListedTool } from './catalogue.ts';
import type { Answer } from './line.ts';

export type Params = Readonly<Record<string, unknown>>;

/** What a counter may ask of what stands behind it. Everything rejects with {@link UpstreamLost}. */
export interface Behind {
  /** Who asks, for limits. */
  readonly source: string;
  /** The upstream's own tool of this name, if it has one. */
  tool(name: string): Promise<ListedTool | undefined>;
  /** Passes the call on, with these parameters; not any more where it is `over` before the upstream is there. */
  call(params: Params, over: AbortSignal): Promise<Answer>;
}

/** What a client is answered. */
export type Served =
  | {
      readonly result: Result;
      /** It is on its way to the client. */
      delivered?(): Promise<void>;
    }
  | Pick<JSONRPCErrorResponse, 'error'>;

/** Where some calls are paid for before they are passed on. */
export interface Counter {
  /** A tool as the client is to see it. */
  listed(tool: ListedTool): ListedTool;
  /** Whether calls of this tool are paid for. */
  charges(tool: string): boolean;
  /** Rejects with {@link UpstreamLost}, and then nobody has paid anything. */
  serve(params: Params, behind: Behind): Promise<Served>;
}
