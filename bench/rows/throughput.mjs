// Creates in a second with 32 in flight, over either transport; and of four processes on one ledger, beside one.
import { atLeast, inFlight, SALE } from '../stage.mjs';

const IN_FLIGHT = 32;
const WARM_SECONDS = 1;

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
    await inFlight(IN_FLIGHT, WARM_SECONDS, say);
    const beside = await inFlight(IN_FLIGHT, seconds, say);
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
      }),
    );
  }
  return lines;
}

export async function processes(stage) {
  await stage.gateway();
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
    const rate = await inFlight(IN_FLIGHT, seconds, create);
    await Promise.all(servers.map((server) => server.end()));
    return { rate, share: (Math.min(...served) * count) / served.reduce((sum, n) => sum + n) };
  };
  const one = await of(1);
  const four = await of(4);
  const beside = { beside: one.rate, besideWhat: 'one process' };
  return [
    {
      ...atLeast('creates of four processes on one ledger', 'per s', four.rate, one.rate, beside),
      reach: '≥ one process',
    },
    atLeast('… the slowest process, of an equal share', '', four.share, 0.5),
  ];
}
