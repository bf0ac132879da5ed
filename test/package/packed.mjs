// The package as npm gets it: packed, and installed into an empty folder with an empty cache.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const folders = new Set();
process.once('exit', () => folders.forEach(discard));

/** A folder that is gone when the process ends, or by `discard` before. */
export function temporary(name) {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.add(folder);
  return folder;
}

export function discard(folder) {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Packs what has been built; returns the tarball's path. */
export function pack() {
  const folder = temporary('cashier-pack');
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(npm(args, ROOT));
  return join(folder, filename);
}

/**
 * Installs a tarball; returns the folder. The registry is out of reach: whatever npm had to download would fail it.
 * @param options more of npm's
 */
export function install(tarball, ...options) {
  const folder = temporary('cashier-install');
  const cache = temporary('cashier-cache');
  npm(
    [
      'install',
      tarball,
      '--offline',
      '--cache',
      cache,
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      ...options,
    ],
    folder,
  );
  return folder;
}

/** What npm has put into a folder, by path. */
export function packagesIn(folder) {
  return JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8')).packages;
}

export function npm(args, cwd) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
