// The last result of each group, and what the page says of it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { GROUPS } from './groups.mjs';
import { percent, scoreOf } from './judge.mjs';

const RESULTS = 'test/mutation/results.json';
const PAGES = {
  'docs/reliability.md': {
    head: ['', 'mutants', 'killed', 'timed out', 'same behaviour', 'survived', 'score'],
    all: 'all',
    words: (count) => `${count} mutants of sentences for people were not tried.`,
  },
  'docs/zh-CN/reliability.md': {
    head: ['', '变异', '被发现', '超时', '行为相同', '存活', '得分'],
    all: '合计',
    words: (count) => `另有 ${count} 个只改文字说明的变异没有尝试。`,
  },
};

const readAll = () => (existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {});

/** By group and file, of those groups of which every file has been tried and has held. */
export function readResults() {
  const known = readAll();
  const isTried = ({ name, mutate }) => mutate.every((file) => known[name]?.[file]);
  return Object.fromEntries(GROUPS.filter(isTried).map(({ name }) => [name, known[name]]));
}

/** @param counts of whole files of a group that have held */
export function writeResult(group, counts) {
  const known = readAll();
  const all = { ...known[group.name], ...Object.fromEntries(counts) };
  known[group.name] = Object.fromEntries(
    group.mutate.flatMap((file) => (all[file] ? [[file, all[file]]] : [])),
  );
  const ordered = GROUPS.flatMap(({ name }) => (known[name] ? [[name, known[name]]] : []));
  writeFileSync(RESULTS, `${JSON.stringify(Object.fromEntries(ordered), null, 2)}\n`);
  const results = readResults();
  for (const [page, words] of Object.entries(PAGES)) {
    const text = readFileSync(page, 'utf8');
    const marked = /<!-- mutation -->[\s\S]*<!-- \/mutation -->/;
    if (!marked.test(text))
      throw new Error(`${page} has no place for it: <!-- mutation --> … <!-- /mutation -->`);
    writeFileSync(
      page,
      text.replace(marked, () => `<!-- mutation -->\n${tableOf(results, words)}\n<!-- /mutation -->`),
    );
  }
}

function tableOf(results, { head, all, words }) {
  const row = (name, counts) => {
    const sum = (member) => counts.reduce((total, one) => total + one[member], 0);
    const [killed, timeout, same, survived] = ['killed', 'timeout', 'same', 'survived'].map(sum);
    const cells = [name, sum('mutants'), killed, timeout, same, survived];
    return `| ${[...cells, percent(scoreOf({ killed, timeout, survived }))].join(' | ')} |`;
  };
  const every = Object.values(results).flatMap((files) => Object.values(files));
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---|').join('')}`,
    ...Object.entries(results).flatMap(([name, files]) => [
      row(`**${name}**`, Object.values(files)),
      ...Object.entries(files).map(([file, counts]) => row(`\`${file.replace('src/', '')}\``, [counts])),
    ]),
    row(`**${all}**`, every),
    '',
    words(every.reduce((total, { words }) => total + words, 0)),
  ].join('\n');
}
