import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { processSenders } from '../../src/platform/senders.ts';
import { systemRandom } from '../../src/platform/system.ts';
import { version } from '../../src/version.ts';

it('tells a crashed sender from one that may be alive', () => {
  const mine = processSenders(systemRandom);
  expect(mine.mayBeAlive(mine.next())).toBe(true);
  expect(mine.next()).not.toBe(mine.next());
  const earlierLife = processSenders(systemRandom).next();
  expect(mine.mayBeAlive(earlierLife), 'same pid, another boot').toBe(false);
  expect(mine.mayBeAlive(`${hostname()} 99999999 abc 1`), 'no such pid').toBe(false);
  expect(mine.mayBeAlive(`${hostname()} ${process.ppid} abc 1`), 'another running process').toBe(true);
  expect(mine.mayBeAlive('other-host 1 abc 1'), 'unknown').toBe(true);
});

it('keeps a secret out of the log, even where a fact holds one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const file = join(folder, 'deep', 'cashier.log');
  const log = createLog({ level: 'info', file, secrets: ['-----BEGIN\nCANARYCANARYCANARY\n-----END'] });
  log.info('fine', { outTradeNo: 'ORDER_1' });
  log.info('leak', { header: 'x CANARYCANARYCANARY y' });
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('ORDER_1');
  expect(text).toContain('leak');
  expect(text).not.toContain('CANARY');
  rmSync(folder, { recursive: true });
});

it('is the version of the package', () => {
  const { version: packaged } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  expect(version).toBe(packaged);
});
