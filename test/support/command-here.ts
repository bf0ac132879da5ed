import { AsyncLocalStorage } from 'node:async_hooks';
import { runLine } from '../../src/cli/command-line.ts';
import { type CommandResult, MAIN, type runCommand } from './server-process.ts';

/** Where what is written on behalf of a command goes. */
const said = new AsyncLocalStorage<Record<'stdout' | 'stderr', string>>();
let listening = false;

/** What commands write here is theirs; what anything else writes goes where it always goes. */
function listen(): void {
  if (listening) return;
  listening = true;
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    const write = stream.write.bind(stream) as (...written: unknown[]) => boolean;
    stream.write = (...written: unknown[]) => {
      const own = said.getStore();
      if (!own) return write(...written);
      own[name] += String(written[0]);
      const done = written.at(-1);
      if (typeof done === 'function') process.nextTick(done as () => void);
      return true;
    };
  }
}

/**
 * As {@link runCommand}, in this process, of the sources: a command that is not about being a process takes a tenth of
 * the time. What it leaves to its process (signals, a reader that leaves) and the built product are others' to show.
 */
export async function commandHere(
  args: readonly string[],
  { env, cwd, transcript }: Parameters<typeof runCommand>[1],
): Promise<CommandResult> {
  listen();
  const own = { stdout: '', stderr: '' };
  const stop = new AbortController();
  const ports = {
    env: { ...env },
    cwd,
    script: MAIN,
    endQuietly: () => undefined,
    stopped: () => stop.signal,
  };
  const code = await said.run(own, () => runLine(args, ports));
  transcript.record(`command ${args[0] ?? 'stdio'}`, `${own.stdout}\n${own.stderr}`);
  return { code, ...own };
}
