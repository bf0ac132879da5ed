import { isJSONRPCErrorResponse, type Result } from '@modelcontextprotocol/server';
import type { Clock } from '../../domain/clock.ts';
import { type Answer, UpstreamLost } from './line.ts';

/** A tool as an upstream lists it. */
export type ListedTool = Readonly<Record<string, unknown>> & { readonly name: string };

type Params = Readonly<Record<string, unknown>>;
type Tools = ReadonlyMap<string, ListedTool>;

/** Pages of a list that are read. */
const MOST_PAGES = 100;
/** For so long (ms) what an upstream has listed is taken to be so still: in the stateless era nobody says otherwise. */
const LISTED_MS = 60_000;
/** What a request of the stateless era says of whoever makes it. */
const ENVELOPE = 'io.modelcontextprotocol/';

/** The tools of an upstream, as it has listed them. */
export class Catalogue {
  readonly #clock: Clock;
  #known: { readonly at: number; readonly tools: Promise<Tools> } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  forget(): void {
    this.#known = undefined;
  }

  /**
   * Rejects with {@link UpstreamLost}, also where the upstream does not list any.
   * @param meta of the request for which it is read
   */
  read(ask: (method: string, params: Params) => Promise<Answer>, meta: Params = {}): Promise<Tools> {
    const now = this.#clock.now();
    const isFresh = Math.abs(now - (this.#known?.at ?? Number.NEGATIVE_INFINITY)) < LISTED_MS;
    const known = this.#known && isFresh ? this.#known : { at: now, tools: readAll(ask, meta) };
    this.#known = known;
    known.tools.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return known.tools;
  }
}

async function readAll(
  ask: (method: string, params: Params) => Promise<Answer>,
  meta: Params,
): Promise<Tools> {
  const said = Object.entries(meta).filter(([name]) => name.startsWith(ENVELOPE));
  const envelope = said.length > 0 ? { _meta: Object.fromEntries(said) } : {};
  const tools = new Map<string, ListedTool>();
  let cursor: unknown;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ask('tools/list', { ...envelope, ...(cursor === undefined ? {} : { cursor }) });
    if (isJSONRPCErrorResponse(answer)) throw new UpstreamLost(answer.error.message, true, answer.error);
    for (const tool of toolsIn(answer.result)) tools.set(tool.name, tool);
    cursor = answer.result.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

function toolsIn({ tools }: Result): ListedTool[] {
  return Array.isArray(tools) ? tools.filter(isTool) : [];
}

export function isTool(tool: unknown): tool is ListedTool {
  return typeof tool === 'object' && tool !== null && 'name' in tool && typeof tool.name === 'string';
}
