import { PassThrough } from 'node:stream';
import { CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { buildServer, type ServerDeps } from '../../src/server.ts';
import { StdioWire } from '../../src/transports/stdio-wire.ts';

export type Json = Record<string, unknown>;

/** Our wire with our server behind it, driven by raw lines. */
export class Raw {
  readonly input = new PassThrough();
  readonly output = new PassThrough({ encoding: 'utf8' });
  readonly #handle: { close(): Promise<void> };
  readonly #heard: (Json | Json[])[] = [];
  #rest = '';
  #wake = () => {};
  #marks = 0;

  constructor(deps: ServerDeps) {
    const transport = new StdioWire(this.input, this.output);
    this.#handle = serveStdio(({ era }) => buildServer(deps, era), { transport });
    this.output.on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#heard.push(JSON.parse(line));
      this.#wake();
    });
  }

  /** All that is answered to some lines: up to the answer to a request that follows them. */
  async say(...lines: readonly (string | Buffer | object)[]): Promise<(Json | Json[])[]> {
    const id = `mark-${++this.#marks}`;
    const all = [...lines, { jsonrpc: '2.0', id, method: 'no/such-method' }];
    for (const line of all) {
      const bytes = Buffer.isBuffer(line) || typeof line === 'string' ? line : JSON.stringify(line);
      this.input.write(bytes);
      this.input.write('\n');
    }
    for (;;) {
      const at = this.#heard.findIndex((message) => !Array.isArray(message) && message.id === id);
      if (at !== -1) return this.#heard.splice(0, at + 1).slice(0, -1);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** As {@link say}, and as many answers as are wanted, in whatever order they come. */
  async answers(count: number, ...lines: readonly (string | Buffer | object)[]): Promise<(Json | Json[])[]> {
    const heard = await this.say(...lines);
    while (heard.length < count) {
      if (this.#heard.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      heard.push(...this.#heard.splice(0));
    }
    return heard;
  }

  /** The first message that is such, as soon as it is there; others wait for whoever asks for them. */
  async next(such: (message: Json) => boolean): Promise<Json> {
    for (;;) {
      const at = this.#heard.findIndex((message) => !Array.isArray(message) && such(message));
      if (at !== -1) return this.#heard.splice(at, 1)[0] as Json;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The answer to one request. */
  async ask(request: Json): Promise<Json> {
    this.input.write(`${JSON.stringify(request)}\n`);
    return this.next(({ id }) => id === request.id);
  }

  /** Notifications that were heard and nobody has asked for. */
  unasked(method: string): number {
    return this.#heard.filter((message) => (message as Json).method === method).length;
  }

  /** Shakes hands as a client of 2025. */
  async initialize(protocolVersion = '2025-11-25'): Promise<Json | Json[] | undefined> {
    const [answer] = await this.answers(1, initialize({ protocolVersion }), {
      jsonrpc: '2.0',
      method: 'notifications/initialized',
    });
    return answer;
  }

  async end(): Promise<void> {
    await this.#handle.close();
  }
}

export function initialize(more: Json = {}): Json {
  const clientInfo = { name: 'raw', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo, ...more };
  return { jsonrpc: '2.0', id: 'init', method: 'initialize', params };
}

/** A request of 2026-07-28, or one that says it is of another revision. */
export function modern(
  id: string | number,
  method: string,
  params: Json = {},
  revision = '2026-07-28',
): Json {
  const given = params._meta as Json | undefined;
  const _meta = { ...given, [PROTOCOL_VERSION_META_KEY]: revision, [CLIENT_CAPABILITIES_META_KEY]: {} };
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta } };
}

export function legacy(id: string | number, method: string, params?: unknown): Json {
  return { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) };
}
