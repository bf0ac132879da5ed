import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { beijingIso } from '../../domain/clock.ts';

/** The text of a file; undefined when it does not exist. */
export function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** The file was changed by somebody else since it was read. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile';
}

/**
 * Replaces a file's text at once (rename), after copying what was there beside it. A link stays a link, and the
 * file keeps its mode; a new one is its owner's alone.
 * @param before what the change was made from; undefined when there was no file
 * @param now ms
 * @returns the path of the copy, where there was anything to copy
 */
export function replaceText(
  path: string,
  before: string | undefined,
  after: string,
  now: number,
): string | undefined {
  mkdirSync(dirname(path), { recursive: true });
  if (readText(path) !== before) throw new ChangedMeanwhile(path);
  const real = before === undefined ? path : realpathSync(path);
  const backup = before === undefined ? undefined : `${real}.${stamp(now)}.bak`;
  if (backup !== undefined) {
    copyFileSync(real, backup);
    chmodSync(backup, statSync(real).mode & 0o777);
  }
  const next = `${real}.mcp-cashier.new`;
  const file = openSync(next, 'wx', 0o600);
  try {
    writeSync(file, after);
    fsyncSync(file);
    if (before !== undefined) chmodSync(next, statSync(real).mode & 0o777);
    renameSync(next, real);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return backup;
}

/** `20261121-143005`, Beijing time. */
function stamp(now: number): string {
  return beijingIso(now).slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
