import { describe, expect, it } from 'vitest';
import { type BuyerView, buyerRoutes } from '../../src/buyer-page/index.ts';
import { OPENED, readable, SamplePage, sampleView, TOKEN } from './sample.ts';
import { AGENTS, H5_URL, handOffView } from './states.ts';

const BASE = 'https://pay.example.com/shop';

function shop(view: BuyerView = handOffView(), base: string | undefined = BASE) {
  const { lookup, clock } = new SamplePage(view);
  return buyerRoutes({ lookup, clock, handOffBase: async () => base });
}
const ask = (routes: ReturnType<typeof shop>, path: string, headers: Record<string, string> = {}) =>
  routes.request(path, { headers: { 'user-agent': AGENTS.phone, ...headers } });
const linkIn = (html: string) =>
  (/href="([^"]*)" referrerpolicy="origin"/.exec(html)?.[1] ?? '').replaceAll('&amp;', '&');

describe('handing over to WeChat', () => {
  it('tells it the origin and nothing else, and where to send the buyer back', async () => {
    const answer = await ask(shop(), `/c/${TOKEN}`);
    const html = await answer.text();
    expect(answer.headers.get('referrer-policy')).toBe('origin');
    const link = new URL(linkIn(html));
    expect(`${link.origin}${link.pathname}${link.search}`.startsWith(`${H5_URL}&redirect_url=`)).toBe(true);
    const back = link.searchParams.get('redirect_url') ?? '';
    expect(back).toMatch(/^https:\/\/pay\.example\.com\/shop\/c\/back\/[\w-]{10}$/);
    expect(link.search).toContain(`redirect_url=${encodeURIComponent(back)}`);
    // The page's token is nowhere in what leaves.
    expect(link.href).not.toContain(TOKEN);
    expect(decodeURIComponent(link.href)).not.toContain(TOKEN);
    // A browser that follows it in a tab of its own would forget where it came from.
    expect(html).not.toMatch(/<a [^>]*referrerpolicy[^>]*(target|noreferrer)/);
  });

  it.each<[string, Partial<BuyerView>]>([
    ['paid', { state: 'PAID' }],
    ['closed', { state: 'CLOSED' }],
    ['closing', { closing: true }],
    ['in doubt', { state: 'UNKNOWN' }],
    ['expired', { expiresAt: OPENED }],
    ['its link dead', { linkExpiresAt: OPENED }],
  ])('%s: tells nobody anything', async (_name, changes) => {
    const answer = await ask(shop(handOffView(changes)), `/c/${TOKEN}`);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await answer.text()).not.toContain('wx.tenpay.com');
  });

  it.each(['wechat', 'wecom', 'miniProgram', 'alipay'] as const)(
    'does not happen inside %s',
    async (agent) => {
      const answer = await ask(shop(), `/c/${TOKEN}`, { 'user-agent': AGENTS[agent] });
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('set-cookie')).toBeNull();
      const html = await answer.text();
      expect(html).not.toContain('wx.tenpay.com');
      expect(readable(html)).toContain('复制本页链接');
    },
  );

  it('is not offered from a page that stands on no registered domain', async () => {
    const answer = await ask(
      buyerRoutes({ ...new SamplePage(handOffView()), lookup: async () => handOffView() }),
      `/c/${TOKEN}`,
    );
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await answer.text()).not.toContain('wx.tenpay.com');
  });

  it('happens from any page of ours where the simulator plays WeChat', async () => {
    const { lookup, clock } = new SamplePage(handOffView({ simulated: true }));
    const routes = buyerRoutes({ lookup, clock });
    const answer = await routes.request(`http://127.0.0.1:4321/c/${TOKEN}`);
    expect(answer.headers.get('referrer-policy')).toBe('origin');
    expect(linkIn(await answer.text())).toContain(encodeURIComponent('http://127.0.0.1:4321/c/back/'));
  });

  it('leaves every other page silent', async () => {
    const answer = await ask(shop(sampleView()), `/c/${TOKEN}`);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});

describe('the way back', () => {
  async function leave(routes = shop()) {
    const answer = await ask(routes, `/c/${TOKEN}`);
    const back = new URL(new URL(linkIn(await answer.text())).searchParams.get('redirect_url') ?? '');
    const [pair = '', ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
    return { routes, back, pair, attributes, path: back.pathname.replace('/shop', '') };
  }

  it('is remembered by the browser, for that address of ours alone', async () => {
    const { back, pair, attributes } = await leave();
    expect(pair).toBe(`page=${TOKEN}`);
    expect(attributes).toEqual([
      ...[`Path=${back.pathname}`, 'Max-Age=3600', 'HttpOnly', 'SameSite=Lax', 'Secure'],
    ]);
  });

  it('leads to the page, which says that it is being confirmed', async () => {
    const { routes, path, pair } = await leave();
    const answer = await ask(routes, path, { cookie: `other=1; ${pair}` });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `../${TOKEN}?returned`]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const page = await (await ask(routes, `/c/${TOKEN}?returned`)).text();
    expect(readable(page)).toContain('正在确认付款结果');
    expect(readable(page)).toContain('还没付款？重新打开微信');
    expect(page).toContain('data-poll="1000"');
  });

  it('proves nothing: a page that knows the end says that', async () => {
    const page = await (await ask(shop(handOffView({ state: 'CLOSED' })), `/c/${TOKEN}?returned`)).text();
    expect(readable(page)).toContain('订单已关闭');
    expect(readable(page)).not.toContain('正在确认');
  });

  it.each([
    ['without a cookie', (_pair: string) => ''],
    ['with a forged one', () => 'page=AAAAAAAAAAAAAAAAAAAAAA'],
    ['with nonsense', () => 'page=../../evil; page=; page'],
  ])('%s says where the result is, and knows nothing', async (_name, cookie) => {
    const { routes, path, pair } = await leave();
    const answer = await ask(routes, path, { cookie: cookie(pair) });
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null]);
    const page = await answer.text();
    expect(readable(page)).toContain('请回到原来的页面');
    expect(page).not.toMatch(/ORDER_|9\.90|AAAA/);
  });

  it('of one order does not lead to another', async () => {
    const { routes, pair } = await leave();
    const answer = await ask(routes, '/c/back/abcdefghij', { cookie: pair });
    expect(answer.headers.get('location')).toBeNull();
  });
});
