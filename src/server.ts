import type { McpRequestContext } from '@modelcontextprotocol/server';
import { admission } from './calls/call-limit.ts';
import { type CallDeps, servedTool } from './calls/tool-call.ts';
import type { Clock } from './domain/clock.ts';
import { readApp } from './mcp-apps/apps.ts';
import { promptsOf } from './prompts/index.ts';
import { instructionsFor } from './prompts/instructions.ts';
import { Edge } from './protocol/edge.ts';
import type { Offer, ServedResources } from './protocol/offer.ts';
import type { Receipts } from './receipts/receipts.ts';
import { inSessions, OrderResources, withoutSubscriptions } from './resources/orders.ts';
import { type ReceiptResourceDeps, readReceipts, receiptTemplate } from './resources/receipts.ts';
import type { Tool } from './tools/define-tool.ts';

type Era = McpRequestContext['era'];

/** What every server of one caller shares. */
export interface ServerDeps extends CallDeps {
  readonly version: string;
  readonly tools: readonly Tool[];
  readonly clock: Clock;
  readonly receipts: Receipts;
  /** What clients want to hear of is kept with their sessions, and told there. */
  readonly inSession?: boolean;
}

/** One MCP server, the same for every transport and protocol era; only wiring, no business. */
export function buildServer(deps: ServerDeps, era: Era): Edge {
  const { language } = deps.setting;
  const { bus, inSession = false } = deps;
  const ofOrders = { ...deps, language, call: deps.identity };
  const orders = new OrderResources(ofOrders);
  const served = inSession ? inSessions : withoutSubscriptions;
  // Whoever is told of orders is told of new ones.
  const told = bus !== undefined || inSession || era === 'modern';
  const { instructions, ...offer } = offerOf(deps, era);
  const server = new Edge(
    serverInfo(deps),
    {
      instructions,
      capabilities: {
        tools: { listChanged: false },
        prompts: { listChanged: false },
        resources: { listChanged: told, subscribe: told },
      },
    },
    { ...offer, resources: withMore(bus ? orders : served(orders, ofOrders), ofOrders) },
    era,
  );
  if (bus) orders.tellOn(server, era, bus);
  return server;
}

/** Views and receipts are read by who was told of them; nobody's list is longer for them. */
function withMore(resources: ServedResources, deps: ReceiptResourceDeps): ServedResources {
  return {
    templates: [...resources.templates, receiptTemplate(deps.language)],
    list: (cursor, ctx) => resources.list(cursor, ctx),
    read: async (uri, ctx) =>
      (await readApp(uri)) ?? (await readReceipts(deps, uri)) ?? resources.read(uri, ctx),
    subscribe: resources.subscribe,
    unsubscribe: (uri, ctx) => resources.unsubscribe?.(uri, ctx),
  };
}

export function serverInfo({ version }: Pick<ServerDeps, 'version'>) {
  return { name: 'mcp-cashier', title: 'mcp-cashier', version };
}

interface Shared extends Omit<Offer, 'resources'> {
  readonly instructions: string;
}

const offers = new WeakMap<ServerDeps, Map<Era, Shared>>();

/** What servers that were built for the same caller have in common: one is built for each request without a session. */
export function offerOf(deps: ServerDeps, era: Era): Shared {
  const { tools } = deps;
  const { language } = deps.setting;
  const made = offers.get(deps) ?? new Map<Era, Shared>();
  offers.set(deps, made);
  const known = made.get(era) ?? {
    instructions: instructionsFor({ language, tools }),
    tools: tools.map((tool) => servedTool(deps, tool, era)),
    prompts: promptsOf({ language, tools }),
    ...admission(deps, tools),
  };
  made.set(era, known);
  return known;
}
