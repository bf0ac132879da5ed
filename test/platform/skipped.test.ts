import { expect, it } from 'vitest';
import { explainSkipped, POSIX } from '../support/skipped.ts';

it('a run says what was skipped and how to run it', () => {
  const page = "the buyer's page in a browser (skipped: no Chromium here; set CHROMIUM to its path) > pays";
  const { lines, missed } = explainSkipped([page, `${page} again`, 'something']);
  expect(lines[0]).toMatch(/^2 skipped: .*apt-get install chromium.*CHROMIUM=.*npm test/);
  expect(lines[1]).toContain('does not say why: something');
  expect(missed).toBe(3);
  expect(explainSkipped([])).toEqual({ lines: [], missed: 0 });
});

it('what a system has not may be skipped there, and nowhere else', () => {
  expect(explainSkipped([`modes of files ${POSIX}`]).missed).toBe(process.platform === 'win32' ? 0 : 1);
});
