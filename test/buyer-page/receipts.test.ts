import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buyerRoutes, ledgerLookup, receiptLookup } from '../../src/buyer-page/index.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { receiptRoutes } from '../../src/receipts/routes.ts';
import { receiptsOf } from '../support/receipts.ts';
import { CALL, payment, refund, World } from '../support/world.ts';
import { readable } from './sample.ts';
import { AGENTS } from './states.ts';

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till);
  await createPayment(till, CALL, payment({ outTradeNo: 'OPEN_1' }));
});
afterEach(() => world.end());

const tokenOf = async (outTradeNo: string) =>
  (await till.ledger.read((book) => book.orders.get(outTradeNo)))?.pageToken ?? '';
function routes() {
  const { ledger, clock } = till;
  const lookup = ledgerLookup({
    ...{ ledger, clock, simulated: true, merchantName: undefined, simulatorUrl: () => undefined },
  });
  return buyerRoutes({ lookup, clock, receipt: receiptLookup({ ledger, receipts: receiptsOf(till) }) });
}
const get = async (path: string, agent?: string) =>
  routes().request(path, { headers: { 'accept-language': 'zh-CN', ...(agent && { 'user-agent': agent }) } });
const keys = async () => {
  const published = await receiptRoutes(receiptsOf(till)).request('/.well-known/jwks.json');
  return createLocalJWKSet((await published.json()) as JSONWebKeySet);
};
const claimsIn = async (text: string) =>
  (await jwtVerify(text.trim(), await keys(), { algorithms: ['ES256'], typ: 'cashier-receipt+jwt' })).payload;

/** Where the page's links lead, by their words. */
async function linksOn(token: string): Promise<Record<string, string>> {
  const page = await (await get(`/c/${token}`)).text();
  return Object.fromEntries(
    [...page.matchAll(/<a href="([^"?]+)">([^<]+)<\/a>/g)].map(([, href = '', words = '']) => [words, href]),
  );
}

describe('the page of a paid order', () => {
  it('links to a file that proves it, to whoever has the published keys', async () => {
    const token = await tokenOf('ORDER_1');
    const links = await linksOn(token);
    expect(links).toEqual({ 下载付款收据: `${token}/receipt` });
    expect(readable(await (await get(`/c/${token}`)).text())).toContain('不能代替发票');
    const answer = await get(`/c/${links.下载付款收据}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/jwt');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="receipt-ORDER_1.jwt"');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await claimsIn(await answer.text())).toMatchObject({ order_id: 'ORDER_1', amount: '10.00' });
  });

  it('links to one for each refund', async () => {
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    await world.clock.sleep(60_000);
    await refundPayment(
      till,
      CALL,
      refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R2', refundFen: 330 as never }),
    );
    const token = await tokenOf('ORDER_1');
    const links = await linksOn(token);
    expect(links).toEqual({
      下载付款收据: `${token}/receipt`,
      '下载退款收据 ¥1.00': `${token}/receipt/R1`,
      '下载退款收据 ¥3.30': `${token}/receipt/R2`,
    });
    const answer = await get(`/c/${token}/receipt/R2`);
    expect(answer.headers.get('content-disposition')).toContain('receipt-ORDER_1-R2.jwt');
    expect(await claimsIn(await answer.text())).toMatchObject({
      amount: '3.30',
      refund_of: expect.any(String),
    });
  });

  it('shows it as text where an app keeps no files', async () => {
    const answer = await get(`/c/${await tokenOf('ORDER_1')}/receipt`, AGENTS.wechat);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBeNull();
    expect(await claimsIn(await answer.text())).toMatchObject({ order_id: 'ORDER_1' });
  });
});

describe('no receipt', () => {
  it('is linked to, or to be had, before a payment is proven', async () => {
    const token = await tokenOf('OPEN_1');
    expect(await linksOn(token)).toEqual({});
    expect((await get(`/c/${token}/receipt`)).status).toBe(404);
  });

  it.each(['A'.repeat(22), 'short', '..%2F..%2Fetc', "'%20OR%201=1--"])(
    'is behind the token %s',
    async (token) => {
      expect((await get(`/c/${token}/receipt`)).status).toBe(404);
    },
  );

  it.each(['NEVER', '..%2F', '%00', 'R1/more', ''])('is that of the refund %s', async (refundNo) => {
    expect((await get(`/c/${await tokenOf('ORDER_1')}/receipt/${refundNo}`)).status).toBe(404);
  });

  it('is posted', async () => {
    const answer = await routes().request(`/c/${await tokenOf('ORDER_1')}/receipt`, { method: 'POST' });
    expect(answer.status).toBe(405);
  });
});

describe('the keys', () => {
  it('are everybody’s, and for a while', async () => {
    const answer = await receiptRoutes(receiptsOf(till)).request('/.well-known/jwks.json');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff',
    });
    expect(await answer.text()).not.toMatch(/"d"/);
  });

  it('are not there while the ledger cannot be read', async () => {
    const read = vi.spyOn(Ledger.prototype, 'read').mockRejectedValue(new Error('disk'));
    const answer = await receiptRoutes(receiptsOf(till)).request('/.well-known/jwks.json');
    read.mockRestore();
    expect([answer.status, await answer.text()]).toEqual([503, '']);
  });
});
