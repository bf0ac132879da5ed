import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { thisMachine } from '../../src/doctor/machine.ts';
import { examineMerchants } from '../../src/doctor/merchants.ts';
import { openLedger } from '../../src/open-ledger.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { readPolicy } from '../../src/policy/read-policy-file.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'merchants-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const ports = {
  ...{ clock: systemClock, randomBytes: systemRandom, openLedger, readPolicy, machine: thisMachine },
  http: { send: () => Promise.reject(new Error('asks nobody')) },
};
function examined(text: string, merchant?: string, env: Readonly<Record<string, string>> = {}) {
  const file = join(home, 'merchants.yaml');
  writeFileSync(file, text, { mode: 0o600 });
  const all = { CASHIER_HOME: home, CASHIER_MERCHANTS: file, ...env };
  return examineMerchants({ env: all, cwd: home, offline: true, merchant }, ports);
}
const TWO = `version: 1
merchants:
  good: {}
  bad: { policy: missing.yaml }
`;

it('looks at each merchant, and says whose everything is', async () => {
  const { ok, findings } = await examined(TWO, undefined, { CASHIER_MODE: 'simulator' });
  expect(ok).toBe(false);
  expect(findings.filter(({ level }) => level === 'error')).toMatchObject([
    { id: 'policy.invalid', merchant: 'bad' },
  ]);
  const [first, ...others] = findings.filter(({ id }) => id === 'ledger.absent');
  expect([first?.merchant, first?.message.en]).toEqual([
    'good',
    expect.stringContaining(join(home, 'simulator', 'good', 'ledger.db')),
  ]);
  expect(others).toMatchObject([{ merchant: 'bad' }]);
});

it('looks at one that is named, and at no other', async () => {
  const { ok, findings } = await examined(TWO, 'good', { CASHIER_MODE: 'simulator' });
  expect(ok).toBe(true);
  expect(new Set(findings.map(({ merchant }) => merchant))).toEqual(new Set(['good']));
  await expect(examined(TWO, 'god')).rejects.toMatchObject({ next: { en: 'Did you mean good?' } });
});

it('tells of a file that says nothing, of wallets beside it, and of others who may read it', async () => {
  const { findings } = await examined('version: 1\n');
  expect(findings).toMatchObject([{ id: 'configuration.merchants', level: 'error' }]);
  const file = join(home, 'merchants.yaml');
  const wallet = await examined(TWO, 'good', { AP_APP_ID: '2021000000000001' });
  expect(wallet.findings[0]).toMatchObject({ id: 'configuration.wallet-outside-merchants', level: 'error' });
  chmodSync(file, 0o644);
  const { findings: open } = await examineMerchants(
    { env: { CASHIER_HOME: home, CASHIER_MERCHANTS: file }, cwd: home, offline: true, merchant: 'good' },
    ports,
  );
  expect(open[0]).toMatchObject({ id: 'configuration.file-mode', variable: 'CASHIER_MERCHANTS' });
});
