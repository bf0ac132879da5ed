import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { certificatePem } from '../../src/simulator/certificate.ts';
import { VALID } from '../../src/simulator/certificates.ts';
import { canRunPostgres, makeCluster, startCluster, stopCluster } from './embedded-postgres.mjs';
import { freePort } from './free-port.mjs';
import { readyPostgres } from './ready-ledger.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's PostgreSQL lies once a test has asked for it. */
    readonly postgresFolder: string;
  }
}

/** The run's own database that others begin as. */
const READY = 'cashier_ready';

/** Lends the run a folder for its PostgreSQL, and stops that at the end. */
export default function setUp({ provide }: TestProject): () => void {
  // PostgreSQL does not run as root, and nobody else sees into root's temporary folders.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mcp-cashier-postgres-'));
  chmodSync(folder, 0o777);
  provide('postgresFolder', folder);
  return () => {
    stopCluster(folder, 'immediate');
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Whether this run has a PostgreSQL to give. */
export const hasPostgres = process.env.CASHIER_TEST_POSTGRES !== undefined || canRunPostgres;

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

/** A new database with the tables of a ledger that nobody has opened yet. */
export function newLedgerDatabase(): ReturnType<typeof newDatabase> {
  // Somebody's own server has no such template.
  return newDatabase(
    process.env.CASHIER_TEST_POSTGRES === undefined ? `TEMPLATE ${READY} STRATEGY FILE_COPY` : '',
  );
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

/** The file of whoever issued the certificate of the run's own server, which is that of `localhost`. */
export function caOfPostgres(): string {
  return join(inject('postgresFolder'), 'ca.pem');
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

/** Everybody is let in, but accounts `seller_…` by their passwords only. */
async function start(folder: string): Promise<string> {
  makeCluster(folder, '--no-sync');
  const rules = join(folder, 'data', 'pg_hba.conf');
  writeFileSync(rules, `host all "/^seller_" all scram-sha-256\n${readFileSync(rules, 'utf8')}`);
  const url = startCluster(folder, await freePort(), `-F -c max_connections=200 ${certified(folder)}`);
  await say(url, `CREATE DATABASE ${READY}`);
  await readyPostgres(Object.assign(new URL(url), { pathname: READY }).href);
  writeFileSync(join(folder, 'address.new'), url);
  renameSync(join(folder, 'address.new'), join(folder, 'address'));
  return url;
}

/** Makes what a server needs for whoever wants TLS; the settings that name it. */
function certified(folder: string): string {
  const keys = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [issuer, { publicKey, privateKey }] = [keys(), keys()];
  const name = [['CN', 'nobody but this test']] as const;
  const ca = { subject: name, ...issuer, serial: '01', ca: true, ...VALID };
  const subject = [['CN', 'localhost']] as const;
  const leaf = { subject, issuer: { name, ...issuer }, publicKey, serial: '02', ...VALID };
  writeFileSync(join(folder, 'ca.pem'), certificatePem(ca));
  writeFileSync(join(folder, 'server.pem'), certificatePem(leaf));
  const key = join(folder, 'server.key');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  // It must be whose the server is.
  const { uid, gid } = statSync(join(folder, 'data'));
  chownSync(key, uid, gid);
  return `-c ssl=on -c ssl_cert_file=${folder}/server.pem -c ssl_key_file=${key}`;
}
