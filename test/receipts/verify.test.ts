import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { kidOf, type ReceiptJwk, receiptKey } from '../../src/ledger/receipt-keys.ts';
import type { ReceiptClaims } from '../../src/receipts/claims.ts';
import { signReceipt } from '../../src/receipts/jws.ts';
import { verifyReceipt } from '../../src/receipts/verify.ts';
import { seeded } from '../support/virtual-time.ts';

const CLAIMS: ReceiptClaims = {
  iss: 'https://pay.example.com',
  iat: 1_795_831_200,
  jti: 'l/ORDER_1',
  order_id: 'ORDER_1',
  amount: '9.90',
  currency: 'CNY',
  merchant: '茶铺',
  title: '茶',
  psp: 'alipay',
  psp_confirmation_id: '2026112122001418201234567890',
  paid_at: '2026-11-28T10:00:00+08:00',
};
const pair = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve }).privateKey;
const jwkOf = (key: KeyObject) => createPublicKey(key).export({ format: 'jwk' });
const OURS = pair();
const KEYS = [jwkOf(OURS)];
const KID = receiptKey(OURS).kid;
const HEADER = { alg: 'ES256', typ: 'cashier-receipt+jwt', kid: KID };

const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** A JWS by Node alone, of whatever header and payload. */
function crafted(header: object, payload: unknown = CLAIMS, key: KeyObject = OURS): string {
  const text = `${b64(header)}.${b64(payload)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
const good = crafted(HEADER);
const [HEAD = '', BODY = '', SIGNATURE = ''] = good.split('.');

describe('a receipt that is right', () => {
  it.each([
    ['signed by Node', () => good],
    ['signed by us', () => signReceipt(CLAIMS, receiptKey(OURS))],
    ['signed by jose', () => new SignJWT({ ...CLAIMS }).setProtectedHeader(HEADER).sign(OURS)],
  ])('%s', async (_how, made) => {
    expect(await verifyReceipt(await made(), KEYS)).toEqual({ claims: CLAIMS, kid: KID });
  });

  it('is found among keys of every kind, whatever they are called', async () => {
    const others = [
      ...[
        null,
        7,
        {},
        { kty: 'EC' },
        { ...jwkOf(pair('P-384')), kid: KID },
        { kty: 'oct', k: 'AA', kid: KID },
      ],
      ...[
        { ...jwkOf(pair()), kid: KID },
        { ...KEYS[0], kid: 'another name' },
      ],
    ];
    expect(await verifyReceipt(good, others)).toMatchObject({ kid: KID });
  });
});

const publicPem = createPublicKey(OURS).export({ type: 'spki', format: 'pem' });
const hmac = (secret: string | Buffer) => {
  const text = `${b64({ ...HEADER, alg: 'HS256' })}.${BODY}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};
const foreign = pair();
const p384 = pair('P-384');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const HOSTILE: Readonly<Record<string, readonly [jws: string, fault: string]>> = {
  'no algorithm': [`${b64({ ...HEADER, alg: 'none' })}.${BODY}.`, 'other-kind'],
  'no algorithm, in capitals': [`${b64({ ...HEADER, alg: 'NONE' })}.${BODY}.${SIGNATURE}`, 'other-kind'],
  'no signature': [`${HEAD}.${BODY}.`, 'forged'],
  'no algorithm said': [crafted({ typ: HEADER.typ, kid: KID }), 'other-kind'],
  'the public key as a shared secret': [hmac(publicPem), 'other-kind'],
  'the public coordinates as a shared secret': [
    hmac(Buffer.from(KEYS[0]?.x ?? '', 'base64url')),
    'other-kind',
  ],
  'another algorithm of the same key': [crafted({ ...HEADER, alg: 'ES384' }), 'other-kind'],
  'an algorithm that is a list': [crafted({ ...HEADER, alg: ['ES256'] }), 'other-kind'],
  'another purpose': [crafted({ ...HEADER, typ: 'at+jwt' }), 'other-kind'],
  'the purpose in another spelling': [
    crafted({ ...HEADER, typ: 'application/cashier-receipt+jwt' }),
    'other-kind',
  ],
  'no purpose': [crafted({ alg: 'ES256', kid: KID }), 'other-kind'],
  'a foreign key under its own name': [
    crafted({ ...HEADER, kid: receiptKey(foreign).kid }, CLAIMS, foreign),
    'unknown-key',
  ],
  'a foreign key under our name': [crafted(HEADER, CLAIMS, foreign), 'forged'],
  'a foreign key that comes along': [crafted({ ...HEADER, jwk: jwkOf(foreign) }, CLAIMS, foreign), 'forged'],
  'a foreign key at an address': [
    crafted({ ...HEADER, jku: 'https://evil.example/jwks.json' }, CLAIMS, foreign),
    'forged',
  ],
  'no name of a key': [crafted({ alg: 'ES256', typ: HEADER.typ }), 'unknown-key'],
  'a name of a key that is an object': [crafted({ ...HEADER, kid: { toString: KID } }), 'unknown-key'],
  'a name that leads elsewhere': [crafted({ ...HEADER, kid: '../../keys' }), 'unknown-key'],
  'a header that must be understood': [crafted({ ...HEADER, crit: ['b64'], b64: false }), 'other-kind'],
  'another amount': [`${HEAD}.${b64({ ...CLAIMS, amount: '0.01' })}.${SIGNATURE}`, 'forged'],
  'the signature in DER': [
    `${HEAD}.${BODY}.${sign('sha256', Buffer.from(`${HEAD}.${BODY}`), OURS).toString('base64url')}`,
    'forged',
  ],
  'a signature of zeros': [`${HEAD}.${BODY}.${Buffer.alloc(64).toString('base64url')}`, 'forged'],
  'four parts': [`${good}.x`, 'unreadable'],
  'five parts': [`${HEAD}.${BODY}.x.y.z`, 'unreadable'],
  'one part': ['receipt', 'unreadable'],
  nothing: ['', 'unreadable'],
  'a header that is no JSON': [`${b64('{')}.${BODY}.${SIGNATURE}`, 'unreadable'],
  'a header that is a list': [`${b64('[]')}.${BODY}.${SIGNATURE}`, 'unreadable'],
  'characters of no base64': [`${HEAD}.${BODY}.☃`, 'forged'],
  'endless text': ['A'.repeat(50_000_000), 'unreadable'],
  'endless claims': [crafted(HEADER, { ...CLAIMS, title: 'x'.repeat(100_000) }), 'unreadable'],
  'claims that are a text': [crafted(HEADER, '"paid"'), 'incomplete'],
  'claims that are no JSON': [crafted(HEADER, 'paid'), 'incomplete'],
  'claims that are null': [crafted(HEADER, 'null'), 'incomplete'],
  'claims of something else': [crafted(HEADER, { iss: 'x', sub: 'y' }), 'incomplete'],
};

describe('a receipt that is not right', () => {
  it.each(Object.entries(HOSTILE))('%s', async (_what, [jws, fault]) => {
    expect(await verifyReceipt(jws, [...KEYS, jwkOf(p384), jwkOf(rsa)])).toEqual({ fault });
  });

  it.each([
    ...(['iss', 'jti', 'order_id', 'merchant', 'title', 'psp', 'paid_at'] as const).flatMap((name) => [
      [name, undefined],
      [name, 7],
    ]),
    ...[
      ['amount', '9.9'],
      ['amount', 9.9],
      ['amount', '-9.90'],
      ['amount', '9.90 '],
      ['amount', '1e9'],
    ],
    ...[
      ['currency', 'USD'],
      ['iat', 'now'],
      ['iat', 1e300],
      ['iat', 1.5],
      ['simulated', 'no'],
      ['trial', false],
    ],
    ...[
      ['refund_of', 7],
      ['psp_confirmation_id', {}],
      ['request_sha256', null],
      ['exp', 4_102_444_800],
      ['exp', 1],
      ['nbf', 1],
    ],
  ] as [string, unknown][])('whose %s is %s', async (name, value) => {
    expect(await verifyReceipt(crafted(HEADER, { ...CLAIMS, [name]: value }), KEYS)).toEqual({
      fault: 'incomplete',
    });
  });

  it('is not made right by whatever one character becomes', async () => {
    const random = seeded(14);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    for (let i = 0; i < good.length; i += 1) {
      const other = alphabet[Math.floor(random() * alphabet.length)];
      const altered = good.slice(0, i) + other + good.slice(i + 1);
      const said = await verifyReceipt(altered, KEYS);
      // The last character has bits that say nothing.
      if (!('fault' in said))
        expect([said.claims, i >= good.length - 1 || altered === good]).toEqual([CLAIMS, true]);
    }
  });

  it.each([
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'ECDH-ES' }],
    ['off the curve', { y: KEYS[0]?.x }],
    ['without coordinates', { x: undefined }],
  ])('has no key that is %s', async (_what, change) => {
    const changed = { ...KEYS[0], ...change } as ReceiptJwk;
    const kid = typeof changed.x === 'string' ? kidOf(changed) : KID;
    const said = await verifyReceipt(crafted({ ...HEADER, kid }), [changed]);
    expect(said).toHaveProperty('fault');
  });
});
