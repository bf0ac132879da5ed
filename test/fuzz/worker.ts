/** A process that tries cases, one after another, and tells its parent what became of them. */
import { writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Dice } from '../support/dice.ts';
import { type Case, nameOf, type Opened, type Verdict } from './target.ts';
import { TARGETS } from './targets/index.ts';

/** What the parent wants: cases `from`, `from + step` … of a target, up to `to`. */
interface Job {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Says of each case on stderr that it begins: for finding one that ends the process. */
  readonly trace: boolean;
}

/** Processor time (ms) that a case may take, and how much more for each MiB that comes in. */
const MOST_MS = 50;
const MORE_MS_PER_MIB = 150;
/** To ask how much of the processor it was costs more than many a case: only what seems slow (ms) is asked about. */
const LOOKED_INTO_MS = 5;
/** What may be left of memory when everything is collected, beyond what there was after the first cases (bytes). */
const MOST_GROWTH = 48 * 1_048_576;
const TELL_EVERY_MS = 250;
const MOST_FAULTS = 10;

const job = JSON.parse(process.argv[2] ?? '{}') as Job;
const target = TARGETS.find(({ name }) => name === job.target);
if (!target) throw new Error(`no target ${job.target}`);

let index = -1;
let inputs: [string, Buffer][] = [];
let bytesIn = 0;
let faults = 0;
const seen = new Map<string, number>();
const totals = { done: 0, accepted: 0, cpuMs: 0, rss: 0, slowest: { ms: 0, index: -1 } };

function tell(message: object): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

function fault(error: unknown, what = ''): void {
  faults += 1;
  const message = `${what}${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const files = inputs.map(([name, bytes]) => [name, bytes.toString('base64')]);
  void tell({ fault: { target: job.target, index, message, inputs: files } });
}

// Who is thrown past belongs to the case that runs, or to the one before it.
process.on('uncaughtException', (error) => fault(error, 'not caught: '));
process.on('unhandledRejection', (error) => fault(error, 'a rejection that nobody handles: '));

const elapsed = (since: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
};

/** Runs the case once. Answers how long it took (ms), by the clock or of the processor, and what came of it. */
async function once(
  opened: Opened,
  by: 'clock' | 'processor' = 'processor',
): Promise<{ readonly ms: number; readonly verdict?: Verdict; readonly error?: unknown }> {
  inputs = [];
  bytesIn = 0;
  const one: Case = {
    random: Dice.named(job.seed, job.target, index),
    input(name, bytes) {
      const kept = Buffer.from(bytes);
      inputs.push([name, kept]);
      bytesIn += kept.length;
    },
  };
  const since = by === 'clock' ? performance.now() : process.cpuUsage();
  const ms = () => (typeof since === 'number' ? performance.now() - since : elapsed(since));
  try {
    const verdict = await opened.run(one);
    return { ms: ms(), verdict };
  } catch (error) {
    return { ms: ms(), error };
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const opened = await target.open();
await tell({ opened: true });
let toldAt = performance.now();
let first: number | undefined;
const began = process.cpuUsage();
for (index = job.from; index < job.to && faults < MOST_FAULTS; index += job.step) {
  if (job.trace) writeSync(2, `case ${index}\n`);
  let tried = await once(opened, 'clock');
  const most = (target.mostMs ?? MOST_MS) + (MORE_MS_PER_MIB * bytesIn) / 1_048_576;
  // A neighbour, the collector or a first compilation may have cost it: what is slow is slow every time.
  if (tried.ms > LOOKED_INTO_MS && tried.error === undefined) tried = await once(opened);
  for (let again = 0; again < 3 && tried.ms > most && tried.error === undefined; again += 1) {
    const repeated = await once(opened);
    if (repeated.ms < tried.ms) tried = repeated;
  }
  if (tried.error !== undefined) fault(tried.error);
  else if (tried.ms > most) fault(`took ${tried.ms.toFixed(0)} ms of the processor for ${bytesIn} bytes`);
  if (tried.ms > totals.slowest.ms) totals.slowest = { ms: tried.ms, index };
  totals.done += 1;
  const kind = tried.verdict?.seen ?? `FAULT ${nameOf(tried.error)}`;
  if (tried.verdict?.accepted) totals.accepted += 1;
  if (seen.size < 500 || seen.has(kind)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
  if (totals.done % 256 === 0) totals.rss = Math.max(totals.rss, process.memoryUsage.rss());
  if (totals.done === 2_000) first = held();
  if (performance.now() - toldAt > TELL_EVERY_MS) {
    toldAt = performance.now();
    await tell({ progress: { index, ...totals } });
  }
}
// What was started and never waited for has its say.
await new Promise((resolve) => setTimeout(resolve, 20));
totals.cpuMs = elapsed(began);
totals.rss = Math.max(totals.rss, process.memoryUsage.rss());
const grown = first === undefined ? 0 : held() - first;
if (grown > MOST_GROWTH)
  fault(`${(grown / 1_048_576).toFixed(0)} MiB more are held than after the first cases`);
await opened.close?.();
await tell({ ended: { ...totals, grown, seen: [...seen] } });
process.disconnect();
