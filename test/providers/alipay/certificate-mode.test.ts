import { type KeyObject, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Log } from '../../../src/domain/ports.ts';
import { certificateSn } from '../../../src/providers/alipay/certificates.ts';
import { createAlipayProvider, readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { OutcomeUnknown } from '../../../src/providers/contract.ts';
import {
  alipayCert,
  appCert,
  CERTIFICATES,
  DAY,
  MIDDLE,
  make,
  middleCert,
  name,
  newKeys,
  rootCert,
  second,
} from './certificate-world.ts';
import {
  alipayKeys,
  ENV,
  FakeGateway,
  HandClock,
  NOW,
  order,
  readSigned,
  signed,
  strangerKeys,
  unsigned,
} from './fake-gateway.ts';
import { PAYMENT, type Parameters, signedForm } from './notification.ts';

const notification = (more: Parameters, options: { readonly key: KeyObject }) => ({
  headers: {},
  body: Buffer.from(signedForm({ ...PAYMENT, ...more }, options)),
});
const QUERY = 'alipay.trade.query';
const DOWNLOAD = 'alipay.open.app.alipaycert.download';
const paid = {
  code: '10000',
  out_trade_no: 'ORDER_0001',
  trade_no: '1',
  trade_status: 'TRADE_SUCCESS',
  total_amount: '9.90',
};
const snOf = (pemText: string) => certificateSn(new X509Certificate(pemText)) ?? '';
const newCert = make({ publicKey: newKeys.publicKey, serial: '2026010203' });

const withSn = (body: string, sn: string | undefined) =>
  sn === undefined ? body : body.replace(/^\{/, `{"alipay_cert_sn":"${sn}",`);
const answerBy = (key: KeyObject, sn: string | undefined) => withSn(signed(QUERY, paid, key), sn);

/** The adapter in certificate mode; `content` is what the download gives. */
function setUp(body: () => string | Buffer, content?: string | (() => string), isLogged = true) {
  const config = readAlipayConfig({ ...ENV, ...CERTIFICATES }, NOW);
  if (!config) throw new Error('not configured');
  const gateway = new FakeGateway();
  const clock = new HandClock();
  const warnings: string[] = [];
  const fields: unknown[] = [];
  const log: Log = {
    info() {},
    error() {},
    warn(event, more) {
      warnings.push(event);
      fields.push(more);
    },
  };
  gateway.reply = async ({ parameters }) => {
    const download = () => {
      const given = typeof content === 'function' ? content() : (content ?? '');
      const node = { code: '10000', alipay_cert_content: Buffer.from(given).toString('base64') };
      return signed(DOWNLOAD, node, newKeys.privateKey);
    };
    return {
      status: 200,
      headers: {},
      body: Buffer.from(parameters.get('method') === DOWNLOAD ? download() : body()),
    };
  };
  const provider = createAlipayProvider(config, { clock, http: gateway, ...(isLogged ? { log } : {}) });
  const ask = () =>
    provider.queryTrade('ORDER_0001').then(
      (trade) => (trade.exists ? trade.state : 'none'),
      (error: { detail?: string }) => error.detail ?? String(error),
    );
  const asked = () => gateway.calls.filter(({ parameters }) => parameters.get('method') === DOWNLOAD);
  const downloads = () => asked().length;
  return { provider, gateway, clock, warnings, fields, ask, asked, downloads };
}

describe('a request', () => {
  it('carries both numbers inside the signed string, as do links and order strings', async () => {
    const { provider, gateway, ask } = setUp(() => answerBy(alipayKeys.privateKey, snOf(alipayCert)));
    await ask();
    const sns = { app: snOf(appCert), root: snOf(rootCert) };
    const link = await provider.sendPayment(
      order({ scene: 'web' }),
      provider.planPayment(order({ scene: 'web' })),
    );
    const app = await provider.sendPayment(
      order({ scene: 'app' }),
      provider.planPayment(order({ scene: 'app' })),
    );
    for (const parameters of [
      gateway.call.parameters,
      readSigned(new URL(link.payUrl ?? '').search.slice(1)),
      readSigned(app.orderString ?? ''),
    ]) {
      expect(parameters.get('app_cert_sn')).toBe(sns.app);
      expect(parameters.get('alipay_root_cert_sn')).toBe(sns.root);
    }
    expect(new URL(gateway.call.request.url).searchParams.get('app_cert_sn')).toBe(sns.app);
  });
});

describe('an answer', () => {
  it.each<[string, string | undefined, number]>([
    ['the number that is known', snOf(alipayCert), 0],
    ['no number', undefined, 0],
    ['another number', snOf(newCert), 1],
  ])('by the known key under %s is proof', async (_what, sn, warned) => {
    const { ask, downloads, warnings, fields } = setUp(() => answerBy(alipayKeys.privateKey, sn));
    expect(await ask()).toBe('PAID');
    expect(await ask()).toBe('PAID');
    expect(downloads()).toBe(0);
    expect(warnings).toHaveLength(warned);
    expect(fields).toEqual(Array(warned).fill({ sn }));
  });

  it('by a new key makes us fetch its certificate once, and prove it by the local root', async () => {
    const { ask, asked, downloads, provider, warnings, fields } = setUp(
      () => answerBy(newKeys.privateKey, snOf(newCert)),
      `${newCert}${middleCert}`,
    );
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['PAID', 'PAID', 'PAID']);
    expect(await ask()).toBe('PAID');
    expect(downloads()).toBe(1);
    expect(JSON.parse(asked()[0]?.parameters.get('biz_content') ?? '')).toEqual({
      alipay_cert_sn: snOf(newCert),
    });
    expect(warnings).toEqual(["Alipay's new certificate is trusted"]);
    expect(fields).toEqual([{ sn: snOf(newCert) }]);
    const raw = notification({}, { key: newKeys.privateKey });
    expect(await provider.parseNotify(raw, NOW)).toMatchObject({ kind: 'trade' });
  });

  const otherAuthority = { ...MIDDLE, privateKey: strangerKeys.privateKey };
  const notCa = make({
    subject: MIDDLE.name,
    issuer: otherAuthority,
    publicKey: strangerKeys.publicKey,
    serial: '77',
  });
  it.each<[string, string]>([
    ['nothing', ''],
    ['garbage', 'x'.repeat(500)],
    ['the certificate without its authority', newCert],
    ['the known certificate', `${alipayCert}${middleCert}`],
    [
      'one signed by a stranger',
      `${make({ publicKey: newKeys.publicKey, serial: '2026010203', issuer: otherAuthority })}${middleCert}`,
    ],
    [
      'one under an authority of a stranger',
      `${make({ publicKey: newKeys.publicKey, serial: '2026010203', issuer: otherAuthority })}${notCa}`,
    ],
    [
      'one that has run out',
      `${make({ publicKey: newKeys.publicKey, serial: '2026010203', until: second - 1000 })}${middleCert}`,
    ],
    [
      'one that is not in force yet',
      `${make({ publicKey: newKeys.publicKey, serial: '2026010203', from: second + DAY })}${middleCert}`,
    ],
    [
      "a merchant's of the same authority",
      `${make({ subject: name('shop', '商户'), publicKey: newKeys.publicKey, serial: '2026010203' })}${middleCert}`,
    ],
  ])('by a new key stays unknown when the download brings %s', async (_what, content) => {
    const { ask, downloads, clock, warnings } = setUp(
      () => answerBy(newKeys.privateKey, snOf(newCert)),
      content,
    );
    for (let times = 0; times < 4; times += 1) expect(await ask()).toBe('bad-signature');
    expect(downloads()).toBe(1);
    expect(warnings).toEqual(["Alipay's certificate cannot be trusted"]);
    clock.ms += 60_000;
    await ask();
    expect(downloads()).toBe(2);
  });

  it('by a new key is looked into again a minute after a download that failed, whichever way the clock went', async () => {
    const { ask, downloads, clock, warnings, fields } = setUp(
      () => answerBy(newKeys.privateKey, snOf(newCert)),
      () => {
        throw new OutcomeUnknown('timeout');
      },
    );
    for (const [passed, count] of [
      [0, 1],
      [59_999, 1],
      [1, 2],
      [-59_999, 2],
      [-1, 3],
    ] as const) {
      clock.ms += passed;
      expect(await ask()).toBe('bad-signature');
      expect(downloads()).toBe(count);
    }
    expect(new Set(warnings)).toEqual(new Set(["Alipay's certificate could not be fetched"]));
    expect(fields[0]).toEqual({ sn: snOf(newCert), why: 'timeout' });
  });

  it('by a new key is what it is where nobody keeps a log', async () => {
    const byNew = () => answerBy(newKeys.privateKey, snOf(newCert));
    const timeout = () => {
      throw new OutcomeUnknown('timeout');
    };
    expect(await setUp(byNew, `${newCert}${middleCert}`, false).ask()).toBe('PAID');
    expect(await setUp(byNew, timeout, false).ask()).toBe('bad-signature');
    const byKnown = () => answerBy(alipayKeys.privateKey, snOf(newCert));
    expect(await setUp(byKnown, '', false).ask()).toBe('PAID');
  });

  it('does not hide an error of our own behind a download that failed', async () => {
    const { ask } = setUp(
      () => answerBy(newKeys.privateKey, snOf(newCert)),
      () => {
        throw new TypeError('a bug');
      },
    );
    expect(await ask()).toBe('TypeError: a bug');
  });

  it.each<[string, string | undefined]>([
    ['the known number', snOf(alipayCert)],
    ['no number', undefined],
    ['a number that is none', 'not-a-number'],
    ['a number and one sign more', `${snOf(newCert)}0`],
    ['one sign more and a number', `0${snOf(newCert)}`],
    ['a number that ends in quotes', `${snOf(newCert)}\\"0`],
    ['a number that begins in quotes', `0\\"${snOf(newCert)}`],
  ])('by a stranger under %s sets off no download', async (_what, sn) => {
    const { ask, downloads } = setUp(() => answerBy(strangerKeys.privateKey, sn));
    expect(await ask()).toBe('bad-signature');
    expect(downloads()).toBe(0);
  });

  it.each([
    ['GBK', Buffer.from([0x7b, 0xbd, 0xbb, 0x7d])],
    ['no JSON', Buffer.from('{')],
  ])('that is %s is none', async (_what, bytes) => {
    const { ask } = setUp(() => bytes);
    expect(await ask()).toBe('unreadable');
  });

  it('that cannot be read sets off no download, whatever number it names', async () => {
    const other = signed(DOWNLOAD, paid, newKeys.privateKey);
    const { ask, downloads } = setUp(() => withSn(other, snOf(newCert)));
    expect(await ask()).toBe('unreadable');
    expect(downloads()).toBe(0);
  });

  it('without a signature is none, whatever number it names', async () => {
    const { ask, downloads } = setUp(() => withSn(unsigned(QUERY, paid), snOf(newCert)));
    expect(await ask()).toBe('unsigned-success');
    expect(downloads()).toBe(0);
  });
});

describe('a notification', () => {
  it.each([true, false])(
    'that names a number counts whether that is signed or not (%s)',
    async (isSigned) => {
      const { provider } = setUp(() => '');
      const plain = notification({}, { key: alipayKeys.privateKey });
      const raw = isSigned
        ? notification({ alipay_cert_sn: snOf(alipayCert) }, { key: alipayKeys.privateKey })
        : { ...plain, body: Buffer.from(`${plain.body}&alipay_cert_sn=${snOf(alipayCert)}`) };
      expect(await provider.parseNotify(raw, NOW)).toMatchObject({ kind: 'trade', trade: { state: 'PAID' } });
    },
  );
});
