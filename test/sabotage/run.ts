import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Bench, type Choice, NoSuchTest, UNHANDLED } from './bench.ts';
import type { Bug } from './bug.ts';
import { BUGS } from './bugs/all.ts';
import { rotten } from './plant.ts';
import { type Caught, type Results, type Seen, writeTables } from './table.ts';

const RESULTS = 'test/sabotage/results.json';
/** What takes longer to be caught (ms) is left to a run without bounds. */
const QUICK_MS = 3_000;
/** How long (s of processor time) the simulated world plays before a bug counts as not seen, unless `--for` says so. */
const SIMULATED_SECONDS = 30;

/**
 * Plants bug after bug and runs who has to catch it. Returns the exit code: 1 where one survives, cannot be planted any
 * more, or the test that caught it fails without it as well.
 * @param root of the repository, with a slash at its end
 */
export async function main(args: readonly string[], root: string): Promise<number> {
  const number = (option: string) =>
    args.includes(option) ? Number(args[args.indexOf(option) + 1]) : undefined;
  const seconds = number('--seconds');
  const isValue = (i: number) => ['--seconds', '--for'].includes(args[i - 1] ?? '');
  const names = args.filter((arg, i) => !arg.startsWith('--') && !isValue(i));
  const unknown = names.filter((name) => !BUGS.some((bug) => bug.name === name));
  if (unknown.length > 0) return fail(`no such bug: ${unknown.join(', ')}`);
  const gone = rotten(BUGS, root);
  if (gone.length > 0) return fail(gone.join('\n'));
  const path = join(root, RESULTS);
  const known: Results = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {};
  const isBounded = seconds !== undefined;
  const until = isBounded ? Date.now() + seconds * 1000 : Number.POSITIVE_INFINITY;
  const all = names.length > 0 ? BUGS.filter(({ name }) => names.includes(name)) : cheapestFirst(known);
  const chosen = isBounded ? todays(all, known) : all;

  if (args.includes('--simulation')) return simulate(root, all, known, number('--for') ?? SIMULATED_SECONDS);
  const bench = await Bench.open(root);
  const results: Record<string, Results[string]> = { ...known };
  const isWriting = args.includes('--write');
  const wrong: string[] = [];
  let tried = 0;
  try {
    for (const bug of chosen) {
      if (Date.now() > until) break;
      tried += 1;
      const told = `${String(tried).padStart(3)}/${chosen.length} ${bug.name}`;
      try {
        const caught = await hunt(bench, bug, known[bug.name]);
        if (caught) results[bug.name] = { ...known[bug.name], ...caught };
        else wrong.push(`${bug.name} survives`);
        if (isWriting) writeFileSync(path, textOf(results));
        say(
          caught
            ? `${told}: ${caught.ms} ms, ${caught.file} > ${caught.test}: ${caught.why}`
            : `${told}: SURVIVES`,
        );
      } catch (error) {
        wrong.push(`${bug.name}: ${String(error)}`);
        say(`${told}: ${String(error)}`);
      }
    }
  } finally {
    await bench.close();
  }
  for (const line of wrong) say(`! ${line}`);
  say(`${tried - wrong.length} of ${tried} planted bugs caught, ${BUGS.length} in all`);
  if (isWriting && wrong.length === 0) writeTables(root, results);
  return wrong.length === 0 ? 0 : 1;
}

/**
 * Has the simulated world see those that it has to see by itself, and notes after how many histories. Returns the exit
 * code: 1 where it does not see one.
 * @param seconds of processor time that each may take
 */
async function simulate(
  root: string,
  bugs: readonly Bug[],
  known: Results,
  seconds: number,
): Promise<number> {
  const results: Record<string, Results[string]> = { ...known };
  const chosen = bugs.filter(({ simulated }) => simulated);
  let missed = 0;
  const play = async (i: number, { name }: Bug) => {
    const args = [join(root, 'test/sabotage/simulate.mjs'), name, String(seconds)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const end = setTimeout(() => child.kill('SIGKILL'), 30 * seconds * 1000);
    const said = await text(child.stdout);
    clearTimeout(end);
    // One that never ends says nothing.
    const seen = (said === '' ? { histories: 0, ms: 0 } : JSON.parse(said)) as Seen;
    const told = seen.seed === undefined ? 'NOT SEEN' : `seed ${seen.seed}: ${seen.rule}`;
    say(`${i + 1}/${chosen.length} ${name}: ${told} (${seen.histories} histories, ${seen.ms} ms)`);
    if (seen.seed === undefined) missed += 1;
    const caught = results[name];
    if (caught) results[name] = { ...caught, simulation: seen };
    writeFileSync(join(root, RESULTS), textOf(results));
  };
  // One for each core: what counts is the time of a processor.
  const left = chosen.entries();
  const player = async () => {
    for (const [i, bug] of left) await play(i, bug);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, player));
  say(`${chosen.length - missed} of ${chosen.length} planted bugs seen by the simulation`);
  writeTables(root, results);
  return missed === 0 ? 0 : 1;
}

/** In the order of the table, so that a new run changes no more than it has to. */
function textOf(results: Results): string {
  const inOrder = BUGS.flatMap(({ name }) => (results[name] ? [[name, results[name]] as const] : []));
  return `${JSON.stringify(Object.fromEntries(inOrder), undefined, 2)}\n`;
}

/** The test that caught it the last time, else all that have to; what has caught it must pass without the bug. */
async function hunt(bench: Bench, bug: Bug, last: Caught | undefined): Promise<Caught | undefined> {
  const named = bug.caughtBy.map((catcher): Choice => {
    const [file = '', ...name] = catcher.split(' > ');
    return name.length > 0 ? { file, name: name.join(' > ') } : { file };
  });
  for (const choice of last ? [{ file: last.file, name: last.test }, ...named] : named) {
    const tried = await bench.run(choice, bug).catch((error: unknown) => {
      if (!(error instanceof NoSuchTest) || choice.name === undefined) throw error;
      return undefined;
    });
    if (!tried?.failed) continue;
    const { test, why } = tried.failed;
    const { file } = choice;
    const { failed } = await bench.run(test === UNHANDLED ? { file } : { file, name: test });
    if (failed) throw new Error(`${file} > ${test} fails without the bug, too: ${failed.why}`);
    return { file, test, ms: tried.ms, why };
  }
  return undefined;
}

/** By what they cost the last time; what has never been caught yet is last. */
function costOf({ name }: Bug, known: Results): number {
  return known[name]?.ms ?? Number.MAX_SAFE_INTEGER;
}
function cheapestFirst(known: Results): Bug[] {
  return [...BUGS].sort((a, b) => costOf(a, known) - costOf(b, known));
}

/** The quick ones, from another beginning every day, so that bounded runs come to all of them. */
function todays(bugs: readonly Bug[], known: Results): Bug[] {
  const quick = bugs.filter((bug) => costOf(bug, known) < QUICK_MS);
  const start = (Math.floor(Date.now() / 86_400_000) * 17) % (quick.length || 1);
  return [...quick.slice(start), ...quick.slice(0, start)];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(why: string): number {
  process.stderr.write(`${why}\n`);
  return 1;
}
