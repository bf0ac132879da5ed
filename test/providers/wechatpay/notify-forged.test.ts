import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RawNotify } from '../../../src/providers/contract.ts';
import { configOf, NOW, PUB_KEY_ID, platform, platformKeys, strangerKeys, world } from './merchant.ts';
import { paymentNotify, refundNotify, verdictOf } from './notifier.ts';
import { unsignedAnswer } from './platform.ts';

const { provider, requests } = world(
  () => unsignedAnswer(500, ''),
  configOf({ WXPAY_KEY_MODE: 'public-key' }),
);
const genuine = paymentNotify();
const text = genuine.body.toString();
/** ms; when it was signed. */
const second = Math.floor(NOW / 1000) * 1000;

/** What arrives, why it is refused, and our time in ms. */
type Case = readonly [name: string, raw: RawNotify, reason: string, now?: number];

const withHeader = (name: string, value: string): RawNotify => ({
  ...genuine,
  headers: { ...genuine.headers, [`wechatpay-${name}`]: value },
});
const header = (name: string): string => genuine.headers[`wechatpay-${name}`] ?? '';
const withBody = (body: string): RawNotify => ({ ...genuine, body: Buffer.from(body) });

const BAD = 'bad-signature';
const STRANGER = { ...platform, privateKey: strangerKeys.privateKey };
const UNPROVEN: readonly Case[] = [
  ['a stranger with the right serial', paymentNotify({ identity: STRANGER }), BAD],
  ['no signature', dropped('signature'), 'missing-header'],
  ['no serial', dropped('serial'), 'missing-header'],
  ['no timestamp', dropped('timestamp'), 'missing-header'],
  ['no nonce', dropped('nonce'), 'missing-header'],
  ['no headers at all', { ...genuine, headers: {} }, 'missing-header'],
  [
    'headers in capitals',
    { ...genuine, headers: { 'Wechatpay-Signature': header('signature') } },
    'missing-header',
  ],
  ['an empty nonce', withHeader('nonce', ''), 'missing-header'],
  ['another timestamp', withHeader('timestamp', String(second / 1000 - 1)), BAD],
  ['a timestamp with a sign', withHeader('timestamp', `+${second / 1000}`), 'stale'],
  ['a timestamp in ms', withHeader('timestamp', String(NOW)), 'stale'],
  ['a timestamp of zero', withHeader('timestamp', '0'), 'stale'],
  ['another nonce', withHeader('nonce', 'EcdmbGmuT3fMBdiKcdvJBoWhOIaPvZ6Q'), BAD],
  ['a blank after the nonce', withHeader('nonce', `${header('nonce')} `), BAD],
  ['300.001 s later', genuine, 'stale', second + 300_001],
  ['301 s later', genuine, 'stale', second + 301_000],
  ['301 s earlier', genuine, 'stale', second - 301_000],
  ['a day later', genuine, 'stale', NOW + 86_400_000],
  ['a signature probe', withHeader('signature', `WECHATPAY/SIGNTEST/${header('signature').slice(19)}`), BAD],
  [
    'a signature probe, put before',
    withHeader('signature', `WECHATPAY/SIGNTEST/${header('signature')}`),
    BAD,
  ],
  [
    'the signature of another notification',
    withHeader('signature', refundNotify().headers['wechatpay-signature'] ?? ''),
    BAD,
  ],
  ['a cut signature', withHeader('signature', header('signature').slice(0, -4)), BAD],
  ['two signatures', withHeader('signature', `${header('signature')}, ${header('signature')}`), BAD],
  ['a signature that is no base64', withHeader('signature', '签名'), BAD],
  ['a SHA-1 signature', signedWith('RSA-SHA1'), BAD],
  ['a SHA-512 signature', signedWith('RSA-SHA512'), BAD],
  ...[
    'constructor',
    '__proto__',
    'hasOwnProperty',
    '',
    PUB_KEY_ID.toLowerCase(),
    `${PUB_KEY_ID} `,
    '7132D72A03E93CDDF8C03BBD1F37EEDF',
  ].map(
    (serial): Case => [
      `the serial ${JSON.stringify(serial)}`,
      withHeader('serial', serial),
      serial === '' ? 'missing-header' : 'unknown-serial',
    ],
  ),
  [
    'a key of their own under a serial of their own',
    paymentNotify({ identity: { serial: 'PUB_KEY_ID_1', privateKey: strangerKeys.privateKey } }),
    'unknown-serial',
  ],
  ['an empty body', withBody(''), BAD],
  ['a body with a newline added', withBody(`${text}\n`), BAD],
  ['a body with a BOM before it', withBody(`\ufeff${text}`), BAD],
  ['a body written anew', withBody(JSON.stringify(JSON.parse(text), null, 1)), BAD],
  ['a body with another event', withBody(text.replace('TRANSACTION', 'TRANSACTIOM')), BAD],
  ['a body with another id', withBody(text.replace('EV-2018', 'EV-2019')), BAD],
  ['a cut body', withBody(text.slice(0, -1)), BAD],
];

describe('a notification that WeChat Pay has not signed', () => {
  it.each(UNPROVEN.map(([name, raw, reason, now = NOW]) => ({ name, raw, reason, now })))(
    '$name: refused',
    async ({ raw, reason, now }) => {
      expect(await verdictOf(provider.parseNotify(raw, now))).toBe(reason);
    },
  );

  it('made us ask nobody, and the honest ones are still welcome', async () => {
    expect(requests).toEqual([]);
    expect(await verdictOf(provider.parseNotify(genuine, NOW))).toBe('accepted');
  });
});

function dropped(name: string): RawNotify {
  const headers = Object.entries(genuine.headers).filter(([header]) => header !== `wechatpay-${name}`);
  return { ...genuine, headers: Object.fromEntries(headers) };
}

/** The right key, another algorithm. */
function signedWith(algorithm: string): RawNotify {
  const message = `${header('timestamp')}\n${header('nonce')}\n${text}\n`;
  const signature = sign(algorithm, Buffer.from(message), platformKeys.privateKey).toString('base64');
  const raw = withHeader('signature', signature);
  return { ...raw, headers: { ...raw.headers, 'wechatpay-signature-type': algorithm } };
}
