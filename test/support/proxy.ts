import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** They belong to one connection, not to the message. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];

/**
 * A reverse proxy before several processes, each request to the next of them. Who takes no connection is passed over;
 * who dies before it has answered leaves its client with a 502, and in the midst of an answer with a cut line. Nothing
 * that has been sent is sent again.
 */
export class RoundRobin {
  readonly #server: Server;
  #ports: number[] = [];
  #next = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
      this.#pass(incoming, response).catch(() => response.destroy());
    });
  }

  static async open(): Promise<RoundRobin> {
    const server = createServer({ requestTimeout: 0 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RoundRobin(server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(port: number): void {
    this.#ports = [...this.#ports, port];
  }

  remove(port: number): void {
    this.#ports = this.#ports.filter((one) => one !== port);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    for (const port of this.#inTurn()) {
      const said = await this.#ask(port, incoming, body, response);
      if (said === 'refused') continue;
      if (said === 'died') break;
      return this.#tell(said, response);
    }
    response.writeHead(502).end();
  }

  #inTurn(): number[] {
    const ports = this.#ports;
    this.#next += 1;
    const first = this.#next % Math.max(1, ports.length);
    return [...ports.slice(first), ...ports.slice(0, first)];
  }

  #ask(
    port: number,
    { method, url, headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<IncomingMessage | 'refused' | 'died'> {
    const options = { host: '127.0.0.1', port, method, path: url, headers: toEnd(headers), agent: false };
    return new Promise((resolve) => {
      const asked = request(options as RequestOptions, resolve);
      asked.on('error', (error: NodeJS.ErrnoException) =>
        resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'died'),
      );
      response.on('close', () => asked.destroy());
      asked.end(body);
    });
  }

  #tell(said: IncomingMessage, response: ServerResponse): void {
    response.writeHead(said.statusCode ?? 502, toEnd(said.headers));
    response.flushHeaders();
    said.on('error', () => response.destroy()).pipe(response);
  }
}

function toEnd(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}
