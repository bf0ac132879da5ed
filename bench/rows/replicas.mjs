// Durable creates in a second over HTTP with tokens, the gateways in a process of their own: on SQLite, and on
// PostgreSQL with one replica and with three, between which the calls go round; beside them a bare server of the SDK.
// Each has some seconds for each number of calls in flight, on a ledger that begins empty, then the next; and all of
// that again, so that what the machine does meanwhile is spread over all of them.
import { Figures, Fleet } from '../fleet.mjs';
import { median, p99, SALE } from '../stage.mjs';

/** So long (s) they have been at it before they are counted. */
const WARM_SECONDS = 4;
const ARMS = [
  { arm: 'SQLite', count: 1, least: 250 },
  { arm: 'PostgreSQL, one replica', count: 1, isPostgres: true },
  { arm: 'PostgreSQL, three replicas', count: 3, isPostgres: true, atLeastAs: 'PostgreSQL, one replica' },
];

export async function replicas(stage) {
  const gateway = await stage.gateway();
  const postgres = await stage.postgres();
  const { seconds, rounds, inFlight: counts } = stage.sizes;
  const found = new Map();
  const of = (arm, inFlight) => {
    const key = `${arm} ${inFlight}`;
    if (!found.has(key)) found.set(key, new Figures());
    return found.get(key);
  };
  const measure = async (arm, classes, call, warmSeconds) => {
    await new Figures().add({}, counts.at(-1), Math.min(warmSeconds, seconds), call);
    for (const count of counts) await of(arm, count).add(classes, count, seconds, call);
  };
  for (let round = 0; round < rounds; round++) {
    const bare = await stage.echo('http');
    const [servers, gateways] = [[bare], [gateway]];
    await measure('echo', { servers }, () => bare.call('echo', { text: 'x'.repeat(300) }), 1);
    const ask = () => bare.call('ask', { method: 'alipay.trade.precreate' });
    await measure('ask', { servers, gateways }, ask, 1);
    await bare.end();
    for (const { arm, count, isPostgres } of ARMS) {
      const options = isPostgres ? { ledger: await postgres.newDatabase() } : {};
      const fleet = await Fleet.start(stage, count, options);
      const classes = { replica: fleet.servers, gateways, ...(isPostgres ? { PostgreSQL: [postgres] } : {}) };
      await measure(arm, classes, () => fleet.call('create-payment', SALE), WARM_SECONDS);
      await fleet.end();
    }
  }
  return counts.flatMap((inFlight) =>
    ARMS.map(({ arm, least, atLeastAs }) => {
      const figures = of(arm, inFlight);
      const value = figures.perSecond;
      const costs = Object.entries(figures.cpuMs).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
      const most = inFlight === counts.at(-1);
      const bound = atLeastAs === undefined ? least : of(atLeastAs, inFlight).perSecond;
      return {
        ...{ what: `creates over HTTP, ${inFlight} in flight, ${arm}`, unit: 'per s', value },
        ...{ p99: p99(figures.times), beside: of('echo', inFlight).perSecond, besideWhat: "the SDK's echo" },
        ...(most && bound !== undefined
          ? { reach: `≥ ${atLeastAs === undefined ? bound : 'one replica'}`, holds: value >= bound }
          : {}),
        note: [
          `p50 ${median(figures.times).toFixed(1)} ms`,
          `ms of processor a create: ${costs.join(', ')}`,
          `${figures.cores.toFixed(1)} cores busy`,
          `a bare server that makes the signed call and keeps nothing: ${of('ask', inFlight).perSecond.toFixed(0)}`,
        ].join('; '),
      };
    }),
  );
}
