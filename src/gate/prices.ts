import type { Fen } from '../domain/money.ts';
import type { Target } from './path.ts';

/** What one call costs, and how it is sold. */
export interface Price {
  readonly amountFen: Fen;
  readonly title: string;
  /** Whether the upstream may be called again after a failure that leaves open what it has done. */
  readonly retry: boolean;
  /** Names under which agents' wallets know the service; undefined: the configured ones, if any. */
  readonly a2mServiceId: string | undefined;
  readonly skillId: string | undefined;
  readonly skillVersion: string | undefined;
}

/** What is asked for with one method, at one path or, with `beneath`, anywhere under it. */
export interface HttpPrice extends Price {
  /** As the file has it: `GET /paid/weather`. */
  readonly name: string;
  readonly method: string;
  /** As `pathKey`. */
  readonly key: string;
  readonly beneath: boolean;
}

/** Somebody's HTTP API. */
export interface HttpUpstream {
  /** Scheme, host and port. */
  readonly origin: URL;
  /** Whatever is asked for under this path belongs to it (as `pathKey`); `/` for all. */
  readonly under: string;
  readonly unpriced: 'pass' | 'refuse';
  /** How long (ms) a paid call may stay without a result before it is paid back. */
  readonly refundAfterMs: number;
  readonly prices: readonly HttpPrice[];
}

/** Somebody's MCP server. */
export interface McpUpstream {
  /** Where it stands on the gate's port: `/NAME/mcp`. */
  readonly name: string;
  /** The program and its arguments, or an address. */
  readonly reached:
    | { readonly command: readonly [string, ...string[]]; readonly env: Readonly<Record<string, string>> }
    | { readonly url: URL };
  readonly refundAfterMs: number;
  /** By the tool's name. */
  readonly prices: ReadonlyMap<string, Price>;
}

/** What is charged for, in the order of the file. */
export interface Prices {
  readonly http: readonly HttpUpstream[];
  readonly mcp: readonly McpUpstream[];
}

/** Whether a price is that of a request; `beneath` means under its path, from the slash on, not itself. */
export function isAt(
  { key, beneath }: Pick<HttpPrice, 'key' | 'beneath'>,
  { key: path, inside }: Pick<Target, 'key' | 'inside'>,
): boolean {
  return beneath ? isUnder(path, key) && (path !== key || inside) : path === key;
}

/** Whether a path (as `pathKey`) is this one, or under it. */
export function isUnder(path: string, under: string): boolean {
  return under === '/' || path === under || path.startsWith(`${under}/`);
}
