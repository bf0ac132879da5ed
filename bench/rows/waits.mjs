// Many who wait for payments that do not come, over HTTP, on either store; no caller has more than it may. Meanwhile
// another caller goes on with its work as it does before, when nobody waits.
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, median, p99, pinging, SALE, timed, timesAtMost } from '../stage.mjs';

const OF_A_CALLER = 50;
/** They come one after another, not in one instant: a service that is stormed cuts connections. */
const COMING_PER_S = 100;
const WORK_EVERY_MS = 40;

export async function waits(stage) {
  await stage.gateway();
  const { waits: count } = stage.sizes;
  const beside = await bareWaits(stage, count);
  return [
    ...(await onStore(stage, await stage.ownLedger(count, 'open'), 'waits', beside)),
    ...(await onStore(stage, await stage.ownDatabase(count, 'open'), 'waits on PostgreSQL', beside)),
  ];
}

async function onStore(stage, ledger, name, beside) {
  const { waits: count, waitSeconds } = stage.sizes;
  // The last one works.
  const { service, tokens } = await stage.service({ ledger }, Math.ceil(count / OF_A_CALLER) + 1);
  const { listOpen } = await stage.bundled('inside');
  const open = await listOpen(ledger, count);
  const work = working(service, tokens.at(-1));
  await pinging(work, () => sleep(3_000), WORK_EVERY_MS);
  const { times: idle } = await pinging(work, () => sleep(waitSeconds * 300), WORK_EVERY_MS);
  const rss = service.memoryMiB();
  let peak = rss;
  const asked = (await stage.asked()).questions;
  const wait = async (outTradeNo, i) => {
    await sleep((i * 1000) / COMING_PER_S);
    const token = tokens[Math.floor(i / OF_A_CALLER)];
    return (await timed(() => service.call('query-payment', { outTradeNo, waitSeconds }, token))).ms / 1000;
  };
  const pings = [];
  const { times, answer } = await pinging(
    async () => {
      peak = Math.max(peak, service.memoryMiB());
      await work();
    },
    async () => {
      const waiting = timed(() => Promise.allSettled(open.map(wait)));
      const { times } = await pinging(
        () => service.request('ping', {}, tokens.at(-1)),
        () => waiting,
      );
      pings.push(...times);
      return waiting;
    },
    WORK_EVERY_MS,
  );
  const questions = ((await stage.asked()).questions - asked) / (answer.ms / 1000);
  const ended = answer.answer.flatMap(({ value }) => value ?? []);
  const why = answer.answer.find(({ reason }) => reason)?.reason.message;
  if (ended.length < count / 2) throw new Error(why);
  await service.end();
  return [
    atMost(`${name}: questions at the gateways`, 'per s', questions, 41),
    atMost('… more memory', 'MiB', peak - rss, 60, {
      ...{ beside, besideWhat: 'a bare server of the SDK, with as many calls that do nothing but wait' },
    }),
    atMost('… ping, median', 'ms', median(pings), 10),
    timesAtMost('… other calls, p99', 'ms', p99(times), p99(idle), 'when nobody waits', 3, {
      note: `median ${median(times).toFixed(1)}, when nobody waits ${median(idle).toFixed(1)}`,
    }),
    atMost('… the longest', 's', Math.max(...ended), waitSeconds + 2),
    atMost(
      '… cut or refused',
      '',
      count - ended.length,
      0,
      why === undefined ? {} : { note: why.slice(0, 100) },
    ),
  ];
}

/** A payment, the same once more, and a list, in turn. */
function working(service, token) {
  let outTradeNo = '';
  let turn = 0;
  return async () => {
    turn += 1;
    if (turn % 3 === 0) return service.call('list-payments', { limit: 5 }, token);
    const sale = turn % 3 === 1 ? SALE : { ...SALE, outTradeNo };
    ({ outTradeNo } = (await service.call('create-payment', sale, token)).structuredContent);
  };
}

/** How much more memory (MiB) the SDK alone needs for so many. */
async function bareWaits(stage, count) {
  const bare = await stage.echo('http');
  await bare.call('echo', { text: 'x' });
  await sleep(1_000);
  const before = bare.memoryMiB();
  const waiting = Array.from({ length: count }, async (_, i) => {
    await sleep((i * 1000) / COMING_PER_S);
    await bare.call('wait', { seconds: count / COMING_PER_S + 3 });
  });
  await sleep((count * 1000) / COMING_PER_S + 2_000);
  const more = bare.memoryMiB() - before;
  await Promise.allSettled(waiting);
  await bare.end();
  return more;
}
