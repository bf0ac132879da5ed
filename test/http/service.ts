import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Shop } from '../journeys/shop.ts';
import { freePort } from '../support/free-port.mjs';
import { PATIENCE_MS } from '../support/patience.ts';
import { type Arguments, type Env, MAIN, type Reply, readReply, until } from '../support/server-process.ts';

export const REVISION = '2026-07-28';
const IDENTITY = { name: 'http journey', version: '1.0.0' };

export interface CallOptions {
  readonly onprogress?: () => void;
  readonly signal?: AbortSignal;
}

/** An agent at the service, whichever client it has. */
export interface HttpAgent {
  call(tool: string, args: Arguments, options?: CallOptions): Promise<Reply>;
  tools(): Promise<string[]>;
  resources(): Promise<string[]>;
  readResource(uri: string): Promise<string>;
  close(): Promise<void>;
}

export type Era = 'legacy' | 'modern';
export const ERAS: readonly Era[] = ['legacy', 'modern'];

/** `node dist/main.js http` as a process of its own. */
export class Service {
  readonly port: number;
  readonly origin: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #shop: Shop;
  #stdout = '';
  #stderr = '';

  private constructor(shop: Shop, port: number, env: Env, args: readonly string[]) {
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
    this.#shop = shop;
    this.#child = spawn(process.execPath, [MAIN, 'http', ...args], {
      env: { ...shop.env, CASHIER_HTTP_PORT: String(port), ...env },
      cwd: join(shop.home, 'cwd'),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /** Started and listening. */
  static async start(shop: Shop, env: Env = {}, args: readonly string[] = []): Promise<Service> {
    const service = Service.launch(shop, await freePort(), env, args);
    await service.listens();
    return service;
  }

  /** Started. */
  static launch(shop: Shop, port: number, env: Env = {}, args: readonly string[] = []): Service {
    return new Service(shop, port, env, args);
  }

  /** Resolves when it listens; rejects when it has ended before. */
  async listens(): Promise<void> {
    await until('the service listens', () => {
      if (!this.running) throw new Error(`it did not start: ${this.stderr}`);
      return this.stderr.includes('/mcp') || undefined;
    });
  }

  /** What it has written so far. */
  get stdout(): string {
    return this.#stdout;
  }
  get stderr(): string {
    return this.#stderr;
  }
  get pid(): number | undefined {
    return this.#child.pid;
  }
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Its exit code, once it has ended; all that it said is kept to be searched for secrets. */
  async ended(): Promise<number | null> {
    const code = await this.#exited;
    this.#shop.transcript.record('service', `${this.#stdout}\n${this.#stderr}`);
    return code;
  }

  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.ended();
  }

  agent(era: Era, token?: string): Promise<HttpAgent> {
    const url = new URL('/mcp', this.origin);
    return era === 'legacy' ? legacyAgent(url, withToken(token)) : modernAgent(url, withToken(token));
  }
}

export function withToken(token: string | undefined): RequestInit {
  return token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
}

export function legacyHttp(
  url: URL,
  options: ConstructorParameters<typeof LegacyHttp>[1],
): Parameters<LegacyClient['connect']>[0] {
  // Its optional members are typed `| undefined`, which exact optional types refuse.
  return new LegacyHttp(url, options) as Parameters<LegacyClient['connect']>[0];
}

async function legacyAgent(url: URL, requestInit: RequestInit): Promise<HttpAgent> {
  const client = new LegacyClient(IDENTITY);
  await client.connect(legacyHttp(url, { requestInit }), { timeout: PATIENCE_MS });
  return {
    call: async (name, args, options = {}) =>
      readReply(
        await client.callTool({ name, arguments: { ...args } }, undefined, {
          timeout: PATIENCE_MS,
          ...options,
        }),
      ),
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    readResource: async (uri) => JSON.stringify(await client.readResource({ uri })),
    close: () => client.close(),
  };
}

async function modernAgent(url: URL, requestInit: RequestInit): Promise<HttpAgent> {
  const client = await modernClient(url, requestInit);
  return {
    call: async (name, args, options = {}) =>
      readReply(
        await client.callTool({ name, arguments: { ...args } }, { timeout: PATIENCE_MS, ...options }),
      ),
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    readResource: async (uri) => JSON.stringify(await client.readResource({ uri })),
    close: () => client.close(),
  };
}

/** The 2.x client in the stateless revision, and nothing older. */
export async function modernClient(url: URL, requestInit: RequestInit = {}): Promise<ModernClient> {
  const client = new ModernClient(IDENTITY, { versionNegotiation: { mode: { pin: REVISION } } });
  await client.connect(new ModernHttp(url, { requestInit }), { timeout: PATIENCE_MS });
  return client;
}
