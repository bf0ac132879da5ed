import { describe, expect, it } from 'vitest';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';
import type { SignedMessage } from '../../../src/providers/v3/verifier.ts';
import { verifySignature } from '../../../src/providers/wechatpay/verifier.ts';
import { NOW, PUB_KEY_ID, platform, platformKeys, strangerKeys } from './merchant.ts';
import { signedAnswer, withHeaders, without } from './platform.ts';

const keys = new Map([[PUB_KEY_ID, platformKeys.publicKey]]);
const check = (message: SignedMessage, now = NOW) =>
  verifySignature(message, async (serial) => keys.get(serial), now);
const genuine = signedAnswer(200, { trade_state: 'SUCCESS', 备注: '中文' }, platform, NOW);

describe('verifySignature', () => {
  it('accepts what was signed, also over an empty body', async () => {
    expect(await check(genuine)).toBe('ok');
    expect(await check(signedAnswer(204, '', platform, NOW))).toBe('ok');
  });

  it('accepts what the oracle signs', async () => {
    const body = '{"id":"1","amount":{"total":1}}';
    const timestamp = String(Math.floor(NOW / 1000));
    const headers = {
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': Formatter.nonce(),
      'wechatpay-serial': PUB_KEY_ID,
    };
    const signed = Formatter.response(timestamp, headers['wechatpay-nonce'], body);
    const signature = Rsa.sign(signed, platformKeys.privateKey);
    const message = { headers: { ...headers, 'wechatpay-signature': signature }, body: Buffer.from(body) };
    expect(await check(message)).toBe('ok');
  });

  it('verifies bytes, not text', async () => {
    const latin = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    const decoded = signedAnswer(200, latin.toString('utf8'), platform, NOW);
    expect(await check({ ...decoded, body: latin })).toBe('bad-signature');
  });

  it('takes a message of 300 s, either way, and not of 301 s', async () => {
    const second = Math.floor(NOW / 1000) * 1000;
    expect(await check(genuine, second + 300_000)).toBe('ok');
    expect(await check(genuine, second - 300_000)).toBe('ok');
    expect(await check(genuine, second + 301_000)).toBe('stale');
    expect(await check(genuine, second - 301_000)).toBe('stale');
  });

  it.each(['timestamp', 'nonce', 'serial', 'signature'])('needs the %s', async (name) => {
    expect(await check(without(genuine, `wechatpay-${name}`))).toBe('missing-header');
    expect(await check(withHeaders(genuine, { [`wechatpay-${name}`]: '' }))).toBe('missing-header');
  });

  const signedAt = String(Math.floor(NOW / 1000));
  it.each([
    ...['-1', '1e9', '0x6560', `0x${Number(signedAt).toString(16)}`, 'NaN', '99999999999999'],
    ...[` ${signedAt}`, `${signedAt} `, `${signedAt}\n`, `${signedAt}x`, `${signedAt}.0`, `+${signedAt}`],
    `000${signedAt}`,
  ])('takes no timestamp %j', async (timestamp) => {
    expect(await check(withHeaders(genuine, { 'wechatpay-timestamp': timestamp }))).toBe('stale');
  });

  it.each(['constructor', '__proto__', 'toString', 'PUB_KEY_ID_0', '7132D72A03E93CDDF8C03BBD1F37EEDF'])(
    'knows no serial %s',
    async (serial) => {
      const message = signedAnswer(200, {}, { serial, privateKey: strangerKeys.privateKey }, NOW);
      expect(await check(message)).toBe('unknown-serial');
    },
  );

  it('refuses a stranger who uses the right serial', async () => {
    const forged = { serial: PUB_KEY_ID, privateKey: strangerKeys.privateKey };
    expect(await check(signedAnswer(200, {}, forged, NOW))).toBe('bad-signature');
  });

  it('refuses signature probes', async () => {
    const genuineSignature = genuine.headers['wechatpay-signature'] ?? '';
    const probe = `WECHATPAY/SIGNTEST/${genuineSignature.slice(19)}`;
    expect(await check(withHeaders(genuine, { 'wechatpay-signature': probe }))).toBe('bad-signature');
  });

  it('keeps the border between nonce and body where it was', async () => {
    const [first = '', ...rest] = '{\n"id":"1"}'.split('\n');
    const message = signedAnswer(200, `${first}\n${rest.join('\n')}`, platform, NOW);
    const nonce = `${message.headers['wechatpay-nonce']}\n${first}`;
    const moved = {
      ...withHeaders(message, { 'wechatpay-nonce': nonce }),
      body: Buffer.from(rest.join('\n')),
    };
    expect(await check(message)).toBe('ok');
    expect(await check(moved)).toBe('bad-signature');
  });

  it('accepts one spelling of a signature only', async () => {
    const signature = genuine.headers['wechatpay-signature'] ?? '';
    const spellings = [
      `${signature} `,
      signature.replace(/=+$/, ''),
      signature.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
      `${signature}=`,
    ];
    for (const spelling of spellings) {
      expect(await check(withHeaders(genuine, { 'wechatpay-signature': spelling }))).toBe('bad-signature');
    }
  });
});
