import { lookup } from 'node:dns/promises';
import { accessSync, constants, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../domain/errors.ts';
import { releaseClosed, settleJournal, sqlite } from '../platform/sqlite.ts';
import type { Machine } from './ports.ts';

/** How long (ms) somebody may take to answer. */
const PATIENCE_MS = 3_000;

export const thisMachine: Machine = {
  async resolve(host) {
    try {
      return (await lookup(host, { all: true })).map(({ address }) => address);
    } catch {
      return []; // whatever the resolver's reason, there is no address
    }
  },
  freeBytes(folder) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      return Number.POSITIVE_INFINITY; // a file system that does not say
    }
  },
  portState(host, port) {
    return new Promise((resolve) => {
      const probe = createServer();
      probe.once('error', (error) => resolve(codeOf(error) || 'unknown'));
      probe.listen(port, host, () => probe.close(() => resolve('free')));
    });
  },
  connects(host, port) {
    return new Promise((resolve) => {
      const probe = connect({ host, port, timeout: PATIENCE_MS });
      const end = (state: string) => {
        probe.destroy();
        resolve(state);
      };
      probe.once('connect', () => end('open'));
      probe.once('timeout', () => end('ETIMEDOUT'));
      probe.once('error', (error) => end(codeOf(error) || 'unknown'));
    });
  },
  isProgram(path) {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false; // for whatever reason, it cannot be run
    }
  },
  async sqlite() {
    const found = await sqlite();
    const folder = mkdtempSync(join(tmpdir(), 'mcp-cashier-doctor-'));
    try {
      const db = found.open(join(folder, 'scratch.db'));
      settleJournal(db, found.walIsSafe);
      db.exec('CREATE TABLE scratch (a INTEGER); INSERT INTO scratch VALUES (1)');
      db.close();
      return found;
    } finally {
      await releaseClosed();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
  timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
};
