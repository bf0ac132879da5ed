import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bug } from './bug.ts';

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

/** Writes who caught what. @param root of the repository, with a slash at its end */
export function writeTable(root: string, bugs: readonly Bug[], results: Results): void {
  const rows = bugs.map((bug) => {
    const caught = results[bug.name];
    const by = caught ? `${cell(caught.file.replace(/^test\//, ''))}: ${cell(caught.test)}` : '-';
    return `| \`${bug.name}\` | ${cell(bug.deed)} | ${cell(bug.breaks)} | ${by} | ${caught?.ms ?? '-'} | ${seen(bug, caught?.simulation)} |`;
  });
  const text = `# Planted bugs

${bugs.length} bugs that somebody might write, each planted by itself into the code as it is loaded; nothing of them is in the product. \`npm run sabotage\` plants one after the other, runs who has to catch it, and fails where one survives, or where the test that caught it fails without it as well. \`npm run sabotage -- NAME…\` plants only these. This page is written by \`npm run sabotage -- --write\`.

ms: of processor time, from the loading of the test file to its first failure. In the last column: after how many simulated histories the simulation saw it by itself (\`npm run sabotage -- --simulation\`); empty where it is not meant to.

| bug | what was done | what it breaks | caught by | ms | simulation |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
  writeFileSync(join(root, TABLE), text);
}

function seen({ simulated }: Bug, found: Seen | undefined): string {
  if (!found) return simulated ? 'not tried yet' : '';
  if (found.seed === undefined) return `not in ${found.histories}`;
  return `history ${found.histories} (${found.ms} ms): ${cell(found.rule ?? '')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}
