import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { PATIENCE_MS } from './patience.ts';

/** The built product; `npm test` builds it first. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type Env = Readonly<Record<string, string>>;

/** In the environment of a server, keeps its waits and deadlines from ending by themselves, however slow the machine is. */
export const ENDLESS_WAITS: Env = {
  NODE_OPTIONS: `--require ${JSON.stringify(fileURLToPath(new URL('endless-timers.cjs', import.meta.url)))}`,
};

/** In the environment of a server, stops its clock when it starts: nothing runs out there. */
export const STANDING_CLOCK: Env = {
  NODE_OPTIONS: '--import data:text/javascript,const%20now=Date.now();Date.now=()=>now',
};

export type Arguments = Readonly<Record<string, unknown>>;

/** Everything that processes of one home have said, so that it can be searched for secrets at the end. */
export class Transcript {
  readonly #parts: { readonly source: string; readonly text: string }[] = [];

  record(source: string, text: string): void {
    this.#parts.push({ source, text });
  }

  get size(): number {
    return this.#parts.reduce((sum, { text }) => sum + text.length, 0);
  }

  /** Where any of `secrets` was said, as `source: beginning of the secret`. */
  leaks(secrets: Iterable<string>): string[] {
    const found: string[] = [];
    for (const secret of secrets) {
      for (const { source, text } of this.#parts) {
        if (text.includes(secret)) found.push(`${source}: ${secret.slice(0, 12)}…`);
      }
    }
    return found;
  }
}

/** What a tool answered, as the client got it. */
export interface Reply {
  readonly isError: boolean;
  /** The first text block. */
  readonly text: string;
  readonly structured: unknown;
  /** The PNG of the image block. */
  readonly image: Buffer | undefined;
  readonly blocks: number;
}

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly data?: string;
  readonly mimeType?: string;
}

/** Reads a tool result of either client. */
export function readReply(result: Readonly<Record<string, unknown>>): Reply {
  const blocks = (result.content ?? []) as readonly Block[];
  const image = blocks.find((block) => block.type === 'image' && block.mimeType === 'image/png');
  return {
    isError: result.isError === true,
    text: blocks[0]?.type === 'text' ? (blocks[0].text ?? '') : '',
    structured: result.structuredContent,
    image: image?.data === undefined ? undefined : Buffer.from(image.data, 'base64'),
    blocks: blocks.length,
  };
}

export interface ServerOptions {
  readonly env: Env;
  readonly cwd: string;
  readonly transcript: Transcript;
  readonly clientName?: string;
  /** What the client declares. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
  /** What starts the server, where that is not just `node dist/main.js`. */
  readonly program?: readonly string[];
}

/** The server as a process of its own, driven by the 1.x client, which checks results against `outputSchema`. */
export class ServerProcess {
  readonly client: Client;
  readonly pid: number;
  readonly #transcript: Transcript;
  readonly #gone: Promise<void>;
  readonly #stderr: readonly string[];

  private constructor(client: Client, pid: number, transcript: Transcript, stderr: readonly string[]) {
    this.client = client;
    this.pid = pid;
    this.#transcript = transcript;
    this.#stderr = stderr;
    this.#gone = new Promise((resolve) => {
      client.onclose = () => resolve();
    });
  }

  static async start(options: ServerOptions): Promise<ServerProcess> {
    const { env, cwd, transcript, clientName, capabilities = {} } = options;
    const { program = [process.execPath, MAIN] } = options;
    const [command = '', ...args] = program;
    const client = new Client({ name: clientName ?? 'journey', version: '1.0.0' }, { capabilities });
    const transport = new StdioClientTransport({
      command,
      args,
      env: { ...env },
      cwd,
      stderr: 'pipe',
    });
    const stderr: string[] = [];
    transport.stderr?.on('data', (chunk: Buffer) => {
      stderr.push(chunk.toString());
      transcript.record('stderr', chunk.toString());
    });
    try {
      await client.connect(transport, { timeout: PATIENCE_MS });
    } catch (error) {
      throw new Error(`the server did not start: ${stderr.join('')}`, { cause: error });
    }
    const server = new ServerProcess(client, transport.pid ?? 0, transcript, stderr);
    // The client validates structured results of the tools it has listed.
    await client.listTools({}, { timeout: PATIENCE_MS });
    return server;
  }

  /** What it has written to stderr so far. */
  get stderr(): string {
    return this.#stderr.join('');
  }

  async call(name: string, args: Arguments): Promise<Reply> {
    const result = await this.client.callTool({ name, arguments: { ...args } }, undefined, {
      timeout: PATIENCE_MS,
    });
    this.#transcript.record(`result of ${name}`, JSON.stringify(result));
    return readReply(result);
  }

  /** SIGKILL; resolves when the process is gone. Calls under way are rejected. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.#gone;
  }

  /** Hangs up as a client does, and waits until the process is gone. */
  async close(): Promise<void> {
    await this.client.close();
  }
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `node dist/main.js …` to its end, without a terminal. */
export async function runCommand(
  args: readonly string[],
  { env, cwd, transcript }: { readonly env: Env; readonly cwd: string; readonly transcript: Transcript },
  program: readonly string[] = [process.execPath, MAIN],
): Promise<CommandResult> {
  const [command = '', ...rest] = [...program, ...args];
  const child = spawn(command, rest, { env: { ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  transcript.record(`command ${args[0] ?? 'stdio'}`, `${stdout}\n${stderr}`);
  return { code, stdout, stderr };
}

/** Repeats `attempt` until it gives something; rejects, naming `what`, when it has not within `withinMs`. */
export async function until<T>(
  what: string,
  attempt: () => Promise<T | undefined> | T | undefined,
  withinMs = PATIENCE_MS,
): Promise<T> {
  // Some tests stop `Date`.
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await attempt();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What was waited for did not come. */
export class Late extends Error {
  override readonly name = 'Late';
}

/** Rejects with {@link Late}, naming `what`, when it has not resolved in time (ms). */
export async function within(ms: number, what: string, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(`${what}: not within ${ms} ms`)), ms);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
