// Many who wait for payments that do not come, over HTTP; no caller has more than it may.
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, median, pinging, timed } from '../stage.mjs';

const OF_A_CALLER = 50;
/** They come one after another, not in one instant: a service that is stormed cuts connections. */
const COMING_PER_S = 250;

export async function waits(stage) {
  await stage.gateway();
  const { waits: count, waitSeconds } = stage.sizes;
  const ledger = await stage.ownLedger(count, 'open');
  const { service, tokens } = await stage.service({ ledger }, Math.ceil(count / OF_A_CALLER));
  const { listOpen } = await stage.bundled('inside');
  const open = await listOpen(ledger, count);
  await service.call('list-payments', {}, tokens[0]);
  await sleep(2_000);
  const rss = service.memoryMiB();
  let peak = rss;
  const asked = (await stage.asked()).questions;
  const wait = async (outTradeNo, i) => {
    await sleep((i * 1000) / COMING_PER_S);
    const token = tokens[Math.floor(i / OF_A_CALLER)];
    return (await timed(() => service.call('query-payment', { outTradeNo, waitSeconds }, token))).ms / 1000;
  };
  const { times, answer } = await pinging(
    async () => {
      await service.request('ping', {}, tokens[0]);
      peak = Math.max(peak, service.memoryMiB());
    },
    () => timed(() => Promise.allSettled(open.map(wait))),
  );
  const questions = ((await stage.asked()).questions - asked) / (answer.ms / 1000);
  const ended = answer.answer.flatMap(({ value }) => value ?? []);
  const why = answer.answer.find(({ reason }) => reason)?.reason.message;
  if (ended.length < count / 2) throw new Error(why);
  await service.end();
  const beside = await bareWaits(stage, count);
  return [
    atMost('waits: questions at the gateways', 'per s', questions, 41),
    atMost('… more memory', 'MiB', peak - rss, 60, {
      ...{ beside, besideWhat: 'a bare server of the SDK, with as many calls that do nothing but wait' },
    }),
    atMost('… ping, median', 'ms', median(times), 10),
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
