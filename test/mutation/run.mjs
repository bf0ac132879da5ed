// Mutation testing.
//   npm run mutation                                       all of it
//   npm run mutation -- --write                            and its table goes into docs/reliability.md
//   npm run mutation -- NAME|FILE …                        groups, or files of them
//   npm run mutation -- --changed [COMMIT] [--seconds N]   what has changed since a commit, for as long
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { partsChanged } from './changed.mjs';
import { GROUPS } from './groups.mjs';
import { counted, explained, percent, stale } from './judge.mjs';
import { SURVIVORS } from './survivors.mjs';
import { writeTable } from './table.mjs';
import { tryGroup } from './try-group.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { changed: { type: 'boolean' }, seconds: { type: 'string' }, write: { type: 'boolean' } },
});
const started = Date.now();
const until = started + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000;

/** What is to be mutated: of each group the files or parts of files, and those of them that are whole. */
function asked() {
  if (values.changed) return partsChanged(GROUPS, positionals[0], console.log);
  const isAsked = ({ name }, file) =>
    positionals.length === 0 || positionals.includes(name) || positionals.includes(file);
  const known = GROUPS.flatMap(({ name, mutate }) => [name, ...mutate]);
  const strange = positionals.find((name) => !known.includes(name));
  if (strange !== undefined) throw new Error(`${strange} is neither a group nor a file that is mutated`);
  return GROUPS.map((group) => {
    const files = group.mutate.filter((file) => isAsked(group, file));
    return { group, mutate: files, whole: files };
  }).filter(({ mutate }) => mutate.length > 0);
}

function tell(mutant, tried, planned) {
  if (process.stderr.isTTY) process.stderr.write(`\r${tried} of ${planned} `);
  for (const { file, line, code, from, to } of explained([mutant], SURVIVORS).unlisted) {
    console.log(`${file}:${line} survives: ${code}\n    ${from}\n  → ${to}`);
  }
}

const problems = [];
const results = [];
const parts = asked();
if (parts.length === 0) console.log('Nothing of what is mutated has changed.');
for (const { group, mutate, whole } of parts) {
  if (Date.now() >= until) {
    console.log(`${group.name}: there is no time for it`);
    continue;
  }
  const { found, isWhole } = await tryGroup(group, mutate, { until, tell });
  const { why, unlisted } = explained(found, SURVIVORS);
  const { mutants, killed, timeout, same, survived, score } = counted(found, why);
  if (unlisted.length > 0) problems.push(`${group.name}: ${unlisted.length} survive that no entry explains`);
  if (isWhole) {
    for (const { file, code, to } of stale(found, SURVIVORS, whole)) {
      problems.push(`${file}: no such survivor any more, its entry can go: ${code} → ${to}`);
    }
    if (whole.length === group.mutate.length && score < group.floor) {
      problems.push(`${group.name}: ${percent(score)} is below ${group.floor} %`);
    }
  }
  console.log(
    `${group.name}: ${mutants} mutants, ${killed} killed, ${timeout} timed out, ${same} with the same behaviour, ` +
      `${survived} survived: ${percent(score)}${isWhole ? '' : '; there is no time for the rest'}`,
  );
  results.push({ group, found });
}
for (const problem of problems) console.log(problem);
if (values.write && results.length === GROUPS.length && problems.length === 0) {
  writeTable(results, SURVIVORS, Math.round((Date.now() - started) / 60_000));
}
process.exitCode = problems.length > 0 ? 1 : 0;
