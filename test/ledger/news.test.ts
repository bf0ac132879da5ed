import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import { World } from '../support/world.ts';

it('tells of every record once, at once of what this process has committed, soon of what others have', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'news-'));
  const ports = { clock: systemClock, randomBytes: systemRandom };
  const open = async () =>
    Ledger.open(
      await openSqliteStore(join(folder, 'l.db'), { ...ports, turn: systemTurn }),
      'simulator',
      ports,
    );
  const [mine, other] = [await open(), await open()];
  const happens = (ledger: Ledger, outTradeNo: string) =>
    ledger.write((book) => book.event({ outTradeNo }, 'alarm-foreign-trade', {}));
  const heard: string[] = [];
  await happens(mine, 'BEFORE');
  const stop = mine.onChange((outTradeNo) => heard.push(outTradeNo));
  const expected: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 3; i += 1) {
      await happens(mine, `MINE_${round}${i}`);
      expect(heard.at(-1)).toBe(`MINE_${round}${i}`);
      await happens(other, `OTHER_${round}${i}`);
      expected.push(`MINE_${round}${i}`, `OTHER_${round}${i}`);
    }
    await vi.waitUntil(() => heard.includes(`OTHER_${round}2`), { timeout: 30_000 });
  }
  expect(heard.sort()).toEqual(expected.sort());
  stop();
  await Promise.all([mine.close(), other.close()]);
  rmSync(folder, { recursive: true });
});

it.each([
  ['four times a second where nobody tells', undefined, 250],
  [
    'every two seconds, although the database says that it tells',
    { isLive: true, tried: Promise.resolve() },
    2_000,
  ],
])('the ledger is looked at %s', async (_how, ear, everyMs) => {
  const world = new World();
  const other = await world.process();
  const store = await world.store();
  let looks = 0;
  const counted: typeof store = {
    ...store,
    read(work) {
      looks += 1;
      return store.read(work);
    },
    ...(ear ? { listen: () => ear } : {}),
  };
  const ledger = await Ledger.open(counted, 'simulator', other);
  const heard: string[] = [];
  ledger.onChange((outTradeNo) => heard.push(outTradeNo));
  looks = 0;
  await world.clock.sleep(60_000);
  expect(Math.round(60_000 / looks / 50) * 50).toBe(everyMs);
  await other.ledger.write((book) => book.event({ outTradeNo: 'ORDER_1' }, 'alarm-foreign-trade', {}));
  await world.clock.sleep(everyMs);
  expect(heard).toEqual(['ORDER_1']);
  await ledger.close();
  await world.end();
});
