// Filled ledgers, kept between runs. They are filled through the ledger's own code (fill.ts), bundled here.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const BENCH = fileURLToPath(new URL('.', import.meta.url));
const FILL = join(BENCH, 'fill.mjs');
const SRC = fileURLToPath(new URL('../src', import.meta.url));
export const CACHE = join(tmpdir(), 'cashier-bench');

/** The modules that only TypeScript has, bundled beside node_modules, where their packages are found. */
export async function bundled(name) {
  const outfile = fileURLToPath(new URL(`../node_modules/.bench/${name}.mjs`, import.meta.url));
  await build({
    entryPoints: [join(BENCH, `${name}.ts`)],
    ...{ outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'warning' },
  });
  return import(`${pathToFileURL(outfile)}?${Date.now()}`);
}

/**
 * The path of a ledger of so many orders, from the cache where the code that fills it is the same.
 * @param kind as in fill.ts
 */
export async function filledLedger(orders, kind, say = () => undefined) {
  const path = keptAt(orders, kind);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  await fillLedger({ path: `${path}.new`, orders, kind }, say);
  renameSync(`${path}.new`, path);
  return path;
}

/** Where it is, or would be, kept. */
export function keptAt(orders, kind) {
  return join(CACHE, `${kind}-${orders}-${sourceHash(kind)}.db`);
}

/** Makes a ledger anew, in a process of its own: at its end the ledger is one file that nobody holds. */
export async function fillLedger({ path, orders, kind }, say = () => undefined) {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const args = [FILL, '--orders', String(orders), '--kind', kind, '--ledger', path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8').on('data', (text) => say(text.trim()));
  const [code] = await once(child, 'close');
  if (code !== 0 || existsSync(`${path}-wal`)) throw new Error(`filling ${path} ended with ${code}`);
}

/** What a ledger depends on besides its size: the code; and for sales of today, the day in Beijing. */
function sourceHash(kind) {
  const hash = createHash('sha256').update(readFileSync(join(BENCH, 'fill.ts')));
  for (const name of readdirSync(SRC, { recursive: true }).sort()) {
    if (/^(ledger|payments|policy|domain|providers).*\.ts$/.test(name))
      hash.update(readFileSync(join(SRC, name)));
  }
  if (kind === 'today') hash.update(new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10));
  return hash.digest('hex').slice(0, 12);
}
