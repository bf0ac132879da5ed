// npm run simulate -- --histories N [--from S] [--within SECONDS] [--workers N] [--out FILE] | --seed S [--tell] [--whole]
// With --within fewer may be played: it says how many.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { bundle, load } from './bundle.mjs';

/** Histories that a worker plays between two words of it. */
const PORTION = 50;
/** What a history leaves behind is over with it: few collections, as many as that much memory asks for. */
const YOUNG_MB = 64;
/** Below so many, what is never reached need not have been. */
const ENOUGH = 5_000;
/** As many failing seeds are told; all are listed. */
const MOST_TOLD = 3;

if (isMainThread) await main();
else await work(workerData);

async function main() {
  const { values } = parseArgs({
    options: {
      histories: { type: 'string', default: '1000' },
      from: { type: 'string', default: '0' },
      within: { type: 'string', default: 'Infinity' },
      workers: { type: 'string', default: String(availableParallelism()) },
      seed: { type: 'string' },
      tell: { type: 'boolean', default: false },
      whole: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const outfile = await bundle();
  if (values.seed !== undefined) process.exitCode = await one(outfile, Number(values.seed), values);
  else process.exitCode = await many(outfile, values);
}

/** Plays one history, and tells it: made smaller where it fails, unless all of it is wanted. */
async function one(outfile, seed, { tell, whole }) {
  const { Player } = load(outfile);
  const player = await Player.open();
  const played = await player.seed(seed);
  const told = whole || played.violations.length === 0 ? played : await player.shrunk(played);
  if (tell) console.log(player.tell(told));
  else for (const { check, what } of told.violations) console.log(`✗ ${check}: ${what}`);
  const ok = played.violations.length === 0;
  console.log(
    `seed ${seed}: ${ok ? 'held' : 'FAILED'}, ${played.events.length} events, audit head ${played.head}, everything ${played.digest}`,
  );
  return ok ? 0 : 1;
}

async function many(outfile, { histories, from, within, workers, out }) {
  const { REQUIRED, merged } = load(outfile);
  const [count, first] = [Number(histories), Number(from)];
  const startedAt = process.hrtime.bigint();
  const coverage = {};
  const failed = [];
  let [done, next, events, said] = [0, first, 0, 0];
  const seconds = () => Number(process.hrtime.bigint() - startedAt) / 1e9;
  const portion = () => {
    const until = seconds() < Number(within) ? Math.min(next + PORTION, first + count) : next;
    const seeds = { from: next, until };
    next = seeds.until;
    return seeds;
  };
  await Promise.all(
    Array.from({ length: Number(workers) }, async () => {
      const worker = new Worker(fileURLToPath(import.meta.url), {
        workerData: { outfile },
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      });
      await new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('message', (message) => {
          if (message !== 'ready') {
            done += message.played;
            events += message.events;
            merged(coverage, message.coverage);
            failed.push(...message.failed);
            for (const { seed, why } of message.failed) console.log(`✗ seed ${seed}: ${why}`);
          }
          if (seconds() - said > 10) {
            said = seconds();
            console.log(
              `${done} of ${count} histories, ${Math.round(done / said)} a second, ${failed.length} failed`,
            );
          }
          const seeds = portion();
          if (seeds.from < seeds.until) worker.postMessage(seeds);
          else resolve(worker.terminate());
        });
      });
    }),
  );
  failed.sort((a, b) => a.seed - b.seed);
  const { user, system } = process.cpuUsage();
  const lines = Object.entries(coverage).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, times] of lines) console.log(`${String(times).padStart(10)}  ${name}`);
  const missing = done < ENOUGH ? [] : REQUIRED.filter((name) => !coverage[name]);
  for (const name of missing) console.log(`✗ never reached: ${name}`);
  for (const { seed, why, story } of failed.slice(0, MOST_TOLD)) {
    console.log(`\n✗ seed ${seed}: ${why}\n${story}\nagain: npm run simulate -- --seed ${seed} --tell`);
  }
  if (failed.length > MOST_TOLD)
    console.log(
      `✗ failed as well: ${failed
        .slice(MOST_TOLD)
        .map(({ seed }) => seed)
        .join(', ')}`,
    );
  console.log(
    `${done} histories from seed ${first}, ${events} events: ${failed.length} failed; ${seconds().toFixed(0)} s, ${((user + system) / 1000 / done).toFixed(1)} ms of processor each`,
  );
  if (out)
    writeFileSync(
      out,
      `${JSON.stringify({ histories: done, from: first, events, failed, coverage: Object.fromEntries(lines) }, null, 1)}\n`,
    );
  return failed.length + missing.length === 0 ? 0 : 1;
}

/** A worker: plays the seeds that it is given, until it is given none. */
async function work({ outfile }) {
  const { Player, merged } = load(outfile);
  const player = await Player.open();
  let unhandled;
  process.on('unhandledRejection', (error) => {
    unhandled = error;
  });
  const judge = async (seed) => {
    unhandled = undefined;
    const played = await player.seed(seed);
    if (unhandled !== undefined) throw unhandled;
    return played;
  };
  parentPort.on('message', async ({ from, until }) => {
    const answer = { played: 0, events: 0, coverage: {}, failed: [] };
    for (let seed = from; seed < until; seed += 1) {
      answer.played += 1;
      try {
        const played = await judge(seed);
        answer.events += played.events.length;
        merged(answer.coverage, played.coverage);
        const [first] = played.violations;
        if (!first) continue;
        const story = player.tell(await player.shrunk(played));
        answer.failed.push({ seed, why: `${first.check}: ${first.what}`, story });
      } catch (error) {
        answer.failed.push({ seed, why: 'broken off', story: String(error?.stack ?? error) });
      }
    }
    parentPort.postMessage(answer);
  });
  parentPort.postMessage('ready');
}
