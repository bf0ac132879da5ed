import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Era, legacyHttp, REVISION, withToken } from '../../http/service.ts';
import { type Arguments, type Reply, readReply } from '../../support/server-process.ts';

/** A call that is neither answered nor cut for so long (ms) has been forgotten. */
export const ANSWERED_WITHIN_MS = 120_000;
const FORGOTTEN = `no answer in ${ANSWERED_WITHIN_MS} ms`;
const IDENTITY = { name: 'fleet', version: '1.0.0' };

/** The line broke, or the proxy knew of nobody: what was asked for may have been done or not. */
export class Cut extends Error {
  override readonly name = 'Cut';
}

/** What clients see of a replica that dies, and of a proxy that finds none. */
const CUT =
  /fetch failed|terminated|\b502\b|socket|ECONN|EPIPE|disconnected|connection closed|not connected|reconnect|stream ended|aborted/i;

/** A client of the one era or the other, as far as they are used alike. */
interface Line {
  call(name: string, args: Arguments, signal: AbortSignal): Promise<Reply>;
  read(uri: string, signal: AbortSignal): Promise<string>;
  /** Resolves when it listens; `heard` of every word about it, `closed` when it ends. */
  subscribe(uri: string, heard: () => void, closed: () => void): Promise<void>;
  close(): Promise<void>;
}

/** One client of a caller: does one thing at a time, and is connected anew when that was in vain. */
export class FleetClient {
  readonly era: Era;
  readonly #url: URL;
  readonly #token: string;
  #line: Line | undefined;
  #broken: (why: string) => void = () => undefined;

  constructor(era: Era, origin: string, token: string) {
    this.era = era;
    this.#url = new URL('/mcp', origin);
    this.#token = token;
  }

  /** Rejects with {@link Cut} when the line breaks; with anything else when something is wrong. */
  call(name: string, args: Arguments): Promise<Reply> {
    return this.#attempt((line, signal) => line.call(name, args, signal));
  }

  read(uri: string): Promise<string> {
    return this.#attempt((line, signal) => line.read(uri, signal));
  }

  /** As {@link call}; resolves when it is told of every change from now on. */
  subscribe(uri: string, heard: () => void, closed: () => void): Promise<void> {
    return this.#attempt((line) => line.subscribe(uri, heard, closed));
  }

  async close(): Promise<void> {
    await this.#line?.close().catch(() => undefined);
    this.#line = undefined;
  }

  async #attempt<T>(deed: (line: Line, signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    let late: NodeJS.Timeout | undefined;
    const given = new Promise<never>((_, reject) => {
      const end = (error: Error) => {
        reject(error);
        stop.abort();
      };
      this.#broken = (why) => end(new Cut(why));
      late = setTimeout(() => end(new Error(FORGOTTEN)), ANSWERED_WITHIN_MS);
    });
    given.catch(() => undefined);
    try {
      const opened = async () => {
        this.#line ??= await this.#open();
        return deed(this.#line, stop.signal);
      };
      const done = opened();
      done.catch(() => undefined);
      return await Promise.race([given, done]);
    } catch (error) {
      if (error instanceof Cut || (error instanceof Error && error.message === FORGOTTEN)) throw error;
      const why = error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error);
      if (this.#line === undefined || CUT.test(why)) throw new Cut(why);
      throw error;
    } finally {
      clearTimeout(late);
      this.#broken = () => undefined;
    }
  }

  async #open(): Promise<Line> {
    const how = { requestInit: withToken(this.#token) };
    const fails = (error: Error) => this.#broken(error.message);
    return this.era === 'legacy' ? openLegacy(this.#url, how, fails) : openModern(this.#url, how, fails);
  }
}

type Http = { readonly requestInit: RequestInit };

async function openLegacy(url: URL, how: Http, fails: (error: Error) => void): Promise<Line> {
  const client = new LegacyClient(IDENTITY);
  let streaming: () => void = () => undefined;
  const stream = new Promise<void>((resolve) => {
    streaming = resolve;
  });
  const watched: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (init?.method === 'GET' && answer.ok) streaming();
    return answer;
  };
  client.onerror = fails;
  await client.connect(legacyHttp(url, { ...how, fetch: watched }), { timeout: ANSWERED_WITHIN_MS });
  const timeout = 2 * ANSWERED_WITHIN_MS;
  return {
    call: async (name, args, signal) =>
      readReply(await client.callTool({ name, arguments: { ...args } }, undefined, { timeout, signal })),
    read: async (uri, signal) => textOf(await client.readResource({ uri }, { timeout, signal })),
    async subscribe(uri, heard, closed) {
      client.onerror = (error) => {
        fails(error);
        closed();
      };
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
        if (params.uri === uri) heard();
      });
      await stream;
      await client.subscribeResource({ uri }, { timeout });
    },
    close: () => client.close(),
  };
}

async function openModern(url: URL, how: Http, fails: (error: Error) => void): Promise<Line> {
  const client = new ModernClient(IDENTITY, { versionNegotiation: { mode: { pin: REVISION } } });
  client.onerror = fails;
  await client.connect(new ModernHttp(url, how), { timeout: ANSWERED_WITHIN_MS });
  const timeout = 2 * ANSWERED_WITHIN_MS;
  return {
    call: async (name, args, signal) =>
      readReply(await client.callTool({ name, arguments: { ...args } }, { timeout, signal })),
    read: async (uri, signal) => textOf(await client.readResource({ uri }, { timeout, signal })),
    async subscribe(uri, heard, closed) {
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
        if (params.uri === uri) heard();
      });
      const listening = await client.listen({ resourceSubscriptions: [uri] }, { timeout });
      void listening.closed.then(closed);
    },
    close: () => client.close(),
  };
}

function textOf({ contents }: { readonly contents: readonly unknown[] }): string {
  return String((contents[0] as { readonly text?: unknown }).text);
}
