// Processes as users run them, spoken to by raw JSON-RPC, so that the driver costs next to nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
export const ECHO = fileURLToPath(new URL('./echo.mjs', import.meta.url));
const PROTOCOL = '2025-11-25';

/** Processor time of all threads of a process so far (ms), to the nanosecond: what the scheduler has given it. */
export function cpuMsOf(pid) {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce(
    (sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  );
}

/** A child, its processor time and its memory. */
export class Process {
  constructor(args, { env = {}, stdin, onExit = () => undefined } = {}) {
    this.child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.errors = '';
    this.child.stderr.on('data', (chunk) => {
      this.errors = `${this.errors}${chunk}`.slice(-2_000);
    });
    this.ended = once(this.child, 'exit').then(([code]) => {
      onExit(new Error(`${args.join(' ')} ended with ${code}: ${this.errors}`));
      return code;
    });
    if (stdin !== undefined) this.child.stdin.end(stdin);
  }

  /** Its processor time so far (ms). */
  cpuMs() {
    return cpuMsOf(this.child.pid);
  }

  /** MiB: now, or the most so far. */
  memoryMiB(which = 'VmRSS') {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)[1]) / 1024;
  }

  async end() {
    const cut = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    this.child.stdin.end();
    this.child.kill('SIGTERM');
    await this.ended;
    clearTimeout(cut);
  }
}

/** An MCP server on stdio. */
export class StdioServer extends Process {
  #waiting = new Map();
  #next = 1;

  constructor(args, env) {
    super(args, { env, onExit: (error) => this.#fail(error) });
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) this.#hear(line);
    });
    this.child.stdin.on('error', () => undefined);
  }

  static async start(args, env) {
    const server = new StdioServer(args, env);
    await server.request('initialize', {
      ...{ protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
    });
    server.#write({ method: 'notifications/initialized' });
    return server;
  }

  request(method, params = {}) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#write({ id, method, params });
    });
  }

  call(name, args) {
    return this.request('tools/call', { name, arguments: args }).then(succeeded);
  }

  #write(message) {
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  #hear(line) {
    const message = JSON.parse(line);
    this.#waiting.get(message.id)?.resolve(message);
    this.#waiting.delete(message.id);
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** An MCP server over HTTP; each call is a request of its own, without a session. */
export class HttpServer extends Process {
  #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

  constructor(args, env, port) {
    super(args, { env });
    this.port = port;
  }

  static async start(args, env, port) {
    const server = new HttpServer(args, env, port);
    while (!(await server.#isUp())) {
      const over = await Promise.race([
        server.ended,
        new Promise((resolve) => setTimeout(resolve, 50, 'up')),
      ]);
      if (over !== 'up') throw new Error(`${args.join(' ')} ended with ${over}: ${server.errors}`);
    }
    return server;
  }

  async #isUp() {
    return this.send('GET', '/livez').then(
      () => true,
      () => false,
    );
  }

  /** Any request; gives the status and what was said. */
  send(method, path, headers = {}, body) {
    return new Promise((resolve, reject) => {
      const sent = httpRequest({
        port: this.port,
        host: '127.0.0.1',
        method,
        path,
        headers,
        agent: this.#agent,
      });
      sent.on('response', (response) =>
        text(response).then((said) => resolve([response.statusCode, said]), reject),
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async request(method, params = {}, token) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const [status, said] = await this.send(
      'POST',
      '/mcp',
      {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': PROTOCOL,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
    );
    if (status !== 200) throw new Error(`${method}: ${status} ${said.slice(0, 300)}`);
    // The last event of a stream is the answer; what comes before it is progress.
    return JSON.parse(said.startsWith('{') ? said : said.slice(said.lastIndexOf('data: ') + 6));
  }

  call(name, args, token) {
    return this.request('tools/call', { name, arguments: args }, token).then(succeeded);
  }

  async end() {
    this.#agent.destroy();
    await super.end();
  }
}

/** What a benchmark counts must have happened. */
function succeeded(message) {
  if (message.error !== undefined || message.result.isError)
    throw new Error(JSON.stringify(message).slice(0, 500));
  return message.result;
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
