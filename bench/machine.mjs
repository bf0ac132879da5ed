// What the figures were measured on.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { postgresVersion } from '../test/support/embedded-postgres.mjs';
import { SETTINGS } from './postgres.mjs';
import { median, p99 } from './stage.mjs';

/** So much load (of a core each) and wall times mean nothing. */
const BUSY = 0.5;

export function machine() {
  const [load] = loadavg();
  const cores = cpus().length;
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    commit: tryRun('git', 'log', '-1', '--format=%h %s'),
    cpu: `${cpus()[0].model.trim()}, ${cores} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; an RSA signature of 2048 bits ${signTime()}`,
    node: `${process.version} on ${process.platform} ${process.arch}`,
    postgres: `${postgresVersion()?.replace(/-.*/, '')} with ${SETTINGS}`,
    disk: `${tryRun('df', '--output=fstype', tmpdir()).split('\n').at(-1)}; write and fsync of 4 KiB ${fsyncTime()}`,
    load: load.toFixed(2),
    isBusy: load > cores * BUSY,
  };
}

function tryRun(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', cwd: import.meta.dirname }).trim();
  } catch {
    return '?';
  }
}

function signTime() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const times = Array.from({ length: 400 }, () => {
    const { user, system } = process.cpuUsage();
    sign('sha256', Buffer.alloc(600), privateKey);
    const used = process.cpuUsage({ user, system });
    return (used.user + used.system) / 1000;
  });
  return `${median(times).toFixed(2)} ms of processor`;
}

function fsyncTime() {
  const folder = mkdtempSync(join(tmpdir(), 'cashier-bench-'));
  const file = openSync(join(folder, 'file'), 'w');
  const times = Array.from({ length: 200 }, () => {
    const startedAt = performance.now();
    writeSync(file, Buffer.alloc(4096, 1));
    fsyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return `${median(times).toFixed(2)} ms (p99 ${p99(times).toFixed(2)})`;
}
