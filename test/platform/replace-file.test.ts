import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expandHome } from '../../src/platform/home-path.ts';
import { replaceFile } from '../../src/platform/replace-file.ts';
import { VirtualClock } from '../support/virtual-time.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replace-'));
  path = join(folder, 'a.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A rename that fails with `code` until `until` (ms) of the clock. */
function held(code: string, clock: VirtualClock, forMs: number) {
  const until = clock.now() + forMs;
  return (from: string, to: string) => {
    if (clock.now() < until) throw Object.assign(new Error(code), { code });
    renameSync(from, to);
  };
}

describe('replacing a file', () => {
  it('leaves nothing beside it, and shows it to nobody else', async () => {
    await replaceFile(path, 'one');
    await replaceFile(path, 'two');
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(folder)).toEqual(['a.json']);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each(['EPERM', 'EACCES', 'EBUSY'])('waits while somebody holds it: %s', async (code) => {
    const clock = new VirtualClock();
    await replaceFile(path, 'one');
    await replaceFile(path, 'two', { clock, rename: held(code, clock, 1_900) });
    expect(readFileSync(path, 'utf8')).toBe('two');
  });

  it.each([
    ['EPERM', 60_000],
    ['ENOSPC', 1],
  ])('gives up and leaves all as it was: %s for %i ms', async (code, forMs) => {
    const clock = new VirtualClock();
    await replaceFile(path, 'one');
    const began = clock.now();
    await expect(replaceFile(path, 'two', { clock, rename: held(code, clock, forMs) })).rejects.toMatchObject(
      {
        code,
      },
    );
    expect(clock.now() - began).toBeLessThan(2_200);
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });
});

it.each([
  ['~', '/home/me'],
  ['~/keys/app.pem', '/home/me/keys/app.pem'],
  ['~\\keys\\app.pem', '/home/me/keys/app.pem'],
  ['$HOME/app.pem', '/home/me/app.pem'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as a client that expands nothing passes it on
  ['${HOME}/app.pem', '/home/me/app.pem'],
  ['%USERPROFILE%\\app.pem', '/home/me/app.pem'],
  ['~someone/app.pem', '~someone/app.pem'],
  ['/etc/~/app.pem', '/etc/~/app.pem'],
  ['app.pem', 'app.pem'],
])('%s means %s', (path, meant) => {
  // On Windows, with its own separator.
  const here = process.platform === 'win32' ? (text: string) => text.replaceAll('/', '\\') : String;
  expect(here(expandHome(path, '/home/me'))).toBe(here(meant));
});
