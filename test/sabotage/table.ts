import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bug } from './bug.ts';
import { BUGS, GROUPS } from './bugs/all.ts';

/** Who caught a bug, and after how long (ms of processor time). */
export interface Caught {
  readonly file: string;
  readonly test: string;
  readonly ms: number;
  /** What the test said. */
  readonly why: string;
}

/** What the simulated world needed to see that something is wrong. */
export interface Seen {
  /** Nothing where it did not, in so many histories. */
  readonly seed?: number;
  /** The check that saw it. */
  readonly rule?: string;
  readonly histories: number;
  readonly ms: number;
}
/** By the name of the bug. */
export type Results = Readonly<Record<string, Caught & { readonly simulation?: Seen }>>;

const TABLE = 'test/sabotage/RESULTS.md';
const PAGES = { en: 'docs/reliability.md', zh: 'docs/zh-CN/reliability.md' } as const;
const [BEGIN, END] = ['<!-- planted bugs: npm run sabotage -- --write -->', '<!-- end of planted bugs -->'];

/** Writes who caught what, of all and in sum. @param root of the repository, with a slash at its end */
export function writeTables(root: string, results: Results): void {
  writeFileSync(join(root, TABLE), everyBug(results));
  for (const language of ['en', 'zh'] as const) {
    const path = join(root, PAGES[language]);
    const page = readFileSync(path, 'utf8');
    const [before, rest] = page.split(BEGIN);
    const after = rest?.split(END)[1];
    if (before === undefined || after === undefined) throw new Error(`${path} has no place for the table`);
    writeFileSync(path, `${before}${BEGIN}\n${inSum(language, results)}\n${END}${after}`);
  }
}

function everyBug(results: Results): string {
  const rows = BUGS.map((bug) => {
    const { name, deed, breaks } = bug;
    const caught = results[name];
    const by = caught ? `${cell(caught.file.replace(/^test\//, ''))}: ${cell(caught.test)}` : '-';
    return `| \`${name}\` | ${cell(deed)} | ${cell(breaks)} | ${by} | ${caught?.ms ?? '-'} | ${seen(bug, results)} |`;
  });
  return `# Planted bugs

${BUGS.length} bugs that somebody might write, each planted by itself into the code as it is loaded; nothing of them is in the product. \`npm run sabotage\` plants one after the other, runs who has to catch it, and fails where one survives, or where the test that caught it fails without it as well. \`npm run sabotage -- NAME…\` plants only these. This page is written by \`npm run sabotage -- --write\`.

ms: of processor time, from the loading of the test file to its first failure. In the last column: which simulated history was the first that showed it, and by which check (\`npm run sabotage -- --simulation\`); empty where the simulation is not meant to.

| bug | what was done | what it breaks | caught by | ms | simulation |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

function inSum(language: 'en' | 'zh', results: Results): string {
  const head = {
    en: [
      'what is broken',
      'planted',
      'caught by a test',
      'processor time of the catch, half within / all within',
      'seen by simulated histories / tried',
    ],
    zh: [
      '破坏了什么',
      '植入',
      '被测试发现',
      '发现所用处理器时间：半数以内 / 全部以内',
      '被随机历史发现 / 已试',
    ],
  }[language];
  const rows = GROUPS.map(({ of, bugs }) => {
    const times = bugs.flatMap(({ name }) => results[name]?.ms ?? []).sort((a, b) => a - b);
    const [half, most] = [times[Math.floor((times.length - 1) / 2)], times.at(-1)];
    const tried = bugs.flatMap((bug) => simulationOf(bug, results) ?? []);
    const found = tried.filter(({ seed }) => seed !== undefined);
    const simulated = tried.length === 0 ? '-' : `${found.length} / ${tried.length}`;
    return [of[language], bugs.length, times.length, `${half ?? '-'} ms / ${most ?? '-'} ms`, simulated];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Of those that the simulated world is meant to see. */
function simulationOf({ name, simulated }: Bug, results: Results): Seen | undefined {
  return simulated && results[name]?.simulation;
}

function seen(bug: Bug, results: Results): string {
  const found = simulationOf(bug, results);
  if (!found) return bug.simulated ? 'not tried yet' : '';
  if (found.seed === undefined) return `not in ${found.histories} histories`;
  return `history ${found.histories}: ${cell(found.rule ?? '')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}
