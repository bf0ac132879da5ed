// Tries the mutants of one group in processes of their own, for as long as there is time.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { mutantOf } from './judge.mjs';

let running;
let folder;
/** Ends whatever runs: its processes are a group of their own. */
function end() {
  if (running) process.kill(-running.pid, 'SIGKILL');
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  running = folder = undefined;
}
process.on('exit', end);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/**
 * @param group see groups.d.mts
 * @param mutate its files, or spans of lines in them (`FILE:FROM-TO`)
 * @param options `until` when (ms) to stop; `tell` is told of each mutant and how many there are
 * @returns the mutants that were tried, and whether those are all
 */
export function tryGroup(group, mutate, { until, tell }) {
  folder = mkdtempSync(join(tmpdir(), 'cashier-mutation-'));
  const sources = new Map(group.mutate.map((file) => [file, readFileSync(file, 'utf8')]));
  const found = [];
  let planned = 0;
  return new Promise((resolve, reject) => {
    const child = fork(new URL('one-group.mjs', import.meta.url), { detached: true });
    running = child;
    let isLate = false;
    const stop = () => {
      isLate = true;
      end();
    };
    const timer = Number.isFinite(until) ? setTimeout(stop, Math.max(0, until - Date.now())) : undefined;
    child.on('message', ({ planned: count, mutant }) => {
      planned = count ?? planned;
      if (mutant === undefined) return;
      const file = relative(process.cwd(), mutant.fileName);
      found.push(mutantOf(mutant, file, sources.get(file)));
      tell(found.at(-1), found.length, planned);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (running === child) running = undefined;
      end();
      if (code === 0 || isLate) resolve({ found, isWhole: code === 0 });
      else reject(new Error(`${group.name}: its tests do not hold, or Stryker has failed`));
    });
    child.send({ mutate, tests: group.tests, setup: group.setup, folder });
  });
}
