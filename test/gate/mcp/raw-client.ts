import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';

type Message = Readonly<Record<string, unknown>>;

/** A client that says what it is told to, and keeps what it hears. */
export class RawClient {
  readonly heard: Message[] = [];
  readonly #transport: Transport;
  #woken: () => void = () => undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.onmessage = (message: JSONRPCMessage) => {
      this.heard.push(message as Message);
      this.#woken();
    };
  }

  async open(): Promise<void> {
    await this.#transport.start();
    const clientInfo = { name: 'raw', version: '1' };
    await this.ask(0, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
    await this.say({ method: 'notifications/initialized' });
  }

  say(message: Message): Promise<void> {
    return this.#transport.send({ jsonrpc: '2.0', ...message } as JSONRPCMessage);
  }

  /** The answer, be it an error. */
  async ask(id: number | string, method: string, params?: Message): Promise<Message> {
    await this.say({ id, method, ...(params ? { params } : {}) });
    return this.until((message) => message.id === id && !('method' in message));
  }

  /** The first that is so. */
  async until(isSo: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.heard.find(isSo);
      if (found) return found;
      await new Promise<void>((woken) => {
        this.#woken = woken;
      });
    }
  }
}
