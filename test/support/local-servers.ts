import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll } from 'vitest';
import { certificatePem } from '../providers/wechatpay/certificate-maker.ts';
import { PAIRS, pem } from './rsa.ts';

const DAY_MS = 86_400_000;

/** Servers on this machine and what is connected to them, all of which end with the tests of a file. */
export function localServers() {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  afterAll(() => {
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    servers,
    sockets,
    /** @returns its port */
    async listen(server: Server): Promise<number> {
      servers.push(server);
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    },
  };
}

/** The key of a server with a certificate that is in force and that nobody trusts. */
export function untrustedTls(): { readonly key: string; readonly cert: string } {
  const [keys] = PAIRS;
  const from = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
  return {
    key: pem(keys.privateKey),
    cert: certificatePem(keys, { serial: '1234', from, until: from + 10 * DAY_MS }),
  };
}
