import { Console } from 'node:console';
import { runLine } from './cli/command-line.ts';
import { systemClock } from './platform/system.ts';

// stdout is JSON-RPC's: what a dependency wants to say goes to stderr.
globalThis.console = new Console(process.stderr, process.stderr);

/** How long (ms) a slow reader of stderr is waited for at the end. */
const UNREAD_MS = 1_000;
/** stdout had no room for what was said. */
let isLost = false;
// Whom stderr does not reach, nobody can tell; that is no reason to stop.
process.stderr.on('error', () => undefined);

runLine(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  script: process.argv[1] ?? '',
  endQuietly,
  stopped,
}).then((code) => {
  process.exitCode = isLost ? 1 : code;
  // Errors that nobody reads keep nobody from ending.
  if (process.stderr.writableLength > 0 && process.stdout.writableLength === 0) {
    void systemClock.sleep(UNREAD_MS).then(() => process.exit());
  }
});

/**
 * Whoever reads may have had enough before the end; what was begun is done all the same. Where a disk had no room, that
 * is said, and is no success.
 */
function endQuietly(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isLost) return;
    isLost = true;
    process.exitCode = 1;
    process.stderr.write(`mcp-cashier: 输出没有写完（${error.code}）。\n`);
    process.stderr.write(`mcp-cashier: The output could not be written (${error.code}).\n`);
  });
}

function stopped(): AbortSignal {
  const stop = new AbortController();
  // SIGHUP: the terminal is gone; SIGBREAK: Ctrl+Break on Windows.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) {
    process.once(signal, () => stop.abort());
  }
  return stop.signal;
}
