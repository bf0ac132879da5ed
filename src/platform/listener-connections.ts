import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Connections at a time: far more than all waits together, as long as enough files can be open besides. */
const MOST = 3_000;
const OTHER_FILES = 200;

/** How many connections this process can afford. */
export function affordableConnections(): number {
  try {
    const [, files] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Math.min(MOST, Math.max(OTHER_FILES, Number(files ?? MOST) - OTHER_FILES));
  } catch {
    // Another system than Linux: they let a process open more than that.
    return MOST;
  }
}

/**
 * Keeps a server's connections below `most`, so that files and gateways can always be opened. A new one is let in at
 * the cost of the one that has been waiting for its client for the longest: silent, between two requests, or slow to
 * send one. Who waits for an answer of ours is never cut; only where all do is the new one refused.
 */
export function limitConnections(server: Server, most: number): void {
  /** By when they last became idle, each with the request that it is at. */
  const open = new Map<Socket, IncomingMessage | undefined>();
  const waitsForUs = (request: IncomingMessage | undefined) => request?.complete === true;

  server.on('connection', (socket: Socket) => {
    if (open.size >= most) {
      const idle =
        oldestOf(open, (request) => request === undefined) ?? oldestOf(open, (at) => !waitsForUs(at));
      if (idle === undefined) return void socket.destroy();
      open.delete(idle);
      idle.destroy();
    }
    open.set(socket, undefined);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    if (!open.has(socket)) return;
    open.set(socket, request);
    response.once('close', () => {
      // One that is over goes to the end of the row.
      if (open.get(socket) === request && open.delete(socket)) open.set(socket, undefined);
    });
  });
}

function oldestOf(
  open: ReadonlyMap<Socket, IncomingMessage | undefined>,
  is: (request: IncomingMessage | undefined) => boolean,
): Socket | undefined {
  for (const [socket, request] of open) if (is(request)) return socket;
  return undefined;
}
