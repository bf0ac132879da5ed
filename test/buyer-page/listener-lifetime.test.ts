import { connect, Server, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { listenForBuyers } from '../../src/buyer-page/index.ts';
import { SamplePage, TOKEN } from './sample.ts';

/** The sockets and servers for which Node would keep this process running. Node types no function that names them. */
function held(): unknown[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] };
  return handles.call(process).filter((one) => one instanceof Socket || one instanceof Server);
}

it('neither the listener nor a browser’s open connection keeps the process alive', async () => {
  // What the files before it have left may take a while to be gone.
  const before = new Set(held());
  const more = () => held().filter((one) => !before.has(one));
  const listener = await listenForBuyers(new SamplePage());
  expect(more()).toEqual([]);
  const port = Number(new URL(listener.origin).port);
  const browser = connect(port, '127.0.0.1').unref();
  const answered = new Promise((resolve) => browser.once('data', resolve));
  browser.write(`GET /c/${TOKEN}/state HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  expect(String(await answered)).toMatch(/^HTTP\/1\.1 200 /);
  expect(more()).toEqual([]);
  browser.ref();
  expect(more()).toEqual([browser]);
  browser.destroy();
  await listener.close();
});
