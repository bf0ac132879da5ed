// Verifying the audit trail of a large ledger, with a server selling beside it.
import crypto from 'node:crypto';
import { statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, median, p99, pinging, SALE, timed } from '../stage.mjs';

const SELL_EVERY_MS = 80;

/** Of a text as long as a link's. */
function hashMicros() {
  const text = 'x'.repeat(320);
  const times = Array.from({ length: 20 }, () => {
    const startedAt = performance.now();
    for (let i = 0; i < 10_000; i++) crypto.hash('sha256', text);
    return (performance.now() - startedAt) / 10;
  });
  return median(times);
}

export async function verify(stage) {
  await stage.gateway();
  const { orders } = stage.sizes;
  const ledger = await stage.ledger(orders);
  const server = await stage.server({ ledger });
  const create = () => server.call('create-payment', SALE);
  await pinging(create, () => sleep(2_000), SELL_EVERY_MS);
  const before = await pinging(create, () => sleep(5_000), SELL_EVERY_MS);
  let walMiB = 0;
  let peakMiB = 0;
  let cpuMs = 0;
  let records = 0;
  const during = await pinging(
    create,
    () =>
      timed(async () => {
        const command = stage.command(['audit', 'verify', '--json'], { ledger });
        const said = text(command.child.stdout);
        while ((await Promise.race([command.ended, sleep(100, 'runs')])) === 'runs') {
          walMiB = Math.max(walMiB, statSync(`${ledger}-wal`).size / 2 ** 20);
          try {
            [peakMiB, cpuMs] = [command.memoryMiB('VmHWM'), command.cpuMs()];
          } catch {
            // It ended just now.
          }
        }
        const { intact, records: count } = JSON.parse(await said);
        if (!intact) throw new Error('not intact');
        records = count;
      }),
    SELL_EVERY_MS,
  );
  const seconds = during.answer.ms / 1000;
  return [
    atMost('audit verify', 's', seconds, 10, {
      note: `${(cpuMs / 1000).toFixed(1)} s of processor on ${records} records, ${((cpuMs * 1000) / records).toFixed(1)} µs each, of which Node's SHA-256 alone takes ${hashMicros().toFixed(1)}`,
    }),
    atMost('… at most in memory', 'MiB', peakMiB, 120),
    atMost('… creates beside it, p99', 'ms', p99(during.times), 50, {
      ...{
        beside: p99(before.times),
        besideWhat: 'creates before it',
        note: `median ${median(during.times).toFixed(1)}`,
      },
    }),
    { what: '… the write-ahead log meanwhile', unit: 'MiB', value: walMiB },
  ];
}
