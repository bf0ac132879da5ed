import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import { systemClock, systemRandom } from './system.ts';

/** On Windows a file that somebody reads, or a virus scanner looks at, cannot be replaced in that moment. */
const PASSING: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** How long (ms) that is waited for, and how long between two attempts at most. */
const PATIENCE_MS = 2_000;
const LONGEST_WAIT_MS = 100;

interface Means {
  readonly clock: Clock;
  readonly rename: (from: string, to: string) => void;
}
const SYSTEM: Means = { clock: systemClock, rename: renameSync };

/**
 * Puts `content` in the place of what stands at `path`: whole or not at all, durable before it is seen and when this
 * resolves, readable by its owner only unless `mode` says otherwise. Rejects with the system's error, and nothing has
 * changed then, but where the folder itself cannot be flushed.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, ...means }: { readonly mode?: number } & Partial<Means> = {},
): Promise<void> {
  const draft = `${path}.${systemRandom(6).toString('hex')}.new`;
  const file = openSync(draft, 'wx', mode);
  try {
    await putInPlace(draft, file, content, path, means);
  } catch (error) {
    discard(draft);
    throw error;
  }
}

/** Removes a draft that came to nothing, as far as the disk lets; why it came to nothing is what is to be told. */
export function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // It means nothing.
  }
}

/**
 * What {@link replaceFile} does with a draft that has been opened, and whoever opened it removes where this rejects. The
 * draft is closed in any case.
 */
export async function putInPlace(
  draft: string,
  file: number,
  content: string | Uint8Array,
  path: string,
  means: Partial<Means> = {},
): Promise<void> {
  try {
    // Unlike a single write, it goes on until all of it is written, and throws where a disk has room for a part only.
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  await moveOver(draft, path, { ...SYSTEM, ...means });
  flushFolder(path);
}

/** Waits until the disk has what a file of this path is called. */
export function flushFolder(path: string): void {
  if (process.platform !== 'win32') flushFile(dirname(path));
}

/** Waits until the disk has it. */
export function flushFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Renames a file over another, and tries again for two seconds while somebody holds it. Close it first. Rejects with
 * the system's error.
 */
async function moveOver(from: string, to: string, { clock, rename }: Means = SYSTEM): Promise<void> {
  const deadline = clock.now() + PATIENCE_MS;
  for (let wait = 5; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      rename(from, to);
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (!PASSING.has(code) || clock.now() >= deadline) throw error;
      await clock.sleep(wait);
    }
  }
}
