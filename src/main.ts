import { Console } from 'node:console';
import { runLine } from './cli/command-line.ts';

// stdout is JSON-RPC's: what a dependency wants to say goes to stderr.
globalThis.console = new Console(process.stderr, process.stderr);

runLine(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  script: process.argv[1] ?? '',
  endQuietly,
  stopped,
}).then((code) => {
  process.exitCode = code;
});

/** Whoever reads may have had enough before the end; what was begun is done all the same. */
function endQuietly(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

function stopped(): AbortSignal {
  const stop = new AbortController();
  // SIGHUP: the terminal is gone; SIGBREAK: Ctrl+Break on Windows.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) {
    process.once(signal, () => stop.abort());
  }
  return stop.signal;
}
