import type { JSONRPCRequest } from '@modelcontextprotocol/server';

/** What a request of 2026-07-28 names is repeated in a header, for those who route by it. */
const NAMED: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/**
 * In what the headers of a request, which is otherwise in order, say something else than its body; undefined where they
 * agree. What counts for us is the body.
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
 */
export function headersDisagree(headers: Headers, { method, params }: JSONRPCRequest): string | undefined {
  if (!headers.has('mcp-protocol-version')) return 'Bad Request: the header MCP-Protocol-Version is missing';
  if (!headers.has('mcp-method')) return 'Bad Request: the header Mcp-Method is missing';
  const member = Object.hasOwn(NAMED, method) ? NAMED[method] : undefined;
  const name = member && params?.[member];
  if (typeof name !== 'string') return undefined;
  const said = headers.get('mcp-name');
  if (said === null) return 'Bad Request: the header Mcp-Name is missing';
  return plain(said.trim()) === name
    ? undefined
    : 'Bad Request: the header Mcp-Name names something else than the body';
}

function plain(header: string): string {
  const [, base64] = /^=\?base64\?([A-Za-z0-9+/=]*)\?=$/.exec(header) ?? [];
  return base64 === undefined ? header : Buffer.from(base64, 'base64').toString('utf8');
}
