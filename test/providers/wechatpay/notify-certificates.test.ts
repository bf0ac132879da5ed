import { describe, expect, it } from 'vitest';
import { GatewayUnavailable, OutcomeUnknown } from '../../../src/providers/contract.ts';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { CertificateWorld, entry, HOUR, identity, MINUTE, NEW, OLD } from './certificate-world.ts';
import { API_V3_KEY, strangerKeys } from './merchant.ts';
import { paymentNotify, refundNotify, verdictOf } from './notifier.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

const UNKNOWN = { serial: 'ABCDEF0123456789', privateKey: strangerKeys.privateKey };

function receive(world: CertificateWorld, signer = identity(OLD), age = 0): Promise<string> {
  const now = world.clock.now();
  return verdictOf(world.provider.parseNotify(paymentNotify({ identity: signer, signedAt: now - age }), now));
}

describe('notifications under platform certificates', () => {
  it('are verified with a certificate fetched for the first of them', async () => {
    const world = new CertificateWorld();
    expect(await receive(world)).toBe('accepted');
    expect(await receive(world)).toBe('accepted');
    expect(world.downloads).toBe(1);
  });

  it('are verified with either of two certificates during a rotation', async () => {
    const world = new CertificateWorld();
    world.listed = [entry(OLD), entry(NEW)];
    for (const certificate of [OLD, NEW, OLD]) {
      expect(await receive(world, identity(certificate))).toBe('accepted');
    }
    const crossed = { serial: NEW.serial, privateKey: OLD.keys.privateKey };
    expect(await receive(world, crossed)).toBe('bad-signature');
    expect(world.downloads).toBe(1);
  });

  it('bring a new certificate in, and are accepted on the spot', async () => {
    const world = new CertificateWorld();
    expect(await receive(world)).toBe('accepted');
    world.clock.pass(MINUTE);
    world.listed = [entry(OLD), entry(NEW)];
    expect(await receive(world, identity(NEW))).toBe('accepted');
    expect(world.downloads).toBe(2);
  });

  it('end with their certificate', async () => {
    const world = new CertificateWorld();
    world.listed = [entry(OLD), entry(NEW)];
    expect(await receive(world)).toBe('accepted');
    world.clock.pass(48 * HOUR);
    world.signer = NEW;
    expect(await receive(world)).toBe('unknown-serial');
    expect(await receive(world, identity(NEW))).toBe('accepted');
  });

  it.each(['constructor', '__proto__', 'PUB_KEY_ID_1'])(
    'of the serial %s, which no certificate can have, set off no download',
    async (serial) => {
      const world = new CertificateWorld();
      expect(await receive(world, { ...UNKNOWN, serial })).toBe('unknown-serial');
      expect(world.downloads).toBe(0);
    },
  );

  it.each([UNKNOWN.serial, 'ABCDEF0123456789'])(
    'of the serial %s set off one download a minute, not a storm',
    async (serial) => {
      const world = new CertificateWorld();
      const flood = () =>
        Promise.all(Array.from({ length: 20 }, () => receive(world, { ...UNKNOWN, serial })));
      expect(new Set(await flood())).toEqual(new Set(['unknown-serial']));
      await flood();
      expect(world.downloads).toBe(1);
      world.clock.pass(MINUTE);
      await flood();
      await flood();
      expect(world.downloads).toBe(2);
      expect(await receive(world)).toBe('accepted'); // the honest are not locked out
    },
  );

  it('set off no download when they are stale or have a header missing', async () => {
    const world = new CertificateWorld();
    expect(await receive(world, UNKNOWN, 302_000)).toBe('stale');
    const { headers, body } = paymentNotify({ identity: UNKNOWN, signedAt: world.clock.now() });
    const parsing = world.provider.parseNotify(
      { headers: { ...headers, 'wechatpay-nonce': '' }, body },
      world.clock.now(),
    );
    expect(await verdictOf(parsing)).toBe('missing-header');
    expect(world.requests).toEqual([]);
  });

  const failures: readonly [string, () => GatewayResponse | Promise<GatewayResponse>][] = [
    ['no connection', () => Promise.reject(new GatewayUnavailable('ENOTFOUND'))],
    ['a timeout', () => Promise.reject(new OutcomeUnknown('timeout'))],
    ['an error nobody foresaw', () => Promise.reject(new TypeError('fetch failed'))],
    ['502', () => unsignedAnswer(502, '<html>')],
    ['a refusal', () => unsignedAnswer(401, { code: 'SIGN_ERROR' })],
    ['garbage', () => signedAnswer(200, 'x', identity(OLD), 0)],
    [
      'certificates of another APIv3 key',
      () => signedAnswer(200, { data: [entry(OLD, API_V3_KEY.replace('0', '1'))] }, identity(OLD), 0),
    ],
  ];

  it.each(failures)('are asked for again while the download fails: %s', async (_name, download) => {
    const world = new CertificateWorld();
    world.download = download;
    expect(await receive(world)).toBe('keys-unavailable');
    expect(await receive(world)).toBe('keys-unavailable');
    expect(world.downloads).toBe(1); // no storm of retries either
    world.download = undefined;
    world.clock.pass(MINUTE);
    expect(await receive(world)).toBe('accepted');
    expect(await receive(world, UNKNOWN)).toBe('unknown-serial');
  });

  it('of known serials need no download', async () => {
    const world = new CertificateWorld();
    expect(await receive(world)).toBe('accepted');
    world.download = () => Promise.reject(new OutcomeUnknown('timeout'));
    world.clock.pass(13 * HOUR);
    expect(await receive(world)).toBe('accepted');
    expect(await receive(world, identity(NEW))).toBe('keys-unavailable');
    expect(await receive(world, { ...identity(OLD), privateKey: strangerKeys.privateKey })).toBe(
      'bad-signature',
    );
    const now = world.clock.now();
    const refund = refundNotify({ identity: identity(OLD), signedAt: now });
    expect(await verdictOf(world.provider.parseNotify(refund, now))).toBe('accepted');
  });
});
