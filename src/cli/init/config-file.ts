import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { beijingIso } from '../../domain/clock.ts';
import { replaceFile } from '../../platform/replace-file.ts';
import { readTextFile } from '../../platform/text-file.ts';

/** The text of a file; undefined when it does not exist. Throws CONFIGURATION where it is in no encoding of ours. */
export function readText(path: string): string | undefined {
  return existsSync(path) ? readTextFile(path, 'init') : undefined;
}

/** The file was changed by somebody else since it was read. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile';
}

/**
 * Replaces a file's text at once, waiting while a client holds it, after copying what was there beside it. A link stays
 * a link, and the file keeps its mode; a new one is its owner's alone.
 * @param before what the change was made from; undefined when there was no file
 * @param now ms
 * @returns the path of the copy, where there was anything to copy
 */
export async function replaceText(
  path: string,
  before: string | undefined,
  after: string,
  now: number,
): Promise<string | undefined> {
  mkdirSync(dirname(path), { recursive: true });
  if (readText(path) !== before) throw new ChangedMeanwhile(path);
  const real = before === undefined ? path : realpathSync(path);
  const backup = before === undefined ? undefined : `${real}.${stamp(now)}.bak`;
  if (backup !== undefined) {
    copyFileSync(real, backup);
    chmodSync(backup, statSync(real).mode & 0o777);
  }
  const mode = before === undefined ? 0o600 : statSync(real).mode & 0o777;
  await replaceFile(real, after, { mode });
  // What it was made with, the process's mask may have narrowed.
  chmodSync(real, mode);
  return backup;
}

/** `20261121-143005`, Beijing time. */
function stamp(now: number): string {
  return beijingIso(now).slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
