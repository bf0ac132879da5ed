// How much later an answer comes than a signed call of one's own would have brought it; both kinds take turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { directCaller } from '../direct.mjs';
import { atMost, median, p99, SALE, timed } from '../stage.mjs';

const ROUNDS = 60;
/** Questions keep to the gateways' pace, of which there is one in 50 ms. */
const PAUSE_MS = 60;

export async function latency(stage) {
  await stage.gateway();
  const server = await stage.server();
  const direct = directCaller(stage.env());
  const out_trade_no = 'BENCH_ASKED';
  await server.call('create-payment', { ...SALE, outTradeNo: out_trade_no });
  const added = async (what, most, ours, method) => {
    const times = { ours: [], direct: [] };
    for (let i = 0; i < ROUNDS * 2; i++) {
      const both = {
        ours: (await timed(ours)).ms,
        direct: (await timed(() => direct(method, { out_trade_no }))).ms,
      };
      if (i >= ROUNDS) for (const name of ['ours', 'direct']) times[name].push(both[name]);
      await sleep(PAUSE_MS);
    }
    const beside = median(times.direct);
    return atMost(`added latency, ${what}`, 'ms', median(times.ours) - beside, most, {
      ...{ p99: p99(times.ours) - beside, beside, besideWhat: 'a signed call of one’s own' },
      ...(what === 'create' ? { note: 'two commits of it wait for the disk' } : {}),
    });
  };
  // Queries first: the creates' orders would be asked about beside them.
  const query = await added(
    ...['query', 0.8, () => server.call('query-payment', { outTradeNo: out_trade_no }), 'alipay.trade.query'],
  );
  return [
    await added('create', 2.0, () => server.call('create-payment', SALE), 'alipay.trade.precreate'),
    query,
  ];
}
