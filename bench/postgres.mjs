// A PostgreSQL of the benchmarks' own, durable as any: what it has was written to the disk of the ledgers.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import {
  canRunPostgres,
  makeCluster,
  startCluster,
  stopCluster,
} from '../test/support/embedded-postgres.mjs';
import { CACHE } from './ledgers.mjs';
import { freePort } from './processes.mjs';

const FOLDER = join(CACHE, 'postgres');
/** As a database of this size is run; all that concerns durability is as it comes. */
export const SETTINGS = '-c shared_buffers=1GB -c max_wal_size=4GB -c max_connections=100';
/** The kernel's clock ticks (ms). */
const TICK_MS = 10;

export class Postgres {
  #url;

  static async start(settings = '') {
    if (!canRunPostgres) throw new Error('no PostgreSQL: as root it needs the account postgres');
    mkdirSync(CACHE, { recursive: true });
    if (!existsSync(join(FOLDER, 'data', 'PG_VERSION'))) {
      rmSync(FOLDER, { recursive: true, force: true });
      mkdirSync(FOLDER);
      chmodSync(FOLDER, 0o777);
      makeCluster(FOLDER);
    }
    // A run that was broken off has left its own behind.
    stopCluster(FOLDER, 'fast');
    rmSync(join(FOLDER, 'log'), { force: true });
    const server = new Postgres();
    server.#url = startCluster(FOLDER, await freePort(), `${SETTINGS} ${settings}`);
    await server.drop('^run_');
    return server;
  }

  get pid() {
    return Number(readFileSync(join(FOLDER, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  /** Where both it and we may write. */
  get folder() {
    return FOLDER;
  }

  /** What it was told to log. */
  get log() {
    return join(FOLDER, 'log');
  }

  /** Processor time (ms) of all its processes so far, also of those that have ended. */
  cpuMs() {
    const { pid } = this;
    const alive = [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')];
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return alive.reduce(
      (sum, one) => {
        try {
          return sum + Number(readFileSync(`/proc/${one}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
        } catch {
          return sum;
        }
      },
      (Number(stat[13]) + Number(stat[14])) * TICK_MS,
    );
  }

  /** The address of a database. */
  at(name) {
    const url = new URL(this.#url);
    url.pathname = name;
    return url.href;
  }

  async isThere(name) {
    return (await this.say(`SELECT FROM pg_database WHERE datname = '${name}'`)).length > 0;
  }

  /** A database for this run only. @param template what it is a copy of */
  async newDatabase(template = 'template1') {
    const name = `run_${randomBytes(6).toString('hex')}`;
    await this.say(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
    return this.at(name);
  }

  /** Drops the databases whose names match. */
  async drop(pattern) {
    for (const { datname } of await this.say(
      `SELECT datname FROM pg_database WHERE datname ~ '${pattern}'`,
    )) {
      await this.say(`DROP DATABASE ${datname} WITH (FORCE)`);
    }
  }

  /** Says one statement to a database and returns its rows. */
  async say(sql, url = this.#url) {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async end() {
    await this.drop('^run_');
    stopCluster(FOLDER, 'fast');
  }
}
