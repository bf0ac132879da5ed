// Creates in a second with 32 in flight, over either transport; and of four processes on one ledger, beside one.
import { atLeast, inFlight, SALE } from '../stage.mjs';

const IN_FLIGHT = 32;
/** So long they have been at it before they are counted: most of their code is compiled, and nobody has called too often. */
const WARM_SECONDS = 2;

export async function throughput(stage) {
  await stage.gateway();
  const { seconds } = stage.sizes;
  const lines = [];
  for (const [transport, least] of [
    ['stdio', 350],
    ['http', 250],
  ]) {
    const echo = await stage.echo(transport);
    const say = () => echo.call('echo', { text: 'x'.repeat(300) });
    await inFlight(IN_FLIGHT, 1, say);
    const beside = await inFlight(IN_FLIGHT, seconds, say);
    const ask = () => echo.call('ask', { method: 'alipay.trade.precreate' });
    await inFlight(IN_FLIGHT, 1, ask);
    const asked = await inFlight(IN_FLIGHT, seconds, ask);
    await echo.end();
    const { service: server, tokens } =
      transport === 'stdio' ? { service: await stage.server(), tokens: [] } : await stage.service({}, 4);
    const create = (i) => server.call('create-payment', SALE, tokens[i % 4]);
    await inFlight(IN_FLIGHT, WARM_SECONDS, create);
    const value = await inFlight(IN_FLIGHT, seconds, create);
    await server.end();
    const how = transport === 'stdio' ? 'stdio' : 'HTTP with tokens';
    lines.push(
      atLeast(`creates, ${IN_FLIGHT} in flight, ${how}`, 'per s', value, least, {
        beside,
        besideWhat: "the SDK's echo",
        note: `a bare server that makes the signed call and keeps nothing: ${asked.toFixed(0)}`,
      }),
    );
  }
  return lines;
}

export async function processes(stage) {
  const gateway = await stage.gateway();
  const { seconds } = stage.sizes;
  const of = async (count) => {
    const env = { CASHIER_LEDGER: stage.env().CASHIER_LEDGER };
    const servers = await Promise.all(
      Array.from({ length: count }, () => stage.server({ ledger: env.CASHIER_LEDGER })),
    );
    const served = servers.map(() => 0);
    const create = async (i) => {
      await servers[i % count].call('create-payment', SALE);
      served[i % count] += 1;
    };
    await inFlight(IN_FLIGHT, WARM_SECONDS, create);
    served.fill(0);
    const used = () => [...servers, gateway].reduce((sum, one) => sum + one.cpuMs(), 0);
    const [before, startedAt] = [used(), performance.now()];
    const rate = await inFlight(IN_FLIGHT, seconds, create);
    const cores = (used() - before) / (performance.now() - startedAt);
    await Promise.all(servers.map((server) => server.end()));
    return { rate, cores, share: (Math.min(...served) * count) / served.reduce((sum, n) => sum + n) };
  };
  const one = await of(1);
  const four = await of(4);
  const beside = { beside: one.rate, besideWhat: 'one process' };
  return [
    {
      ...atLeast('creates of four processes on one ledger', 'per s', four.rate, one.rate, beside),
      reach: '≥ one process',
      note: `${four.cores.toFixed(1)} cores are busy with it, ${one.cores.toFixed(1)} with one process`,
    },
    atLeast('… the slowest process, of an equal share', '', four.share, 0.5),
  ];
}
