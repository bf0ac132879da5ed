import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { listenForOperator } from '../../src/operator/index.ts';
import { runApproved } from '../../src/payments/carry-out.ts';
import type { Listener } from '../../src/platform/listener.ts';
import { APPROVAL_TTL_MS } from '../../src/policy/approvals.ts';
import { freeze } from '../../src/policy/decisions.ts';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { findChromium } from '../support/chromium.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { inBrowser } from '../support/in-browser.ts';
import { photograph } from '../support/photograph.ts';
import { Desk, ORDER, SECRET } from './desk.ts';

cheapGuesses();

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

it('has a browser where it must', () => {
  if (process.env.CI) expect(findChromium(), 'CI needs Chromium: install one or set CHROMIUM').toBeDefined();
});

inBrowser('in a browser', ({ closing, visitor }) => {
  /** A refund of 30.00 yuan waits; somebody opens its page. */
  async function visit(
    options: BrowserContextOptions & { readonly signedIn?: boolean; readonly reason?: string } = {},
  ) {
    const { signedIn = true, reason, ...browserOptions } = options;
    const desk = await Desk.open();
    closing(() => desk.close());
    await desk.sold();
    const { id } = await desk.proposeRefund({ reason });
    const listener: Listener = await listenForOperator(desk.options);
    closing(() => listener.close());
    const { context, page, problems } = await visitor(
      { viewport: DESKTOP, ...browserOptions },
      /status of (401|403|409|429)/,
    );
    if (signedIn) {
      const [name = '', value = ''] = (await desk.signIn()).cookie?.split('=') ?? [];
      const where = { domain: '127.0.0.1', path: '/approvals' };
      await context.addCookies([{ name, value, ...where, httpOnly: true, sameSite: 'Strict' }]);
    }
    const list = `${listener.origin}/approvals`;
    return { desk, id, page, context, problems, list, here: `${list}/${id}` };
  }
  const body = (page: Page) => page.locator('body').innerText();

  it('a person signs in, sees and approves, and the agent may go on', async () => {
    const { desk, id, page, problems, here } = await visit({ signedIn: false });
    await page.goto(here);
    expect(await page.title()).toBe('操作员登录 · mcp-cashier');
    await page.getByLabel('操作员口令').fill('not the secret');
    await page.getByRole('button', { name: '登录' }).click();
    await page.getByText('口令不正确。').waitFor();
    expect(await page.getByLabel('操作员口令').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('操作员口令').fill(SECRET);
    await page.getByRole('button', { name: '登录' }).click();
    await page.waitForURL(here);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('批准这笔退款吗？');
    expect(await body(page)).toMatch(/30\.00[\s\S]*R1[\s\S]*shop-agent/);
    await page.getByRole('button', { name: '批准退款 ¥30.00' }).click();
    await page.getByRole('heading', { name: '已批准' }).waitFor();
    expect(page.url()).toBe(here);
    expect(await desk.approval(id)).toMatchObject({ state: 'approved', decidedBy: 'page' });
    await page.getByRole('button', { name: '退出' }).click();
    await page.getByLabel('操作员口令').waitFor();
    await page.goBack();
    await page.getByLabel('操作员口令').waitFor();
    expect(problems).toEqual([]);
  });

  it('on a phone the decision stays in sight, and what came of it appears by itself', async () => {
    const { desk, id, page, problems, here } = await visit({ viewport: PHONE });
    await page.goto(here);
    const bar = page.locator('.bar');
    const box = await bar.boundingBox();
    expect((box?.y ?? PHONE.height) + (box?.height ?? 0)).toBeLessThanOrEqual(PHONE.height);
    await bar.getByRole('button', { name: '批准退款 ¥30.00' }).click();
    await page.getByRole('heading', { name: '已批准，正在执行' }).waitFor();
    expect(await desk.approval(id)).toMatchObject({ state: 'approved', decidedBy: 'page' });
    const stop = new AbortController();
    const running = runApproved(desk.till, () => 'unknown', stop.signal);
    // Its clock runs only while it sleeps on it: a second, and no session ends.
    await desk.world.clock.sleep(1_000);
    stop.abort();
    await running;
    await page.getByRole('heading', { name: '退款成功，原路退回（银行卡可能晚几天到账）' }).waitFor();
    expect(await page.locator('#announce').innerText()).toContain('退款成功');
    expect(desk.world.bank.refundedFen(ORDER)).toBe(3_000);
    expect(problems).toEqual([]);
  });

  it('denies with a reason, from the list, in English', async () => {
    const { desk, id, page, problems, list } = await visit({ locale: 'en-GB' });
    await page.goto(list);
    await page.getByRole('link', { name: 'Look at it' }).click();
    await page.getByLabel('Reason').fill('not <b>returned</b> yet');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('heading', { name: 'Denied' }).waitFor();
    expect(await desk.approval(id)).toMatchObject({ state: 'denied', reason: 'not <b>returned</b> yet' });
    expect(await body(page)).toContain('not <b>returned</b> yet');
    await page.getByRole('link', { name: '中文' }).click();
    await page.getByRole('heading', { name: '已拒绝' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(problems).toEqual([]);
  });

  it('works without a script, and Enter in the reason is never a yes', async () => {
    const { desk, id, page, here } = await visit({ javaScriptEnabled: false, signedIn: false });
    await page.goto(here);
    await page.getByLabel('操作员口令').fill(SECRET);
    await page.keyboard.press('Enter');
    await page.waitForURL(here);
    await page.getByLabel('拒绝原因').fill('no');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '已拒绝' }).waitFor();
    expect((await desk.approval(id))?.state).toBe('denied');
  });

  it('is used with the keyboard alone, every stop visible and in order', async () => {
    const { desk, id, page, here } = await visit({ signedIn: false });
    await page.goto(here);
    // The secret has the focus by itself, with the first frame.
    await page.locator('input:focus').waitFor();
    await page.keyboard.type(SECRET);
    await page.keyboard.press('Enter');
    await page.waitForURL(here);
    const stops: string[] = [];
    for (let i = 0; i < 20 && !stops.includes('deny'); i++) {
      await page.keyboard.press('Tab');
      const stop =
        (await page.evaluate(`(() => { const e = document.activeElement; const s = getComputedStyle(e);
        return { name: e.id || e.textContent.trim(), outline: parseFloat(s.outlineWidth) * (s.outlineStyle === 'none' ? 0 : 1) }; })()`)) as {
          name: string;
          outline: number;
        };
      expect(stop.outline, stop.name).toBeGreaterThanOrEqual(2);
      stops.push(stop.name);
    }
    expect(stops).toEqual([
      ...['跳到正文', expect.stringContaining('mcp-cashier'), 'English', 'operator', '退出'],
      ...['概览', '订单', '审批', '规则', '对账', '通知', '← 全部审批'],
      ...['approve', 'reason', 'deny'],
    ]);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '已批准' }).waitFor();
    expect((await desk.approval(id))?.state).toBe('approved');
  });

  it('counts down, and decides nothing any more once the time is up, even out of reach', async () => {
    const { desk, page, context, here } = await visit();
    desk.world.clock.advance(APPROVAL_TTL_MS - 3_000);
    await desk.signIn();
    const [name = '', value = ''] = desk.cookie?.split('=') ?? [];
    await context.addCookies([{ name, value, domain: '127.0.0.1', path: '/approvals' }]);
    await page.clock.install({ time: 0 });
    await page.clock.pauseAt(1_000);
    await page.goto(here);
    expect(await page.getByRole('timer').innerText()).toBe('00:03');
    await page.getByLabel('拒绝原因').fill('typed');
    await page.route('**/*', (route) => route.abort());
    await page.clock.runFor(3_000);
    await page.getByText('时间到，已不能决定。').first().waitFor();
    expect(await page.getByRole('button', { name: '批准退款' }).count()).toBe(0);
    expect(await page.locator('#announce').innerText()).toContain('时间到');
    desk.world.clock.advance(3_000);
    await page.unroute('**/*');
    await page.clock.resume();
    await page.getByRole('heading', { name: '已过期，没有人决定' }).waitFor();
  });

  it('shows by itself what another tab has decided, keeping the list up to date, and says so', async () => {
    const { desk, id, page, list, here, context, problems } = await visit();
    await page.goto(list);
    const other = await context.newPage();
    await other.goto(here);
    await other.getByLabel('拒绝原因').fill('half a sentence');
    await desk.proposeRefund({ outRefundNo: 'R2', refundFen: fen(1_234) });
    await page.getByRole('link', { name: '查看 退款 ¥12.34' }).waitFor();
    expect(await page.title()).toBe('(2) 审批 · mcp-cashier');
    expect(await page.locator('#announce').innerText()).toBe('2 个审批待您决定');
    // What changed around it does not take away what is being typed.
    await other.getByText('R2').first().waitFor();
    expect(await other.getByLabel('拒绝原因').inputValue()).toBe('half a sentence');
    await desk.post(`/${id}`, { decision: 'approve' });
    await other.getByRole('heading', { name: '已批准' }).waitFor();
    await page.locator('.badge.approved').waitFor();
    expect(problems).toEqual([]);
  });

  it('a click that came too late is told that it changed nothing', async () => {
    const { desk, id, page, here } = await visit();
    await page.goto(here);
    await desk.post(`/${id}`, { decision: 'deny' });
    await page.getByRole('button', { name: '批准退款' }).click();
    await page.getByText('没有改变什么').waitFor();
    expect((await desk.approval(id))?.state).toBe('denied');
  });

  it('freezes and unfreezes', async () => {
    const { desk, page, list, here, problems } = await visit();
    await page.goto(list);
    await page.getByLabel('原因（可选）').fill('可疑');
    await page.getByRole('button', { name: '暂停收款和退款' }).click();
    await page.getByRole('region', { name: '收款和退款已暂停' }).waitFor();
    await page.goto(here);
    expect(await body(page)).toContain('也要等恢复后才会执行');
    await page.getByRole('button', { name: '恢复收款和退款' }).click();
    await page.getByRole('button', { name: '暂停收款和退款' }).waitFor();
    expect(await desk.till.ledger.read((book) => book.operator.freeze())).toBeUndefined();
    expect(problems).toEqual([]);
  });

  describe('another site', () => {
    async function otherSite(html: string): Promise<string> {
      const server: Server = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end(html);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closing(async () => server.close());
      return String((server.address() as AddressInfo).port);
    }

    it('can link to an approval, and the person is still signed in there', async () => {
      const { page, here } = await visit();
      const port = await otherSite(`<a href="${here}">decide</a>`);
      await page.goto(`http://localhost:${port}/`);
      await page.getByText('decide').click();
      await page.getByRole('heading', { name: '批准这笔退款吗？' }).waitFor();
      expect(page.url()).toBe(here);
    });

    it.each(['localhost', '127.0.0.1'])('at %s cannot decide, even knowing the token', async (host) => {
      const { desk, id, page, here } = await visit();
      const port = await otherSite(
        `<form method="post" action="${here}"><input name="csrf" value="${desk.csrf}"><button name="decision" value="approve">win</button></form>`,
      );
      await page.goto(`http://${host}:${port}/`);
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url() === here),
        page.getByRole('button').click(),
      ]);
      expect(answer.status()).toBe(403);
      expect((await desk.approval(id))?.state).toBe('pending');
    });

    it('cannot frame us', async () => {
      const { page, here } = await visit();
      const port = await otherSite(`<iframe src="${here}"></iframe>`);
      await page.goto(`http://127.0.0.1:${port}/`);
      // The page has loaded when its frames have: here with the browser's own refusal.
      const frame = page.frames()[1];
      expect(frame?.url()).toMatch(/^chrome-error:/);
      expect(await frame?.content()).not.toContain(ORDER);
    });
  });

  it('hostile words run nothing, and keep within their box', async () => {
    const reason = '<img src=x onerror=document.title="owned"></script>\u202Eevorppa';
    const { desk, page, here, problems } = await visit({ viewport: PHONE, reason });
    await page.goto(here);
    expect(await page.title()).not.toContain('owned');
    expect(await body(page)).toContain('<img src=x onerror=document.title="owned"></script>U+202Eevorppa');
    await desk.sold('ORDER_000002', { title: 'W'.repeat(127) });
    const zalgo = `e${'\u0301'.repeat(60)}`;
    const { id } = await desk.proposeRefund({
      outTradeNo: 'ORDER_000002',
      outRefundNo: 'R'.repeat(64),
      reason: zalgo,
    });
    await page.goto(here.replace(/[^/]+$/, id));
    expect([await stumblingBlocks(page), await axeFindings(page)]).toEqual([[], []]);
    expect(problems).toEqual([]);
  });

  async function nobodyStumbles(page: Page, name: string, lang: string): Promise<void> {
    expect([name, await stumblingBlocks(page), await axeFindings(page)]).toEqual([name, [], []]);
    await photograph(page, `approvals ${name} ${lang}`);
  }

  it.each([
    { locale: 'zh-CN', colorScheme: 'dark' as const },
    { locale: 'en-GB', colorScheme: 'light' as const },
  ])('nobody stumbles who cannot sign in: $locale', async ({ locale, ...look }) => {
    const { page, here } = await visit({ viewport: PHONE, locale, ...look, signedIn: false });
    await page.goto(here);
    for (let guess = 1; guess <= 11; guess++) {
      await page.locator('input[type=password]').fill(`guess ${guess}`);
      await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
      if (guess === 1) await nobodyStumbles(page, 'wrong secret', locale);
    }
    await page.getByRole('heading', { name: /请稍候|Please wait/ }).waitFor();
    await nobodyStumbles(page, 'too many guesses', locale);

    const without = await Desk.open({ secret: false });
    closing(() => without.close());
    const listener = await listenForOperator(without.options);
    closing(() => listener.close());
    await page.goto(`${listener.origin}/approvals`);
    await page.getByText('operator set-secret').waitFor();
    await nobodyStumbles(page, 'no secret', locale);
    expect(await page.locator('meta[http-equiv]').count()).toBe(0);
  });

  // Colours are the same in both languages.
  const looks = [PHONE, DESKTOP].flatMap((viewport) => [
    ...(['zh', 'en'] as const).map((lang) => ({ lang, viewport, colorScheme: 'light' as const })),
    { lang: 'zh', viewport, colorScheme: 'dark' as const },
  ]);
  it.each(looks)('nobody stumbles: $lang, $viewport.width px, $colorScheme', async (look) => {
    const { lang, viewport, colorScheme } = look;
    const { desk, id, page, context, list, here } = await visit({
      viewport,
      colorScheme,
      reason: '买家退货',
    });
    const check = async (address: string, name: string) => {
      await page.goto(`${address}?lang=${lang}`);
      await nobodyStumbles(page, name, lang);
    };
    await check(list, 'list');
    await check(here, 'pending');
    await check(`${list}/AAAAAAAAAAAAA`, 'unknown');
    await desk.post(`/${id}`, { decision: 'approve' });
    await check(here, 'approved');
    const { id: second } = await desk.proposeRefund({ outRefundNo: 'R2' });
    await desk.till.ledger.write((book) => freeze(book, 'terminal', 'a long reason '.repeat(10)));
    await check(`${list}/${second}`, 'frozen');
    desk.world.clock.advance(APPROVAL_TTL_MS);
    await check(list, 'frozen list');
    await check(here, 'lapsed');
    await context.clearCookies();
    await check(`${list}/sign-in`, 'sign-in');
    await desk.till.ledger.write((book) => book.setMeta('operator_secret', 'x'));
    await check(`${list}/sign-in`, 'still sign-in');
  });
});
