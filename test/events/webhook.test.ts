import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { CashierEvent } from '../../src/events/event.ts';
import { webhook } from '../../src/events/kinds/webhook.ts';

const NOW = Date.parse('2026-11-28T10:00:00+08:00');
const secretOf = (bytes: number, fill = 7) => `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`;
const url = new URL('https://shop.example/hooks');
const event: CashierEvent = {
  id: 'evt_12_0123456789abcdef',
  ...{ seq: 12, type: 'payment.paid', at: NOW - 3_000 },
  data: { outTradeNo: 'ORDER_1', amountYuan: '19.90', title: '茶 "50%" \u2028 <b>', simulated: true },
};

function opened(secret: string) {
  const found = webhook.open({ url, secret });
  if ('wrong' in found) throw new Error(found.text.en);
  return found;
}
const sent = (secret: string, now = NOW) =>
  opened(secret).compose({ messages: [event], language: 'zh', payee: undefined, attempt: 0 }, now);

describe('what is sent', () => {
  it.each([24, 32, 64])('verifies with the reference library, by a key of %i bytes', (bytes) => {
    const secret = secretOf(bytes);
    const { headers, body } = sent(secret, Date.now());
    expect(new Webhook(secret).verify(body, { ...headers })).toEqual({
      ...{ type: 'payment.paid', timestamp: '2026-11-28T09:59:57+08:00', data: event.data },
    });
    expect(() => new Webhook(secretOf(bytes, 8)).verify(body, { ...headers })).toThrow();
    expect(() => new Webhook(secret).verify(body.replace('19.90', '19.91'), { ...headers })).toThrow();
  });

  it('verifies by either key while they are changed', () => {
    const [fresh, old] = [secretOf(32, 1), secretOf(32, 2)];
    const { headers, body } = sent(`${fresh} ${old}`, Date.now());
    for (const secret of [fresh, old]) new Webhook(secret).verify(body, { ...headers });
  });

  it('has one id in every attempt, and its own time', () => {
    const [first, second] = [sent(secretOf(32)), sent(secretOf(32), NOW + 5_000)];
    expect(first.headers['webhook-id']).toBe(second.headers['webhook-id']);
    expect(first.headers['webhook-id']).not.toContain('.');
    expect(Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp'])).toBe(5);
    expect(first.body).toBe(second.body);
  });

  it('is what the specification computes', () => {
    const signed =
      'msg_1.1795831200.{"type":"order.paid","timestamp":"2026-11-28T02:00:00Z","data":{"order":"o1"}}';
    const [, body = ''] = /^msg_1\.1795831200\.(.*)$/.exec(signed) ?? [];
    const secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3';
    expect(new Webhook(secret).sign('msg_1', new Date(1_795_831_200_000), body)).toBe(
      'v1,sW7ORUwmUMtMXYcRNR9sutpaP7V/12F+LG9DY8jzx3I=',
    );
  });
});

describe('a key', () => {
  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one without its beginning', Buffer.alloc(32).toString('base64')],
    ['one that is too short', secretOf(23)],
    ['one that is too long', secretOf(65)],
    ['a key of the other scheme', `whsk_${Buffer.alloc(32).toString('base64')}`],
    ['three', [1, 2, 3].map((fill) => secretOf(32, fill)).join(' ')],
  ])('is refused: %s', (_, secret) => {
    const found = webhook.open({ url, secret });
    expect(found).toMatchObject({ wrong: 'secret' });
    if (secret) expect(JSON.stringify(found)).not.toContain(secret);
  });
});

describe('what an answer means', () => {
  const judged = (status: number, headers: Record<string, string> = {}) =>
    opened(secretOf(32)).judge({ status, headers, body: 'anything' }, NOW);

  it.each([200, 201, 202, 204, 299])('%i is taken', (status) => {
    expect(judged(status)).toEqual({ is: 'delivered' });
  });

  it.each([100, 301, 302, 304, 307, 400, 401, 403, 404, 422, 500, 501])('%i is no success', (status) => {
    expect(judged(status)).toEqual({ is: 'again', code: String(status) });
  });

  it('410 disables', () => {
    expect(judged(410)).toEqual({ is: 'disable', why: 'removed', code: '410' });
  });

  it.each([429, 502, 503, 504])('%i wants to be left alone', (status) => {
    expect(judged(status)).toMatchObject({ is: 'again', afterMs: 30_000 });
    expect(judged(status, { 'retry-after': '120' })).toMatchObject({ afterMs: 120_000 });
    expect(judged(status, { 'retry-after': new Date(NOW + 90_000).toUTCString() })).toMatchObject({
      afterMs: 90_000,
    });
    // Neither for ever nor at once, whatever it says.
    expect(judged(status, { 'retry-after': '99999999' })).toMatchObject({ afterMs: 3_600_000 });
    expect(judged(status, { 'retry-after': '0' })).toMatchObject({ afterMs: 1_000 });
    expect(judged(status, { 'retry-after': 'soon' })).toMatchObject({ afterMs: 30_000 });
  });
});
