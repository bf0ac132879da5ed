import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from './system.ts';

/** A file is put aside at this size (bytes), and so many are kept aside. */
const MOST_BYTES = 10 * 1024 * 1024;
const KEPT = 3;
/** Whoever puts files aside for longer (ms) has died over it, or had a clock that was wrong by more. */
const STALE_MS = 10_000;

/** Where lines go. */
export interface LineSink {
  write(line: string): void;
}

/**
 * A log file of bounded size that several processes may write to: whichever finds it full puts it aside as `FILE.1`
 * (and that as `FILE.2`, …), and the others go on in the new one. Throws the system's error when it cannot be opened;
 * later a line that cannot be written is lost, and nothing else.
 */
export function rotatingFile(path: string, most = MOST_BYTES, kept = KEPT): LineSink {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let file = openSync(path, 'a', 0o600);
  /** Of the last line only the beginning found room: the next one must not stand behind it. */
  let isTorn = false;

  function reopen(): void {
    const before = file;
    file = openSync(path, 'a', 0o600);
    closeSync(before);
  }
  /** Whether what we write to still is the file of that name, and has room. */
  function prepare(bytes: number): void {
    const named = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (named?.ino !== fstatSync(file, { bigint: true }).ino) reopen();
    // A device or pipe never is full.
    else if (named.isFile() && named.size + BigInt(bytes) > BigInt(most)) putAside();
  }
  function putAside(): void {
    const lock = `${path}.lock`;
    if (!take(lock)) return;
    try {
      // Another process may have done it since.
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > most / 2) shift();
    } finally {
      rmSync(lock, { force: true });
    }
    reopen();
  }
  function shift(): void {
    try {
      for (let i = kept; i > 0; i--) {
        const from = i === 1 ? path : `${path}.${i - 1}`;
        if (statSync(from, { throwIfNoEntry: false })) renameSync(from, `${path}.${i}`);
      }
    } catch {
      // Held by another program: rather without what was said than without a bound.
      truncateSync(path);
    }
  }

  return {
    write(line) {
      try {
        prepare(Buffer.byteLength(line));
      } catch {
        // It stays where it is.
      }
      try {
        const bytes = Buffer.from(isTorn ? `\n${line}` : line);
        isTorn = writeSync(file, bytes) < bytes.length;
      } catch {
        // A full disk costs the log, not the service.
      }
    },
  };
}

function take(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx', 0o600));
    return true;
  } catch {
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Math.abs(systemClock.now() - since) > STALE_MS) rmSync(lock, { force: true });
    return false;
  }
}
