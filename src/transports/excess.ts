import { PROTOCOL_VERSION_META_KEY, ProtocolError, SERVER_INFO_META_KEY } from '@modelcontextprotocol/server';
import { HANDSHAKE } from '../protocol/edge.ts';
import { offerOf, type ServerDeps, serverInfo } from '../server.ts';

/**
 * What a server would answer to a request of a caller that asks too often, without one being built for it; undefined
 * where it is to be served.
 */
export async function answerToExcess(deps: ServerDeps, body: unknown): Promise<Response | undefined> {
  const { id, method, params } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof method !== 'string' || !['string', 'number'].includes(typeof id)) return undefined;
  const { name, _meta } = (params ?? {}) as Readonly<Record<string, unknown>>;
  const revision = (_meta as Readonly<Record<string, unknown>> | undefined)?.[PROTOCOL_VERSION_META_KEY];
  const era = revision === undefined ? 'legacy' : 'modern';
  const { isExcess, admit } = offerOf(deps, era);
  const asked = { method, name };
  if (HANDSHAKE.has(method) || !isExcess?.(asked)) return undefined;
  try {
    const result = await admit?.(asked);
    if (!result) return undefined;
    const stamped = { resultType: 'complete', _meta: { [SERVER_INFO_META_KEY]: serverInfo(deps) } };
    return Response.json({
      result: era === 'modern' ? { ...result, ...stamped } : result,
      ...{ jsonrpc: '2.0', id },
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { code, message, data } = error;
    return Response.json({ jsonrpc: '2.0', id, error: { code, message, data } });
  }
}
