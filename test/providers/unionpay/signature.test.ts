import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSecretFile } from '../../../src/platform/text-file.ts';
import { readUnionpayConfig } from '../../../src/providers/unionpay/index.ts';
import {
  digestOf,
  signatureHolds,
  signedText,
  signMessage,
} from '../../../src/providers/unionpay/message.ts';
import { openPkcs12 } from '../../../src/providers/unionpay/pkcs12.ts';
import { pem } from '../../support/rsa.ts';
import { NO_OPENSSL } from '../../support/skipped.ts';
import { ENV, merchantCert, merchantKeys, order, unionpayKeys, world } from './merchant.ts';

/** The sheet's worked example. */
const TEXT =
  'accessType=0&backUrl=https://s.example/u&bizType=000000&certId=69629715588&channelType=08&currencyCode=156&encoding=UTF-8&merId=777290058110048&orderId=ord20261128001&signMethod=01&txnAmt=1990&txnSubType=07&txnTime=20261128100000&txnType=01&version=5.1.0';
const DIGEST = '80ee0a897191fa1e50355fa6ba1047bdeea3f5e8b8fd494a0c107a9e5b63c3ca';
const fields = new Map(TEXT.split('&').map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));

it('is that of the worked example, whatever the order of the fields and without what is empty', () => {
  const shuffled = new Map([...fields].reverse());
  expect(signedText(shuffled.set('reserved', '').set('signature', 'x'))).toBe(TEXT);
  expect(digestOf(TEXT)).toBe(DIGEST);
});

it('holds for these fields under this key, and for no others', () => {
  const signed = signMessage(fields, unionpayKeys.privateKey);
  const holds = (change: readonly (readonly [string, string])[], key = unionpayKeys.publicKey) =>
    signatureHolds(new Map([...signed, ...change]), key);
  expect(holds([])).toBe(true);
  expect(holds([], merchantKeys.publicKey)).toBe(false);
  expect(holds([['txnAmt', '1991']])).toBe(false);
  expect(holds([['more', '1']])).toBe(false);
  expect(holds([['signature', '']])).toBe(false);
});

it('is no proof of fields that could be cut in another way', () => {
  const honest = signMessage(
    new Map([
      ['orderId', 'A'],
      ['respCode', '00'],
      ['respMsg', 'no'],
    ]),
    unionpayKeys.privateKey,
  );
  const smuggled = new Map([
    ['orderId', 'A&respCode=00'],
    ['respMsg', 'no'],
    ['signature', honest.get('signature') ?? ''],
  ]);
  expect(signedText(smuggled)).toBe(signedText(honest));
  expect(signatureHolds(smuggled, unionpayKeys.publicKey)).toBe(false);
});

const found = spawnSync('openssl', ['version']).status === 0;
describe.skipIf(!found)(`openssl, which knows nothing of us${found ? '' : ` (${NO_OPENSSL})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'unionpay-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const openssl = (args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder });
    if (status !== 0) throw new Error(String(stderr));
    return stdout;
  };

  it('finds our signature right, and makes one that we find right', async () => {
    const { provider, requests } = world(() => 'respCode=06');
    await provider.sendPayment(order(), provider.planPayment(order())).catch(() => undefined);
    const sent = new Map(new URLSearchParams(requests[0]?.body));
    const rest = [...sent].filter(([name]) => name !== 'signature').sort(([a], [b]) => (a < b ? -1 : 1));
    const text = file('text', rest.map(([name, value]) => `${name}=${value}`).join('&'));
    const hex = openssl(['dgst', '-sha256', '-r', text]).toString().slice(0, 64);
    const signature = file('signature', Buffer.from(sent.get('signature') ?? '', 'base64'));
    const key = file('public.pem', String(merchantKeys.publicKey.export({ type: 'spki', format: 'pem' })));
    const verified = openssl(['dgst', '-sha256', '-verify', key, '-signature', signature, file('hex', hex)]);
    expect(verified.toString()).toContain('Verified OK');

    const own = file('private.pem', pem(unionpayKeys.privateKey));
    const theirs = openssl(['dgst', '-sha256', '-sign', own, file('digest', DIGEST)]).toString('base64');
    expect(signatureHolds(new Map([...fields, ['signature', theirs]]), unionpayKeys.publicKey)).toBe(true);
  });

  it.each([
    ['as UnionPay issues them', ['-legacy']],
    ['as of today', []],
  ])('packs certificates %s, and they are opened', (_, how) => {
    const [key, cert] = [file('key.pem', pem(merchantKeys.privateKey)), file('cert.pem', merchantCert)];
    const out = join(folder, 'sign.pfx');
    const made = ['pkcs12', '-export', ...how, '-inkey', key, '-in', cert, '-out', out];
    openssl([...made, '-passout', 'pass:000000']);
    const UNIONPAY_CERT = readSecretFile(out, 'UNIONPAY_CERT_FILE');
    const read = (password: string) =>
      readUnionpayConfig({ ...ENV, UNIONPAY_CERT, UNIONPAY_CERT_PASSWORD: password }, openPkcs12);
    const config = read('000000');
    expect(config?.merchant.certId).toBe(String(0x1036a5));
    expect(config?.merchant.key.equals(merchantKeys.privateKey)).toBe(true);
    expect(() => read('000001')).toThrow(
      expect.objectContaining({ details: { variable: 'UNIONPAY_CERT_PASSWORD' } }),
    );
  });
});
