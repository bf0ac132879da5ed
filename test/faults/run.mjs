import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `npm run test:faults -- [files and options of vitest]`: builds the faulty machine, and runs the tests on it. */
const folder = mkdtempSync(join(tmpdir(), 'cashier-faults-'));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** What this run starts with; nothing where there is no Linux or no compiler: the tests then say that they were skipped. */
function faultyMachine() {
  if (process.platform !== 'linux') return {};
  const [library, control] = [join(folder, 'machine.so'), join(folder, 'control')];
  const options = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', library];
  const built = spawnSync(process.env.CC ?? 'gcc', [...options, here('faulty-machine.c'), '-ldl'], {
    stdio: 'inherit',
  });
  if (built.error) return {};
  if (built.status !== 0) process.exit(1);
  closeSync(openSync(control, 'w'));
  return { FAULTY_MACHINE_LIBRARY: library, FAULTY_MACHINE: control, LD_PRELOAD: library };
}

const vitest = here('../../node_modules/vitest/vitest.mjs');
const wanted = process.argv.slice(2);
const files = wanted.some((one) => one.startsWith('test/')) ? [] : ['test/faults'];
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--no-file-parallelism', ...files, ...wanted],
  {
    env: { ...process.env, ...faultyMachine() },
    stdio: 'inherit',
  },
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;
