import type { AddressInfo, Server, Socket } from 'node:net';

/** The servers of a test, on this machine: whoever is connected to them when it ends is cut off. */
export class Servers {
  readonly all: Server[] = [];
  readonly sockets = new Set<Socket>();

  /** Returns the port. */
  readonly listen = async (server: Server): Promise<number> => {
    this.all.push(server);
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  close(): void {
    for (const server of this.all) server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
