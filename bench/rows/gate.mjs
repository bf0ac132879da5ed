// What the gate costs a request that has no price: against the API itself, and against a bare reverse proxy of Node in
// the same run, by the processor's time as well, which others on the machine do not change. Then 1 GiB goes through it.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, MAIN } from '../processes.mjs';
import { atMost, median } from '../stage.mjs';

const UPSTREAM = fileURLToPath(new URL('../upstream.mjs', import.meta.url));
const IN_FLIGHT = 32;
const GIB = 1024 ** 3;

export async function gate(stage) {
  const { gateRequests: count } = stage.sizes;
  const api = await listening(stage, [UPSTREAM, 'api']);
  const proxy = await listening(stage, [UPSTREAM, 'proxy', String(api.port)]);
  const charging = await gateBefore(stage, api.port);
  for (const one of [api, proxy, charging]) await sent(one.port, Math.ceil(count / 10), IN_FLIGHT);
  // In turn, so that whatever else the machine does meets all of them.
  const times = { api: [], proxy: [], charging: [] };
  for (let round = 0; round < 10; round += 1) {
    times.api.push(...(await sent(api.port, count / 20, 1)).times);
    times.proxy.push(...(await sent(proxy.port, count / 20, 1)).times);
    times.charging.push(...(await sent(charging.port, count / 20, 1)).times);
  }
  const bursts = { proxy: [], charging: [] };
  const spent = { proxy: 0, charging: 0 };
  for (let round = 0; round < 4; round += 1) {
    for (const [name, one] of [
      ['proxy', proxy],
      ['charging', charging],
    ]) {
      const before = one.process.cpuMs();
      bursts[name].push((await sent(one.port, count, IN_FLIGHT)).perSecond);
      spent[name] += one.process.cpuMs() - before;
    }
  }
  const added = median(times.charging) - median(times.api);
  const bare = median(times.proxy) - median(times.api);
  const grown = async ({ process, port }) => {
    const before = process.memoryMiB();
    const read = await streamed(port, GIB * stage.sizes.gateGib);
    return { read, mib: process.memoryMiB('VmHWM') - before };
  };
  const ours = await grown(charging);
  const theirs = await grown(proxy);
  const perRequest = (name) => spent[name] / (4 * count);
  return [
    atMost('the gate before a free request', 'ms more', added, 1, {
      ...{ beside: bare, besideWhat: 'a bare reverse proxy of Node' },
    }),
    {
      ...{ what: '… requests a second, 32 in flight', unit: 'per s', value: median(bursts.charging) },
      ...{ beside: median(bursts.proxy), besideWhat: 'the bare proxy', reach: '≥ 0.6 ×' },
      holds: median(bursts.charging) >= 0.6 * median(bursts.proxy),
      note: `${perRequest('charging').toFixed(3)} ms of processor a request, the bare proxy ${perRequest('proxy').toFixed(3)}`,
    },
    atMost('… its memory while 1 GiB streams', 'MiB more', ours.mib, 64, {
      ...{ beside: theirs.mib, besideWhat: 'the bare proxy', note: `${ours.read} bytes arrived` },
    }),
  ];
}

async function listening(stage, args) {
  const process = stage.process(args);
  const [said] = await once(process.child.stdout, 'data');
  return { process, port: Number(String(said)) };
}

async function gateBefore(stage, upstream) {
  const file = join(stage.folder, 'prices.yaml');
  writeFileSync(
    file,
    `version: 1\nhttp:\n  - upstream: http://127.0.0.1:${upstream}\n    prices: { "GET /paid": { yuan: "1", title: x } }\n`,
  );
  const port = await freePort();
  const env = { CASHIER_HOME: join(stage.folder, 'gate'), CASHIER_LANG: 'en' };
  const process = stage.process([MAIN, 'gate', '--prices', file, '--port', String(port)], env);
  while (!process.errors.includes('→')) await once(process.child.stderr, 'data');
  return { process, port };
}

/** So many small requests, so many at a time, on connections that stay. */
async function sent(port, count, inFlight) {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const times = [];
  let left = count;
  const beganAt = performance.now();
  const one = () =>
    new Promise((resolve, reject) => {
      const at = performance.now();
      const asking = request({ host: '127.0.0.1', port, path: '/free', agent }, (answer) => {
        answer.resume();
        answer.once('end', () => {
          times.push(performance.now() - at);
          resolve();
        });
      });
      asking.once('error', reject);
      asking.end();
    });
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  agent.destroy();
  return { times, perSecond: (count * 1000) / (performance.now() - beganAt) };
}

function streamed(port, bytes) {
  return new Promise((resolve, reject) => {
    const asking = request(
      { host: '127.0.0.1', port, path: `/free?bytes=${bytes}`, agent: false },
      (answer) => {
        let read = 0;
        answer.on('data', (chunk) => {
          read += chunk.length;
        });
        answer.once('end', () => resolve(read));
        answer.once('error', reject);
      },
    );
    asking.once('error', reject);
    asking.end();
  });
}
