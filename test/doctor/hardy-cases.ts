import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GatewayUnavailable } from '../../src/providers/contract.ts';
import type { GatewayHttp } from '../../src/providers/gateway-http.ts';
import { SECRETS, SETTINGS } from '../../src/settings.ts';
import { ALIPAY, WECHATPAY } from './merchants.ts';
import { diagnose, file, home } from './patient.ts';

// What falls back to a person's own home finds this one.
process.env.HOME = process.env.USERPROFILE = join(home, 'own');

/** What a value is not, whatever the setting wants. */
const BAD: Readonly<Record<string, string>> = {
  blank: ' ',
  word: 'production',
  number: '99999999999',
  negative: '-1',
  address: 'http://',
  'address without scheme': 'pay.shop.cn',
  'another scheme': 'ftp://pay.shop.cn/x?y#z',
  'the database of another program': 'postgres://user@nowhere/db',
  home: '~/nowhere/file',
  relative: '../nowhere',
  folder: home,
  'below a file': join(file('plain', 'x'), 'below'),
  Chinese: '中文，全角',
  invisible: '\u200b\u202e',
  'half a surrogate': '\ud800',
  quotes: '"x"',
  'one quote': '"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as a client that expands nothing passes it on
  placeholder: '${input:x}',
  long: 'x'.repeat(10_000),
  list: ',,a,,',
  json: '{"a":',
  'binary file': file('binary', randomBytes(64).toString('latin1')),
  'a PEM without anything': '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----',
};
const BASES = {
  nothing: {},
  'both wallets': { ...ALIPAY, ...WECHATPAY },
  sandbox: { ...ALIPAY, AP_CURRENT_ENV: 'sandbox' },
};
const NAMES = [...SETTINGS.map(({ name }) => name), ...SECRETS.map((name) => `${name}_FILE`)];

/** The network may be used, and is down. */
const http: GatewayHttp = {
  send: () => Promise.reject(new GatewayUnavailable('ECONNREFUSED')),
};
const examined = async (env: Readonly<Record<string, string>>) => {
  const findings = await diagnose(env, { ports: { http } });
  // The last wall behind a bug, which nothing is to reach.
  expect(findings.map(({ id }) => id).filter((id) => id.endsWith('.not-examined'))).toEqual([]);
  return findings;
};

describe.each(NAMES)('a bad %s ends in a report', (name) => {
  it.each(Object.entries(BASES))('beside %s', async (_, base) => {
    for (const [what, value] of Object.entries(BAD)) {
      const findings = await examined({ ...base, [name]: value }).catch((error: unknown) => {
        throw new Error(`${name}=${what}`, { cause: error });
      });
      expect(findings.length, `${name}=${what}`).toBeGreaterThan(0);
    }
  });
});

it('many at once too', async () => {
  for (const value of Object.values(BAD)) {
    await examined(Object.fromEntries(NAMES.map((name) => [name, value])));
  }
});

it('a home that cannot be made is a finding', async () => {
  mkdirSync(join(home, 'cwd2'), { recursive: true });
  const findings = await diagnose({ CASHIER_HOME: join(file('plain2', 'x'), 'home') });
  expect(findings.filter(({ level }) => level === 'error').map(({ id }) => id)).toContain(
    'ledger.not-writable',
  );
});
