import { once } from 'node:events';
import { createServer as createHttp, type Server as HttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How an upstream dies when it is asked: it has done nothing, it has done it, or it has done nothing and is away. */
export const DEATHS = ['before it answers', 'in the middle', 'for a while'] as const;
type Death = (typeof DEATHS)[number];

/** For how long (ms) one that is away is. */
const AWAY_MS = 200;
/** ms that its work takes. */
const WORK_MS = 2;

/** What two upstreams do for whom, one behind HTTP and one behind MCP, and how they die over it. */
export class Works {
  /** How often each was served. */
  readonly executions = new Map<string, number>();
  /** What becomes of whoever is asked for somebody. */
  readonly fates = new Map<string, Death>();
  readonly kills = { http: 0, mcp: 0 };
  /** Told when somebody's request has arrived, and when it is answered. */
  reached: (moment: 'arrived' | 'answered', id: string) => void = () => undefined;
  #http: HttpServer | undefined;
  #mcp: Server | undefined;
  #ports = { http: 0, mcp: 0 };

  async open(): Promise<void> {
    await this.#openHttp();
    await this.#openMcp();
  }

  close(): void {
    this.#http?.closeAllConnections();
    this.#http?.close();
    this.#mcp?.close();
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#ports.http}`;
  }

  /** Starts the one behind MCP. */
  get command(): readonly string[] {
    return [
      process.execPath,
      fileURLToPath(new URL('mcp/mortal.mjs', import.meta.url)),
      String(this.#ports.mcp),
    ];
  }

  #execute(id: string): string {
    const times = (this.executions.get(id) ?? 0) + 1;
    this.executions.set(id, times);
    return `for ${id}, ${times}`;
  }

  #fateOf(id: string, face: keyof Works['kills']): Death | undefined {
    const death = this.fates.get(id);
    if (death === undefined) return undefined;
    this.fates.delete(id);
    this.kills[face] += 1;
    if (death === 'in the middle') this.#execute(id);
    return death;
  }

  async #openHttp(): Promise<void> {
    const answer: RequestListener = async (request, response) => {
      request.resume();
      const id = new URL(request.url ?? '', 'http://x').searchParams.get('id') ?? '';
      const death = this.#fateOf(id, 'http');
      if (death === undefined) {
        const done = this.#execute(id);
        this.reached('arrived', id);
        await sleep(WORK_MS);
        response.on('finish', () => this.reached('answered', id));
        response.end(done);
        return;
      }
      if (death === 'in the middle') {
        response.writeHead(200, { 'Content-Length': 20 });
        response.write('half');
        await sleep(WORK_MS);
      }
      server.closeAllConnections();
      if (death !== 'for a while') return;
      server.close();
      await sleep(AWAY_MS);
      await this.#openHttp();
    };
    const server = createHttp((request, response) => void answer(request, response));
    this.#http = server;
    this.#ports.http = await listening(server, this.#ports.http);
  }

  async #openMcp(): Promise<void> {
    const server = createServer((socket) => {
      let pid = 0;
      const lines = createInterface({ input: socket });
      // As connections end whose other side is killed.
      for (const one of [socket, lines]) one.on('error', () => undefined);
      lines.on('line', (line) => {
        const said = JSON.parse(line) as { pid?: number; call?: unknown; of?: string };
        pid = said.pid ?? pid;
        if (said.of === undefined) {
          // Half of an answer is out.
          if (said.pid === undefined) process.kill(pid, 'SIGKILL');
        } else void this.#call(socket, pid, said.call, said.of);
      });
    });
    this.#mcp = server;
    this.#ports.mcp = await listening(server, this.#ports.mcp);
  }

  async #call(socket: Socket, pid: number, call: unknown, id: string): Promise<void> {
    const tell = (said: object) => socket.write(`${JSON.stringify(said)}\n`);
    const death = this.#fateOf(id, 'mcp');
    if (death === undefined) {
      const text = this.#execute(id);
      this.reached('arrived', id);
      await sleep(WORK_MS);
      tell({ call, text });
      this.reached('answered', id);
      return;
    }
    if (death === 'in the middle') return void tell({ half: true });
    const server = this.#mcp;
    process.kill(pid, 'SIGKILL');
    if (death !== 'for a while' || !server?.listening) return;
    server.close();
    await sleep(AWAY_MS);
    await this.#openMcp();
  }
}

async function listening(server: Server | HttpServer, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
