import { expect, it } from 'vitest';
import { examineWay } from '../../src/doctor/ledger-way.ts';

const at = (host: string, mode?: string) =>
  `postgres://cashier:s3cret@${host}/ledger${mode === undefined ? '' : `?sslmode=${mode}`}`;

it.each<[string, string | undefined, readonly string[]]>([
  ['/home/shop/ledger.db', undefined, []],
  [at('127.0.0.1:5432'), at('localhost'), []],
  [at('db.example', 'verify-full'), undefined, []],
  // With this driver these check as much.
  [at('db.example', 'require'), at('db.example:6432', 'verify-ca'), []],
  [at('db.example'), undefined, ['ledger.unencrypted CASHIER_LEDGER']],
  [at('10.0.0.7', 'disable'), undefined, ['ledger.unencrypted CASHIER_LEDGER']],
  [at('db.example', 'no-verify'), undefined, ['ledger.unverified CASHIER_LEDGER']],
  [at('db.example', 'verify-full'), at('db.example'), ['ledger.unencrypted CASHIER_LEDGER_LISTEN']],
])('the way to %s, and %s for news: %j', (ledger, ledgerListen, found) => {
  const findings = [...examineWay({ ledger, ledgerListen })];
  expect(findings.map(({ id, variable, level }) => `${id} ${variable} ${level}`)).toEqual(
    found.map((one) => `${one} warning`),
  );
  expect(JSON.stringify(findings)).not.toContain('s3cret');
});
