import {
  isJSONRPCErrorResponse,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type Result,
} from '@modelcontextprotocol/server';
import type { Params } from './counter.ts';
import { type Answer, UpstreamLost } from './line.ts';

/** What a client has agreed with its upstream, and what one that is started again has to be told. */
export class Agreement {
  /** What the client has said to begin with. */
  #greeting: JSONRPCRequest | undefined;
  readonly #kept = new Map<string, JSONRPCRequest>();

  /** Returns the revision that was agreed, where this is the answer that says so. */
  note(request: JSONRPCRequest, result: Result): string | undefined {
    const { method, params } = request;
    if (method === 'initialize') {
      this.#greeting = request;
      this.#kept.clear();
      return String(result.protocolVersion);
    }
    if (method === 'logging/setLevel') this.#kept.set(method, request);
    else if (method === 'resources/subscribe') this.#kept.set(`resource ${params?.uri}`, request);
    else if (method === 'resources/unsubscribe') this.#kept.delete(`resource ${params?.uri}`);
    return undefined;
  }

  /**
   * Nothing where nothing was agreed. Rejects with {@link UpstreamLost}.
   * @param agree is told the revision as soon as the upstream has named it
   */
  async repeat(
    ask: (method: string, params: Params) => Promise<Answer>,
    tell: (notification: JSONRPCNotification) => void,
    agree: (revision: string) => void,
  ): Promise<void> {
    if (!this.#greeting) return;
    const answer = await ask('initialize', this.#greeting.params ?? {});
    if (isJSONRPCErrorResponse(answer)) throw new UpstreamLost(answer.error.message, false, answer.error);
    agree(String(answer.result.protocolVersion));
    tell({ jsonrpc: '2.0', method: 'notifications/initialized' });
    for (const { method, params = {} } of this.#kept.values()) await ask(method, params);
  }
}
