import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WALLETS } from '../../src/providers/registry.ts';
import { GATEWAY_CALLS, type GatewayCallKind } from './gateways.ts';
import type { Env } from './server-process.ts';

/** What becomes of a request: passed on, kept from the gateway, or carried out there with the answer kept back. */
export type Treatment = 'pass' | 'hold-request' | 'hold-answer';

export interface Passing {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

/**
 * Stands between a server and the gateway simulator (or between the simulator and a server that it notifies), as a
 * slow network does. What it holds is never answered, so a test knows for certain that a call is in flight, and on
 * which side of the gateway's deed.
 */
export class SlowNetwork {
  /** Decides over each request; held ones are told to {@link held}. */
  treat: (passing: Passing) => Treatment | Promise<Treatment> = () => 'pass';
  /** Told of each request whose answer was passed on. */
  answered: (passing: Passing) => void = () => undefined;
  readonly #server: Server;
  readonly #gateway: string;
  readonly #kept = new Set<ServerResponse>();
  #keptStatus: number | undefined;
  #env: Env = {};
  #onHeld: () => void = () => undefined;

  private constructor(server: Server, gateway: string) {
    this.#server = server;
    this.#gateway = gateway;
  }

  static async open(gateway: string): Promise<SlowNetwork> {
    const server = createServer();
    const network = new SlowNetwork(server, gateway);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // Nobody at the other end, or nobody any more at this one: the line is cut.
      network.#carry(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  /** Before a simulator of the gateways: {@link env} is that of servers that reach it by this network. */
  static async before(simulator: { readonly origin: string; readonly env: Env }): Promise<SlowNetwork> {
    const network = await SlowNetwork.open(simulator.origin);
    const gateways = WALLETS.map(({ gatewayVariable: name }) => [
      name,
      simulator.env[name]?.replace(simulator.origin, network.origin),
    ]);
    network.#env = { ...simulator.env, ...Object.fromEntries(gateways) };
    return network;
  }

  get env(): Env {
    return this.#env;
  }

  /** Lets no request of this kind pass, from the first of the kind `after` on, until the returned function is called. */
  holdBack(kind: RegExp, after = /^/): () => void {
    let release = () => {};
    const released = new Promise<Treatment>((resolve) => {
      release = () => resolve('pass');
    });
    const before = this.treat;
    let begun = false;
    this.treat = (passing) => {
      const said = `${passing.method} ${saidBy(passing)}`;
      begun ||= after.test(said);
      return begun && kind.test(said) ? released : before(passing);
    };
    return release;
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const { method = '', url: target = '' } = request;
    const passing = { method, target, body };
    const treatment = await this.treat(passing);
    if (treatment === 'hold-request') return this.#keep(response, undefined);
    const answer = await fetch(`${this.#gateway}${target}`, {
      method,
      headers: headersOf(request),
      redirect: 'manual',
      ...(method === 'GET' ? {} : { body }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (treatment === 'hold-answer') return this.#keep(response, answer.status);
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(bytes);
    this.answered(passing);
  }

  #keep(response: ServerResponse, status: number | undefined): void {
    this.#kept.add(response);
    this.#keptStatus = status;
    this.#onHeld();
  }

  /** What the newest answer that is kept back says; undefined where it was the request that was held. */
  get keptStatus(): number | undefined {
    return this.#keptStatus;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when the next request is being held. */
  held(): Promise<void> {
    return new Promise((resolve) => {
      this.#onHeld = resolve;
    });
  }

  /** Cuts the lines of everything that is held. */
  drop(): void {
    for (const response of this.#kept) response.destroy();
    this.#kept.clear();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Headers that belong to the message and not to one connection. */
function headersOf(request: IncomingMessage): Record<string, string> {
  const own = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (!own.has(name) && typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** What a request says, without the escapes of a form, and with the merchant's own words read where they are packed. */
export function saidBy({ target, body }: Passing): string {
  const plain = ([name, value]: [string, string]) =>
    name === 'reqReserved' ? Buffer.from(value, 'base64').toString() : value;
  const said = body.startsWith('{') ? body : [...new URLSearchParams(body)].map(plain).join();
  return `${decodeURIComponent(target)} ${said}`;
}

/** Whether a request is this call of a gateway. */
export function isCall(kind: GatewayCallKind, { method, target, body }: Passing): boolean {
  return GATEWAY_CALLS[kind].test(`${method} ${decodeURIComponent(target)} ${body}`);
}
