import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { appPage } from '../../src/mcp-apps/view/page.ts';
import { qrImage } from '../../src/tools/qr-image.ts';
import type { Payment, Refund } from '../journeys/shapes.ts';
import { type Agent, Shop } from '../journeys/shop.ts';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { PICTURES, pictureFile } from '../support/photograph.ts';
import { scanned } from '../support/scanned.ts';
import { Host, type HostOptions, type Json } from './host.ts';

const path = findChromium();
const why = path === undefined ? ' (skipped: no Chromium here; set CHROMIUM to its path)' : '';
const POLICY = `version: 1
payments: { maxYuan: "99999999.00", approveAboveYuan: "5000" }
refunds: { approveAboveYuan: "1.00" }
`;
const PAYEE = '茶铺 Tea & Co';
const SECRET = 'correct-horse-battery';
type Look = readonly [locale: 'zh-CN' | 'en', theme: 'light' | 'dark', width: number];
const LOOKS: readonly Look[] = [
  ['zh-CN', 'light', 320],
  ['zh-CN', 'dark', 800],
  ['en', 'dark', 320],
  ['en', 'light', 800],
];
const EVERY_LOOK: readonly Look[] = [320, 390, 800].flatMap((width) =>
  (['zh-CN', 'en'] as const).flatMap((locale) =>
    (['light', 'dark'] as const).map((theme): Look => [locale, theme, width]),
  ),
);

it('has a browser where it must', () => {
  if (process.env.CI) expect(path, 'CI needs Chromium: install one or set CHROMIUM').toBeDefined();
});

describe.skipIf(path === undefined)(`views in a conversation${why}`, () => {
  let browser: Browser;
  const hosts: Host[] = [];
  beforeAll(async () => {
    browser = await launchChromium(path ?? '');
  });
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.close();
  });
  afterAll(() => browser?.close());
  async function open(options: HostOptions): Promise<Host> {
    const host = await Host.open(browser, options);
    hosts.push(host);
    return host;
  }

  describe('of our server, in the hands of an official host', () => {
    let shop: Shop;
    let agent: Agent;
    beforeAll(async () => {
      shop = await Shop.open({ policy: POLICY, env: { CASHIER_MERCHANT_NAME: PAYEE } });
      shop.secrets.add(SECRET);
      const set = ['operator', 'set-secret', '--realm', 'simulator'];
      expect(await shop.command(set, { CASHIER_OPERATOR_SECRET: SECRET })).toMatchObject({ code: 0 });
      agent = await shop.agent({
        capabilities: {
          extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } },
        },
      });
    });
    afterAll(() => shop?.close());

    const call = async (name: string, args: Json) =>
      (await agent.server.client.callTool({ name, arguments: args }, undefined, {
        timeout: PATIENCE_MS,
      })) as Json;

    const approve = async ({ approval }: Pick<Payment | Refund, 'approval'>) => {
      const yes = ['approvals', 'approve', approval?.id ?? ''];
      expect(await shop.command(yes, { CASHIER_OPERATOR_SECRET: SECRET })).toMatchObject({ code: 0 });
    };

    /** The model calls a tool, and the host shows the view that the tool names. */
    async function ask<T>(
      name: string,
      args: Json,
      options: Partial<HostOptions> = {},
    ): Promise<{ readonly host: Host; readonly told: T }> {
      const { tools } = await agent.server.client.listTools();
      const ui = tools.find((tool) => tool.name === name)?._meta?.ui as { resourceUri?: string } | undefined;
      const { contents } = await agent.server.client.readResource({ uri: ui?.resourceUri ?? '' });
      const result = await call(name, args);
      const host = await open({ call, ...options, html: (contents[0] as { text: string }).text });
      await host.show(args, result);
      return { host, told: result.structuredContent as T };
    }

    it.each(['alipay', 'wechatpay'])(
      'a payment by %s turns to paid, and the model hears of it',
      async (provider) => {
        const sale = { provider, amountYuan: '1234.50', title: '红烧肉 <b>recipe<b>' };
        const { host, told } = await ask<Payment>('create-payment', sale);
        await host.headline(provider === 'alipay' ? '请用支付宝扫码付款' : '请用微信扫码付款');
        const text = await host.text();
        for (const fact of [PAYEE, '¥1,234.50', '红烧肉 <b>recipe<b>', '助手填写', told.outTradeNo, '待付款'])
          expect(text).toContain(fact);
        expect(await host.view.locator('header').innerText()).toContain('不是真钱');
        expect(await scanned(host.view.getByRole('img', { name: '付款二维码' }))).toBe(told.qrCode);
        expect(await host.view.getByRole('timer').innerText()).toMatch(/^(29|30):\d\d$/);
        await host.view.getByRole('button', { name: '在浏览器中打开收银台' }).click();
        await expect.poll(() => host.said).toEqual([{ kind: 'open-link', params: { url: told.cashierUrl } }]);

        await shop.simulator.pay(told);
        await host.headline('付款成功');
        expect(await host.view.getByRole('img').count()).toBe(0);
        expect(await host.view.getByRole('status').innerText()).toContain('已付款');
        await expect.poll(() => host.said.map(({ kind }) => kind)).toEqual(['open-link', 'model-context']);
        const [, heard] = host.said;
        const words = JSON.stringify(heard?.params);
        for (const fact of [told.outTradeNo, 'PAID', '1234.50']) expect(words).toContain(fact);
        expect(words).not.toContain('红烧肉');
        await host.view.getByRole('button', { name: '告诉助手已付款' }).click();
        await expect.poll(() => host.said.at(-1)?.kind).toBe('message');
        expect(new Set(host.called)).toEqual(new Set(['query-payment']));
        expect(host.problems).toEqual([]);
      },
    );

    it('a refund that waits leads a person to the page, and shows what came of it', async () => {
      const sold = await shop.sell(agent, 'alipay');
      const args = { outTradeNo: sold.outTradeNo, refundYuan: '5.00', outRefundNo: 'R1', reason: '不想要了' };
      const { host, told } = await ask<Refund>('refund-payment', args);
      await host.headline('等待商家批准');
      const text = await host.text();
      for (const fact of ['¥5.00', '不想要了', '助手填写', sold.outTradeNo, 'R1', '这里不能批准'])
        expect(text).toContain(fact);
      await host.view.getByRole('button', { name: '打开审批页' }).click();
      await expect.poll(() => host.said.length).toBe(1);
      const url = (host.said[0]?.params.url ?? '') as string;
      expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/approvals/${told.approval?.id}$`));
      // Looking is not deciding, with all that the view and the model were ever shown.
      await fetch(url);
      expect((await agent.queryRefund(sold.outTradeNo, 'R1')).state).toBe('PENDING_APPROVAL');
      await approve(told);
      await host.headline('退款成功');
      await expect.poll(() => host.said.at(-1)?.kind).toBe('model-context');
      expect(JSON.stringify(host.said.at(-1)?.params)).toContain('SUCCESS');
      expect(new Set(host.called)).toEqual(new Set(['query-refund']));
      expect(host.problems).toEqual([]);
    });

    it('a payment that waits for a person shows its code as soon as it is approved', async () => {
      const sale = { provider: 'alipay', amountYuan: '5001.00', title: '大单' };
      const { host, told } = await ask<Payment>('create-payment', sale, { hostContext: { locale: 'en-GB' } });
      await host.headline('Waiting for the merchant’s approval');
      expect(await host.text()).toContain('Nothing here can approve it');
      expect(await host.view.getByRole('button', { name: 'Open the approval page' }).count()).toBe(1);
      await approve(told);
      await host.headline('Scan with Alipay to pay');
      const { qrCode } = await agent.query(told.outTradeNo);
      expect(await scanned(host.view.getByRole('img'))).toBe(qrCode);
      expect(host.problems).toEqual([]);
    });
  });

  const NOW = Date.now();
  const iso = (ms: number) => `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
  const order = {
    ...{ outTradeNo: 'C20261121143005A1B2C3D4E5', provider: 'alipay', scene: 'qr', state: 'NOTPAY' },
    ...{ amountYuan: '9.90', currency: 'CNY', title: '菜谱 recipe', qrCode: 'https://qr.alipay.com/bax01' },
    ...{ cashierUrl: 'https://pay.example/c/AAAAAAAAAAAAAAAAAAAAAA', refundedYuan: '0.00', replayed: false },
    ...{ simulated: false, nextStep: '' },
  };
  const refund = {
    ...{ outTradeNo: order.outTradeNo, outRefundNo: 'R1', provider: 'alipay', state: 'PENDING_APPROVAL' },
    ...{ refundYuan: '9.90', refundedYuan: '0.00', reason: '不想要了', simulated: false, nextStep: '' },
  };
  const pending = { id: 'A20261121ABCDEF', state: 'pending', expiresAt: iso(NOW + 15 * 60_000) };
  const APPROVAL_URL = 'https://pay.example/approvals/A20261121ABCDEF';
  const lives = { expiresAt: iso(NOW + 30 * 60_000) };
  const result = async (structured: Json, more: Json = {}): Promise<Json> => ({
    content: [{ type: 'text', text: `订单 ${order.outTradeNo}` }],
    structuredContent: structured,
    _meta: {
      'cashier/view': {
        now: Date.now(),
        payee: PAYEE,
        ...(structured.qrCode ? { qr: await qrImage(String(structured.qrCode)) } : {}),
        ...(structured.approval ? { approvalUrl: APPROVAL_URL } : {}),
        ...more,
      },
    },
  });
  const failed = {
    isError: true,
    content: [
      {
        type: 'text',
        text: JSON.stringify({ code: 'POLICY_DENIED', message: '超过单笔上限 5000.00 元，没有资金变动。' }),
      },
    ],
  };
  /** It stands still as it was shown. */
  const still = (answer: Json) => () =>
    new Promise<Json>((resolve) => setTimeout(() => resolve(answer), PATIENCE_MS));

  type State = readonly [headline: string, structured: Json | undefined, answer?: Json];
  const PAYMENTS: Readonly<Record<string, State>> = {
    asked: ['正在创建这笔收款', undefined],
    refused: ['这次调用没有完成', undefined, failed],
    approval: ['等待商家批准', { ...order, state: 'PENDING_APPROVAL', qrCode: undefined, approval: pending }],
    'approval-over': [
      '审批时间已过',
      { ...order, state: 'PENDING_APPROVAL', qrCode: undefined, approval: { ...pending, state: 'expired' } },
    ],
    'approval-failed': [
      '批准后没有执行',
      { ...order, state: 'PENDING_APPROVAL', qrCode: undefined, approval: { ...pending, state: 'failed' } },
    ],
    denied: ['商家拒绝了', { ...order, state: 'DENIED', qrCode: undefined }],
    scan: ['请用支付宝扫码付款', { ...order, ...lives, simulated: true }],
    link: [
      '请打开链接付款',
      {
        ...order,
        ...lives,
        scene: 'web',
        qrCode: undefined,
        payUrl: 'https://openapi.alipay.com/gateway.do?a=b',
      },
    ],
    elsewhere: [
      '请在商家的页面或应用里付款',
      {
        ...order,
        ...lives,
        provider: 'wechatpay',
        scene: 'jsapi',
        qrCode: undefined,
        cashierUrl: undefined,
        jsapiParams: { a: 'b' },
      },
    ],
    'link-over': ['付款码或链接已失效', { ...order, ...lives, linkExpiresAt: iso(NOW - 1000) }],
    over: ['付款时间已过', { ...order, expiresAt: iso(NOW - 1000) }],
    closing: ['商家正在关闭', { ...order, ...lives, closing: true }],
    closed: ['订单已关闭', { ...order, ...lives, state: 'CLOSED', qrCode: undefined }],
    unknown: ['支付平台还没有告知结果', { ...order, ...lives, state: 'UNKNOWN', qrCode: undefined }],
    paid: [
      '付款成功',
      { ...order, ...lives, state: 'PAID', qrCode: undefined, amountYuan: '99999999.00', paidAt: iso(NOW) },
    ],
    late: [
      '已收到付款，但晚于截止时间',
      { ...order, ...lives, state: 'PAID', late: true, qrCode: undefined, paidAt: iso(NOW) },
    ],
    returned: [
      '这笔付款有退款',
      { ...order, ...lives, state: 'PAID', qrCode: undefined, paidAt: iso(NOW), refundedYuan: '3.00' },
    ],
  };
  const REFUNDS: Readonly<Record<string, State>> = {
    asked: ['正在申请退款', undefined],
    approval: ['等待商家批准', { ...refund, approval: pending }],
    approved: ['已批准，正在执行', { ...refund, approval: { ...pending, state: 'approved' } }],
    denied: ['商家拒绝了', { ...refund, state: 'DENIED' }],
    processing: ['退款处理中', { ...refund, state: 'PROCESSING' }],
    success: ['退款成功', { ...refund, state: 'SUCCESS' }],
    'not-refunded': ['这笔退款没有退出', { ...refund, state: 'CLOSED' }],
    abnormal: ['款项未到买家账户', { ...refund, state: 'ABNORMAL' }],
    unknown: ['支付平台还没有告知结果', { ...refund, state: 'UNKNOWN' }],
  };

  describe.each([
    ['payment', PAYMENTS],
    ['approval', REFUNDS],
  ] as const)('of the %s view', (app, states) => {
    it.each(Object.entries(states))(
      '%s reads well everywhere',
      async (state, [headline, structured, answer]) => {
        const shown = structured ? await result(structured) : answer;
        const host = await open({ html: appPage(app), call: still(shown ?? {}) });
        await host.tell('sendToolInput', {
          arguments: structured ? {} : { amountYuan: '9.90', refundYuan: '9.90' },
        });
        if (shown) await host.tell('sendToolResult', shown);
        await host.headline(headline);
        const found: string[] = [];
        for (const [locale, theme, width] of PICTURES ? EVERY_LOOK : LOOKS) {
          await host.tell('setHostContext', { locale, theme });
          const dressed = 'document.documentElement.lang + document.documentElement.style.colorScheme';
          await expect.poll(() => host.view.evaluate(dressed)).toBe(`${locale}${theme}`);
          await host.page.setViewportSize({ width, height: 700 });
          const blocks = await stumblingBlocks(host.view);
          if (width === 320) blocks.push(...(await axeFindings(host.view)));
          found.push(...blocks.map((block) => `${locale} ${theme} ${width}: ${block}`));
          expect(await host.text()).toMatch(locale === 'en' ? /[A-Za-z]{4}/ : /[\u4e00-\u9fff]/);
          if (!PICTURES) continue;
          const file = pictureFile(`app ${app} ${state} ${locale} ${width} ${theme}`);
          await host.page.locator('iframe').screenshot({ path: file });
        }
        expect(found).toEqual([]);
        // The host gives it the room that it needs.
        const inside = await host.view.evaluate('document.documentElement.scrollHeight <= innerHeight + 1');
        expect(inside).toBe(true);
        expect(host.problems).toEqual([]);
      },
    );
  });

  it('what the clock alone ends is no longer offered, and the server is asked', async () => {
    const ending = { ...order, expiresAt: iso(Math.ceil(Date.now() / 1000) * 1000 + 2000) };
    const host = await open({ html: appPage('payment'), call: still({}) });
    await host.show({}, await result(ending));
    await host.headline('请用支付宝扫码付款');
    await host.headline('付款时间已过');
    expect(await host.view.getByRole('img').count()).toBe(0);
    expect(await host.view.getByRole('button', { name: /收银台/ }).count()).toBe(0);
  });

  it('an old answer that a host shows again is asked about at once; the model hears, nobody speaks for the user', async () => {
    const paid = await result({ ...order, ...lives, state: 'PAID', qrCode: undefined });
    const host = await open({
      html: appPage('payment'),
      capabilities: { serverTools: {}, message: { text: {} } },
      call: async () => paid,
    });
    const long = NOW - 3_600_000;
    const shown = await result({ ...order, expiresAt: iso(long + 30 * 60_000) }, { now: long });
    await host.show({}, shown);
    await host.headline('付款成功');
    expect(host.said).toEqual([]);
  });

  it('where the host takes messages alone, what was seen to happen is said in one', async () => {
    const answers = [
      await result({ ...order, ...lives }),
      await result({ ...order, ...lives, state: 'PAID', qrCode: undefined }),
    ];
    const host = await open({
      html: appPage('payment'),
      capabilities: { serverTools: {}, message: { text: {} } },
      call: async () => answers.shift() ?? {},
    });
    await host.show({}, await result({ ...order, ...lives }));
    await host.headline('付款成功');
    await expect.poll(() => host.said.map(({ kind }) => kind)).toEqual(['message']);
  });

  it('a host that lets it ask nothing is not pressed, and a person can have it look again', async () => {
    const answers: Json[] = [];
    const host = await open({
      html: appPage('payment'),
      call: async () => answers.shift() ?? { denied: true },
    });
    await host.show({}, await result({ ...order, ...lives }));
    await host.view.getByText('这里不能自动更新').waitFor();
    expect(host.called.length).toBe(2);
    answers.push(await result({ ...order, ...lives, state: 'PAID', qrCode: undefined }));
    await host.view.getByRole('button', { name: '重新查询' }).click();
    await host.headline('付款成功');
    expect(await host.text()).not.toContain('这里不能自动更新');
  });

  it('a server that cannot be asked just now changes nothing of what is shown', async () => {
    let answers = 0;
    const host = await open({
      html: appPage('payment'),
      call: async () => {
        answers += 1;
        return answers < 3 ? { ...failed } : result({ ...order, ...lives, state: 'PAID', qrCode: undefined });
      },
    });
    await host.show({}, await result({ ...order, ...lives }));
    await host.view.getByText('暂时查不到最新状态').waitFor();
    expect(await host.text()).toContain('请用支付宝扫码付款');
    await host.headline('付款成功');
  });

  it('a link that the host does not open is there to be copied', async () => {
    const host = await open({ html: appPage('payment'), call: still({}) });
    host.answer = { isError: true };
    await host.show({}, await result({ ...order, ...lives }));
    await host.view.getByRole('button', { name: '在浏览器中打开收银台' }).click();
    await host.view.getByText(order.cashierUrl).waitFor();
  });

  it.each(['payment', 'approval'] as const)(
    'a cancelled call (%s) is said to be one, and may have been carried out',
    async (app) => {
      const host = await open({ html: appPage(app) });
      await host.tell('sendToolInput', { arguments: {} });
      await host.tell('sendToolCancelled', { reason: 'user' });
      await host.headline('这次调用被取消');
      expect(await host.text()).toContain('可能已经执行');
    },
  );

  it('a host that never answers leaves a card that claims nothing', async () => {
    const host = await open({ html: appPage('payment'), deaf: true });
    await host.headline('正在创建这笔收款');
    expect(host.problems).toEqual([]);
  });

  it('it is dressed as the host: its ground and text, or neither', async () => {
    const host = await open({
      html: appPage('payment'),
      call: still({}),
      hostContext: {
        theme: 'dark',
        styles: { variables: { '--color-text-primary': '#000000', '--font-sans': 'Georgia' } },
      },
    });
    await host.show({}, await result({ ...order, ...lives }));
    await host.headline('请用支付宝扫码付款');
    const colours = () =>
      host.view.evaluate(
        '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]',
      );
    // Black on our own dark ground nobody could read.
    expect(await stumblingBlocks(host.view)).toEqual([]);
    expect(await host.view.evaluate('getComputedStyle(document.body).fontFamily')).toContain('Georgia');
    const variables = {
      '--color-text-primary': 'rgb(1, 2, 3)',
      '--color-background-primary': 'rgb(250, 251, 252)',
    };
    await host.tell('setHostContext', { theme: 'light', styles: { variables } });
    await expect.poll(colours).toEqual(['rgb(1, 2, 3)', 'rgb(250, 251, 252)']);
  });

  describe('is not tricked', () => {
    it.each([
      '<img src=x onerror=alert(1)><script>alert(1)</script>',
      '</script><script>alert(1)</script>',
      'ok\u202e00.1\u202c \u2066¥0.01',
      '"><button>打开审批页</button>',
    ])('by words of somebody else: %j', async (words) => {
      const payment = await open({ html: appPage('payment'), call: still({}) });
      await payment.show(
        { title: words },
        await result({ ...order, ...lives, title: words }, { payee: words }),
      );
      await payment.headline('请用支付宝扫码付款');
      const approval = await open({ html: appPage('approval'), call: still({}) });
      await approval.show({ reason: words }, await result({ ...refund, reason: words, approval: pending }));
      await approval.headline('等待商家批准');
      for (const host of [payment, approval]) {
        expect(await host.view.locator('bdi', { hasText: words.slice(0, 12) }).count()).toBeGreaterThan(0);
        expect(await host.view.locator('main script, main img[src="x"]').count()).toBe(0);
        expect(await host.view.getByRole('button', { name: '打开审批页' }).count()).toBe(
          host === approval ? 1 : 0,
        );
        expect(host.problems).toEqual([]);
      }
    });

    it('by messages that do not come from its host', async () => {
      const host = await open({ html: appPage('payment'), call: still({}) });
      await host.show({}, await result({ ...order, ...lives }));
      await host.headline('请用支付宝扫码付款');
      const forged = JSON.stringify(await result({ ...order, ...lives, state: 'PAID' }));
      await host.view.evaluate(
        `postMessage({ jsonrpc: '2.0', method: 'ui/notifications/tool-result', params: ${forged} }, '*')`,
      );
      await host.view.evaluate('new Promise((done) => setTimeout(done))');
      expect(await host.text()).toContain('请用支付宝扫码付款');
    });

    it.each([
      'javascript:alert(1)',
      'data:text/html,x',
      'alipays://pay',
      '//evil.example/',
      'file:///etc/passwd',
    ])('into opening %s', async (url) => {
      const host = await open({ html: appPage('payment'), call: still({}) });
      const { qrCode, ...bare } = order;
      await host.show({}, await result({ ...bare, ...lives, payUrl: url, cashierUrl: url }));
      await host.headline('请打开链接付款');
      expect(await host.view.getByRole('button').count()).toBe(0);
    });

    it('by messages of odd shapes', async () => {
      const host = await open({ html: appPage('payment'), call: still({}) });
      for (const odd of [
        'null',
        '1',
        '[]',
        '{}',
        "{ jsonrpc: '2.0' }",
        "{ jsonrpc: '2.0', id: 1 }",
        "{ jsonrpc: '2.0', method: 'constructor' }",
        "{ jsonrpc: '2.0', id: 9, method: 'tools/call' }",
      ]) {
        await host.page.evaluate(`document.querySelector('iframe').contentWindow.postMessage(${odd}, '*')`);
      }
      await host.show({}, await result({ ...order, ...lives }));
      await host.headline('请用支付宝扫码付款');
      expect(host.problems.filter((problem) => !problem.includes('Method not found'))).toEqual([]);
    });
  });
});
