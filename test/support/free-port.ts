import { createServer } from 'node:net';

/** Below the range that systems hand out to outgoing connections, and that of the simulators. */
const FIRST = 10_000;
const COUNT = 10_000;

/** A port of this machine that was free a moment ago, and is likely to stay so while servers on it come and go. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
