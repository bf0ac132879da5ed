import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, controlOf, freshNumber, openBench, openReceiver, until } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

async function wechatPayOrder(
  description: string,
  more: object = {},
): Promise<{ number: string; code: string }> {
  const number = freshNumber();
  const { data } = await bench.wechatpay.post('v3/pay/transactions/native', {
    appid: bench.env.WXPAY_APP_ID,
    mchid: bench.env.WXPAY_MCH_ID,
    description,
    out_trade_no: number,
    notify_url: bench.env.WXPAY_NOTIFY_URL,
    amount: { total: 123456 },
    ...more,
  });
  return { number, code: data.code_url };
}

const get = (path: string) => fetch(`${bench.simulator.origin}${path}`);
const scan = (code: string) => get(`/scan?code=${encodeURIComponent(code)}`);

/** Asks with a Host header of one's own choice, which fetch does not allow. */
function statusForHost(host: string): Promise<number | undefined> {
  const { port } = new URL(bench.simulator.origin);
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/healthz', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the cashier page', () => {
  it('shows amount, title, merchant, number and expiry, in both languages, as simulated', async () => {
    const { number, code } = await wechatPayOrder('咖啡 & <b>"蛋糕"</b>', {
      time_expire: '2026-11-21T10:30:00+08:00',
    });
    const page = await scan(code);
    const text = await page.text();
    const shown = ['模拟 SIMULATED', '1234.56', '咖啡 &amp; &lt;b&gt;&quot;蛋糕&quot;&lt;/b&gt;', number];
    for (const part of [...shown, '2026-11-21 10:30:00', '确认支付', 'Refuse']) expect(text).toContain(part);
    expect(text).not.toContain('<b>"');
    expect(text).toMatch(/data-now="1795226400000" data-until="1795228200000"/);
  });

  it('loads nothing from elsewhere, is cached and framed by nobody', async () => {
    const page = await scan((await wechatPayOrder('咖啡')).code);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await page.text()).not.toMatch(/(src|href)="https?:/);
  });

  it('refusing leaves the order payable; paying twice pays once', async () => {
    const { number, code } = await wechatPayOrder('咖啡');
    const { url } = await scan(code);
    expect(await (await fetch(`${url}/refuse`, { method: 'POST' })).text()).toContain('订单仍可支付');
    for (const _ of [1, 2]) {
      expect(await (await fetch(`${url}/pay`, { method: 'POST' })).text()).toContain('支付成功');
    }
    const { value } = await controlOf(bench.simulator, 'GET', 'deliveries');
    expect(value.deliveries.filter(({ outTradeNo }) => outTradeNo === number)).toHaveLength(1);
  });

  it('is not pressed by another site', async () => {
    const { url } = await scan((await wechatPayOrder('咖啡')).code);
    const pressed = await fetch(`${url}/pay`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(pressed.status).toBe(403);
    expect(await (await fetch(url)).text()).toContain('确认支付');
  });

  it('does not wait for a merchant who does not answer', async () => {
    const merchant = await openReceiver();
    await merchant.close();
    const { number, code } = await wechatPayOrder('咖啡', { notify_url: merchant.url });
    const { url } = await scan(code);
    expect(await (await fetch(`${url}/pay`, { method: 'POST' })).text()).toContain('支付成功');
    await until(async () => {
      const { value } = await controlOf(bench.simulator, 'GET', 'deliveries');
      return value.deliveries.find(({ outTradeNo }) => outTradeNo === number)?.attempts[0] === 'no-answer';
    });
  });

  it('sends back to the merchant: signed by Alipay, plain by WeChat Pay', async () => {
    const bizContent = { out_trade_no: freshNumber(), total_amount: '9.90', subject: '会员' };
    const link = bench.alipay.pageExecute('alipay.trade.page.pay', 'GET', {
      returnUrl: 'https://shop.example/thanks?x=1',
      bizContent,
    });
    const { url } = await fetch(link);
    const paid = await (await fetch(`${url}/pay`, { method: 'POST' })).text();
    const back = new URL((/href="(https:[^"]+)"/.exec(paid)?.[1] ?? '').replaceAll('&amp;', '&'));
    const { x, ...added } = Object.fromEntries(back.searchParams);
    expect(x).toBe('1');
    expect(added).toMatchObject({ out_trade_no: bizContent.out_trade_no, total_amount: '9.90' });
    expect(bench.alipay.checkNotifySignV2(added)).toBe(true);

    const number = freshNumber();
    const { data } = await bench.wechatpay.post('v3/pay/transactions/h5', {
      appid: bench.env.WXPAY_APP_ID,
      mchid: bench.env.WXPAY_MCH_ID,
      description: '会员',
      out_trade_no: number,
      notify_url: bench.env.WXPAY_NOTIFY_URL,
      amount: { total: 990 },
      scene_info: { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } },
    });
    const opened = await fetch(
      `${data.h5_url}&redirect_url=${encodeURIComponent('https://shop.example/done')}`,
    );
    const done = await (await fetch(`${opened.url}/pay`, { method: 'POST' })).text();
    expect(done).toContain('href="https://shop.example/done"');
  });

  it.each([
    '',
    'nothing',
    'weixin://wxpay/bizpayurl?pr=nobody',
    'http://[bad',
    '{}',
    '{"appId":1}',
    'sign=1',
  ])('cannot be reached by scanning %j', async (code) => {
    const page = await scan(code);
    expect(page.status).toBe(400);
    expect(await page.text()).toContain('无法支付');
  });
});

describe('the home page', () => {
  it('lists orders with states, codes nobody scanned, the scanner and the scenarios', async () => {
    const { number } = await wechatPayOrder('首页<i>');
    const unopened = { out_trade_no: freshNumber(), total_amount: '9.90', subject: '未扫' };
    await bench.alipay.exec('alipay.trade.precreate', { bizContent: unopened });
    const text = await (await get('/')).text();
    for (const part of [
      number,
      '首页&lt;i&gt;',
      unopened.out_trade_no,
      '未扫码',
      'name="code"',
      'sim:notify-twice',
    ]) {
      expect(text).toContain(part);
    }
  });
});

describe('the door', () => {
  it.each([
    ['127.0.0.1:PORT', 200],
    ['localhost:PORT', 200],
    ['attacker.example:PORT', 421],
    ['127.0.0.1', 421],
    ['127.0.0.1:1', 421],
  ])('a request for %s gets %i', async (host, status) => {
    expect(await statusForHost(host.replace('PORT', new URL(bench.simulator.origin).port))).toBe(status);
  });

  it('reads bounded bodies', async () => {
    const body = 'x'.repeat(65_537);
    for (const path of ['/gateway.do', '/v3/pay/transactions/native', '/control/pay', '/alipay/app']) {
      const response = await fetch(`${bench.simulator.origin}${path}`, { method: 'POST', body });
      expect(response.status).toBe(413);
    }
  });

  it('takes controls only with the header that no form can send', async () => {
    const response = await fetch(`${bench.simulator.origin}/control/trades`);
    expect(response.status).toBe(403);
    expect((await controlOf(bench.simulator, 'GET', 'nothing')).status).toBe(404);
  });

  it('answers 404 to what it does not know', async () => {
    expect((await get('/nothing')).status).toBe(404);
    expect((await get('/cashier/nobody')).status).toBe(400);
  });
});
