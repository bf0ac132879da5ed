import { AsyncLocalStorage } from 'node:async_hooks';
import { runLine } from '../../src/cli/command-line.ts';
import { MAIN, type runCommand } from './server-process.ts';

/** Where what is written on behalf of a command goes. */
const said = new AsyncLocalStorage<Record<'stdout' | 'stderr', string>>();
const heard: { stdout?: unknown; stderr?: unknown } = {};

/**
 * What commands write here is theirs; what anything else writes goes where it always goes. Looked at for every command:
 * whoever spied on a stream puts back what they found.
 */
function listen(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    if (stream.write === heard[name]) continue;
    const write = stream.write.bind(stream) as (...written: unknown[]) => boolean;
    stream.write = (...written: unknown[]) => {
      const own = said.getStore();
      if (!own) return write(...written);
      own[name] += String(written[0]);
      const done = written.at(-1);
      if (typeof done === 'function') process.nextTick(done as () => void);
      return true;
    };
    heard[name] = stream.write;
  }
}

/** They look at the folder and the home of their process, or start others. */
const OF_A_PROCESS = ['init', 'doctor', 'demo'];
/** They serve until they are told to end. */
const SERVERS = [undefined, 'stdio', 'alipay', 'http', 'simulator'];

/**
 * As {@link runCommand}, in this process, of the sources: a command that is not about being a process takes a tenth of
 * the time. What it leaves to its process (signals, a reader that leaves) and the built product are others' to show. A
 * server that starts is told to end at once.
 */
export const commandHere: typeof runCommand = async (args, { env, cwd, transcript }) => {
  listen();
  const [name] = args;
  if (OF_A_PROCESS.includes(name ?? '')) throw new Error(`${name} wants a process of its own`);
  const own = { stdout: '', stderr: '' };
  const stopped = () => (SERVERS.includes(name) ? AbortSignal.abort() : new AbortController().signal);
  const ports = { env: { ...env }, cwd, script: MAIN, endQuietly: () => undefined, stopped };
  const code = await said.run(own, () => runLine(args, ports));
  transcript.record(`command ${name ?? 'stdio'}`, `${own.stdout}\n${own.stderr}`);
  return { code, ...own };
};
