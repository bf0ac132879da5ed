import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that systems hand out to outgoing connections, and that of the simulators. */
const FIRST = 10_000;
const COUNT = 5_000;

/**
 * A port of this machine for servers that come and go. As long as this process lives, no other caller gets the same
 * one: who has a port listens on the one that many above it.
 */
export async function freePort() {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const claim = await listening(port + COUNT);
    if (!claim) continue;
    const probe = await listening(port);
    if (!probe) {
      claim.close();
      continue;
    }
    claim.unref();
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

function listening(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
