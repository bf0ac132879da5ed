import { hostname } from 'node:os';
import type { RandomBytes } from '../domain/clock.ts';
import type { Senders } from '../domain/ports.ts';

/**
 * Names of the form `host pid boot n`. Another process of this host is gone when its pid is; one of our own pid but
 * another boot is an earlier life (containers are always pid 1). About other hosts nothing is known.
 */
export function processSenders(randomBytes: RandomBytes): Senders {
  const host = hostname();
  const boot = randomBytes(6).toString('hex');
  let count = 0;
  return {
    next: () => `${host} ${process.pid} ${boot} ${++count}`,
    mayBeAlive(name) {
      const [otherHost, pid, otherBoot] = name.split(' ');
      if (otherHost !== host) return true;
      if (Number(pid) === process.pid) return otherBoot === boot;
      return isRunning(Number(pid));
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, but as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
