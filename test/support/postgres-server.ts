import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { controlCluster, makeCluster, startCluster } from './embedded-postgres.mjs';
import { freePort } from './free-port.mjs';

/** What need not be durable is not for long: a server that is killed has lost it. */
const LAZY = '-c wal_writer_delay=10s';

/** A PostgreSQL of one test's own, which goes away and comes back. */
export class PostgresServer {
  readonly url: string;
  readonly #folder: string;

  private constructor(folder: string, url: string) {
    this.#folder = folder;
    this.url = url;
  }

  static async open(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(inject('postgresFolder'), 'own-'));
    chmodSync(folder, 0o777);
    makeCluster(folder, '--no-sync');
    const url = startCluster(folder, await freePort(), `-F -c max_connections=200 ${LAZY}`);
    return new PostgresServer(folder, url);
  }

  /** `fast` ends what is under way, `immediate` leaves it to recovery. */
  async stop(mode: 'fast' | 'immediate'): Promise<void> {
    await controlCluster(this.#folder, 'stop', '-w', '-m', mode);
  }

  /** SIGKILL to its first process; the others see it, and end when they like. */
  kill(): void {
    const [pid] = readFileSync(join(this.#folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGKILL');
  }

  /** As it was started before; rejects while something of that is left. */
  async start(): Promise<void> {
    // Without options it would not: those of the last start are kept beside the data.
    await controlCluster(this.#folder, 'restart', '-w', '-l', join(this.#folder, 'log'));
  }
}
