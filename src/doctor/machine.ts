import { lookup } from 'node:dns/promises';
import { statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Machine } from './ports.ts';

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
      probe.once('error', (error) => resolve('code' in error ? String(error.code) : 'unknown'));
      probe.listen(port, host, () => probe.close(() => resolve('free')));
    });
  },
  timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
};
