import { describe, expect, it } from 'vitest';
import { type BuyerView, buyerRoutes } from '../../src/buyer-page/index.ts';
import type { OfferView } from '../../src/buyer-page/offer-section.ts';
import { CashierError, type ErrorCode } from '../../src/domain/errors.ts';
import { OPENED, SamplePage, sampleView, TOKEN } from './sample.ts';

const VIEW: OfferView = {
  ...{ amountYuan: '9.90', title: '手冲 <b>咖啡</b>', outTradeNo: 'ORDER_000001', closed: false },
  ...{ expiresAt: OPENED + 30 * 60_000, simulated: false, wallets: ['alipay', 'wechatpay'] },
};

/** The page of what nobody has chosen yet, and the choices that were made on it. */
function page(changes: Partial<OfferView> = {}, refused?: ErrorCode | 'boom') {
  const chosen: string[] = [];
  const routes = buyerRoutes({
    lookup: async () => undefined,
    offer: async (token) => (token === TOKEN ? { ...VIEW, ...changes } : undefined),
    choose: async (token, wallet) => {
      chosen.push(wallet);
      if (refused === 'boom') throw new Error('SQLITE_IOERR');
      if (refused) throw new CashierError(refused, { zh: '', en: '', next: { zh: '', en: '' } });
      return token === TOKEN ? {} : undefined;
    },
    clock: { now: () => OPENED, sleep: async () => undefined },
  });
  const get = async (agent = '') =>
    (await routes.request(`/c/${TOKEN}`, { headers: { 'user-agent': agent } })).text();
  const post = (body: string, token = TOKEN) =>
    routes.request(`/c/${token}/choice`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  return { chosen, routes, get, post };
}
const buttons = (html: string) =>
  [...html.matchAll(/<button [^>]*name="wallet" value="(\w+)"/g)].map(([, id]) => id);

describe('a buyer who is to choose', () => {
  it('sees what is to be paid, and a button for each wallet, which needs no script', async () => {
    const html = await page().get();
    expect(buttons(html)).toEqual(['alipay', 'wechatpay']);
    expect(html).toContain(`<form method="post" action="${TOKEN}/choice">`);
    for (const fact of [
      '9.90',
      'ORDER_000001',
      '手冲 &lt;b&gt;咖啡&lt;/b&gt;',
      '用支付宝付款',
      '用微信付款',
      '30:00',
    ])
      expect(html).toContain(fact);
  });

  it.each([
    ['AlipayClient/10.5', ['alipay', 'wechatpay']],
    ['Mozilla/5.0 MicroMessenger/8.0', ['wechatpay', 'alipay']],
  ])('in the browser of a wallet (%s) is offered that one first', async (agent, order) => {
    expect(buttons(await page().get(agent))).toEqual(order);
  });

  it.each([
    ['closed', { closed: true }],
    ['expired', { expiresAt: OPENED }],
  ] as const)('has nothing to choose once it is %s', async (_what, changes) => {
    const html = await page(changes).get();
    expect(buttons(html)).toEqual([]);
    expect(html).not.toContain('<form');
  });

  it('learns how it stands, and nothing else, while the page is open', async () => {
    const { routes } = page();
    expect(await (await routes.request(`/c/${TOKEN}/state`)).json()).toEqual({
      ...{ state: 'CHOICE', closing: false, late: false, secondsLeft: 1800 },
    });
  });

  it('may send the form back here and nowhere else', async () => {
    const answer = await page().routes.request(`/c/${TOKEN}`);
    expect(answer.headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
    // Whoever is told of this page by a link or picture on it is this service.
    expect(answer.headers.get('referrer-policy')).toBe('same-origin');
  });
});

describe('a buyer whose choice has come to no code', () => {
  const { qrCode: _none, ...WITHOUT } = sampleView({ provider: 'wechatpay', given: false, again: true });
  async function asked(changes: Partial<BuyerView> = {}) {
    const { routes } = new SamplePage({ ...WITHOUT, ...changes });
    const answer = await routes.request(`/c/${TOKEN}`);
    return { html: await answer.text(), policy: answer.headers.get('content-security-policy') };
  }

  it.each(['NOTPAY', 'UNKNOWN'] as const)('may make it again (%s), and only that one', async (state) => {
    const { html, policy } = await asked({ state });
    expect(buttons(html)).toEqual(['wechatpay']);
    expect(html).toContain(`action="${TOKEN}/choice"`);
    expect(policy).toContain("form-action 'self'");
  });

  it.each<[string, Partial<BuyerView>]>([
    ['it is too late', { expiresAt: OPENED }],
    ['it was never theirs to choose', { again: false }],
    ['there is a code', { given: true, qrCode: 'weixin://wxpay/bizpayurl?pr=x' }],
    ['it is closed', { state: 'CLOSED' }],
  ])('may not where %s', async (_what, changes) => {
    const { html, policy } = await asked(changes);
    expect(buttons(html)).toEqual([]);
    expect(policy).toContain("form-action 'none'");
  });
});

describe('a choice', () => {
  it('is made by a click, and leads back to the page', async () => {
    const { post, chosen } = page();
    const answer = await post('wallet=wechatpay');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `../${TOKEN}`]);
    expect(chosen).toEqual(['wechatpay']);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('is never made by %s', async (method) => {
    const { routes, chosen } = page();
    for (const path of [`/c/${TOKEN}/choice?wallet=alipay`, `/c/${TOKEN}?wallet=alipay`])
      expect((await routes.request(path, { method })).status).not.toBe(303);
    expect(chosen).toEqual([]);
  });

  it.each([
    ['no wallet', '', TOKEN],
    ['a wallet that there is not', 'wallet=douyin', TOKEN],
    ['a name like those of every object', 'wallet=__proto__', TOKEN],
    ['too much', `wallet=alipay&x=${'x'.repeat(300)}`, TOKEN],
    ['a malformed token', 'wallet=alipay', 'nothing'],
  ])('of %s is none', async (_what, body, token) => {
    const { post, chosen } = page();
    expect((await post(body, token)).status).toBe(404);
    expect(chosen).toEqual([]);
  });

  it.each([
    ['POLICY_DENIED', 409],
    ['FROZEN', 409],
    ['GATEWAY_DECLINED', 409],
    ['ORDER_CLOSED', 303],
    ['boom', 503],
  ] as const)('that comes to %s says no more than the buyer need know', async (why, status) => {
    const answer = await page({}, why).post('wallet=alipay');
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toMatch(/POLICY|FROZEN|SQLITE|规则/);
  });
});
