import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { canonical, type ServedName, servedNames } from '../domain/names.ts';
import {
  closed,
  HEADERS_MS,
  IDLE_MS,
  type Listener,
  LOOK_AFTER_MS,
  listening,
  originAt,
  ownOrigins,
} from './listener.ts';
import { affordableConnections, limitConnections } from './listener-connections.ts';

/** A connection on which nothing has moved in either direction for so long (ms) has nobody at its other end. */
const STILL_MS = 600_000;

export interface RelayListenOptions {
  readonly host: string;
  readonly port: number;
  readonly names: readonly ServedName[];
  readonly refusedName: (name: string) => void;
  /** Answers a request that is addressed to us. @param expects that its client waits for `100 Continue` */
  readonly answer: (request: IncomingMessage, response: ServerResponse, expects: boolean) => void;
  /** Answers one that is not. */
  readonly refused: (response: ServerResponse) => void;
}

/**
 * As `listen`, for whoever passes requests on as they come in: bodies may take their time. `Host` is checked, `Origin`
 * is the affair of whoever stands behind. Rejects with the system's error.
 */
export async function listenToRelay(options: RelayListenOptions): Promise<Listener> {
  const { host } = options;
  let find: ReturnType<typeof servedNames> = () => undefined;
  const server = createServer({
    ...{ headersTimeout: HEADERS_MS, requestTimeout: 0, keepAliveTimeout: IDLE_MS },
    connectionsCheckingInterval: LOOK_AFTER_MS,
  });
  server.timeout = STILL_MS;
  const answer = (request: IncomingMessage, response: ServerResponse, expects: boolean) => {
    const name = request.headers.host ?? '';
    if (find(canonical(name)) === undefined) {
      options.refusedName(name);
      options.refused(response);
      return;
    }
    options.answer(request, response, expects);
  };
  server.on('request', (request, response) => answer(request, response, false));
  server.on('checkContinue', (request, response) => answer(request, response, true));
  // A tunnel to wherever is none of ours.
  server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  const most = affordableConnections();
  limitConnections(server, most);
  const ended = new Promise<void>((resolve) => server.once('close', resolve));
  const port = await listening(server, { host, port: options.port, backlog: most });
  find = servedNames(ownOrigins(host, port), port, options.names);
  return {
    origin: originAt(host, port),
    refuseNew: () => void server.close(),
    close: (graceMs = 0) => closed(server, ended, graceMs),
  };
}
