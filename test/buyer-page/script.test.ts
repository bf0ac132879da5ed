import { describe, expect, it } from 'vitest';
import { Browser } from './browser.ts';
import { OPENED, SamplePage, sampleView, TOKEN } from './sample.ts';

const STATE = `/c/${TOKEN}/state`;
const PAGE = `/c/${TOKEN}`;

describe('an open page', () => {
  it('turns to paid by itself, without a reload, and then stops asking', async () => {
    const browser = await Browser.open(new SamplePage());
    await browser.advance(2_500);
    expect(browser.requests).toEqual([STATE, STATE]);
    browser.sample.view = sampleView({ state: 'PAID' });
    await browser.advance(1_000);
    expect(browser.section.dataset.state).toBe('PAID');
    expect(browser.payable).toBe(false);
    expect(browser.title).toBe('已付款 ¥9.90 · 支付宝');
    expect(browser.announce.textContent).toBe('已付款');
    expect(browser.requests.slice(2)).toEqual([STATE, PAGE]);
    await browser.advance(600_000);
    expect(browser.requests).toHaveLength(4);
    expect(browser.reloads).toBe(0);
  });

  it('tells of a refund to whoever looks at it again', async () => {
    const browser = await Browser.open(new SamplePage(sampleView({ state: 'PAID' })));
    browser.sample.view = sampleView({ state: 'PAID', refundedYuan: '3.30' });
    await browser.advance(600_000);
    expect(browser.requests).toEqual([]);
    await browser.fire('visibilitychange');
    expect([browser.section.label, browser.title]).toEqual(['已部分退款', '已部分退款 ¥9.90 · 支付宝']);
    browser.sample.view = sampleView({ state: 'PAID', refundedYuan: '9.90' });
    await browser.fire('visibilitychange');
    expect(browser.section.label).toBe('已全额退款');
  });

  it('shows how to pay as soon as the merchant has approved', async () => {
    const browser = await Browser.open(new SamplePage(sampleView({ state: 'PENDING_APPROVAL' })));
    expect(browser.payable).toBe(false);
    browser.sample.view = sampleView();
    await browser.advance(1_000);
    expect(browser.payable).toBe(true);
  });

  it('takes the code away when the order is being closed, and goes on to closed and paid late', async () => {
    const browser = await Browser.open(new SamplePage());
    browser.sample.view = sampleView({ closing: true });
    await browser.advance(1_000);
    expect([browser.payable, browser.section.dataset.closing]).toEqual([false, 'true']);
    browser.sample.view = sampleView({ state: 'CLOSED' });
    await browser.advance(1_000);
    expect(browser.section.label).toBe('已关闭');
    browser.sample.view = sampleView({ state: 'PAID', late: true });
    await browser.advance(5_000);
    expect(browser.section.label).toBe('已付款（逾期）');
  });
});

describe('the countdown', () => {
  it('runs on the server’s seconds and ends in the next phase, at the deadline and again at the order’s', async () => {
    const view = sampleView({ expiresAt: OPENED + 120_000, linkExpiresAt: OPENED + 61_000 });
    const browser = await Browser.open(new SamplePage(view));
    expect(browser.countdown).toBe('01:01');
    await browser.advance(2_000);
    expect(browser.countdown).toBe('00:59');
    await browser.advance(58_000);
    expect(browser.countdown).toBe('00:01');
    await browser.advance(1_000);
    expect([browser.payable, browser.section.label]).toEqual([false, '付款码已失效']);
    await browser.advance(60_000);
    expect(browser.section.label).toBe('已过期');
  });

  it('shows the new code when a dead or dying one was renewed', async () => {
    const browser = await Browser.open(new SamplePage(sampleView({ linkExpiresAt: OPENED + 10_000 })));
    browser.sample.view = sampleView({ linkExpiresAt: OPENED + 310_000 });
    await browser.advance(2_000);
    expect([browser.payable, browser.countdown]).toEqual([true, '05:08']);
    await browser.advance(308_000);
    expect(browser.payable).toBe(false);
    browser.sample.view = sampleView({ linkExpiresAt: OPENED + 600_000 });
    await browser.advance(5_000);
    expect(browser.payable).toBe(true);
  });

  it('catches up when the server has less time left than the page believed', async () => {
    const browser = await Browser.open(new SamplePage());
    browser.sample.view = sampleView({ expiresAt: OPENED + 100_000 });
    await browser.advance(2_000);
    expect(browser.countdown).toBe('01:38');
    expect(browser.requests).not.toContain(PAGE);
  });

  it('offers nothing any more once the time is up, also when the server is out of reach', async () => {
    const browser = await Browser.open(new SamplePage(sampleView({ linkExpiresAt: OPENED + 5_000 })));
    browser.online = false;
    await browser.advance(4_000);
    expect([browser.payable, browser.section.parts.get('[data-over]')?.hidden]).toEqual([true, true]);
    await browser.advance(1_000);
    expect([browser.payable, browser.section.parts.get('[data-over]')?.hidden]).toEqual([false, false]);
    browser.online = true;
    await browser.fire('online');
    expect(browser.section.label).toBe('付款码已失效');
  });
});

describe('asking', () => {
  it('backs off while the server is out of reach, says so, and recovers', async () => {
    const browser = await Browser.open(new SamplePage());
    browser.online = false;
    await browser.advance(1_000);
    expect(browser.offline.hidden).toBe(true);
    await browser.advance(2_000);
    expect(browser.offline.hidden).toBe(false);
    await browser.advance(297_000);
    expect(browser.requests.length).toBeLessThan(16);
    browser.online = true;
    await browser.advance(30_000);
    expect(browser.offline.hidden).toBe(true);
    const before = browser.requests.length;
    await browser.advance(10_000);
    expect(browser.requests.length - before).toBe(10);
  });

  it('is slow while nobody looks, and immediate when somebody does again', async () => {
    const browser = await Browser.open(new SamplePage());
    browser.hidden = true;
    await browser.advance(61_000);
    expect(browser.requests).toHaveLength(7);
    browser.hidden = false;
    browser.sample.view = sampleView({ state: 'PAID' });
    await browser.fire('visibilitychange');
    expect(browser.section.dataset.state).toBe('PAID');
  });

  it('keeps what is shown when the state can be read but the page cannot', async () => {
    const browser = await Browser.open(new SamplePage());
    const { view } = browser.sample;
    browser.sample.view = sampleView({ state: 'PAID' });
    browser.failPages = true;
    await browser.advance(1_000);
    expect(browser.section.dataset.state).toBe(view?.state);
    browser.failPages = false;
    await browser.advance(2_000);
    expect(browser.section.dataset.state).toBe('PAID');
  });

  it('leaves a page that is gone', async () => {
    const browser = await Browser.open(new SamplePage());
    browser.sample.view = undefined;
    await browser.advance(60_000);
    expect([browser.reloads, browser.requests]).toEqual([1, [STATE]]);
  });
});
