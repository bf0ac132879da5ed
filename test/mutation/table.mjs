// What the page says of the last full run.
import { readFileSync, writeFileSync } from 'node:fs';
import { counted, explained, percent } from './judge.mjs';

const PAGE = 'docs/reliability.md';
const MARKED = /<!-- mutation -->[\s\S]*<!-- \/mutation -->/;

/** @param results by group: the mutants of all its files @param minutes how long it took */
export function writeTable(results, list, minutes) {
  const text = readFileSync(PAGE, 'utf8');
  if (!MARKED.test(text))
    throw new Error(`${PAGE} has no place for it: <!-- mutation --> … <!-- /mutation -->`);
  writeFileSync(
    PAGE,
    text.replace(MARKED, () => `<!-- mutation -->\n${tableOf(results, list, minutes)}\n<!-- /mutation -->`),
  );
}

export function tableOf(results, list, minutes) {
  const all = results.flatMap(({ found }) => found);
  const { why } = explained(all, list);
  const row = (name, mutants) => {
    const { mutants: count, killed, timeout, same, survived, score } = counted(mutants, why);
    return `| ${[name, count, killed, timeout, same, survived, percent(score)].join(' | ')} |`;
  };
  const rows = results.flatMap(({ group, found }) => [
    row(`**${group.name}**`, found),
    ...group.mutate.map((file) =>
      row(
        file.replace('src/', ''),
        found.filter((mutant) => mutant.file === file),
      ),
    ),
  ]);
  return [
    '| | mutants | killed | timed out | same behaviour | survived | score |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    row('**all**', all),
    '',
    `${minutes} minutes on one core. ${counted(all, why).words} mutants of sentences for people were not tried.`,
  ].join('\n');
}
