import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `npm run test:faults -- [files and options of vitest]`: builds the faulty machine, and runs the tests on it. They wait
 * a lot: all of them are shared out between two machines, each with one test at a time.
 */
const folder = mkdtempSync(join(tmpdir(), 'cashier-faults-'));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The machine; nothing where there is no Linux or no compiler: the tests then say that they were skipped. */
function faultyMachine() {
  if (process.platform !== 'linux') return undefined;
  const library = join(folder, 'machine.so');
  const options = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', library];
  const built = spawnSync(process.env.CC ?? 'gcc', [...options, here('faulty-machine.c'), '-ldl'], {
    stdio: 'inherit',
  });
  if (built.error) return undefined;
  if (built.status !== 0) process.exit(1);
  return library;
}

/** What makes it fail is one run's own. @returns the run's exit code */
async function run(library, args, nth) {
  const control = join(folder, `control-${nth}`);
  closeSync(openSync(control, 'w'));
  const machine = library && {
    FAULTY_MACHINE_LIBRARY: library,
    FAULTY_MACHINE: control,
    LD_PRELOAD: library,
  };
  const child = spawn(process.execPath, [vitest, 'run', '--no-file-parallelism', ...args], {
    env: { ...process.env, ...machine },
    stdio: 'inherit',
  });
  const [status] = await once(child, 'exit');
  return status ?? 1;
}

const vitest = here('../../node_modules/vitest/vitest.mjs');
const wanted = process.argv.slice(2);
const isSome = wanted.some((one) => one.startsWith('test/'));
const shares = isSome
  ? [wanted]
  : ['1/2', '2/2'].map((share) => ['test/faults', `--shard=${share}`, ...wanted]);
const library = faultyMachine();
const codes = await Promise.all(shares.map((args, nth) => run(library, args, nth)));
rmSync(folder, { recursive: true, force: true });
process.exitCode = Math.max(...codes);
