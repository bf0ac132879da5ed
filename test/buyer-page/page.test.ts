import { describe, expect, it } from 'vitest';
import type { BuyerView } from '../../src/buyer-page/index.ts';
import { linkView, OPENED, QR_TEXT, readable, SamplePage, sampleView } from './sample.ts';

const pageOf = (view: BuyerView) => new SamplePage(view).page();
/** Where the page leads, but for the other language. */
const linksOf = (page: string) =>
  [...page.matchAll(/<a [^>]*href="([^"]*)"/g)].map((match) => match[1]).filter((href) => href?.[0] !== '?');
const PAY_URL = 'https://openapi.alipay.com/gateway.do?app_id=1&sign=a%2Bb%28c%29';

describe('a payable order', () => {
  it('shows wallet, title, amount, number, code, time left and deadline', async () => {
    const page = await pageOf(sampleView());
    const text = readable(page);
    expect(page).toMatch(/^<!doctype html>\n<html lang="zh-CN">/);
    expect(page).toContain('<svg xmlns="http://www.w3.org/2000/svg"');
    for (const words of ['支付宝', '待付款', '手冲咖啡', '¥9.90', 'ORDER_000001']) {
      expect(text).toContain(words);
    }
    expect(text).toContain('打开支付宝，扫一扫付款');
    expect(text).toContain('剩余付款时间 30:00');
    expect(text).toContain('付款截止 15:00（北京时间）');
    expect(text).not.toContain('SIMULATED');
  });

  it('names WeChat Pay in its own words and colour', async () => {
    const page = await pageOf(sampleView({ provider: 'wechatpay', qrCode: 'weixin://wxpay/bizpayurl?pr=x' }));
    expect(page).toContain('<body class="wechatpay">');
    expect(readable(page)).toContain('打开微信，扫一扫付款');
  });

  it('turns a link into a button, byte for byte', async () => {
    const page = await pageOf(linkView(PAY_URL));
    expect(page).toContain(
      `<a class="button " href="${PAY_URL.replace('&', '&amp;')}" target="_blank" rel="noreferrer noopener">`,
    );
    expect(page).not.toContain('class="qr"');
  });

  it.each([
    'javascript:alert(1)',
    'JavaScript://example.com/%0aalert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    '//example.com/',
    'https://exa mple.com/',
    'https://example.com/\n"onclick="alert(1)',
    'https://',
    '',
  ])('%j never becomes a link', async (payUrl) => {
    const page = await pageOf(linkView(payUrl, { simulated: true, simulatorUrl: payUrl }));
    expect(linksOf(page)).toEqual([]);
    expect(readable(page)).toContain('请在商家的页面或应用里付款');
  });

  it('keeps a link that holds quotes inside its attribute', async () => {
    const page = await pageOf(linkView(`https://example.com/?a="onclick="alert(1)&b='<b>`));
    expect(page).toContain(
      'href="https://example.com/?a=&quot;onclick=&quot;alert(1)&amp;b=&#39;&lt;b&gt;" target="_blank"',
    );
  });

  it('without code or link sends the buyer to the merchant’s page or app', async () => {
    const { qrCode: _none, ...rest } = sampleView({ provider: 'wechatpay', scene: 'jsapi' });
    expect(readable(await pageOf(rest))).toContain('请在商家的页面或应用里付款');
  });

  it('writes hours only where there are any', async () => {
    const text = readable(await pageOf(sampleView({ expiresAt: OPENED + 86_400_000 })));
    expect(text).toContain('24:00:00');
    expect(text).toContain('11-22 14:30（北京时间）');
  });
});

describe('an order that cannot be paid here', () => {
  const past = { expiresAt: OPENED };
  const states: [string, Partial<BuyerView>, string][] = [
    ['paid', { state: 'PAID' }, '付款成功，请回到聊天告诉商家。'],
    ['paid late', { state: 'PAID', late: true }, '请联系商家发货或退款，请勿重复付款。'],
    ['refunded in part', { state: 'PAID', refundedYuan: '9.89' }, '已退款 ¥9.89'],
    ['refunded in full', { state: 'PAID', refundedYuan: '9.90' }, '已全额退款'],
    ['refunded elsewhere', { state: 'PAID', refundedElsewhereYuan: '0.01' }, '已退款 ¥0.01'],
    ['refunded elsewhere, who knows how much', { state: 'PAID', refundedElsewhereYuan: 'unknown' }, '有退款'],
    ['closed', { state: 'CLOSED' }, '订单已关闭'],
    ['denied', { state: 'DENIED' }, '商家没有批准这笔收款'],
    ['awaiting approval', { state: 'PENDING_APPROVAL' }, '等待商家批准'],
    ['unknown', { state: 'UNKNOWN' }, '请勿重复付款。'],
    ['unknown, without a code', { state: 'UNKNOWN', given: false }, '现在还不能付款，也没有扣款。'],
    ['waiting, without a code', { given: false }, '现在还不能付款，也没有扣款。'],
    ['closing', { closing: true }, '商家正在关闭这笔订单'],
    ['expired', past, '付款时间已过'],
    ['closing and expired', { ...past, closing: true }, '付款时间已过'],
    ['closing with a dead link', { closing: true, linkExpiresAt: OPENED }, '付款时间已过'],
    ['with a dead code', { linkExpiresAt: OPENED }, '二维码或链接已失效'],
  ];

  it.each(states)(
    '%s: says what happened, and holds neither code nor link',
    async (_name, changes, words) => {
      const page = await pageOf(
        sampleView({
          payUrl: PAY_URL,
          simulated: true,
          simulatorUrl: 'http://127.0.0.1:4000/pay',
          ...changes,
        }),
      );
      expect(readable(page)).toContain(words);
      expect(readable(page)).toContain('¥9.90');
      for (const trace of [
        'class="qr"',
        'data-pay>',
        'href="http',
        QR_TEXT,
        'openapi',
        '127.0.0.1',
        'xmlns="',
      ]) {
        expect(page).not.toContain(trace);
      }
      expect(linksOf(page)).toEqual([]);
    },
  );

  it.each([
    { refundedYuan: '9.90' },
    { refundedYuan: '3.30', refundedElsewhereYuan: '6.60' },
    { refundedElsewhereYuan: '9.90' },
    { refundedYuan: '9.90', refundedElsewhereYuan: 'unknown' },
    { refundedYuan: '0.01' },
    { refundedElsewhereYuan: 'unknown' },
    { late: true, refundedYuan: '9.90' },
  ])('never just says paid after %j', async (refunded) => {
    const page = await pageOf(sampleView({ state: 'PAID', ...refunded }));
    const text = readable(/<section[\s\S]*<\/section>/.exec(page)?.[0] ?? '');
    expect(text).toContain('退款');
    expect(text).not.toMatch(/付款成功|商家已收到款项|已付款/);
  });

  it('says when it was paid and by which number', async () => {
    const proof = { paidAt: OPENED + 61_000, gatewayTradeNo: '4200002345202611211234567890' };
    const page = await pageOf(sampleView({ state: 'PAID', ...proof }));
    expect(readable(page)).toContain('付款时间 2026-11-21 14:31（北京时间）');
    expect(readable(page)).toContain('支付宝交易号 4200002345202611211234567890');
  });

  it('tells until when a link that is being closed can still be paid', async () => {
    const text = readable(await pageOf(sampleView({ closing: true, linkExpiresAt: OPENED + 60_000 })));
    expect(text).toContain('旧链接仍可付款至 14:31（北京时间）');
  });

  it('expires by the clock it was given, to the millisecond', async () => {
    const sample = new SamplePage(sampleView({ linkExpiresAt: OPENED + 300_000 }));
    const badge = async (now: number) => {
      sample.now = now;
      return /class="badge">([^<]*)/.exec(await sample.page())?.[1];
    };
    expect(await badge(OPENED + 299_999)).toBe('待付款');
    expect(await badge(OPENED + 300_000)).toBe('付款码已失效');
    expect(await badge(OPENED + 1_799_999)).toBe('付款码已失效');
    expect(await badge(OPENED + 1_800_000)).toBe('已过期');
  });

  it('is asked for again only while it can change', async () => {
    const asks = async (changes: Partial<BuyerView>) => {
      const page = await pageOf(sampleView(changes));
      return [
        Number(/data-poll="(\d+)"/.exec(page)?.[1]),
        page.includes('<noscript><meta http-equiv="refresh"'),
      ];
    };
    expect(await asks({})).toEqual([1_000, true]);
    expect(await asks({ state: 'UNKNOWN' })).toEqual([1_000, true]);
    expect(await asks({ state: 'CLOSED' })).toEqual([5_000, true]);
    expect(await asks({ state: 'PAID' })).toEqual([0, false]);
    expect(await asks({ state: 'DENIED' })).toEqual([0, false]);
  });
});

it('money of a trial edition is said to go back', async () => {
  const page = readable(await pageOf(sampleView({ trial: true })));
  expect(page).toContain('体验版：真实付款，次日 10:00（北京时间）自动全额退回');
  expect(readable(await pageOf(sampleView()))).not.toContain('体验版');
});

describe('simulated money', () => {
  const simulated = { simulated: true, simulatorUrl: 'http://127.0.0.1:4000/pay/1?a=1&b=2' };

  it('looks simulated and is paid by a click', async () => {
    const page = await pageOf(sampleView(simulated));
    expect(readable(page)).toContain('模拟环境 SIMULATED — 不是真钱');
    expect(readable(page)).toContain('模拟付款');
    expect(page).toContain('href="http://127.0.0.1:4000/pay/1?a=1&amp;b=2"');
    expect(readable(page)).not.toContain('打开支付宝，');
  });

  it.each(['PAID', 'CLOSED', 'UNKNOWN'] as const)('still says so when %s', async (state) => {
    expect(readable(await pageOf(sampleView({ ...simulated, state })))).toContain('模拟环境 SIMULATED');
  });

  it('one address is one button', async () => {
    const page = await pageOf(
      linkView('https://sim.example/1', { simulated: true, simulatorUrl: 'https://sim.example/1' }),
    );
    expect(linksOf(page)).toHaveLength(1);
  });

  it('a real order never offers the simulator', async () => {
    expect(await pageOf(sampleView({ ...simulated, simulated: false }))).not.toContain('127.0.0.1');
  });
});

describe('hostile text', () => {
  const titles = [
    '</script><img src=x onerror=alert(1)>',
    '</bdi></section><script>alert(1)</script>',
    '"><svg onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    '&lt;b&gt; &amp;amp; <!-- -->',
    '\u202Efdp.exe\u2066\u2067',
  ];

  it.each(titles)('%j stays text', async (title) => {
    const tagsOf = (page: string) => page.match(/<\/?[a-z!][^>]*>/gi);
    const [hostile, plain] = [await pageOf(sampleView({ title })), await pageOf(sampleView())];
    expect(tagsOf(hostile)).toEqual(tagsOf(plain));
    expect(readable(hostile)).toContain(title.replace(/\s+/g, ' ').trim());
    expect(hostile).toMatch(/<bdi translate="no">[^<]*<\/bdi>/);
  });

  it('reaches neither the window’s title nor an attribute', async () => {
    const page = await pageOf(sampleView({ title: 'SECRETGIFT' }));
    expect(page.match(/SECRETGIFT/g)).toHaveLength(1);
    expect(page).toContain('<title>待付款 ¥9.90 · 支付宝</title>');
  });
});

describe('the document', () => {
  it('loads nothing from elsewhere, has no inline handlers or styles, and is light', async () => {
    const page = await pageOf(sampleView({ ...{ simulated: true, simulatorUrl: 'https://sim.example/1' } }));
    expect(page).not.toMatch(/\s(?:style|on[a-z]+)=/);
    expect(page).not.toMatch(/<(?:iframe|form|object|embed|base|img)\b|@import|url\(/);
    expect([...page.matchAll(/\s(?:src|href)="([^"]*)"/g)].map((match) => match[1]?.slice(0, 14))).toEqual([
      'data:image/svg',
      'https://qr.ali',
      'https://sim.ex',
      '?lang=en',
    ]);
    expect(Buffer.byteLength(page.replace(/<svg xmlns[\s\S]*?<\/svg>/, ''))).toBeLessThan(30_000);
  });

  it('has landmarks, a polite live region, a named section and one heading of the first level', async () => {
    for (const view of [sampleView(), sampleView({ state: 'PAID' })]) {
      const page = await pageOf(view);
      expect(page).toContain('<main>');
      expect(page).toContain('role="status" aria-live="polite"');
      expect(page).toMatch(/<section id="order"[^>]* aria-label="[^"]+"/);
      expect(page.match(/<h1/g)).toHaveLength(1);
      expect(page).toContain('prefers-reduced-motion');
    }
  });
});
