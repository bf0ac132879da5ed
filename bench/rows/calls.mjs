// What a call costs the server: processor time of its process, all threads, as the scheduler counts it. All processes
// have been at it for a while before they are measured.
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, oneByOne, SALE } from '../stage.mjs';

/** Questions keep to the gateways' pace, of which there is one in 50 ms: whoever asks sleeps most of the time. */
const PAUSE_MS = 55;
const MS = 'ms of processor';

export async function calls(stage) {
  await stage.gateway();
  const { seconds } = stage.sizes;
  const bare = await stage.echo('stdio');
  const echo = () => bare.call('echo', { text: 'x'.repeat(300) });
  const ask = (method) => () => bare.call('ask', { method: `alipay.trade.${method}` });
  // Without a pause for no longer than a caller may call so.
  const cost = async (server, work, pauseMs = 0) => {
    const span = pauseMs > 0 ? seconds : seconds / 4;
    await oneByOne(server, span, work, pauseMs);
    return (await oneByOne(server, span, work, pauseMs)).cpuMs;
  };

  const server = await stage.server();
  await oneByOne(server, seconds, () => server.call('create-payment', SALE));
  const { cpuMs, times } = await oneByOne(server, seconds, () => server.call('create-payment', SALE));
  // Meanwhile the settler has asked about the first of them, as it does now; that is no part of a create.
  const before = server.cpuMs();
  await sleep(seconds * 1000);
  const settling = (server.cpuMs() - before) / times.length;
  await server.end();

  const other = await stage.server();
  const outTradeNo = 'BENCH_QUERIED';
  const create = () => other.call('create-payment', { ...SALE, outTradeNo });
  await create();
  const replayed = await cost(other, create);
  const query = () => other.call('query-payment', { outTradeNo });
  const queried = await cost(other, query, PAUSE_MS);
  const pinged = await cost(other, () => other.request('ping'), PAUSE_MS);
  const besideWhat = 'a bare server of the SDK that makes the signed call';
  return [
    atMost('create qr', MS, cpuMs - settling, 2.8, {
      ...{ beside: await cost(bare, ask('precreate')), besideWhat },
    }),
    atMost('query', MS, queried, 1.5, {
      ...{ beside: await cost(bare, ask('query'), PAUSE_MS), besideWhat },
      note: `at one in ${PAUSE_MS} ms, which is the gateways' pace; a ping at that costs ${pinged.toFixed(2)}`,
    }),
    atMost('replayed create', MS, replayed, 1.0, {
      ...{ beside: await cost(bare, echo), besideWhat: "the SDK's echo" },
    }),
  ];
}
