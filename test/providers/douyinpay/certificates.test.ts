import { beforeEach, describe, expect, it } from 'vitest';
import { OPERATIONS, outcome } from '../wechatpay/merchant.ts';
import { unsignedAnswer } from '../wechatpay/platform.ts';
import { DouyinWorld, listed, NEW, OLD, PAID, signed } from './merchant.ts';

const MINUTE = 60_000;
const DAY = 24 * 3_600_000;
let world: DouyinWorld;
beforeEach(() => {
  world = new DouyinWorld();
});
const ask = () => outcome(world.provider.queryTrade(PAID.out_trade_no));

describe('platform certificates', () => {
  it('are had before the first call, once for many', async () => {
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['resolved', 'resolved', 'resolved']);
    expect(world.downloads).toBe(1);
    expect(world.requests[0]?.url).toMatch(/getPlatformCertificates$/);
  });

  it.each(['sendPayment', 'sendRefund', 'closeTrade'])(
    'that had to be had first leave time to stop %s',
    async (name) => {
      const send = OPERATIONS[name];
      if (!send) throw new Error(name);
      const call = (may: boolean) =>
        outcome(
          send(world.provider, async () => {
            asked.push(name);
            return may;
          }),
        );
      const asked: string[] = [];
      const paths = () => world.requests.map(({ url }) => url.replace(/.*\//, ''));
      expect(await call(false)).toBe('unavailable stopped');
      expect([paths(), asked]).toEqual([['getPlatformCertificates'], [name]]);
      // At hand they take no time, and whoever sends has looked just now.
      await call(false);
      expect([paths().length, asked]).toEqual([2, [name]]);
      world.clock.pass(DAY);
      await call(true);
      expect([paths().length, asked]).toEqual([4, [name, name]]);
    },
  );

  it('are taken unsigned the first time, by their seal, and never after', async () => {
    world.list = () => unsignedAnswer(200, { certificates: world.listed });
    expect(await ask()).toBe('resolved');
    // A day later an unsigned list changes nothing, whatever stands in it.
    world.clock.pass(DAY);
    world.listed = [listed(NEW)];
    world.answer = () => signed(200, PAID, NEW, world.clock.now());
    expect(await ask()).toBe('unknown bad-signature');
    world.answer = () => signed(200, PAID, OLD, world.clock.now());
    expect(await ask()).toBe('resolved');
  });

  it('sealed by whoever has not the API key are none, first or later', async () => {
    world.list = () => unsignedAnswer(200, { certificates: [listed(OLD, 'y'.repeat(32))] });
    expect(await ask()).toBe('declined credentials CERTIFICATES_UNDECRYPTABLE unproven');
    expect(world.requests.every(({ url }) => url.endsWith('getPlatformCertificates'))).toBe(true);
  });

  it('are asked for again after a day, and a list that somebody else signed is none', async () => {
    await ask();
    world.clock.pass(DAY - MINUTE);
    await ask();
    expect(world.downloads).toBe(1);
    world.clock.pass(MINUTE);
    world.list = () =>
      signed(200, { certificates: [listed(OLD)] }, { ...OLD, keys: NEW.keys }, world.clock.now());
    expect(await ask()).toBe('resolved');
    expect(world.downloads).toBe(2);
  });

  it('are asked for when an answer names one never seen, at most once a minute', async () => {
    await ask();
    world.clock.pass(2 * MINUTE);
    world.signer = NEW;
    world.listed = [listed(OLD), listed(NEW)];
    expect(await ask()).toBe('resolved');
    expect(world.downloads).toBe(2);
    world.answer = () => signed(200, PAID, { ...NEW, serial: 'ABCDEF0123456789' }, world.clock.now());
    for (let times = 0; times < 5; times += 1) expect(await ask()).toBe('unknown bad-signature');
    expect(world.downloads).toBe(2);
    world.clock.pass(MINUTE);
    await ask();
    expect(world.downloads).toBe(3);
  });

  it('go by the name that the list gives them as well as by their own number', async () => {
    world.listed = [listed(OLD, undefined, 'CERT0000000000000001')];
    world.list = () => unsignedAnswer(200, { certificates: world.listed });
    world.answer = () => signed(200, PAID, { ...OLD, serial: 'CERT0000000000000001' });
    expect(await ask()).toBe('resolved');
    world.answer = () => signed(200, PAID, OLD);
    expect(await ask()).toBe('resolved');
  });

  it('count no longer than they say', async () => {
    world.listed = [listed({ ...OLD, until: OLD.from + 25 * 3_600_000 })];
    expect(await ask()).toBe('resolved');
    world.clock.pass(DAY + 2 * 3_600_000);
    expect(await ask()).toMatch(/^unavailable|unknown bad-signature/);
  });

  it.each([
    ['no list', { data: [] }],
    ['an empty list', { certificates: [] }],
    [
      'one that names another algorithm',
      { certificates: [{ encrypt_certificate: { algorithm: 'SM4', cipher_text: 'x', nonce: 'y' } }] },
    ],
  ])('%s is none, and nothing is sent', async (_, body) => {
    world.list = () => unsignedAnswer(200, body);
    expect(await ask()).toBe('unavailable certificates-unreadable');
    expect(world.requests).toHaveLength(1);
  });
});
