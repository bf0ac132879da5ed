import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';

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
