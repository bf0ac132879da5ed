#!/usr/bin/env node
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/** Of the bundle, put in by the build. */
declare const BUNDLE_HASH: string;

type Exports = Record<string, unknown>;
type Part = (
  exports: Exports,
  require: (id: string) => unknown,
  module: { exports: Exports },
  filename: string,
  dirname: string,
) => void;

/** From the start (ms) until everything that a first answer needs has been compiled. */
const SETTLED_MS = 3_000;
const SUM_BYTES = 32;
const BUNDLE = join(__dirname, 'app.js');
/**
 * What V8 made of the bundle. It lies beside the code that it stands for and so needs the same trust: who can write
 * here can change the code as well. Where the folder is read-only every start compiles anew.
 */
const FOLDER = join(__dirname, '.cache');
const CACHE = join(FOLDER, `${BUNDLE_HASH}-${process.versions.v8}-${process.arch}`);

const cachedData = readCache();
const script = new Script(readFileSync(BUNDLE, 'latin1'), {
  filename: BUNDLE,
  ...(cachedData ? { cachedData } : {}),
});
const parts = script.runInThisContext() as Readonly<Record<string, Part>>;
const loaded = new Map<string, { exports: Exports }>();

/** The bundle's parts by name, from the bundle itself or, for what few starts need, from a file of their own. */
function load(name: string): Exports {
  const known = loaded.get(name);
  if (known) return known.exports;
  const module = { exports: {} as Exports };
  loaded.set(name, module);
  const filename = join(__dirname, name);
  const part = Object.hasOwn(parts, name) ? parts[name] : partOf(filename);
  try {
    part?.(module.exports, resolve, module, filename, __dirname);
  } catch (error) {
    // What has failed half-way is no module: who asks again hears why.
    loaded.delete(name);
    throw error;
  }
  return module.exports;
}

function partOf(filename: string): Part {
  return new Script(readFileSync(filename, 'latin1'), { filename }).runInThisContext() as Part;
}

function resolve(id: string): unknown {
  return id.startsWith('./') ? load(id.slice(2)) : require(id);
}

/** V8 runs what it is given, damaged or not: the sum at its end says whether it is what was written. */
function readCache(): Buffer | undefined {
  try {
    const file = readFileSync(CACHE);
    const data = file.subarray(0, -SUM_BYTES);
    return sumOf(data).equals(file.subarray(-SUM_BYTES)) ? data : undefined;
  } catch {
    return undefined;
  }
}

function sumOf(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** Once per version of the package and of Node; whole or not at all. */
function writeCache(): void {
  const draft = `${CACHE}.${process.pid}`;
  try {
    mkdirSync(FOLDER, { recursive: true });
    const file = openSync(draft, 'wx');
    try {
      try {
        const data = script.createCachedData();
        writeFileSync(file, Buffer.concat([data, sumOf(data)]));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(draft, CACHE);
    } finally {
      rmSync(draft, { force: true });
    }
  } catch {
    // A folder that is read-only, a full disk, a file that is being read: the next start is as slow, and tries again.
  }
}

const command = process.argv[2] ?? 'stdio';
if ((!cachedData || script.cachedDataRejected) && (command === 'stdio' || command === 'alipay')) {
  const atExit = (code: number) => {
    if (code === 0) writeCache();
  };
  process.once('exit', atExit);
  setTimeout(() => {
    process.off('exit', atExit);
    writeCache();
  }, SETTLED_MS).unref();
}

load(isMainThread ? 'main.js' : 'audit-half.js');
