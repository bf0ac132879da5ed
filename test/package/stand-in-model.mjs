// A model that is none: an HTTP server on loopback that speaks as OpenAI (Responses and Chat Completions), Anthropic and
// Gemini do, asks for one call of one tool, and keeps what the client then showed it.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

const CALL = 'call_cashier';
const SEARCH = 'call_search';

/**
 * @param wanted the tool's name, as the server has it
 * @param args of the one call
 * @returns `declared`: the tools' definitions as they came with each request; `reached`: for each request that carried
 *   the call's result, whatever the client put behind the call
 */
export async function standInModel(wanted, args) {
  const declared = [];
  const reached = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://model');
    if (request.method !== 'POST')
      return send(response, { object: 'list', data: [{ id: 'stand-in', object: 'model' }] });
    if (pathname.endsWith('/count_tokens')) return send(response, { input_tokens: 1 });
    const dialect = DIALECTS.find(({ at }) => at.test(pathname));
    if (!dialect) return send(response, { error: { message: 'not served' } }, 404);
    const body = await json(request);
    const turns = dialect.turns(body);
    const called = turns.findLastIndex((turn) => dialect.asks(turn, CALL));
    if (body.tools) declared.push(body.tools);
    if (called >= 0) reached.push(turns.slice(called + 1));
    const say = called >= 0 ? dialect.words('Done.') : next(dialect, body, turns);
    const streams = body.stream === true || pathname.includes(':stream');
    if (!streams) return send(response, dialect.whole(say, body));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(dialect.events(say, body).map(frame).join(''));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const close = () => new Promise((closed) => server.close(closed).closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}`, declared, reached, close };

  /** The call; where the tool is not shown yet, a search for it, once; where there is neither, words (for a title, say). */
  function next(dialect, body, turns) {
    const tools = dialect.tools(body);
    const tool = tools.find(({ name }) => name.replaceAll('_', '-').endsWith(wanted));
    if (tool) return dialect.call(tool, args, CALL);
    const search = tools.find(({ name }) => name === 'tool_search');
    if (!search || turns.some((turn) => dialect.asks(turn, SEARCH))) return dialect.words('Done.');
    return dialect.call(search, { query: wanted }, SEARCH);
  }
}

function send(response, body, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function frame(event) {
  if (event === '[DONE]') return 'data: [DONE]\n\n';
  return `${event.type ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`;
}

/** @see https://platform.openai.com/docs/api-reference/responses-streaming */
const responses = {
  at: /\/responses$/,
  turns: ({ input }) => (Array.isArray(input) ? input : []),
  asks: ({ type, call_id }, wanted) => type === 'function_call' && call_id === wanted,
  tools: ({ tools = [] }) =>
    tools.flatMap((tool) =>
      tool.type === 'namespace'
        ? tool.tools.map(({ name }) => ({ name, namespace: tool.name }))
        : tool.name
          ? [{ name: tool.name }]
          : [],
    ),
  call: ({ name, namespace }, args, id) => ({
    type: 'function_call',
    id: `fc_${id}`,
    call_id: id,
    name,
    ...(namespace && { namespace }),
    arguments: JSON.stringify(args),
    status: 'completed',
  }),
  words: (text) => ({
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  }),
  whole: (item, { model }) => ({
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status: 'completed',
    model,
    output: [item],
    usage: {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 2,
    },
  }),
  events: (item, body) => [
    {
      type: 'response.created',
      response: { ...responses.whole(item, body), status: 'in_progress', output: [] },
    },
    { type: 'response.output_item.added', output_index: 0, item },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: responses.whole(item, body) },
  ],
};

/** @see https://platform.openai.com/docs/api-reference/chat-streaming */
const chat = {
  at: /\/chat\/completions$/,
  turns: ({ messages = [] }) => messages,
  asks: ({ tool_calls }, wanted) => tool_calls?.some(({ id }) => id === wanted) ?? false,
  tools: ({ tools = [] }) => tools.map((tool) => ({ name: tool.function.name })),
  call: ({ name }, args, id) => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: JSON.stringify(args) } }],
  }),
  words: (content) => ({ role: 'assistant', content }),
  whole: (message, { model }) => ({
    id: 'chat_1',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [{ index: 0, message, finish_reason: message.tool_calls ? 'tool_calls' : 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }),
  events: (delta, body) => {
    const { choices, ...rest } = chat.whole(delta, body);
    const chunk = { ...rest, object: 'chat.completion.chunk' };
    return [
      { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: choices[0].finish_reason }] },
      '[DONE]',
    ];
  },
};

/** @see https://docs.anthropic.com/en/docs/build-with-claude/streaming */
const anthropic = {
  at: /\/messages$/,
  turns: ({ messages = [] }) => messages,
  asks: ({ content }, wanted) =>
    Array.isArray(content) && content.some(({ type, id }) => type === 'tool_use' && id === wanted),
  tools: ({ tools = [] }) => tools,
  call: ({ name }, input, id) => ({ type: 'tool_use', id, name, input }),
  words: (text) => ({ type: 'text', text }),
  whole: (block, { model }) => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [block],
    stop_reason: block.type === 'tool_use' ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  }),
  events: (block, body) => {
    const { stop_reason, ...message } = anthropic.whole(block, body);
    const [start, delta] =
      block.type === 'tool_use'
        ? [
            { ...block, input: {} },
            { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
          ]
        : [
            { ...block, text: '' },
            { type: 'text_delta', text: block.text },
          ];
    return [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: start },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ];
  },
};

/** @see https://ai.google.dev/api/generate-content */
const gemini = {
  at: /:(generateContent|streamGenerateContent)$/,
  turns: ({ contents = [] }) => contents,
  asks: ({ parts = [] }) => parts.some(({ functionCall }) => functionCall !== undefined),
  tools: ({ tools = [] }) => tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations),
  call: ({ name }, args) => ({ functionCall: { name, args } }),
  words: (text) => ({ text }),
  whole: (part) => ({
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  }),
  events: (part) => [gemini.whole(part)],
};

const DIALECTS = [responses, chat, anthropic, gemini];
