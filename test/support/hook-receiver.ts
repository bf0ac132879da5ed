import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** What came in, and was signed with our key. */
export interface Received {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A merchant's own system that takes webhooks, by the reference library of Standard Webhooks. */
export class HookReceiver {
  readonly secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  readonly received: Received[] = [];
  /** What is answered; by default that it was taken. */
  answer: (response: ServerResponse) => void = (response) => void response.writeHead(204).end();
  readonly #server: Server;

  private constructor() {
    const webhook = new Webhook(this.secret);
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = request.headers as Record<string, string>;
        // Throws, and ends the test's process, for what is not signed with our key.
        const body = webhook.verify(Buffer.concat(chunks).toString('utf8'), headers);
        this.received.push({ ...(body as Omit<Received, 'id'>), id: headers['webhook-id'] ?? '' });
        this.answer(response);
      });
    });
  }

  static async start(): Promise<HookReceiver> {
    const receiver = new HookReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** A credential, as all such addresses are. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook/canary-90ab12`;
  }

  /** A channels file, which is YAML as JSON is, of this receiver alone. */
  file(more: object = {}): string {
    const channel = { name: 'shop', kind: 'webhook', url: this.url, secret: this.secret, ...more };
    return JSON.stringify({ version: 1, channels: [channel] });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
