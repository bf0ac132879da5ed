import { createRequire } from 'node:module';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

const { resolve } = createRequire(import.meta.url);

/** The official servers, as programs. */
export const EVERYTHING = [
  process.execPath,
  resolve('@modelcontextprotocol/server-everything/dist/index.js'),
] as const;
export const FILESYSTEM = [
  process.execPath,
  resolve('@modelcontextprotocol/server-filesystem/dist/index.js'),
] as const;

/** Everything that a client has been told, by what it asked. */
export type Told = Record<string, unknown>;

const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const SAMPLED = { role: 'assistant', model: 'none', content: { type: 'text', text: 'sampled' } } as const;
const ELICITED = { action: 'accept', content: { name: 'Ann', check: true } } as const;

/** The 1.x client, with all that a client can be asked. */
export function oldClient(told: Told = {}, root = '/tmp'): Client {
  const client = new Client({ name: 'old', version: '1' }, { capabilities: CAPABILITIES });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    told.elicited = params;
    return { ...ELICITED, content: { ...ELICITED.content } };
  });
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
    told.sampled = params;
    return { ...SAMPLED };
  });
  client.setRequestHandler(ListRootsRequestSchema, () => ({
    roots: [{ uri: `file://${root}`, name: 'somewhere' }],
  }));
  client.setNotificationHandler(LoggingMessageNotificationSchema, () => undefined);
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    told.updated = params;
  });
  return client;
}

/** The 2.x client; 2025 or 2026, as the server will have it. */
export function newClient(told: Told = {}): ModernClient {
  const client = new ModernClient(
    { name: 'new', version: '1' },
    { capabilities: CAPABILITIES, versionNegotiation: { mode: 'auto' } },
  );
  client.setRequestHandler('elicitation/create', ({ params }) => {
    told.elicited = params;
    return { ...ELICITED, content: { ...ELICITED.content } };
  });
  client.setRequestHandler('sampling/createMessage', ({ params }) => {
    told.sampled = params;
    return { ...SAMPLED };
  });
  client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///tmp', name: 'somewhere' }] }));
  return client;
}

/** What either client can do. */
interface AnyClient {
  connect(transport: Transport): Promise<void>;
  close(): Promise<void>;
  getServerVersion(): unknown;
  getServerCapabilities(): unknown;
  getInstructions(): string | undefined;
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>;
  listResourceTemplates(): Promise<unknown>;
  listPrompts(): Promise<unknown>;
  readResource(params: { uri: string }): Promise<unknown>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<unknown>;
  complete(params: {
    ref: { type: 'ref/prompt'; name: string };
    argument: { name: string; value: string };
  }): Promise<unknown>;
}

const CALLS: readonly (readonly [name: string, args: Record<string, unknown>])[] = [
  ['echo', { message: '你好 \u2028 "quoted" \\ 💴' }],
  ['get-sum', { a: 1.5, b: -3 }],
  ['get-tiny-image', {}],
  ['get-structured-content', { location: 'New York' }],
  ['get-annotated-message', { messageType: 'error', includeImage: true }],
  ['get-resource-links', { count: 3 }],
  ['get-resource-reference', { resourceType: 'Text', resourceId: 1 }],
  ['get-roots-list', {}],
  ['trigger-elicitation-request', {}],
  ['trigger-sampling-request', { prompt: 'say', maxTokens: 10 }],
  // What is wrong is refused in the upstream's words.
  ['echo', {}],
  ['no-such-tool', {}],
];

/** A result, or an error as it came. */
async function outcomeOf(asked: Promise<unknown>): Promise<unknown> {
  return asked.catch((error: { code?: unknown; message?: unknown; data?: unknown }) => {
    const { code, message, data } = error;
    return { code, message, data };
  });
}

type Call = (name: string, args: Record<string, unknown>) => Promise<unknown>;

/** All that a client of either kind can ask, and what it was told. */
async function story(client: AnyClient, call: Call, told: Told, calls: typeof CALLS): Promise<void> {
  told.server = [client.getServerVersion(), client.getServerCapabilities(), client.getInstructions()];
  const asked = {
    tools: client.listTools(),
    resources: client.listResources(),
    templates: client.listResourceTemplates(),
    prompts: client.listPrompts(),
    prompt: client.getPrompt({ name: 'args-prompt', arguments: { city: 'Paris' } }),
    noPrompt: client.getPrompt({ name: 'none' }),
    completed: client.complete({
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'S' },
    }),
    read: client.readResource({ uri: 'demo://resource/static/document/features.md' }),
    noResource: client.readResource({ uri: 'demo://none' }),
  };
  const answers = Object.entries(asked).map(
    async ([what, answer]) => [what, await outcomeOf(answer)] as const,
  );
  Object.assign(told, Object.fromEntries(await Promise.all(answers)));
  for (const [name, args] of calls)
    told[`${name} ${JSON.stringify(args)}`] = await outcomeOf(call(name, args));
}

/** The whole story of the 1.x client. */
export async function asOld(transport: Transport, calls = CALLS, root?: string): Promise<Told> {
  const told: Told = {};
  const client = oldClient(told, root);
  await client.connect(transport);
  await story(client as AnyClient, (name, args) => client.callTool({ name, arguments: args }), told, calls);
  if (calls === CALLS) {
    const steps: unknown[] = [];
    const long = { name: 'trigger-long-running-operation', arguments: { duration: 0.4, steps: 4 } };
    told.long = await client.callTool(long, undefined, { onprogress: (step) => steps.push(step) });
    // The last comes with the answer, and a client may be done before it looks at it.
    told.steps = steps.slice(0, 3);
  }
  await client.close();
  return told;
}

/** The whole story of the 2.x client. */
export async function asNew(transport: Transport, calls = CALLS): Promise<Told> {
  const told: Told = {};
  const client = newClient(told);
  await client.connect(transport);
  await story(client as AnyClient, (name, args) => client.callTool({ name, arguments: args }), told, calls);
  await client.close();
  return told;
}

/** Without the instants that a server puts into its answers. */
export function timeless(told: Told): Told {
  return JSON.parse(JSON.stringify(told).replace(/\d{1,2}:\d\d:\d\d[^"\\]*/g, 'time'));
}
