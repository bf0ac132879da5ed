import { createServer } from 'node:net';
import type { RandomBytes } from '../domain/clock.ts';
import type { SimulatorDatabase } from './state/database.ts';

/**
 * Ports are taken from below the range that systems hand out to outgoing connections, so that a stored one is still
 * free after a restart.
 */
const FIRST = 20_000;
const COUNT = 10_000;
const TRIES = 50;

/** The folder's port: the one asked for, else the stored one, else a free one; stored for every later start. */
export async function keepPort(
  database: SimulatorDatabase,
  randomBytes: RandomBytes,
  wanted: number | undefined,
): Promise<number> {
  const stored = await database.read(() => read(database));
  if (stored !== undefined && (wanted === undefined || wanted === stored)) return stored;
  const port = wanted ?? (await freePort(randomBytes));
  return database.write(() => {
    const earlier = read(database);
    if (earlier !== undefined && wanted === undefined) return earlier;
    database.run(
      'INSERT INTO port (one, port) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET port = excluded.port',
      port,
    );
    return port;
  });
}

function read(database: SimulatorDatabase): number | undefined {
  const row = database.row('SELECT port FROM port');
  return row && Number(row.port);
}

async function freePort(randomBytes: RandomBytes): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + (randomBytes(4).readUInt32BE() % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error('the simulator found no free port on 127.0.0.1');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
