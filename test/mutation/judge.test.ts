import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GROUPS } from './groups.mjs';
import {
  counted,
  explained,
  type Mutant,
  mutantOf,
  percent,
  type Survivor,
  scoreOf,
  stale,
} from './judge.mjs';
import { SURVIVORS } from './survivors.mjs';

const SOURCE = 'const a = 1;\n  return a > b &&\n    c;\n';
const result = (status: string, from: [number, number], to: [number, number], replacement = 'true') => ({
  location: { start: { line: from[0], column: from[1] }, end: { line: to[0], column: to[1] } },
  ...{ replacement, status },
});
const mutant = (fate: Mutant['fate'], to = 'true'): Mutant => ({
  ...{ file: 'a.ts', line: 2, code: 'return a > b;', from: 'a > b', to, fate },
});
const entry = (more: Partial<Survivor> = {}): Survivor => ({
  ...{ file: 'a.ts', code: 'return a > b;', to: 'true', why: 'same', reason: 'so' },
  ...more,
});

describe('a mutant', () => {
  it('is told by its line, what it replaces and what it says instead, on one line each', () => {
    expect(mutantOf(result('Killed', [2, 10], [2, 15]), 'a.ts', SOURCE)).toEqual({
      ...{ file: 'a.ts', line: 2, code: 'return a > b &&', from: 'a > b', to: 'true', fate: 'killed' },
    });
    const long = mutantOf(result('Survived', [2, 10], [3, 6], '{\n}'), 'a.ts', SOURCE);
    expect([long.from, long.to]).toEqual(['a > b && c', '{ }']);
  });

  it.each([
    ['Killed', 'killed'],
    ['RuntimeError', 'killed'],
    ['Timeout', 'timeout'],
    ['Survived', 'survived'],
    ['NoCoverage', 'survived'],
    ['Ignored', 'words'],
  ])('that is %s counts as %s', (status, fate) => {
    expect(mutantOf(result(status, [1, 1], [1, 2]), 'a.ts', SOURCE).fate).toBe(fate);
  });

  it.each(['Pending', 'CompileError', 'constructor'])('is none that is %s', (status) => {
    expect(() => mutantOf(result(status, [1, 1], [1, 2]), 'a.ts', SOURCE)).toThrow(status);
  });
});

describe('a survivor', () => {
  const survivor = mutant('survived');

  it('is explained by an entry for its file, line and words, and by no other', () => {
    expect(explained([survivor], [entry()]).unlisted).toEqual([]);
    expect(explained([survivor], [entry({ from: 'a > b' })]).unlisted).toEqual([]);
    for (const other of [{ file: 'b.ts' }, { code: 'return a < b;' }, { to: 'false' }, { from: 'b' }]) {
      expect(explained([survivor], [entry(other)]).unlisted).toEqual([survivor]);
    }
  });

  it('needs no explanation once it is killed, and the entry is stale then', () => {
    for (const fate of ['killed', 'timeout', 'words'] as const) {
      expect(explained([mutant(fate)], []).unlisted).toEqual([]);
      expect(stale([mutant(fate)], [entry()], ['a.ts'])).toEqual([entry()]);
    }
    expect(stale([survivor], [entry()], ['a.ts'])).toEqual([]);
    expect(stale([], [entry()], ['b.ts']), 'its file was not tried').toEqual([]);
  });
});

describe('the score', () => {
  const all = [
    mutant('killed'),
    mutant('timeout'),
    mutant('survived'),
    mutant('survived', '0'),
    mutant('words'),
  ];

  it('leaves out what is the same, and counts against us what is kept', () => {
    const { why } = explained(all, [entry(), entry({ to: '0', why: 'kept' })]);
    const counts = counted(all, why);
    expect(counts).toEqual({ mutants: 4, killed: 1, timeout: 1, same: 1, survived: 1, words: 1 });
    expect(scoreOf(counts)).toBe((100 * 2) / 3);
    expect(counted(all, explained(all, []).why)).toMatchObject({ same: 0, survived: 2 });
    expect(scoreOf({ killed: 1, timeout: 1, survived: 2 })).toBe(50);
  });

  it('of nothing is whole', () => {
    expect(scoreOf(counted([], new Map()))).toBe(100);
  });

  it('is never rounded up', () => {
    expect([100, 99.99, 66.66, 0].map(percent)).toEqual(['100.0 %', '99.9 %', '66.6 %', '0.0 %']);
  });
});

describe('the groups', () => {
  it('name files that are there, each once, and so does the list of survivors', () => {
    const files = GROUPS.flatMap(({ mutate }) => mutate);
    expect(new Set(files).size).toBe(files.length);
    const tests = GROUPS.flatMap((group) => group.tests);
    expect([...files, ...tests].filter((file) => !existsSync(file))).toEqual([]);
    expect(SURVIVORS.filter(({ file }) => !files.includes(file))).toEqual([]);
  });
});
