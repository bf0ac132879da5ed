import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { GatewayUnavailable, OutcomeUnknown } from '../../../src/providers/contract.ts';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { CERTIFICATE_WORDS } from '../../../src/providers/wechatpay/platform-keys.ts';
import { certificatePem } from './certificate-maker.ts';
import { CertificateWorld, entry, HOUR, identity, MINUTE, NEW, OLD, second } from './certificate-world.ts';
import { API_V3_KEY, NOW, OPERATIONS, outcome, PAID_TRADE, strangerKeys } from './merchant.ts';
import { bodyOf, seal, signedAnswer, unsignedAnswer, without } from './platform.ts';

const SHORT = generateKeyPairSync('rsa', { modulusLength: 1024 });

describe('platform certificates', () => {
  it('are downloaded once, before the first call', async () => {
    const world = new CertificateWorld();
    expect(await world.ask()).toBe('resolved');
    expect(await world.ask()).toBe('resolved');
    expect([world.downloads, world.queries]).toEqual([1, 2]);
    expect(world.requests[0]).toMatchObject({ method: 'GET' });
    expect(world.requests[0]?.headers).not.toHaveProperty('Wechatpay-Serial');
  });

  it('are downloaded once for calls in parallel', async () => {
    const world = new CertificateWorld();
    expect(await Promise.all([world.ask(), world.ask(), world.ask()])).toEqual(Array(3).fill('resolved'));
    expect(world.downloads).toBe(1);
  });

  it('still refuse what they have not signed', async () => {
    const world = new CertificateWorld();
    world.answer = () =>
      signedAnswer(200, PAID_TRADE, { serial: OLD.serial, privateKey: strangerKeys.privateKey }, NOW);
    expect(await world.ask()).toBe('unknown bad-signature');
  });

  it('are refreshed after 12 h, and go on serving when that fails', async () => {
    const world = new CertificateWorld();
    await world.ask();
    world.clock.pass(12 * HOUR - 1);
    await world.ask();
    expect(world.downloads).toBe(1);
    world.clock.pass(1);
    world.download = () => Promise.reject(new OutcomeUnknown('timeout'));
    expect(await world.ask()).toBe('resolved');
    expect(world.downloads).toBe(2);
    await world.ask();
    expect(world.downloads).toBe(2); // not again within the minute
    world.clock.pass(MINUTE);
    world.download = undefined;
    expect(await world.ask()).toBe('resolved');
    expect(world.downloads).toBe(3);
  });

  it('are refreshed before anything is sent, so that nothing that was sent waits for them', async () => {
    const world = new CertificateWorld();
    await world.ask();
    world.clock.pass(12 * HOUR);
    await world.ask();
    const kinds = world.requests.map(({ url }) => (url.endsWith('/v3/certificates') ? 'download' : 'query'));
    expect(kinds).toEqual(['download', 'query', 'download', 'query']);
  });

  it('are fetched for a serial never seen: rotation', async () => {
    const world = new CertificateWorld();
    await world.ask();
    world.clock.pass(MINUTE);
    world.listed = [entry(OLD), entry(NEW)];
    world.signer = NEW;
    expect(await world.ask()).toBe('resolved');
    world.signer = OLD; // during a rotation both sign
    expect(await world.ask()).toBe('resolved');
    expect(world.downloads).toBe(2);
  });

  it('are not fetched by forged serials more than once a minute', async () => {
    const world = new CertificateWorld();
    await world.ask();
    const forged = { serial: 'ABCDEF0123456789', privateKey: strangerKeys.privateKey };
    world.answer = () => signedAnswer(200, PAID_TRADE, forged, world.clock.now());
    for (let i = 0; i < 5; i++) expect(await world.ask()).toBe('unknown bad-signature');
    expect(world.downloads).toBe(1);
    world.clock.pass(MINUTE);
    for (let i = 0; i < 5; i++) expect(await world.ask()).toBe('unknown bad-signature');
    expect(world.downloads).toBe(2);
  });

  it('are not fetched by stale answers', async () => {
    const world = new CertificateWorld();
    await world.ask();
    world.clock.pass(MINUTE);
    const forged = { serial: 'ABCDEF', privateKey: strangerKeys.privateKey };
    world.answer = () => signedAnswer(200, PAID_TRADE, forged, world.clock.now() - 301_000);
    await world.ask();
    expect(world.downloads).toBe(1);
  });

  it('end with their certificate', async () => {
    const world = new CertificateWorld();
    await world.ask();
    world.clock.pass(48 * HOUR);
    world.listed = [entry(NEW)];
    world.signer = NEW;
    expect(await world.ask()).toBe('resolved');
    // The old key signs on, although its time is over.
    world.signer = OLD;
    world.clock.pass(MINUTE);
    expect(await world.ask()).toBe('unknown bad-signature');
  });

  it('prove nothing before their first instant nor from their last, once they are known', async () => {
    const world = new CertificateWorld();
    const next = { ...NEW, from: second + HOUR };
    world.listed = [entry(OLD), entry(next)];
    const byNext = () => signedAnswer(200, PAID_TRADE, identity(next), world.clock.now());
    const at = (instant: number) => world.clock.pass(instant - world.clock.now());
    await world.ask();
    world.answer = byNext;
    at(next.from - 1);
    expect(await world.ask()).toBe('unknown bad-signature');
    at(next.from);
    expect(await world.ask()).toBe('resolved');
    world.answer = undefined;
    at(OLD.until - 1);
    expect(await world.ask()).toBe('resolved');
    at(OLD.until);
    expect(await world.ask()).toBe('unknown bad-signature');
    world.answer = byNext;
    expect(await world.ask()).toBe('resolved');
  });

  it('end earlier when the list says so', async () => {
    const world = new CertificateWorld();
    world.listed = [entry(OLD, API_V3_KEY, second + HOUR), entry(NEW)];
    expect(await world.ask()).toBe('resolved');
    world.clock.pass(HOUR);
    world.answer = () => signedAnswer(200, PAID_TRADE, identity(OLD), world.clock.now());
    world.signer = NEW;
    expect(await world.ask()).toBe('unknown bad-signature');
  });

  it('last as long as they say themselves where the list does not say, and need no associated data', async () => {
    const world = new CertificateWorld();
    const { ciphertext, nonce } = seal(certificatePem(OLD.keys, OLD), API_V3_KEY, undefined, '');
    const sealed = { algorithm: 'AEAD_AES_256_GCM', nonce, ciphertext };
    world.listed = [{ serial_no: OLD.serial, encrypt_certificate: sealed }];
    expect(await world.ask()).toBe('resolved');
    world.clock.pass(48 * HOUR - 1000);
    expect(await world.ask()).toBe('resolved');
    world.clock.pass(1000);
    expect(await world.ask()).toBe('unavailable certificates-bad-signature');
  });

  it('go by their own number alone, whatever the list calls them', async () => {
    const world = new CertificateWorld();
    world.listed = [{ ...entry(OLD), serial_no: NEW.serial, cert_no: NEW.serial }];
    expect(await world.ask()).toBe('resolved');
    world.answer = () => signedAnswer(200, PAID_TRADE, identity({ ...OLD, serial: NEW.serial }), NOW);
    expect(await world.ask()).toBe('unknown bad-signature');
    expect(CERTIFICATE_WORDS.names).toEqual([]);
  });

  it.each([
    [OLD.from - 1, 'unavailable certificates-bad-signature'],
    [OLD.from, 'resolved'],
    [OLD.until - 1, 'resolved'],
    [OLD.until, 'unavailable certificates-bad-signature'],
  ])('count from their first instant to before their last: %i', async (instant, what) => {
    const world = new CertificateWorld();
    world.clock.pass(instant - NOW);
    expect(await world.ask()).toBe(what);
  });

  it('do not count before their time or after it', async () => {
    for (const pass of [-25 * HOUR, 49 * HOUR]) {
      const world = new CertificateWorld();
      world.clock.pass(pass);
      expect(await world.ask()).toBe('unavailable certificates-bad-signature');
      expect(world.queries).toBe(0);
    }
  });

  const good = () => signedAnswer(200, { data: [entry(OLD)] }, identity(OLD), NOW);
  const tampered = (change: (sealed: Record<string, string>) => Record<string, string>) => () => {
    const row = entry(OLD) as { encrypt_certificate: Record<string, string> };
    const data = [{ ...row, encrypt_certificate: change(row.encrypt_certificate) }];
    return signedAnswer(200, { data }, identity(OLD), NOW);
  };
  const flipped = (base64 = '', at: number) => {
    const bytes = Buffer.from(base64, 'base64');
    const index = at < 0 ? bytes.length + at : at;
    bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
    return bytes.toString('base64');
  };
  const undecryptable = 'declined credentials CERTIFICATES_UNDECRYPTABLE unproven';

  const failures: readonly [string, () => GatewayResponse | Promise<GatewayResponse>, string][] = [
    [
      'a merchant who has only the public key',
      () => unsignedAnswer(404, { code: 'RESOURCE_NOT_EXISTS', message: '无可用的平台证书' }),
      'declined credentials RESOURCE_NOT_EXISTS unproven',
    ],
    [
      'a wrong merchant key',
      () => unsignedAnswer(401, { code: 'SIGN_ERROR' }),
      'declined credentials SIGN_ERROR unproven',
    ],
    [
      'a wrong APIv3 key',
      () => signedAnswer(200, { data: [entry(OLD, 'x'.repeat(32))] }, identity(OLD), NOW),
      undecryptable,
    ],
    [
      'a changed ciphertext',
      tampered((s) => ({ ...s, ciphertext: flipped(s.ciphertext, 40) })),
      undecryptable,
    ],
    ['a changed tag', tampered((s) => ({ ...s, ciphertext: flipped(s.ciphertext, -1) })), undecryptable],
    ['changed associated data', tampered((s) => ({ ...s, associated_data: 'cert' })), undecryptable],
    ['a changed nonce', tampered((s) => ({ ...s, nonce: '61f9c719728b' })), undecryptable],
    [
      'another algorithm',
      tampered((s) => ({ ...s, algorithm: 'AEAD_SM4_GCM' })),
      'unavailable certificates-unreadable',
    ],
    ['no nonce', tampered(({ nonce: _, ...s }) => s), 'unavailable certificates-unreadable'],
    ['no ciphertext', tampered(({ ciphertext: _, ...s }) => s), 'unavailable certificates-unreadable'],
    [
      'a certificate of a key that is too short',
      () => signedAnswer(200, { data: [entry({ ...OLD, keys: SHORT })] }, identity(OLD), NOW),
      'unavailable certificates-unreadable',
    ],
    [
      'something else than a certificate',
      tampered((s) => ({ ...s, ciphertext: seal('hello', API_V3_KEY).ciphertext })),
      'unavailable certificates-unreadable',
    ],
    [
      'a row that is no row',
      () => signedAnswer(200, { data: [null] }, identity(OLD), NOW),
      'unavailable certificates-unreadable',
    ],
    [
      'a row without a sealed certificate',
      () => signedAnswer(200, { data: [{ serial_no: OLD.serial }] }, identity(OLD), NOW),
      'unavailable certificates-unreadable',
    ],
    [
      'an empty list',
      () => signedAnswer(200, { data: [] }, identity(OLD), NOW),
      'unavailable certificates-unreadable',
    ],
    ['garbage', () => signedAnswer(200, 'x', identity(OLD), NOW), 'unavailable certificates-unreadable'],
    [
      'a list signed by a stranger',
      () => signedAnswer(200, { data: [entry(OLD)] }, identity({ ...OLD, keys: strangerKeys }), NOW),
      'unavailable certificates-bad-signature',
    ],
    [
      'a list signed by a certificate that it does not bring',
      () => signedAnswer(200, { data: [entry(OLD)] }, identity(NEW), NOW),
      'unavailable certificates-bad-signature',
    ],
    [
      'an unsigned list',
      () => without(good(), 'wechatpay-signature'),
      'unavailable certificates-bad-signature',
    ],
    [
      'a list of 301 s ago',
      () => signedAnswer(200, { data: [entry(OLD)] }, identity(OLD), NOW - 301_000),
      'unavailable certificates-bad-signature',
    ],
    [
      'a changed list',
      () => ({ ...good(), body: Buffer.from(`${bodyOf({ data: [entry(OLD)] })} `) }),
      'unavailable certificates-bad-signature',
    ],
    [
      'a refusal with the first of its statuses',
      () => unsignedAnswer(400, { code: 'SIGN_ERROR' }),
      'declined credentials SIGN_ERROR unproven',
    ],
    ['500', () => unsignedAnswer(500, { code: 'SIGN_ERROR' }), 'unavailable certificates-http-500'],
    ['502', () => unsignedAnswer(502, '<html>', 'text/html'), 'unavailable certificates-http-502'],
    ['a timeout', () => Promise.reject(new OutcomeUnknown('timeout')), 'unavailable certificates-timeout'],
    ['no connection', () => Promise.reject(new GatewayUnavailable('ENOTFOUND')), 'unavailable ENOTFOUND'],
  ];

  it.each(failures)('with %s, nothing is sent', async (_name, download, expected) => {
    const world = new CertificateWorld();
    world.download = download;
    for (const call of Object.values(OPERATIONS)) expect(await outcome(call(world.provider))).toBe(expected);
    expect(world.requests.every(({ url }) => url.endsWith('/v3/certificates'))).toBe(true);
  });

  it('come back as soon as the download works again', async () => {
    const world = new CertificateWorld();
    world.download = () => unsignedAnswer(502, '');
    await world.ask();
    world.download = undefined;
    expect(await world.ask()).toBe('resolved');
  });
});
