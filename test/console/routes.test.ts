import { afterEach, describe, expect, it, vi } from 'vitest';
import { beijingMidnight, DAY_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import { STYLE } from '../../src/operator/style.ts';
import { CHART_COLOURS } from '../../src/operator/style-console.ts';
import { Desk, readable, SECRET, type Sent } from '../operator/desk.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { aMonth, type Sale, sell } from './shop.ts';

cheapGuesses();

const ORIGIN = 'http://127.0.0.1:3920';
const open: Desk[] = [];
async function desk(sales: readonly Sale[] = [], signedIn = true): Promise<Desk> {
  const opened = await Desk.open();
  open.push(opened);
  await sell(opened.till, sales);
  return signedIn ? opened.signIn() : opened;
}
const get = (d: Desk, path: string, headers = {}): Promise<Sent> =>
  d.get(`${ORIGIN}/console${path}`, headers);
const seen = async (d: Desk, path: string) => readable((await get(d, path)).page);
/** The numbers of the orders that a page lists. */
const listed = (page: string) => [...page.matchAll(/id="o-(\w+)"/g)].map(([, number]) => number);
const found = async (d: Desk, query: Readonly<Record<string, string>>) =>
  listed((await get(d, `/orders?${new URLSearchParams(query)}`)).page);

afterEach(async () => {
  await Promise.all(open.splice(0).map((d) => d.close()));
});

const PATHS = [
  '',
  '?days=30',
  '/news',
  '/orders',
  '/orders?q=ORDER',
  '/orders.csv',
  '/days.csv',
  '/rules',
  '/bills',
  '/channels',
  '/no/such',
];

describe('the overview', () => {
  it('has bars that can be told apart, refunds among them, by day and by night', () => {
    const refunded = [...STYLE.matchAll(/--warn:(#[0-9a-f]{6})/g)].map(([, colour = '']) => colour);
    for (const [i, shade] of (['light', 'dark'] as const).entries()) {
      const colours = [...CHART_COLOURS.map((one) => one[shade]), refunded[i] ?? ''];
      for (const [j, one] of colours.entries()) {
        for (const other of colours.slice(j + 1)) expect(distance(one, other)).toBeGreaterThan(50);
      }
    }
  });

  it('leaves large sums room on a phone', async () => {
    const d = await desk([{ outTradeNo: 'ORDER_1', amountFen: fen(999_999) }]);
    expect((await get(d, '')).page).not.toContain('sums-table long');
    await sell(d.till, [{ outTradeNo: 'ORDER_2', amountFen: fen(1) }]);
    expect((await get(d, '')).page).toContain('sums-table long');
  });
});

/** How far apart two colours are, in steps of their channels. */
function distance(one: string, other: string): number {
  const channels = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const [a, b] = [channels(one), channels(other)];
  return Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)));
}

describe('without a session', () => {
  it.each(PATHS)('%s leads to sign-in and shows nothing', async (path) => {
    const d = await desk([{ outTradeNo: 'ORDER_1', title: 'tea' }], false);
    const { status, location, page } = await get(d, path);
    expect([status, page]).toEqual([303, '']);
    expect(location).toMatch(/^\/approvals\/sign-in(\?next=console[\w%]*)?$/);
  });

  it('one is led back to the page that one wanted, and is signed in there', async () => {
    const d = await desk([], false);
    const { location } = await get(d, '/orders');
    expect(location).toBe('/approvals/sign-in?next=console%2Forders');
    const signedIn = await d.post('/sign-in', { secret: SECRET, next: 'console/orders' });
    expect(signedIn.location).toBe('/console/orders');
    const paths = signedIn.cookies.map((cookie) => /Path=([^;]+)/.exec(cookie)?.[1]);
    expect(paths).toEqual(['/approvals', '/console', '/approvals']);
    d.cookie = signedIn.cookies[1]?.split(';')[0];
    expect((await get(d, '/orders')).status).toBe(200);
    const out = await d.post('/sign-out', {
      csrf: /name="csrf" value="([^"]+)"/.exec((await get(d, '')).page)?.[1] ?? '',
    });
    expect(out.cookies.map((cookie) => /Path=([^;]+); Max-Age=(\d+)/.exec(cookie)?.slice(1))).toEqual([
      ['/approvals', '0'],
      ['/console', '0'],
    ]);
    expect((await get(d, '/orders')).status).toBe(303);
  });

  it.each([
    'console//evil.example',
    'console/../../x',
    '/console',
    'console/a/b/c/d',
    'consolex',
    'console/%0d',
    'console?x=y',
  ])('and never elsewhere: %s', async (next) => {
    const d = await desk([], false);
    const signedIn = await d.post('/sign-in', { secret: SECRET, next });
    expect(signedIn.location).toBe('/approvals');
    expect((await d.get(`/sign-in?next=${encodeURIComponent(next)}`)).page).not.toContain('name="next"');
  });

  it('a link from another site takes one step from our own page first', async () => {
    const d = await desk([{ outTradeNo: 'ORDER_1', title: 'tea' }]);
    const { cookie } = d;
    d.cookie = undefined;
    const { status, page } = await get(d, '/orders?state=PAID', { 'sec-fetch-site': 'cross-site' });
    expect([status, page.includes('content="0;url=/console/orders?state=PAID"')]).toEqual([200, true]);
    expect(page).not.toContain('ORDER_1');
    d.cookie = cookie;
    expect(await get(d, '/orders', { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 200 });
  });
});

describe('the overview', () => {
  /** The cells of a row of a table, by what stands first in it. */
  const row = (page: string, name: string) => {
    const [, cells = ''] =
      new RegExp(`<tr><th scope="row">(?:<[^>]*>)*${name}(?:</[^>]*>)*</th>(.*?)</tr>`).exec(page) ?? [];
    return [...cells.matchAll(/<td[^>]*>([^<]*)/g)].map(([, cell]) => cell);
  };
  const midnight = beijingMidnight('2026-11-21') ?? 0;

  it('counts a payment on the day it was paid, and a refund on the day it was sent', async () => {
    const d = await desk([
      // Made before midnight, paid after it.
      { outTradeNo: 'ORDER_1', createdAt: midnight - 10_000, paidAt: midnight, amountFen: fen(1_000) },
      {
        outTradeNo: 'ORDER_2',
        createdAt: midnight - 20_000,
        paidAt: midnight - 1,
        amountFen: fen(200),
        provider: 'wechatpay',
      },
      {
        ...{ outTradeNo: 'ORDER_3', createdAt: midnight - 8 * DAY_MS, amountFen: fen(50_000), caller: 'b' },
        refunds: [
          { yuan: 300, sentAt: midnight + 1 },
          { yuan: 1, sentAt: midnight + 1, state: 'UNKNOWN' },
        ],
      },
      { outTradeNo: 'ORDER_4', state: 'CLOSED', createdAt: midnight },
    ]);
    const today = await get(d, '?days=1');
    expect(row(today.page, '11-21')).toEqual(['¥10.00', '¥300.00', '−¥290.00', '1']);
    expect(row(today.page, '11-20')).toEqual(['¥2.00', '¥0.00', '¥2.00', '1']);
    expect(row(today.page, '支付宝')).toEqual(['¥10.00', '¥300.00', '−¥290.00', '1']);
    expect(row(today.page, '微信支付')).toEqual([]);
    const month = await get(d, '?days=30');
    expect(row(month.page, '微信支付')).toEqual(['¥2.00', '¥0.00', '¥2.00', '1']);
    expect(row(month.page, 'b')).toEqual(['¥500.00', '¥300.00', '¥200.00', '1']);
    expect(row(month.page, '合计')).toEqual(['¥512.00', '¥300.00', '¥212.00', '3']);
    expect(readable(month.page)).toMatch(/今天 收款¥10\.00 1 笔 退款 ¥300\.00 净收 −¥290\.00/);
    expect([...month.page.matchAll(/<g><title>/g)]).toHaveLength(30);
  });

  it('forgets the days before, and what a wrong clock has dated ahead', async () => {
    const d = await desk([
      {
        outTradeNo: 'ORDER_1',
        createdAt: midnight - 30 * DAY_MS,
        paidAt: midnight - 29 * DAY_MS - 1,
        amountFen: fen(700),
      },
      { outTradeNo: 'ORDER_2', createdAt: midnight, paidAt: midnight + 2 * DAY_MS, amountFen: fen(900) },
    ]);
    expect(await seen(d, '?days=30')).toContain('这段时间没有收款');
  });

  it('says what waits for a person', async () => {
    const d = await desk([{ outTradeNo: 'ORDER_2', state: 'UNKNOWN' }]);
    await d.sold();
    await d.proposeRefund();
    const { page } = await get(d, '');
    expect(readable(page)).toMatch(/待审批 1 结果待确认的订单 1/);
    expect(page).toContain('href="/console/orders?state=UNKNOWN"');
  });

  it('in two languages, whichever is asked for, keeps what was asked', async () => {
    const d = await desk();
    expect((await get(d, '?days=30&lang=en')).page).toContain('href="/console?lang=zh&amp;days=30"');
    expect(await seen(d, '?lang=en')).toContain('Nothing was collected or refunded');
    expect((await get(d, '?days=31')).page).not.toContain('days=31');
  });

  it('its sheet opens in a spreadsheet', async () => {
    const d = await desk();
    await aMonth(d.till, 2);
    const { page, headers } = await get(d, '/days.csv?days=30');
    expect(headers.get('content-disposition')).toBe('attachment; filename="takings-2026-11-21.csv"');
    const lines = page.replace(/^\uFEFF/, '').split('\r\n');
    expect(lines[0]).toMatch(/^day,payments,paidYuan,refunds,refundedYuan,netYuan,alipayPaidYuan/);
    expect([lines.length, lines.at(-1)]).toEqual([32, '']);
    expect(lines[30]).toMatch(/^2026-11-21,\d+,\d+\.\d\d,/);
  });

  it('a page that is open learns that something has happened, and asks for nothing before that', async () => {
    const d = await desk();
    const mark = async () => /data-mark="([^"]*)"/.exec((await get(d, '')).page)?.[1];
    const news = async () => (await get(d, '/news')).page;
    const before = await mark();
    expect(await news()).toBe(before);
    await d.sold();
    expect(await news()).not.toBe(before);
    expect(await mark()).toBe(await news());
    d.world.clock.advance(DAY_MS);
    await d.signIn();
    expect((await news()).split(' ')[1]).not.toBe(before?.split(' ')[1]);
  });
});

describe('orders', () => {
  const DAY = '2026-11-21';
  const sales: Sale[] = [
    {
      outTradeNo: 'ORDER_100',
      title: '100% 棉_T恤 "L" \\ \'x\'',
      gatewayTradeNo: '4200001',
      amountFen: fen(8_800),
    },
    {
      outTradeNo: 'ORDER_200',
      title: 'Tea 茶',
      caller: 'b',
      provider: 'wechatpay',
      amountFen: fen(120_000),
    },
    { outTradeNo: 'ORDER_300', title: 'cup', state: 'CLOSED', gatewayTradeNo: '4200003' },
  ];

  it.each<[what: string, query: Record<string, string>, numbers: string[]]>([
    ['a whole number', { q: 'ORDER_200' }, ['ORDER_200']],
    ["the gateway's number", { q: '4200003' }, ['ORDER_300']],
    ['a part of a number', { q: 'r_10' }, ['ORDER_100']],
    ['a part of the gateway’s number', { q: '20000' }, ['ORDER_300', 'ORDER_100']],
    ['a percent sign, which stands for itself', { q: '0% 棉' }, ['ORDER_100']],
    ['a percent sign alone', { q: '%' }, ['ORDER_100']],
    ['an underscore in a title', { q: '棉_T' }, ['ORDER_100']],
    ['quotes', { q: `"L" \\ 'x'` }, ['ORDER_100']],
    ['a statement', { q: "'; DROP TABLE orders; --" }, []],
    ['letters of another width and case', { q: 'ｔＥＡ' }, ['ORDER_200']],
    ['a sum', { q: '88' }, ['ORDER_100']],
    ['a sum with its sign', { q: '¥88.00' }, ['ORDER_100']],
    ['a sum with commas', { q: '￥1,200.00' }, ['ORDER_200']],
    ['a state', { state: 'CLOSED' }, ['ORDER_300']],
    ['a wallet', { wallet: 'wechatpay' }, ['ORDER_200']],
    ['a caller', { caller: 'b' }, ['ORDER_200']],
    ['a caller that is a pattern', { caller: '%' }, []],
    ['a caller and a title', { caller: 'b', q: 'cup' }, []],
    ['a day', { from: DAY, to: DAY }, ['ORDER_300', 'ORDER_200', 'ORDER_100']],
    ['a day before', { to: '2026-11-20' }, []],
    ['nothing', { q: ' ' }, ['ORDER_300', 'ORDER_200', 'ORDER_100']],
  ])('are found by %s', async (_, query, numbers) => {
    const d = await desk(sales);
    expect(await found(d, query)).toEqual(numbers);
  });

  it.each<[Record<string, string>, string]>([
    [{ state: 'PAYED' }, '状态'],
    [{ wallet: 'paypal' }, '支付方式'],
    [{ from: '2026-02-30' }, '从（下单日期）'],
    [{ to: 'yesterday' }, '到'],
    [{ after: 'x' }, '更早的订单'],
    [{ q: 'x'.repeat(201) }, '单号、商品名或金额'],
  ])('what is not understood is said, and not used: %j', async (query, words) => {
    const d = await desk(sales);
    const { page } = await get(d, `/orders?${new URLSearchParams(query)}`);
    expect(readable(page)).toContain(`没有使用：${words}`);
    expect(listed(page)).toHaveLength(3);
  });

  it('further pages go on where one ended, each order once', async () => {
    const d = await desk();
    await aMonth(d.till, 4);
    const all: (string | undefined)[] = [];
    let next: string | undefined = '/console/orders';
    while (next !== undefined) {
      const { page } = await d.get(`${ORIGIN}${next}`);
      all.push(...listed(page));
      next = /rel="next" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
    }
    const { count } = await d.till.ledger.read((book) => book.orders.totals({}));
    expect([all.length, new Set(all).size]).toEqual([count, count]);
  });

  it('a title is looked for within 31 days, a number without end', async () => {
    const now = (await desk()).world.clock.now();
    const d = await desk([
      { outTradeNo: 'ORDER_OLD', title: 'old tea', createdAt: now - 40 * DAY_MS },
      { outTradeNo: 'ORDER_NEW', title: 'new tea', createdAt: now - 10 * DAY_MS },
    ]);
    expect(await found(d, { q: 'tea' })).toEqual(['ORDER_NEW']);
    expect(await found(d, { q: 'ORDER_OLD' })).toEqual(['ORDER_OLD']);
    expect(await found(d, { q: 'tea', to: '2026-10-20' })).toEqual(['ORDER_OLD']);
    expect(await seen(d, '/orders?q=tea')).toContain('已查找到 2026-10-22');
  });

  it('more than one page of titles goes on where it ended', async () => {
    const d = await desk(
      Array.from({ length: 60 }, (_, i) => ({
        outTradeNo: `ORDER_${100 + i}`,
        title: i % 2 ? 'tea' : 'cup',
      })),
    );
    const first = await get(d, '/orders?q=tea');
    expect(listed(first.page)).toHaveLength(25);
    const next = /rel="next" href="([^"]+)"/.exec(first.page)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(listed((await d.get(`${ORIGIN}${next}`)).page)).toHaveLength(5);
  });

  const HOSTILE = '<img src=x onerror=alert(1)>"\'\u202Eevil\u200b';
  it('hostile words are words', async () => {
    const d = await desk([{ outTradeNo: 'ORDER_1', title: HOSTILE, caller: HOSTILE, amountFen: fen(100) }]);
    for (const path of [
      '',
      '/orders',
      `/orders?caller=${encodeURIComponent(HOSTILE)}`,
      `/orders?q=${encodeURIComponent(HOSTILE)}`,
    ]) {
      const { page } = await get(d, path);
      // What a box holds stands by itself.
      expect(page.replace(/ value="[^"]*"/g, '')).not.toMatch(/<img|[\u202e\u200b]/);
      expect(page).toContain('U+202E');
    }
    const { page } = await get(d, `/orders?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
    expect(page.match(/<script>/g)).toHaveLength(1);
  });

  it('their sheet has no formula, keeps long numbers, and lists what the page would', async () => {
    const d = await desk([
      {
        outTradeNo: 'ORDER_1',
        title: '=HYPERLINK("http://evil")',
        gatewayTradeNo: '4200002000000000000123',
        caller: '@b',
      },
      { outTradeNo: 'ORDER_2', title: 'a,"b"', state: 'CLOSED' },
    ]);
    const { page, headers } = await get(d, '/orders.csv');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(page).toMatch(/^outTradeNo,provider,state,amountYuan,refundedYuan,title,caller,/);
    const bytes = await d.app.request(`${ORIGIN}/console/orders.csv`, {
      headers: { cookie: d.cookie ?? '' },
    });
    expect(Buffer.from(await bytes.arrayBuffer()).subarray(0, 3)).toEqual(Buffer.from('\uFEFF'));
    const [, two = '', one = ''] = page.split('\r\n');
    expect(one).toContain(`"'=HYPERLINK(""http://evil"")","'@b",`);
    expect(one).toContain('4200002000000000000123\t');
    expect(two).toContain('"a,""b"""');
    expect((await get(d, '/orders.csv?state=CLOSED')).page).not.toContain('ORDER_1');
  });
});

describe('whatever is asked', () => {
  it('a GET changes nothing, and nothing else is taken', async () => {
    const d = await desk([{ outTradeNo: 'ORDER_1' }]);
    const head = () => d.till.ledger.read((book) => book.audit.head());
    const before = await head();
    for (const path of PATHS) await get(d, path);
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      expect((await d.request(`${ORIGIN}/console/orders`, { method })).status).toBe(405);
    }
    expect((await d.request(`${ORIGIN}/console/orders`, { method: 'POST' })).status).toBe(404);
    expect(await head()).toEqual(before);
  });

  it.each(PATHS.filter((path) => !path.includes('csv')))(
    '%s is shown once and runs our script only',
    async (path) => {
      const d = await desk([{ outTradeNo: 'ORDER_1' }]);
      const { headers } = await get(d, path);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'sha256-/);
      expect(headers.get('x-frame-options')).toBe('DENY');
    },
  );

  it('an address that is none is said to be none, and where no rules are in force none are told', async () => {
    const d = await desk();
    expect(await seen(d, '/no/such')).toContain('没有这个页面');
    const rules = await seen(d, '/rules');
    expect(rules).toContain('单笔收款不超过 5000 元，退款都须审批');
    expect(rules).not.toContain('没有限制');
  });

  it('a ledger that cannot be read is said to be so', async () => {
    const d = await desk();
    const gone = vi.spyOn(d.till.ledger, 'read').mockRejectedValue(new Error('gone'));
    const { status, headers } = await get(d, '/orders');
    gone.mockRestore();
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  });
});
