import type { Readable, Writable } from 'node:stream';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { buildServer, type ServerDeps } from '../server.ts';
import { StdioWire } from './stdio-wire.ts';

/** How long (ms) a client that says no more is still answered what it has asked. */
const LAST_ANSWERS_MS = 5_000;

/** Resolves when nobody reads or writes any more, or `signal` has aborted, be it before this was called. */
export async function clientGone(input: Readable, output: Writable, signal: AbortSignal): Promise<void> {
  if (input.readableEnded || input.destroyed || output.destroyed || signal.aborted) return;
  await new Promise<void>((resolve) => {
    for (const event of ['end', 'close']) input.once(event, resolve);
    for (const event of ['error', 'close']) output.once(event, resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * Serves MCP on stdin and stdout, in whichever era the client opens; the only file that writes to stdout. Resolves when
 * the client has gone or `signal` aborts, and the calls under way have recorded their outcome (each ends by the
 * gateway's deadline). Who only closes its side, as a pipe does, gets the answers to what it has asked.
 */
export async function serveOverStdio(deps: ServerDeps, signal: AbortSignal): Promise<void> {
  const transport = new StdioWire(process.stdin, process.stdout);
  const handle = serveStdio(({ era }) => buildServer(deps, era), {
    transport,
    onerror: (error) => deps.log.warn('stdio', { error: error.message }),
  });
  await clientGone(process.stdin, process.stdout, signal);
  const gone = new AbortController();
  await Promise.race([transport.idle(), deps.clock.sleep(LAST_ANSWERS_MS, gone.signal)]);
  gone.abort();
  await handle.close();
  await Promise.allSettled(deps.underWay);
}
