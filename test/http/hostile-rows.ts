import { gzipSync } from 'node:zlib';
import { request } from './wire.ts';

/** What a row is allowed to know: the ports and tokens of the service it is sent to. */
export interface Target {
  readonly port: number;
  readonly alice: string;
  readonly bob: string;
  /** May only look. */
  readonly reader: string;
  /** An order of alice's. */
  readonly order: string;
  /** The SHA-256 of alice's token, as the file holds it. */
  readonly sha256: string;
}

/** A status; `no` = whatever the status, the JSON-RPC answer is an error or the tool says no; `cut` = no answer at all. */
export type Expected = number | readonly number[] | 'no' | 'cut';
export interface Row {
  readonly name: string;
  readonly bytes: (target: Target) => string | Buffer;
  readonly expected: Expected;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A call that creates a payment, unless it is refused. */
const CREATE = toolCall('create-payment', { provider: 'wechatpay', amountYuan: '6.66', title: 'hostile' });

export function toolCall(name: string, args: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
}

/** A well-formed call of alice's, but for what `headers` and `line` change. */
export function post(
  target: Target,
  headers: Headers = {},
  body: string | Buffer = CREATE,
  line = 'POST /mcp HTTP/1.1',
) {
  return request(
    line,
    {
      Host: `127.0.0.1:${target.port}`,
      Connection: 'close',
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: `Bearer ${target.alice}`,
      'Content-Length': String(Buffer.byteLength(body)),
      ...headers,
    },
    body,
  );
}

const row = (name: string, expected: Expected, bytes: Row['bytes']): Row => ({ name, expected, bytes });
const headers = (name: string, expected: Expected, change: (target: Target) => Headers): Row =>
  row(name, expected, (target) => post(target, change(target)));
const body = (name: string, expected: Expected, text: string | Buffer): Row =>
  row(name, expected, (target) => post(target, {}, text));
const line = (start: string, expected: Expected): Row =>
  row(start.slice(0, 60), expected, (target) => post(target, {}, CREATE, start));

export const HOST_AND_ORIGIN: readonly Row[] = [
  headers('another site that points at us', 403, () => ({ Host: 'evil.example' })),
  headers('another site at our port', 403, ({ port }) => ({ Host: `evil.example:${port}` })),
  headers('our name without the port', 403, () => ({ Host: 'localhost' })),
  headers('our name at another port', 403, () => ({ Host: '127.0.0.1:1' })),
  headers('our name as part of another', 403, ({ port }) => ({ Host: `127.0.0.1.evil.example:${port}` })),
  headers('our name as user of another', [400, 403], ({ port }) => ({
    Host: `127.0.0.1:${port}@evil.example`,
  })),
  headers('another address of this machine', 403, ({ port }) => ({ Host: `127.0.0.2:${port}` })),
  headers('an empty Host', [400, 403], () => ({ Host: '' })),
  headers('no Host', 400, () => ({ Host: undefined })),
  headers('two Hosts', [400, 403], ({ port }) => ({ Host: [`127.0.0.1:${port}`, 'evil.example'] })),
  headers('a forwarded Host', 403, ({ port }) => ({
    Host: 'evil.example',
    'X-Forwarded-Host': `127.0.0.1:${port}`,
  })),
  headers('a page of another site', 403, () => ({ Origin: 'https://evil.example' })),
  headers('a sandboxed page', 403, () => ({ Origin: 'null' })),
  headers('a page of this machine at another port', 403, () => ({ Origin: 'http://localhost:3000' })),
  headers('our origin by another scheme', 403, ({ port }) => ({ Origin: `https://127.0.0.1:${port}` })),
  headers('our origin by another name', 403, ({ port }) => ({ Origin: `http://localhost:${port}` })),
  headers('our origin and another', 403, ({ port }) => ({
    Origin: [`http://127.0.0.1:${port}`, 'https://evil.example'],
  })),
  headers('an empty Origin', 403, () => ({ Origin: '' })),
  line('POST http://evil.example/mcp HTTP/1.1', 403),
  row('our name in the line, with a user', 403, (target) =>
    post(target, {}, CREATE, `POST http://evil@127.0.0.1:${target.port}/mcp HTTP/1.1`),
  ),
];

export const METHODS_AND_PATHS: readonly Row[] = [
  ...['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) =>
    line(`${method} /mcp HTTP/1.1`, 405),
  ),
  line('TRACE /mcp HTTP/1.1', 405),
  line('CONNECT evil.example:443 HTTP/1.1', 'cut'),
  line('PAY /mcp HTTP/1.1', 400),
  line('POST /MCP HTTP/1.1', 404),
  line('POST /mcp/ HTTP/1.1', 404),
  line('POST //mcp HTTP/1.1', 404),
  line('POST /mcp/create-payment HTTP/1.1', 404),
  // A proxy that passes on what begins with /notify/ must not have passed these on.
  ...['/notify/../mcp', '/notify/%2e%2e/mcp', '/notify/x/.%2E/../mcp', '/%6dcp', '/m%63p'].map((path) =>
    line(`POST ${path} HTTP/1.1`, 404),
  ),
  line('POST /c\\..\\mcp HTTP/1.1', 400),
  ...['/c/../approvals', '/notify/%2e%2e/approvals', '/%61pprovals', '/live%7a'].map((path) =>
    line(`GET ${path} HTTP/1.1`, 404),
  ),
  line('POST /%zz%ff HTTP/1.1', 404),
  line('POST /../../etc/passwd HTTP/1.1', 404),
  line('POST /livez HTTP/1.1', 404),
  line('POST /c/AAAAAAAAAAAAAAAAAAAAAA HTTP/1.1', 405),
  line('POST /notify/paypal HTTP/1.1', 404),
  line('POST /notify/__proto__ HTTP/1.1', 404),
  line('GET /notify/alipay HTTP/1.1', 404),
  line('OPTIONS * HTTP/1.1', [400, 404]),
  line('POST /mcp HTTP/9.9', 400),
  line('POST mcp HTTP/1.1', [400, 404]),
  line(`POST /mcp?${'x'.repeat(20_000)} HTTP/1.1`, 431),
];

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

export const BODIES: readonly Row[] = [
  headers('text', 415, () => ({ 'Content-Type': 'text/plain' })),
  headers('a form, as a page could send it', 415, () => ({
    'Content-Type': 'application/x-www-form-urlencoded',
  })),
  headers('a multipart form', 415, () => ({ 'Content-Type': 'multipart/form-data; boundary=x' })),
  headers('something like JSON', 415, () => ({ 'Content-Type': 'application/jsonp' })),
  headers('no type', 415, () => ({ 'Content-Type': undefined })),
  headers('no stream accepted', 406, () => ({ Accept: 'application/json' })),
  headers('a revision there never was', 400, () => ({ 'MCP-Protocol-Version': '1999-01-01' })),
  headers('the new revision without its envelope', 400, () => ({ 'MCP-Protocol-Version': '2026-07-28' })),
  body('nothing', 400, ''),
  body('half an object', 400, '{"jsonrpc":"2.0",'),
  body('null', 400, 'null'),
  body('a number', 400, '42'),
  body('a string', 400, '"create-payment"'),
  body('an empty batch', 400, '[]'),
  body('a batch with a stranger in it', 400, `[${CREATE},7]`),
  body('a batch within a batch', 400, `[[${CREATE}]]`),
  body('no version', 400, CREATE.replace('"jsonrpc":"2.0",', '')),
  body('an old version', 400, CREATE.replace('"2.0"', '"1.0"')),
  body('a method that is none', 400, CREATE.replace('"tools/call"', '{}')),
  body('an id that is none', 400, CREATE.replace('"id":1', '"id":{}')),
  body(
    'parameters in a list',
    400,
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["create-payment"]}',
  ),
  body('a notification in place of a call', 202, CREATE.replace('"id":1,', '')),
  body('an unknown method', 'no', CREATE.replace('tools/call', 'tools/steal')),
  body('a method of every object', 'no', CREATE.replace('tools/call', '__proto__')),
  body('an unknown tool', 'no', toolCall('send-money', {})),
  body('a tool of every object', 'no', toolCall('__proto__', {})),
  body('arguments in a list', 'no', toolCall('create-payment', [1])),
  body(
    'arguments by prototype',
    'no',
    toolCall('query-payment', {}).replace('{}', '{"__proto__":{"outTradeNo":"A"}}'),
  ),
  body(
    'arguments nested 200,000 deep',
    'no',
    toolCall('create-payment', 'x').replace('"x"', `{"title":${nested(200_000)}}`),
  ),
  body('a body nested 500,000 deep', 400, nested(500_000)),
  body(
    '50,000 unknown arguments',
    'no',
    toolCall('create-payment', Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]))),
  ),
  body('bytes that are no text', 400, Buffer.from([0xff, 0xfe, 0x00, 0x80])),
  ...['gzip', 'GZIP', 'br', 'deflate, gzip', 'zstd'].map((encoding) =>
    row(`a packed body: ${encoding}`, 415, (target) =>
      post(target, { 'Content-Encoding': encoding }, gzipSync(CREATE)),
    ),
  ),
  body('2 MiB', 413, `{"jsonrpc":"2.0","id":1,"method":"tools/list","x":"${'x'.repeat(2 << 20)}"}`),
  row('2 MiB in chunks', 413, (target) =>
    post(
      target,
      { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      chunked('x'.repeat(2 << 20)),
    ),
  ),
  row('a notification of 1 MiB', 413, (target) =>
    post(target, { Authorization: undefined }, 'x'.repeat(1 << 20), 'POST /notify/wechatpay HTTP/1.1'),
  ),
  row('a notification of 1 MiB in chunks', 413, (target) =>
    post(
      target,
      { Authorization: undefined, 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      chunked('x'.repeat(1 << 20)),
      'POST /notify/alipay HTTP/1.1',
    ),
  ),
];

function chunked(text: string): string {
  const size = 65_536;
  const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
}

export const WIRE: readonly Row[] = [
  headers('a length and chunks', 400, () => ({ 'Transfer-Encoding': 'chunked' })),
  headers('two lengths', 400, () => ({ 'Content-Length': ['3', '300'] })),
  headers('a negative length', 400, () => ({ 'Content-Length': '-1' })),
  headers('a length in words', 400, () => ({ 'Content-Length': '1e3' })),
  headers('an unknown transfer', 400, () => ({
    'Content-Length': undefined,
    'Transfer-Encoding': 'xchunked',
  })),
  headers('chunked twice', 400, () => ({
    'Content-Length': undefined,
    'Transfer-Encoding': 'chunked, identity',
  })),
  row('a chunk whose size is none', 400, (target) =>
    post(
      target,
      { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      `ZZ\r\n${CREATE}\r\n0\r\n\r\n`,
    ),
  ),
  row('a chunk longer than it says', 400, (target) =>
    post(
      target,
      { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      `3\r\n${CREATE}\r\n0\r\n\r\n`,
    ),
  ),
  row('a second request behind a short length', [400, 404], (target) =>
    post(target, { 'Content-Length': '0', Connection: 'keep-alive' }, `POST /x HTTP/1.1\r\n${CREATE}`),
  ),
  headers('a header over two lines', 400, () => ({ 'X-Junk': 'a\r\n b\r\nX: y\u0000' })),
  headers('a blank in a header name', 400, () => ({ 'Content-Length ': '0' })),
  headers('a line break in the token', 400, ({ alice }) => ({ Authorization: `Bearer ${alice}\rX` })),
  headers('20 KiB of header', 431, () => ({ 'X-Junk': 'x'.repeat(20_000) })),
  headers('an expectation we do not know', 417, () => ({ Expect: 'money' })),
  row('bytes of another protocol', 400, () => Buffer.from('160301020001000f0303', 'hex')),
  row('a request without a version', 400, () => 'GET /livez\r\n\r\n'),
];

const queryBy =
  (authorization: (target: Target) => string | readonly string[] | undefined) => (target: Target) =>
    post(target, { Authorization: authorization(target) }, CREATE);

export const TOKENS: readonly Row[] = [
  row(
    'no token',
    401,
    queryBy(() => undefined),
  ),
  row(
    'an empty one',
    401,
    queryBy(() => 'Bearer '),
  ),
  row(
    'a wrong one',
    401,
    queryBy(() => `Bearer mcpc_${'A'.repeat(43)}`),
  ),
  row(
    'a token cut short',
    401,
    queryBy(({ alice }) => `Bearer ${alice.slice(0, -1)}`),
  ),
  row(
    'a token and more',
    401,
    queryBy(({ alice }) => `Bearer ${alice}A`),
  ),
  row(
    'two tokens',
    401,
    queryBy(({ alice, bob }) => `Bearer ${alice}, Bearer ${bob}`),
  ),
  row(
    'the hash of a token',
    401,
    queryBy(({ sha256 }) => `Bearer ${sha256}`),
  ),
  row(
    'a name',
    401,
    queryBy(() => 'Bearer alice'),
  ),
  row(
    'basic authentication',
    401,
    queryBy(({ alice }) => `Basic ${btoa(`alice:${alice}`)}`),
  ),
  row(
    'a token of 16,000 characters',
    401,
    queryBy(() => `Bearer ${'A'.repeat(12_000)}`),
  ),
  row('a token in the address', 401, (target) =>
    post(target, { Authorization: undefined }, CREATE, `POST /mcp?access_token=${target.alice} HTTP/1.1`),
  ),
  row('no token for a list', 401, (target) =>
    post(target, { Authorization: undefined }, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'),
  ),
  row('no token for a GET', 401, (target) =>
    post(target, { Authorization: undefined }, '', 'GET /mcp HTTP/1.1'),
  ),
];

const as = (who: 'bob' | 'reader', tool: string, args: (target: Target) => object): Row =>
  row(`${tool} by ${who}`, 'no', (target) =>
    post(target, { Authorization: `Bearer ${target[who]}` }, toolCall(tool, args(target))),
  );

export const OTHERS: readonly Row[] = [
  as('bob', 'query-payment', ({ order }) => ({ outTradeNo: order })),
  as('bob', 'query-payment', ({ order }) => ({ outTradeNo: order, provider: 'wechatpay', waitSeconds: 50 })),
  as('bob', 'close-payment', ({ order }) => ({ outTradeNo: order })),
  as('bob', 'refund-payment', ({ order }) => ({ outTradeNo: order, refundYuan: '1.00' })),
  as('bob', 'query-refund', ({ order }) => ({ outTradeNo: order, outRefundNo: 'R_1' })),
  as('bob', 'create-payment', ({ order }) => ({
    ...{ provider: 'wechatpay', amountYuan: '5.00', title: 'hers', outTradeNo: order },
  })),
  row('the resource by bob', 'no', (target) =>
    post(
      target,
      { Authorization: `Bearer ${target.bob}` },
      JSON.stringify({
        ...{ jsonrpc: '2.0', id: 1, method: 'resources/read' },
        params: { uri: `payment://orders/${target.order}` },
      }),
    ),
  ),
  as('reader', 'create-payment', () => ({ provider: 'wechatpay', amountYuan: '6.66', title: 'hostile' })),
  as('reader', 'close-payment', ({ order }) => ({ outTradeNo: order })),
  as('reader', 'refund-payment', ({ order }) => ({ outTradeNo: order, refundYuan: '1.00' })),
];
