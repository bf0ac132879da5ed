import { describe, expect, it } from 'vitest';
import { PAIRS } from '../../support/rsa.ts';
import {
  type Certificate,
  CertificateWorld,
  entry,
  identity,
  MINUTE,
  NEW,
  OLD,
} from './certificate-world.ts';
import {
  configOf,
  NOW,
  OPERATIONS,
  OUT_TRADE_NO,
  outcome,
  PAID_TRADE,
  PUB_KEY_ID,
  platform,
  platformPem,
} from './merchant.ts';
import { paymentNotify } from './notifier.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

/** The public key of the merchant, and a pair of its own for the certificate. */
const certificateKeys = PAIRS[3];
const CERTIFICATE: Certificate = { ...OLD, keys: certificateKeys };
const listed = [entry(CERTIFICATE)];
const BOTH = { WXPAY_PUB_KEY: platformPem, WXPAY_PUB_KEY_ID: PUB_KEY_ID };

function worldOf(mode: 'public-key' | 'certificates' | 'both' | undefined): CertificateWorld {
  const world = new CertificateWorld({ ...BOTH, WXPAY_KEY_MODE: mode });
  world.listed = listed;
  world.signer = CERTIFICATE;
  return world;
}
const byPublicKey = () => signedAnswer(200, PAID_TRADE, platform, NOW);
const byCertificate = () => signedAnswer(200, PAID_TRADE, identity(CERTIFICATE), NOW);

describe('WXPAY_KEY_MODE', () => {
  it('is both with a public key, and certificates without', () => {
    expect(configOf().keyMode).toBe('both');
    expect(configOf({ WXPAY_PUB_KEY: undefined, WXPAY_PUB_KEY_ID: undefined }).keyMode).toBe('certificates');
    expect(configOf({ WXPAY_KEY_MODE: 'public-key' }).keyMode).toBe('public-key');
    expect(configOf({ WXPAY_KEY_MODE: 'certificates' }).platformKey).toBeUndefined();
  });

  it.each([
    { WXPAY_KEY_MODE: 'PUBLIC' },
    { WXPAY_KEY_MODE: 'both', WXPAY_PUB_KEY: undefined, WXPAY_PUB_KEY_ID: undefined },
    { WXPAY_KEY_MODE: 'public-key', WXPAY_PUB_KEY: undefined, WXPAY_PUB_KEY_ID: undefined },
  ])('is refused where it cannot be: %j', (env) => {
    expect(() => configOf(env)).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        details: { variable: 'WXPAY_KEY_MODE' },
      }),
    );
  });

  it.each([
    ['both', byPublicKey, 'resolved', 0],
    ['both', byCertificate, 'resolved', 1],
    [undefined, byCertificate, 'resolved', 1],
    ['public-key', byPublicKey, 'resolved', 0],
    ['public-key', byCertificate, 'unknown bad-signature', 0],
    ['certificates', byCertificate, 'resolved', 1],
    ['certificates', byPublicKey, 'unknown bad-signature', 1],
  ] as const)('%s makes of an answer %s', async (mode, answer, expected, downloads) => {
    const world = worldOf(mode);
    world.answer = answer;
    expect(await world.ask()).toBe(expected);
    expect(await world.ask()).toBe(expected);
    expect(world.downloads).toBe(downloads);
  });

  it('asks for answers signed with the public key wherever that counts', async () => {
    const serial = async (mode: 'public-key' | 'certificates' | 'both') => {
      const world = worldOf(mode);
      world.answer = byPublicKey;
      await world.ask();
      return world.requests.at(-1)?.headers['Wechatpay-Serial'];
    };
    expect(await serial('both')).toBe(PUB_KEY_ID);
    expect(await serial('public-key')).toBe(PUB_KEY_ID);
    expect(await serial('certificates')).toBeUndefined();
  });

  it.each(['public-key', 'both'] as const)(
    '%s has a key at hand: nobody has to look once more before something is sent',
    async (mode) => {
      const world = worldOf(mode);
      world.answer = byPublicKey;
      const calls = Object.values(OPERATIONS);
      for (const call of calls) await outcome(call(world.provider, async () => false));
      expect(world.requests).toHaveLength(calls.length);
    },
  );
});

describe('both keys', () => {
  it('take notifications that either has signed, mixed as they come', async () => {
    const world = worldOf('both');
    for (const signer of [platform, identity(CERTIFICATE), platform, identity(CERTIFICATE)]) {
      const raw = paymentNotify({ identity: signer });
      expect(await world.provider.parseNotify(raw, NOW)).toMatchObject({
        kind: 'trade',
        trade: { outTradeNo: OUT_TRADE_NO, state: 'PAID' },
      });
    }
    expect(world.downloads).toBe(1);
  });

  it('believe a list of certificates that the public key has signed', async () => {
    const world = worldOf('both');
    world.download = () => signedAnswer(200, { data: listed }, platform, NOW);
    world.answer = byCertificate;
    expect(await world.ask()).toBe('resolved');
  });

  it('are chosen by the very serial number: neither stands in for the other', async () => {
    const world = worldOf('both');
    const keys = { publicKey: platform.privateKey, certificate: certificateKeys.privateKey };
    world.answer = () =>
      signedAnswer(200, PAID_TRADE, { serial: CERTIFICATE.serial, privateKey: keys.publicKey }, NOW);
    expect(await world.ask()).toBe('unknown bad-signature');
    world.answer = () =>
      signedAnswer(200, PAID_TRADE, { serial: PUB_KEY_ID, privateKey: keys.certificate }, NOW);
    expect(await world.ask()).toBe('unknown bad-signature');
  });

  it.each([
    'PUB_KEY_ID_0114232134912410000000000001',
    PUB_KEY_ID.toLowerCase(),
    'constructor',
    '__proto__',
    'x'.repeat(40),
    'A'.repeat(65),
    `${CERTIFICATE.serial}x`,
  ])('do not look for the key of %s', async (serial) => {
    const world = worldOf('both');
    world.answer = () =>
      signedAnswer(200, PAID_TRADE, { serial, privateKey: certificateKeys.privateKey }, NOW);
    expect(await world.ask()).toBe('unknown bad-signature');
    expect(world.downloads).toBe(0);
  });

  it('look once a minute at most for a certificate that is not listed', async () => {
    const world = worldOf('both');
    world.answer = () =>
      signedAnswer(
        200,
        PAID_TRADE,
        { serial: NEW.serial, privateKey: NEW.keys.privateKey },
        world.clock.now(),
      );
    for (let times = 0; times < 5; times += 1) expect(await world.ask()).toBe('unknown bad-signature');
    expect(world.downloads).toBe(1);
    world.clock.pass(MINUTE);
    await Promise.all([world.ask(), world.ask(), world.ask()]);
    expect(world.downloads).toBe(2);
  });

  it.each([
    ['an empty list', () => signedAnswer(200, { data: [] }, platform, NOW)],
    ['RESOURCE_NOT_EXISTS', () => unsignedAnswer(404, { code: 'RESOURCE_NOT_EXISTS' })],
    ['NOT_FOUND', () => signedAnswer(404, { code: 'NOT_FOUND' }, platform, NOW)],
  ])('are fine without any certificate: %s', async (_what, download) => {
    const world = worldOf('both');
    world.download = download;
    world.answer = byPublicKey;
    expect(await world.ask()).toBe('resolved');
    world.answer = byCertificate;
    expect(await world.ask()).toBe('unknown bad-signature');
    const raw = paymentNotify({ identity: identity(CERTIFICATE) });
    await expect(world.provider.parseNotify(raw, NOW)).rejects.toMatchObject({ reason: 'unknown-serial' });
    world.answer = byPublicKey;
    expect(await world.ask()).toBe('resolved');
  });

  it.each([
    ['502', () => unsignedAnswer(502, '')],
    ['404 of who knows what', () => unsignedAnswer(404, '')],
    ['404 with another code', () => unsignedAnswer(404, { code: 'SIGN_ERROR' })],
    ['another status with that code', () => unsignedAnswer(403, { code: 'RESOURCE_NOT_EXISTS' })],
    ['a list that is none', () => signedAnswer(200, { data: {} }, platform, NOW)],
    ['no list', () => signedAnswer(200, 'x', platform, NOW)],
  ])(
    'say that keys are missing, not that a notification is forged, while certificates cannot be had: %s',
    async (_what, download) => {
      const world = worldOf('both');
      world.download = download;
      const raw = paymentNotify({ identity: identity(CERTIFICATE) });
      await expect(world.provider.parseNotify(raw, NOW)).rejects.toMatchObject({
        reason: 'keys-unavailable',
      });
    },
  );

  it('are both there for all who wait for one download', async () => {
    const world = worldOf('both');
    world.answer = byCertificate;
    expect(await Promise.all([world.ask(), world.ask(), world.ask()])).toEqual(Array(3).fill('resolved'));
    expect(world.downloads).toBe(1);
  });
});
