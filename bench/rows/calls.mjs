// What a call costs the server: processor time of its process, all threads, as the scheduler counts it.
import { atMost, median, oneByOne, SALE } from '../stage.mjs';

export async function calls(stage) {
  await stage.gateway();
  const { seconds } = stage.sizes;
  const echo = await stage.echo('stdio');
  const say = () => echo.call('echo', { text: 'x'.repeat(300) });
  await oneByOne(echo, 1, say);
  const floor = (await oneByOne(echo, 1, say)).cpuMs;
  const beside = { beside: floor, besideWhat: "the SDK's echo" };

  // Bursts, each on a new ledger and shorter than the time after which the settler asks about its orders.
  const creates = [];
  for (let i = 0; i < 3; i++) {
    const server = await stage.server();
    await oneByOne(server, 2, () => server.call('create-payment', SALE));
    creates.push((await oneByOne(server, 2, () => server.call('create-payment', SALE))).cpuMs);
    await server.end();
  }

  // One order, which the settler asks about every few seconds at most; questions keep to the gateways' pace.
  const server = await stage.server();
  const outTradeNo = 'BENCH_QUERIED';
  const create = () => server.call('create-payment', { ...SALE, outTradeNo });
  const query = () => server.call('query-payment', { outTradeNo });
  await create();
  await oneByOne(server, seconds / 2, query, 55);
  const queries = await oneByOne(server, seconds, query, 55);
  // No faster than a caller may call for long.
  await oneByOne(server, seconds / 2, create, 25);
  const replays = await oneByOne(server, seconds, create, 25);
  const ms = 'ms of processor';
  return [
    atMost('create qr', ms, median(creates), 2.8, beside),
    atMost('query', ms, queries.cpuMs, 1.5, beside),
    atMost('replayed create', ms, replays.cpuMs, 1.0, beside),
  ];
}
