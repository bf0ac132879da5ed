import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { listenForBuyers } from '../../src/buyer-page/index.ts';
import { SamplePage, TOKEN } from './sample.ts';

/** The sockets for which Node would keep this process running. Alone in its file, so that nothing beside it holds any. */
function held(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP'));
}

it('neither the listener nor a browser’s open connection keeps the process alive', async () => {
  // What the files before it have closed may take a moment to be gone.
  await expect.poll(held).toEqual([]);
  const listener = await listenForBuyers(new SamplePage());
  expect(held()).toEqual([]);
  const port = Number(new URL(listener.origin).port);
  const browser = connect(port, '127.0.0.1').unref();
  const answered = new Promise((resolve) => browser.once('data', resolve));
  browser.write(`GET /c/${TOKEN}/state HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  expect(String(await answered)).toMatch(/^HTTP\/1\.1 200 /);
  expect(held()).toEqual([]);
  browser.ref();
  expect(held()).toEqual(['TCPSocketWrap']);
  browser.destroy();
  await listener.close();
});
