import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  type McpRequestContext,
  ResourceNotFoundError,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { Edge } from '../../src/protocol/edge.ts';
import type { Offer, ServedPrompt, ServedTool } from '../../src/protocol/offer.ts';
import { invalidRequestState } from '../../src/protocol/refusals.ts';

/**
 * What the official conformance suite wants to find at a server, by name and value.
 * @see https://github.com/modelcontextprotocol/conformance/tree/main/src/scenarios/server
 */
export function fixtures(era: McpRequestContext['era']): Edge {
  const offer: Offer = { tools, prompts, resources };
  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    logging: {},
    completions: {},
  };
  const edge = new Edge({ name: 'fixtures', version: '0.0.0' }, { capabilities }, offer, era);
  edge.setRequestHandler('completion/complete', () => ({
    completion: { values: [], total: 0, hasMore: false },
  }));
  return edge;
}

type Answer = CallToolResult | InputRequiredResult;
type Args = Readonly<Record<string, string>>;

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';
const text = (said: string) => ({ type: 'text' as const, text: said });
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };
const said = (words: string): CallToolResult => ({ content: [text(words)] });
const ANYTHING = { type: 'object' as const, properties: {} };

function tool(
  name: string,
  call: (args: Args, ctx: ServerContext) => Answer | Promise<Answer>,
  {
    inputSchema = ANYTHING,
    elicits = false,
  }: { readonly inputSchema?: Tool['inputSchema']; readonly elicits?: boolean } = {},
): ServedTool {
  const listed = { name, description: name, inputSchema };
  return { name, elicits, listed: () => listed, call: async (args, ctx) => call(args as Args, ctx) };
}

/** To a client of 2025, while the call waits. */
async function elicited(
  ctx: ServerContext,
  message: string,
  properties: Record<string, unknown>,
  required: string[],
) {
  const { action, content } = await ctx.mcpReq.elicitInput(
    {
      mode: 'form',
      message,
      requestedSchema: { type: 'object', properties: properties as never, required },
    },
    { relatedRequestId: ctx.mcpReq.id },
  );
  return said(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`);
}

const options = (...titles: string[]) => titles.map((title, i) => ({ const: `value${i + 1}`, title }));
const ONE_OF_THREE = ['option1', 'option2', 'option3'];

const tools: readonly ServedTool[] = [
  tool('test_simple_text', () => said('This is a simple text response for testing.')),
  tool('test_image_content', () => ({ content: [image] })),
  tool('test_audio_content', () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] })),
  tool('test_embedded_resource', () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  })),
  tool('test_multiple_content_types', () => ({
    content: [
      text('Multiple content types test:'),
      image,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  })),
  tool('test_tool_with_logging', async (_args, { mcpReq }) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
    }
    return said('logged');
  }),
  tool('test_logging_tool', async (_args, { mcpReq }) => {
    await mcpReq.log('info', 'only for who has asked for it');
    return said('logged');
  }),
  tool('test_tool_with_progress', async (_args, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 100 },
      });
    }
    return said(String(progressToken));
  }),
  tool('test_error_handling', () => ({
    ...said('This tool intentionally returns an error for testing'),
    isError: true,
  })),
  tool('test_streaming_elicitation', () => said('no questions')),
  tool('test_sampling', async ({ prompt = '' }, { mcpReq }) => {
    const messages = [{ role: 'user' as const, content: text(prompt) }];
    const { content } = await mcpReq.requestSampling(
      { messages, maxTokens: 100 },
      { relatedRequestId: mcpReq.id },
    );
    return said(`LLM response: ${JSON.stringify(content)}`);
  }),
  tool('test_elicitation', ({ message = '' }, ctx) =>
    elicited(ctx, message, { username: { type: 'string' }, email: { type: 'string' } }, ['username']),
  ),
  tool('test_elicitation_sep1034_defaults', (_args, ctx) =>
    elicited(
      ctx,
      'Please review',
      {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      },
      [],
    ),
  ),
  tool('test_elicitation_sep1330_enums', (_args, ctx) =>
    elicited(
      ctx,
      'Please choose',
      {
        untitledSingle: { type: 'string', enum: ONE_OF_THREE },
        titledSingle: { type: 'string', oneOf: options('First Option', 'Second Option', 'Third Option') },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: {
          type: 'array',
          minItems: 1,
          maxItems: 3,
          items: { type: 'string', enum: ONE_OF_THREE },
        },
        titledMulti: {
          type: 'array',
          minItems: 1,
          maxItems: 3,
          items: { anyOf: options('First Choice', 'Second Choice', 'Third Choice') },
        },
      },
      [],
    ),
  ),
  tool('json_schema_2020_12_tool', (args) => said(JSON.stringify(args)), {
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
  }),
  ...asking(),
];

/** Of 2026-07-28: their results ask, and the call comes again with the answer. */
function asking(): ServedTool[] {
  const codec = createRequestStateCodec<{ readonly round: number }>({ key: 'k'.repeat(32) });
  const stateOf = async (ctx: ServerContext) => {
    const state = ctx.mcpReq.requestState();
    if (state === undefined) return undefined;
    return codec.verify(String(state), ctx).catch(() => Promise.reject(invalidRequestState()));
  };
  const form = (
    message: string,
    name: string,
    property: { type: 'string' } | { type: 'boolean' } = { type: 'string' },
  ) =>
    inputRequired.elicit({
      message,
      requestedSchema: { type: 'object', properties: { [name]: property }, required: [name] },
    });
  const sampling = (prompt: string) =>
    inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens: 50 });
  const elicits = (name: string, call: Parameters<typeof tool>[1]) => tool(name, call, { elicits: true });
  const nameIn = (ctx: ServerContext) =>
    acceptedContent<{ name?: unknown }>(ctx.mcpReq.inputResponses, 'user_name')?.name;
  const confirmed = (name: string) =>
    elicits(name, async (_args, ctx) => {
      const state = await stateOf(ctx);
      if (state && acceptedContent(ctx.mcpReq.inputResponses, 'confirm')) return said('state-ok');
      const inputRequests = { confirm: form('Please confirm', 'ok', { type: 'boolean' }) };
      return inputRequired({ inputRequests, requestState: await codec.mint({ round: 1 }) });
    });
  const one = (name: string, key: string, request: InputRequests[string]) =>
    elicits(name, (_args, { mcpReq }) => {
      const response = mcpReq.inputResponses?.[key];
      return response ? said(JSON.stringify(response)) : inputRequired({ inputRequests: { [key]: request } });
    });
  const P = 'test_input_required_result_';
  return [
    one('test_missing_capability', 'llm_answer', sampling('pong?')),
    elicits(`${P}elicitation`, (_args, ctx) => {
      const name = nameIn(ctx);
      if (typeof name === 'string') return said(`Hello, ${name}!`);
      return inputRequired({ inputRequests: { user_name: form('What is your name?', 'name') } });
    }),
    one(`${P}sampling`, 'capital_question', sampling('What is the capital of France?')),
    one(`${P}list_roots`, 'client_roots', inputRequired.listRoots()),
    confirmed(`${P}request_state`),
    confirmed(`${P}tampered_state`),
    elicits(`${P}multiple_inputs`, async (_args, ctx) => {
      await stateOf(ctx);
      const given = ctx.mcpReq.inputResponses ?? {};
      if (['user_name', 'greeting', 'client_roots'].every((key) => given[key]))
        return said(JSON.stringify(given));
      const inputRequests = {
        user_name: form('What is your name?', 'name'),
        greeting: sampling('Generate a greeting'),
        client_roots: inputRequired.listRoots(),
      };
      return inputRequired({ inputRequests, requestState: await codec.mint({ round: 1 }) });
    }),
    elicits(`${P}multi_round`, async (_args, ctx) => {
      const round = (await stateOf(ctx))?.round ?? 0;
      if (round === 2) return said('Multi-round complete');
      const inputRequests = {
        [`step${round + 1}`]: form(`Step ${round + 1}`, round === 0 ? 'name' : 'color'),
      };
      return inputRequired({ inputRequests, requestState: await codec.mint({ round: round + 1 }) });
    }),
    elicits(`${P}capabilities`, (_args, { mcpReq }) => {
      if (mcpReq.inputResponses) return said('fulfilled');
      const envelope: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
      const declared = envelope[CLIENT_CAPABILITIES_META_KEY] as Record<string, object> | undefined;
      return inputRequired({
        inputRequests: {
          ...(declared?.elicitation ? { user_name: form('What is your name?', 'name') } : {}),
          ...(declared?.sampling ? { greeting: sampling('Generate a greeting') } : {}),
          ...(declared?.roots ? { client_roots: inputRequired.listRoots() } : {}),
        },
      });
    }),
  ];
}

const user = (
  content:
    | ReturnType<typeof text>
    | typeof image
    | { type: 'resource'; resource: { uri: string; mimeType: string; text: string } },
) => ({
  role: 'user' as const,
  content,
});
const argument = (name: string) => ({ name, description: name, required: true });

const prompts: readonly ServedPrompt[] = [
  {
    listed: { name: 'test_simple_prompt', description: 'simple' },
    get: async () => ({ messages: [user(text('This is a simple prompt for testing.'))] }),
  },
  {
    listed: {
      name: 'test_prompt_with_arguments',
      description: 'arguments',
      arguments: [argument('arg1'), argument('arg2')],
    },
    get: async ({ arg1, arg2 }) => ({
      messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
    }),
  },
  {
    listed: {
      name: 'test_prompt_with_embedded_resource',
      description: 'resource',
      arguments: [argument('resourceUri')],
    },
    get: async ({ resourceUri = '' }) => ({
      messages: [
        user({
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        }),
        user(text('Please process the embedded resource above.')),
      ],
    }),
  },
  {
    listed: { name: 'test_prompt_with_image', description: 'image' },
    get: async () => ({ messages: [user(image), user(text('Please analyze the image above.'))] }),
  },
  {
    listed: { name: 'test_input_required_result_prompt', description: 'asks' },
    elicits: true,
    get: async (_args, { mcpReq }) => {
      const context = acceptedContent<{ context?: unknown }>(mcpReq.inputResponses, 'user_context')?.context;
      if (context !== undefined) return { messages: [user(text(`Context: ${context}`))] };
      return inputRequired({
        inputRequests: {
          user_context: inputRequired.elicit({
            message: 'What context should the prompt use?',
            requestedSchema: {
              type: 'object',
              properties: { context: { type: 'string' } },
              required: ['context'],
            },
          }),
        },
      });
    },
  },
];

const CONTENTS: Readonly<
  Record<string, { mimeType: string; text: string } | { mimeType: string; blob: string }>
> = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched resource content' },
};

const resources: Offer['resources'] = {
  templates: [{ name: 'template', uriTemplate: 'test://template/{id}/data', mimeType: 'application/json' }],
  list: async () => ({
    resources: Object.entries(CONTENTS).map(([uri, { mimeType }]) => ({ uri, name: uri, mimeType })),
  }),
  async read(uri) {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    const known =
      id === undefined
        ? Object.hasOwn(CONTENTS, uri) && CONTENTS[uri]
        : {
            mimeType: 'application/json',
            text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
          };
    if (!known) throw new ResourceNotFoundError(uri);
    return { contents: [{ uri, ...known }] };
  },
  subscribe: async () => {},
  unsubscribe: () => {},
};
