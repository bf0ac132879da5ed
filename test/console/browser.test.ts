import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { consoleBeside } from '../../src/console/index.ts';
import { fen } from '../../src/domain/money.ts';
import { listenForOperator } from '../../src/operator/index.ts';
import { createSubscription } from '../../src/payments/agreements/create-subscription.ts';
import { runSubscriptions } from '../../src/payments/agreements/round.ts';
import { runApproved } from '../../src/payments/carry-out.ts';
import { Person } from '../../src/persons/person.ts';
import { acceptPolicy, freeze } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { Desk, ORDER, SECRET } from '../operator/desk.ts';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { inBrowser } from '../support/in-browser.ts';
import { photograph } from '../support/photograph.ts';
import { CALL, subscriptionWish } from '../support/world.ts';
import { aMonth } from './shop.ts';

cheapGuesses();

const PHONE = { width: 320, height: 700 };
const DESKTOP = { width: 1280, height: 800 };
/** Something of every kind of rule. */
const RULES: Policy = {
  payments: {
    ...{ maxFen: fen(500_000), approveAboveFen: fen(50_000), hours: [480, 1_380], scenes: ['qr', 'h5'] },
    ...{ providers: ['alipay'], perDay: { totalFen: fen(2_000_000), count: 500 }, perMinute: { count: 20 } },
  },
  refunds: { maxFen: fen(50_000), approveAboveFen: fen(0), perDay: { totalFen: fen(10_000), count: 2 } },
  clients: { 'shop-agent': { payments: { maxFen: fen(10_000) }, refunds: { from: 'budget' } } },
  foreignOrders: 'query',
  trustForms: true,
};

/** Somebody subscribes, and has paid the first period. */
async function subscribe({ world }: Desk): Promise<void> {
  world.bank.hasAgreements = true;
  const till = await world.process({ payments: {}, refunds: {} });
  await createSubscription(till, CALL, subscriptionWish({ title: '月刊'.repeat(20), times: 12 }));
  world.bank.agreements.sign('GYM0001');
  const server = world.serve((signal) => runSubscriptions(till, signal));
  // Nobody's session has ended by then.
  await world.clock.pass(10 * 60_000);
  server.abort();
}

inBrowser('in a browser', ({ closing, visitor }) => {
  async function visit(options: BrowserContextOptions & { readonly signedIn?: boolean } = {}) {
    const { signedIn = true, ...browserOptions } = options;
    const desk = await Desk.open();
    closing(() => desk.close());
    const listener = await listenForOperator({ ...desk.options, beside: consoleBeside() });
    closing(() => listener.close());
    const { context, page, problems } = await visitor(
      { viewport: DESKTOP, ...browserOptions },
      /status of 4\d\d/,
    );
    if (signedIn) {
      const [name = '', value = ''] = (await desk.signIn()).cookie?.split('=') ?? [];
      const both = ['/approvals', '/console'].map((at) => ({ name, value, domain: '127.0.0.1', path: at }));
      await context.addCookies(both.map((one) => ({ ...one, httpOnly: true, sameSite: 'Strict' })));
    }
    return { desk, page, context, problems, home: `${listener.origin}/console` };
  }
  const body = (page: Page) => page.locator('body').innerText();
  async function serve(desk: Desk): Promise<void> {
    const stop = new AbortController();
    const running = runApproved(desk.till, () => 'unknown', stop.signal);
    await desk.world.clock.sleep(1_000);
    stop.abort();
    await running;
  }

  it('a person signs in, finds an order and refunds it, and what came of it appears by itself', async () => {
    const { desk, page, problems, home } = await visit({ signedIn: false });
    await desk.sold();
    await page.goto(home);
    await page.getByLabel('操作员口令').fill(SECRET);
    await page.getByRole('button', { name: '登录' }).click();
    await page.waitForURL(home);
    await page.getByRole('link', { name: '订单', exact: true }).click();
    await page.getByLabel('单号、商品名或金额').fill('RECIPE');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: '菜谱' }).click();
    await page.getByLabel('退款金额（元）').fill('30');
    await page.getByRole('button', { name: '下一步' }).click();
    await page.getByRole('heading', { name: '确认退款吗？' }).waitFor();
    await page.getByRole('button', { name: '确认退款 ¥30.00' }).dblclick();
    await page.waitForURL(`${home}/orders/${ORDER}`);
    await page.getByText('已批准，正在执行').waitFor();
    await serve(desk);
    await page.getByText('支付平台已确认。', { exact: true }).waitFor();
    expect(desk.world.bank.refundedFen(ORDER)).toBe(3_000);
    expect(problems).toEqual([]);
  });

  it('the overview follows what comes in, and leaves alone what has not changed', async () => {
    const { desk, page, problems, home } = await visit();
    await page.goto(home);
    await page.getByText('这段时间没有收款，也没有退款。').waitFor();
    await desk.sold();
    await page.getByRole('cell', { name: '¥88.00' }).first().waitFor();
    await page.goto(`${home}/orders/${ORDER}`);
    await page.evaluate(`document.getElementById('live').dataset.here = 'yes'`);
    const mark = () => page.locator('#live').getAttribute('data-mark');
    const before = await mark();
    await desk.sold('ORDER_000002');
    await expect.poll(mark, { timeout: 10_000 }).not.toBe(before);
    expect(await page.locator('#live').getAttribute('data-here')).toBe('yes');
    expect(problems).toEqual([]);
  });

  it('a session that has ended leads to sign-in by itself', async () => {
    const { page, context, home } = await visit();
    await page.goto(home);
    await context.clearCookies();
    await page.getByLabel('操作员口令').waitFor();
    expect(page.url()).toContain('next=console');
  });

  it('everything is there without a script', async () => {
    const { desk, page, home } = await visit({ javaScriptEnabled: false });
    await desk.sold();
    await page.goto(home);
    expect(await body(page)).toMatch(/今天\s+收款\s+¥88\.00/);
    await desk.sold('ORDER_000002');
    await page.getByRole('link', { name: '刷新' }).click();
    expect(await body(page)).toMatch(/今天\s+收款\s+¥176\.00/);
    await page.goto(`${home}/orders/${ORDER}`);
    await page.getByLabel('退款金额（元）').fill('1');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: '确认退款 ¥1.00' }).click();
    expect(await body(page)).toContain('已批准，正在执行');
  });

  // Each language, width and scheme once: what differs in one of them differs in all.
  const looks = [
    { lang: 'en', viewport: PHONE, colorScheme: 'light' as const },
    { lang: 'zh', viewport: DESKTOP, colorScheme: 'dark' as const },
  ];
  it.each(looks)(
    'nobody stumbles: $lang, $viewport.width px, $colorScheme',
    async ({ lang, viewport, colorScheme }) => {
      const { desk, page, home, problems } = await visit({ viewport, colorScheme });
      let pictures = 0;
      const check = async (address: string) => {
        await page.goto(`${home}${address}${address.includes('?') ? '&' : '?'}lang=${lang}`);
        expect(page.url(), address).not.toContain('sign-in');
        expect(await stumblingBlocks(page), address).toEqual([]);
        expect(await axeFindings(page), address).toEqual([]);
        await photograph(page, `console ${pictures++} ${address} ${lang}`);
      };
      for (const empty of ['', '/orders', '/rules', '/bills', '/channels', '/subscriptions', '/nowhere'])
        await check(empty);
      await aMonth(desk.till, 3);
      await desk.sold(ORDER, { title: 'W'.repeat(127) });
      await desk.proposeRefund({ reason: `<b>\u202E${'返'.repeat(60)}` });
      const { ledger } = desk.till;
      const person = await Person.bySecret(ledger, 'live', SECRET, 'page');
      await ledger.write((book) => acceptPolicy(book, person, RULES));
      await desk.till.ledger.write((book) =>
        book.quotas.insertBudgetMove({
          budget: 'shop-agent',
          amountFen: 5_000,
          by: 'terminal',
          note: undefined,
        }),
      );
      for (const full of [
        '',
        '?days=30',
        '/orders',
        '/orders?q=W&state=PAID&from=x',
        '/orders?q=nowhere',
        '/rules',
      ]) {
        await check(full);
      }
      await ledger.write(({ outbox }) => outbox.begin('boss <b>', 1));
      await check('/channels');
      const order = `/orders/${ORDER}`;
      for (const one of [order, '/orders/C_OPEN_0001', '/orders/C_DOUBT_001', '/orders/NOWHERE'])
        await check(one);
      await check(`${order}/refund?number=R1&yuan=1.00&reason=${'x'.repeat(80)}`);
      await check(`${order}/refund?number=R1&yuan=x`);
      await check('/orders/C_OPEN_0001/close');
      await subscribe(desk);
      for (const one of ['', '?state=ACTIVE', '/GYM0001', '/GYM0001/cancel', '/NOWHERE'])
        await check(`/subscriptions${one}`);
      await desk.till.ledger.write((book) => freeze(book, 'terminal', 'a long reason '.repeat(10)));
      for (const frozen of ['', '/rules', order]) await check(frozen);
      expect(problems).toEqual([]);
    },
  );
});
