// Filled ledgers, kept between runs. They are filled through the ledger's own code (fill.ts), bundled here.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
 * @param onto how many orders of the last years the ledger has before
 */
export async function filledLedger(orders, kind, say = () => undefined, onto = 0) {
  const path = keptAt(orders, kind, onto);
  if (existsSync(path)) {
    // Steps of the schema that have come since are made up for.
    await (await bundled('inside')).open(path);
    return path;
  }
  mkdirSync(CACHE, { recursive: true });
  const base = onto === 0 ? undefined : await filledLedger(onto, 'years', say);
  const isOlder = RegExp(`^${nameOf(orders, kind, onto)}[0-9a-f]{12}\\.db`);
  for (const name of readdirSync(CACHE)) if (isOlder.test(name)) rmSync(join(CACHE, name));
  await fillLedger({ path: `${path}.new`, orders, kind, base }, say);
  renameSync(`${path}.new`, path);
  return path;
}

/** The same as a database of its own name, copied from the file. */
export async function filledDatabase(postgres, orders, kind, say = () => undefined, onto = 0) {
  const path = await filledLedger(orders, kind, say, onto);
  const name = databaseOf(path);
  if (await postgres.isThere(name)) {
    await (await bundled('inside')).open(postgres.at(name));
    return name;
  }
  await postgres.drop(`^${nameOf(orders, kind, onto).replaceAll('-', '_')}[0-9a-f]{12}`);
  const startedAt = performance.now();
  const { copyLedger } = await bundled('copy');
  await postgres.say(`CREATE DATABASE ${name}_new`);
  await copyLedger(path, postgres.at(`${name}_new`), join(postgres.folder, 'rows'));
  await postgres.say(`ALTER DATABASE ${name}_new RENAME TO ${name}`);
  await postgres.say('CHECKPOINT');
  say(`copied into PostgreSQL in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return name;
}

const databaseOf = (path) => basename(path, '.db').replaceAll('-', '_');
const nameOf = (orders, kind, onto) => `${kind}-${orders}-${onto === 0 ? '' : `onto-${onto}-`}`;

/** Where it is, or would be, kept. */
export function keptAt(orders, kind, onto = 0) {
  return join(CACHE, `${nameOf(orders, kind, onto)}${sourceHash(kind)}.db`);
}

/** Makes a ledger anew, in a process of its own: at its end the ledger is one file that nobody holds. */
export async function fillLedger({ path, orders, kind, base }, say = () => undefined) {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const args = [FILL, '--orders', String(orders), '--kind', kind, '--ledger', path];
  if (base !== undefined) args.push('--base', base);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8').on('data', (text) => say(text.trim()));
  const [code] = await once(child, 'close');
  if (code !== 0 || existsSync(`${path}-wal`)) throw new Error(`filling ${path} ended with ${code}`);
}

/** What decides how the rows of a ledger stand, besides the steps of its schema; for sales of today, the day in Beijing. */
function sourceHash(kind) {
  const hash = createHash('sha256');
  for (const path of [
    '../bench/fill.ts',
    '../bench/agreeable.ts',
    'ledger/audit-chain.ts',
    'ledger/audit-shapes.ts',
  ])
    hash.update(readFileSync(join(SRC, path)));
  if (kind === 'today') hash.update(new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10));
  return hash.digest('hex').slice(0, 12);
}
