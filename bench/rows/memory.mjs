// Whether memory stays flat: a service over HTTP answers 100,000 calls of a shop, new payments and what is asked of them
// later, and says five times on the way what it needs when nothing is left to be freed. Both stores at once.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Fleet } from '../fleet.mjs';
import { SALE } from '../stage.mjs';

const COLLECTING = fileURLToPath(new URL('../collecting.mjs', import.meta.url));
const IN_FLIGHT = 16;
/** What a close settles: open payments are asked about, at the gateways' pace. */
const sale = { ...SALE, provider: 'wechatpay' };
const LOOKS = 5;
const MIB = 2 ** 20;
/** Growth (MiB) from the first look, when all has been used that there is, to the last. */
const MOST = 10;

export async function memory(stage) {
  await stage.gateway();
  const postgres = await stage.postgres();
  return Promise.all([
    flat(stage, 'PostgreSQL', { ledger: await postgres.newDatabase() }),
    flat(stage, 'SQLite', {}),
  ]);
}

async function flat(stage, store, options) {
  const { calls } = stage.sizes;
  const fleet = await Fleet.start(stage, 1, options, { node: ['--expose-gc', '--import', COLLECTING] });
  const [server] = fleet.servers;
  const looks = [];
  const startedAt = performance.now();
  for (let look = 1; look <= LOOKS; look++) {
    await during((calls * look) / LOOKS - (looks.at(-1)?.calls ?? 0), fleet);
    looks.push({ calls: (calls * look) / LOOKS, ...(await needed(server)) });
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await fleet.end();
  const grown = (what) => (looks.at(-1)[what] - looks[0][what]) / MIB;
  const all = (what) => looks.map((look) => (look[what] / MIB).toFixed(0)).join(', ');
  return {
    ...{ what: `memory after ${calls} calls, ${store}`, unit: 'MiB more', value: grown('rss') },
    ...{ beside: looks[0].rss / MIB, besideWhat: `after the first ${calls / LOOKS}` },
    ...{ reach: `≤ ${MOST}`, holds: grown('rss') <= MOST },
    note: `RSS ${all('rss')}; heap ${all('heapUsed')}, ${((grown('heapUsed') * 1024) / ((calls * (LOOKS - 1)) / LOOKS / 1000)).toFixed(1)} KiB more with each 1,000 calls; ${(calls / seconds).toFixed(0)} calls a second`,
  };
}

/** So many calls: of 50, one makes a payment, one closes it, and the others ask for what is there. */
async function during(calls, fleet) {
  let left = calls;
  const shop = async () => {
    const { structuredContent } = await fleet.call('create-payment', sale);
    const { outTradeNo } = structuredContent;
    for (let i = 0; i < 12; i++) await fleet.call('create-payment', { ...sale, outTradeNo });
    await fleet.call('close-payment', { outTradeNo });
    for (let i = 0; i < 10; i++) await fleet.call('list-payments', { limit: 5 });
    for (let i = 0; i < 18; i++) await fleet.request('ping');
    for (let i = 0; i < 8; i++) await fleet.request('tools/list');
  };
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left > 0) {
        left -= 50;
        await shop();
      }
    }),
  );
}

/** What the server needs (bytes) with everything freed. */
async function needed({ child }) {
  child.kill('SIGUSR2');
  for (;;) {
    const [said] = await once(child.stderr, 'data');
    const line = `${said}`.split('\n').find((one) => one.startsWith('{"memory"'));
    if (line) return JSON.parse(line).memory;
  }
}
