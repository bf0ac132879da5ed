// npm run fuzz -- [TARGET…] [--cases N] [--seed S] [--only I] [--workers N] [--quick]
// Feeds everything that comes from outside with what has been tampered with. A case is told by target, seed and index
// alone: `npm run fuzz -- TARGET --seed S --only I` repeats it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

/** A worker that says nothing for so long (ms) hangs. */
const HANGS_MS = 60_000;
/** Cases after which a worker makes room for a new one, so that nothing depends on how long it has run. */
const MOST_CASES = 20_000;
/** Beside the packages, where they are found; each run its own. */
const OUT = fileURLToPath(new URL(`../../node_modules/.fuzz-${process.pid}`, import.meta.url));
process.on('exit', () => rmSync(OUT, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    workers: { type: 'string' },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const whole = (name, least) => {
  if (values[name] === undefined) return undefined;
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < least) throw new Error(`--${name} takes a whole number`);
  return number;
};
const [seed, only, cases] = [whole('seed', 0), whole('only', 0), whole('cases', 1)];
const workers = only === undefined ? (whole('workers', 1) ?? availableParallelism()) : 1;

await build({
  entryPoints: ['worker', 'targets/index'].map((name) =>
    fileURLToPath(new URL(`${name}.ts`, import.meta.url)),
  ),
  ...{ outdir: OUT, outExtension: { '.js': '.mjs' }, bundle: true, splitting: true, format: 'esm' },
  ...{ platform: 'node', packages: 'external', logLevel: 'warning', sourcemap: 'linked' },
});
const { TARGETS } = await import(pathToFileURL(join(OUT, 'targets/index.mjs')));
if (values.list) {
  for (const { name, cases: full, few } of TARGETS) console.log(`${name}  ${full} (${few} with --quick)`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name));
if (unknown.length > 0) {
  console.error(
    `no such target: ${unknown.join(', ')}; there are ${TARGETS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
const chosen = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

let failed = 0;
const lines = [];
const startedAt = performance.now();
for (const target of chosen) {
  const to = only === undefined ? (cases ?? (values.quick ? target.few : target.cases)) : only + 1;
  const share = Math.min(workers, to);
  const progress = Array.from({ length: share }, () => 0);
  const say = () => {
    if (!process.stdout.isTTY) return;
    const done = progress.reduce((sum, one) => sum + one, 0);
    process.stdout.write(
      `\r${target.name}: ${done} of ${to}, ${Math.round((performance.now() - startedAt) / 1000)} s   `,
    );
  };
  const results = await Promise.all(
    progress.map((_, at) => {
      const told = (done) => {
        progress[at] = done;
        say();
      };
      return slice({ target: target.name, seed, from: only ?? at, to, step: share }, told);
    }),
  );
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  lines.push(summary(target.name, results));
  console.log(lines.at(-1));
}
const minutes = (performance.now() - startedAt) / 60_000;
console.log(
  `seed ${seed}, Node ${process.versions.node}, ${workers} workers, ${minutes.toFixed(1)} min: ${failed} faults`,
);
process.exitCode = failed > 0 ? 1 : 0;

/** Tries the cases of a slice, past those that end or stop the process. */
async function slice(job, told) {
  const all = [];
  let before = 0;
  for (let from = job.from; from < job.to; ) {
    const to = Math.min(job.to, from + MOST_CASES * job.step);
    const part = await attempt({ ...job, from, to, trace: false }, (done) => told(before + done));
    all.push(part);
    if (part.ended) {
      before += part.ended.done;
      from = to;
      continue;
    }
    // Which one it was is found by saying of each that it begins.
    const again = await attempt({ ...job, from: part.last, to, trace: true }, told);
    if (again.ended) {
      all.push(again);
      report({
        target: job.target,
        index: part.last,
        message: `${part.why} once, after ${part.last}, and not again`,
        inputs: [],
      });
      break;
    }
    report({ target: job.target, index: again.last, message: `the process ${again.why}`, inputs: [] });
    from = again.last + job.step;
  }
  return all;
}

function attempt(job, told) {
  return new Promise((resolve) => {
    const child = fork(join(OUT, 'worker.mjs'), [JSON.stringify(job)], {
      execArgv: ['--enable-source-maps', '--max-old-space-size=1024'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    let [last, ended, why, errors] = [job.from, undefined, undefined, ''];
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        why = `hangs for ${HANGS_MS / 1000} s`;
        child.kill('SIGKILL');
      }, HANGS_MS);
    };
    watch();
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (job.trace) watch();
      for (const line of text.split('\n')) {
        const found = /^case (\d+)$/.exec(line);
        if (found) last = Number(found[1]);
        else if (line !== '') errors = `${errors}${line}\n`.slice(-4000);
      }
    });
    child.on('message', (message) => {
      watch();
      if (message.fault) report(message.fault);
      if (message.progress) {
        last = message.progress.index;
        told(message.progress.done);
      }
      if (message.ended) ended = message.ended;
    });
    void once(child, 'exit').then(([code, signal]) => {
      clearTimeout(timer);
      if (!ended && errors) console.error(errors);
      resolve({ ended, last, why: why ?? `ended with ${signal ?? code}` });
    });
  });
}

function report({ target, index, message, inputs }) {
  failed += 1;
  const folder = join(tmpdir(), 'cashier-fuzz-faults');
  mkdirSync(folder, { recursive: true });
  const files = inputs.map(([name, base64]) => {
    const path = join(folder, `${target}-${seed}-${index}-${name}`);
    writeFileSync(path, Buffer.from(base64, 'base64'));
    return path;
  });
  console.error(
    `\nFAULT ${target}: ${message}\n  again: npm run fuzz -- ${target} --seed ${seed} --only ${index}\n${files.map((path) => `  ${path}\n`).join('')}`,
  );
}

function summary(name, results) {
  const ended = results.flat().flatMap((part) => part.ended ?? []);
  const sum = (of) => ended.reduce((total, one) => total + of(one), 0);
  const done = sum((one) => one.done);
  const seen = new Map();
  for (const one of ended)
    for (const [kind, count] of one.seen) seen.set(kind, (seen.get(kind) ?? 0) + count);
  const slowest = ended
    .map((one) => one.slowest)
    .reduce((a, b) => (b.ms > a.ms ? b : a), { ms: 0, index: -1 });
  const accepted = sum((one) => one.accepted);
  const perSecond = Math.round(
    (done * 1000) /
      Math.max(
        1,
        sum((one) => one.cpuMs),
      ),
  );
  const most = Math.max(0, ...ended.map((one) => one.rss)) / 1_048_576;
  const kinds = [...seen].sort(([, a], [, b]) => b - a);
  const listed = kinds.slice(0, only === undefined ? 8 : 20).map(([kind, count]) => `${kind} ${count}`);
  return [
    `${name.padEnd(22)} ${String(done).padStart(8)} cases  ${((100 * accepted) / Math.max(1, done)).toFixed(1).padStart(5)} % accepted  ${String(kinds.length).padStart(3)} kinds`,
    `  ${String(perSecond).padStart(6)} a second of a core  slowest ${slowest.ms.toFixed(1)} ms (${slowest.index})  most memory ${most.toFixed(0)} MiB`,
    `\n    ${listed.join(' · ')}`,
  ].join('');
}
