import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { GatewayUnavailable, OutcomeUnknown } from '../../../src/providers/contract.ts';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { createWechatpayProvider } from '../../../src/providers/wechatpay/index.ts';
import { certificatePem } from './certificate-maker.ts';
import {
  API_V3_KEY,
  configOf,
  fakeGateway,
  NOW,
  OPERATIONS,
  OUT_TRADE_NO,
  outcome,
  PAID_TRADE,
  platformKeys,
  strangerKeys,
  TestClock,
} from './merchant.ts';
import { bodyOf, type KeyPair, seal, signedAnswer, unsignedAnswer, without } from './platform.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const second = Math.floor(NOW / 1000) * 1000;

interface Certificate {
  readonly serial: string;
  readonly keys: KeyPair;
  readonly from: number;
  readonly until: number;
}

const OLD: Certificate = {
  serial: '5157F09EFDC096DE15EBE81A47057A7232F1B8E1',
  keys: platformKeys,
  from: second - 24 * HOUR,
  until: second + 48 * HOUR,
};
const NEW: Certificate = {
  serial: '50062CE505775F070CAB06E697F1BBD1AD4F4D87',
  keys: strangerKeys,
  from: second - HOUR,
  until: second + 240 * HOUR,
};

const identity = ({ serial, keys }: Certificate) => ({ serial, privateKey: keys.privateKey });

/** One row of the list. `listed` (ms) is the time at which WeChat Pay says it stops using the certificate. */
function entry(certificate: Certificate, apiV3Key = API_V3_KEY, listed = certificate.until): object {
  const sealed = seal(certificatePem(certificate.keys, certificate), apiV3Key);
  return {
    serial_no: certificate.serial,
    effective_time: new Date(certificate.from).toISOString(),
    expire_time: new Date(listed).toISOString(),
    encrypt_certificate: {
      algorithm: 'AEAD_AES_256_GCM',
      nonce: sealed.nonce,
      associated_data: sealed.associatedData,
      ciphertext: sealed.ciphertext,
    },
  };
}

/** A gateway of the certificate kind: what it lists and what it signs with can change. */
class CertificateWorld {
  readonly clock = new TestClock();
  listed: readonly object[] = [entry(OLD)];
  signer: Certificate = OLD;
  download: (() => GatewayResponse | Promise<GatewayResponse>) | undefined;
  answer: (() => GatewayResponse) | undefined;
  private readonly gateway = fakeGateway((request) => {
    const now = this.clock.now();
    if (request.url.endsWith('/v3/certificates')) {
      return this.download?.() ?? signedAnswer(200, { data: this.listed }, identity(this.signer), now);
    }
    return this.answer?.() ?? signedAnswer(200, PAID_TRADE, identity(this.signer), now);
  });
  readonly provider = createWechatpayProvider(
    configOf({ WXPAY_PUB_KEY: undefined, WXPAY_PUB_KEY_ID: undefined }),
    { clock: this.clock, http: this.gateway.http, randomBytes },
  );

  ask(): Promise<string> {
    return outcome(this.provider.queryTrade(OUT_TRADE_NO));
  }
  count(path: string): number {
    return this.gateway.requests.filter(({ url }) => url.includes(path)).length;
  }
  get downloads(): number {
    return this.count('/v3/certificates');
  }
  get queries(): number {
    return this.count('/v3/pay/');
  }
  get requests() {
    return this.gateway.requests;
  }
}

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
    const forged = { serial: 'ABCDEF', privateKey: strangerKeys.privateKey };
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

  it('end earlier when the list says so', async () => {
    const world = new CertificateWorld();
    world.listed = [entry(OLD, API_V3_KEY, second + HOUR), entry(NEW)];
    expect(await world.ask()).toBe('resolved');
    world.clock.pass(HOUR);
    world.answer = () => signedAnswer(200, PAID_TRADE, identity(OLD), world.clock.now());
    world.signer = NEW;
    expect(await world.ask()).toBe('unknown bad-signature');
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
