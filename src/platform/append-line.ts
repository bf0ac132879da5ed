import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeFileSync } from 'node:fs';

const LINE_FEED = 10;

/**
 * Appends a line to a file, which is made where it is not there, for its owner only. It is durable when this returns,
 * and stands by itself whatever was broken off before it. Throws the system's error; what had room of the line is then
 * taken back.
 */
export function appendLine(path: string, line: string): void {
  const file = openSync(path, 'a+', 0o600);
  try {
    const there = fstatSync(file);
    const { size } = there;
    if (!there.isFile()) {
      writeFileSync(file, `${line}\n`);
      return;
    }
    const last = Buffer.alloc(1, LINE_FEED);
    if (size > 0) readSync(file, last, 0, 1, size - 1);
    try {
      writeFileSync(file, `${last[0] === LINE_FEED ? '' : '\n'}${line}\n`);
      fsyncSync(file);
    } catch (error) {
      takeBack(file, size);
      throw error;
    }
  } finally {
    closeSync(file);
  }
}

function takeBack(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch {
    // What stays is no line that anybody takes for one.
  }
}
