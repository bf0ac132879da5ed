import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { buildServer, type ServerDeps } from '../server.ts';
import { StdioWire } from './stdio-wire.ts';

/** How long (ms) a client that says no more is still answered what it has asked. */
const LAST_ANSWERS_MS = 5_000;

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
  await new Promise<void>((resolve) => {
    if (process.stdin.readableEnded || process.stdin.destroyed) resolve();
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    // Nobody reads the answers any more.
    process.stdout.once('error', resolve);
    process.stdout.once('close', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const gone = new AbortController();
  await Promise.race([transport.idle(), deps.clock.sleep(LAST_ANSWERS_MS, gone.signal)]);
  gone.abort();
  await handle.close();
  await Promise.allSettled(deps.underWay);
}
