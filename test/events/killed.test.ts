import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { Shop } from '../journeys/shop.ts';
import { HookReceiver } from '../support/hook-receiver.ts';
import { hasPostgres, newDatabase } from '../support/postgres.ts';
import { type Env, until } from '../support/server-process.ts';
import { postgresMark } from '../support/skipped.ts';

/** A server whose clock goes ten times as fast: what waits for seconds waits for tenths of them. */
const FAST: Env = {
  NODE_OPTIONS:
    '--import data:text/javascript,const%20now=Date.now,start=now();Date.now=()=>start+(now()-start)*10',
};

describe.concurrent.each(['sqlite', 'postgres'] as const)('events of a ledger in %s', (kind) => {
  const can = kind === 'sqlite' || hasPostgres;
  let shop: Shop;
  let receiver: HookReceiver;
  let database: Awaited<ReturnType<typeof newDatabase>> | undefined;
  beforeEach(async () => {
    if (!can) return;
    database = kind === 'postgres' ? await newDatabase() : undefined;
    shop = await Shop.open({ env: database ? { CASHIER_LEDGER: database.url } : {} });
    receiver = await HookReceiver.start();
    writeFileSync(join(shop.home, 'channels.yaml'), receiver.file());
    shop.secrets.add('canary-90ab12');
    shop.secrets.add(receiver.secret);
  });
  afterEach(async () => {
    await receiver?.close();
    await shop?.close();
    await database?.drop();
  });

  it.skipIf(!can)(
    `are told by another process when the one that told them is killed${postgresMark(can)}`,
    async () => {
      // Its answer never comes: it is killed while it waits for that.
      receiver.answer = () => undefined;
      const first = await Service.start(shop, FAST);
      const place = database ? ['--ledger', database.url] : ['--realm', 'simulator'];
      expect((await shop.command(['freeze', '--reason', 'closed', ...place])).code).toBe(0);
      await until('the first try', () => receiver.received[0]);
      first.signal('SIGKILL');
      await first.ended();
      receiver.answer = (response) => void response.writeHead(204).end();
      expect((await shop.command(['unfreeze', ...place])).code).toBe(0);
      const second = await Service.start(shop, FAST);
      await until('both events', () => receiver.received[2]);
      const told = receiver.received.map(({ type, id }) => [type, id]);
      expect(told.map(([type]) => type)).toEqual(['freeze.set', 'freeze.set', 'freeze.lifted']);
      // Whoever has heard it already knows it again.
      expect(told[0]).toEqual(told[1]);
      expect(receiver.received[0]?.data).toEqual({ by: 'terminal', reason: 'closed', simulated: true });
      const readiness = await fetch(new URL('/readyz', second.origin));
      expect(await readiness.json()).toMatchObject({ outbox: { oldestSeconds: expect.any(Number) } });
      expect(await second.stop()).toBe(0);
    },
  );
});
