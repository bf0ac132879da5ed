// Many who wait for payments that do not come, over HTTP; no caller has more than it may.
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, median, pinging, timed } from '../stage.mjs';

const OF_A_CALLER = 50;

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
  const { times, answer } = await pinging(
    async () => {
      await service.request('ping', {}, tokens[0]);
      peak = Math.max(peak, service.memoryMiB());
    },
    () =>
      timed(() =>
        Promise.all(
          open.map((outTradeNo, i) =>
            service.call('query-payment', { outTradeNo, waitSeconds }, tokens[Math.floor(i / OF_A_CALLER)]),
          ),
        ),
      ),
  );
  const seconds = answer.ms / 1000;
  const questions = ((await stage.asked()).questions - asked) / seconds;
  return [
    atMost('waits: questions at the gateways', 'per s', questions, 41),
    atMost('… more memory', 'MiB', peak - rss, 60),
    atMost('… ping, median', 'ms', median(times), 10),
    atMost('… the last ends', 's after the first began', seconds, waitSeconds + 2),
  ];
}
