// Mutation testing.
//   npm run mutation                                       all of it
//   npm run mutation -- NAME|FILE …                        groups, or files of them
//   npm run mutation -- --write …                          and what became of whole files goes into the results, and with
//                                                          the last file of a group into docs/reliability.md
//   npm run mutation -- --changed [COMMIT] [--seconds N]   what has changed since a commit, for as long
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { partsChanged } from './changed.mjs';
import { GROUPS } from './groups.mjs';
import { counted, explained, percent, scoreOf, stale } from './judge.mjs';
import { SURVIVORS } from './survivors.mjs';
import { readResults, writeResult } from './table.mjs';
import { tryGroup } from './try-group.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { changed: { type: 'boolean' }, seconds: { type: 'string' }, write: { type: 'boolean' } },
});
const until = Date.now() + Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000;

/** What is to be mutated: of each group the files or parts of files, and those of them that are whole. */
function asked() {
  if (values.changed) {
    // What has never held as a whole would blame whoever comes by for what was there before.
    const known = readResults();
    return partsChanged(
      GROUPS.filter(({ name }) => name in known),
      positionals[0],
      console.log,
    );
  }
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
  // One that loops is noticed by that; a machine that is too slow must not look like it.
  const late = mutant.fate === 'timeout' ? [mutant] : [];
  for (const { file, line, code, from, to, fate } of [...explained([mutant], SURVIVORS).unlisted, ...late]) {
    const what = fate === 'timeout' ? 'times out' : 'survives';
    console.log(`${file}:${line} ${what}: ${code}\n    ${from}\n  → ${to}`);
  }
}

const problems = [];
const parts = asked();
if (parts.length === 0) console.log('Nothing of what is mutated has changed.');
for (const { group, mutate, whole } of parts) {
  if (Date.now() >= until) {
    console.log(`${group.name}: there is no time for it`);
    continue;
  }
  const { found, isWhole } = await tryGroup(group, mutate, { until, tell });
  const { why, unlisted } = explained(found, SURVIVORS);
  const all = counted(found, why);
  const wrong = unlisted.length > 0 ? [`${unlisted.length} survive that no entry explains`] : [];
  if (isWhole) {
    for (const { file, code, to } of stale(found, SURVIVORS, whole)) {
      wrong.push(`no such survivor any more, its entry can go: ${file}: ${code} → ${to}`);
    }
  }
  const isGroup = isWhole && whole.length === group.mutate.length;
  if (isGroup && scoreOf(all) < group.floor) wrong.push(`${percent(scoreOf(all))} is below ${group.floor} %`);
  console.log(
    `${group.name}: ${all.mutants} mutants, ${all.killed} killed, ${all.timeout} timed out, ` +
      `${all.same} with the same behaviour, ${all.survived} survived: ${percent(scoreOf(all))}` +
      `${isWhole ? '' : '; there is no time for the rest'}`,
  );
  problems.push(...wrong.map((what) => `${group.name}: ${what}`));
  if (values.write && isWhole) {
    const of = (mutants, file) => mutants.filter((mutant) => mutant.file === file);
    const held = whole.filter((file) => of(unlisted, file).length === 0);
    writeResult(group, new Map(held.map((file) => [file, counted(of(found, file), why)])));
  }
}
for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
