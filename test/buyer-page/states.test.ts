import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuyerListener, listenForBuyers } from '../../src/buyer-page/index.ts';
import type { OfferView } from '../../src/buyer-page/offer-section.ts';
import type { BuyerRouteOptions } from '../../src/buyer-page/routes.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { WALLETS } from '../../src/providers/registry.ts';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { photograph } from '../support/photograph.ts';
import { OPENED, SamplePage, TOKEN } from './sample.ts';
import { AGENTS, type PageState, STATES } from './states.ts';

const path = findChromium();
const why = path === undefined ? ' (skipped: no Chromium here; set CHROMIUM to its path)' : '';
/** Small phone, phone, and what a browser leaves of a small laptop's screen. */
const SIZES = [
  { width: 320, height: 568 },
  { width: 390, height: 844 },
  { width: 1366, height: 625 },
];
/** What the buyer is yet to choose the wallet of. */
const OFFER: OfferView = {
  ...{ amountYuan: '9.90', title: '手冲咖啡', outTradeNo: 'ORDER_000001', merchantName: '老茶铺' },
  ...{ expiresAt: OPENED + 30 * 60_000, closed: false, simulated: false },
  wallets: WALLETS.map(({ id }) => id),
};
const OFFERS: Readonly<Record<string, Partial<OfferView>>> = {
  open: {},
  'simulated, a long title and a large sum': {
    ...{ simulated: true, title: '红烧肉菜谱与配料清单'.repeat(4), amountYuan: '12345678.90' },
    merchantName: '老茶铺'.repeat(10),
  },
  'trial edition': { trial: true },
  expired: { expiresAt: OPENED },
  closed: { closed: true },
};

describe.skipIf(path === undefined)(`what a buyer sees${why}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(path ?? '');
  });
  afterAll(async () => {
    await browser?.close();
  });

  it.each(Object.entries(STATES))('%s', async (name, state) => {
    const listener = await serve(state);
    const address = `${listener.origin}/c/${TOKEN}${state.returned ? '?returned' : ''}`;
    for (const [language, says] of [
      ['zh-CN', state.says[0]],
      ['en-US', state.says[1]],
    ] as const) {
      const page = await pageOf(language, AGENTS[state.agent ?? 'desktop']);
      await page.context().clearCookies();
      await page.goto(address);
      for (const size of SIZES) {
        const where = `${size.width} px, ${language}`;
        await page.setViewportSize(size);
        const schemes =
          size.width === 390 && language === 'zh-CN' ? (['dark', 'light'] as const) : (['light'] as const);
        for (const colorScheme of schemes) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          const banner = state.view.simulated ? [] : ['0 × body > header'];
          expect(await stumblingBlocks(page), `${where}, ${colorScheme}`).toEqual(banner);
          // What differs with the width and the language is looked at above.
          if (schemes.length > 1) expect(await findings(page), `${where}, ${colorScheme}`).toEqual([]);
        }
        expect(await page.locator('body').innerText(), where).toContain(says);
        expect(await page.locator('#order').innerText(), where).not.toMatch(
          language === 'en-US' ? /[，。？]/ : /[a-z]{3} [a-z]{3}/,
        );
        if (language === 'zh-CN') expect(offered(await offers(page), state), where).toEqual(true);
        expect(await page.evaluate(BROKEN), where).toEqual([]);
        const timer = page.getByRole('timer');
        if ((await timer.count()) > 0 && size.height >= 600) {
          const { y = 0, height = 0 } = (await timer.boundingBox()) ?? {};
          expect(y + height, where).toBeLessThan(size.height);
        }
      }
      await photograph(page, `buyer ${name} ${language}`);
    }
    await listener.close();
  });

  it.each(Object.entries(OFFERS))('who is to choose: %s', async (name, changes) => {
    const view = { ...OFFER, ...changes };
    await withoutOrder({ offer: async () => view }, async (page, address, look) => {
      await page.goto(address);
      await look(`choice ${name}`, view.simulated || view.trial ? [] : undefined);
      expect(await page.evaluate(BROKEN)).toEqual([]);
    });
  });

  it('where there is no order', async () => {
    const refused = new CashierError('FROZEN', { zh: '', en: '', next: { zh: '', en: '' } });
    const choose = () => Promise.reject(refused);
    await withoutOrder({ offer: async () => OFFER, choose }, async (page, address, look) => {
      await page.goto(`${address}A`);
      await look('nowhere');
      await page.goto(address);
      await page.getByRole('button').first().click();
      await page.waitForURL('**/choice');
      await look('not now');
      await page.getByRole('link').click();
      await page.waitForURL(address);
      await page.goto(address.replace(TOKEN, 'back/AAAA'));
      await look('back');
    });
    const broken = () => Promise.reject(new Error('the disk is gone'));
    await withoutOrder({ offer: broken }, async (page, address, look) => {
      await page.goto(address);
      await look('unavailable');
    });
  });

  /** Has pages looked at that are not of an order, in both languages and every size. */
  async function withoutOrder(
    options: Pick<BuyerRouteOptions, 'offer' | 'choose'>,
    visit: (
      page: Page,
      address: string,
      look: (name: string, banner?: readonly string[]) => Promise<void>,
    ) => Promise<void>,
  ): Promise<void> {
    const { clock } = new SamplePage();
    const listener = await listenForBuyers({ lookup: async () => undefined, clock, ...options });
    for (const [locale, colorScheme] of [
      ['zh-CN', 'dark'],
      ['en-US', 'light'],
    ] as const) {
      const page = await pageOf(locale, AGENTS.desktop);
      await page.context().clearCookies();
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // Most do not know whether money is real.
      await visit(page, `${listener.origin}/c/${TOKEN}`, async (name, banner = ['0 × body > header']) => {
        for (const size of SIZES) {
          await page.setViewportSize(size);
          const where = `${name}, ${size.width} px, ${locale}`;
          expect([where, await stumblingBlocks(page)]).toEqual([where, banner]);
          if (size === SIZES[0]) expect([where, await findings(page)]).toEqual([where, []]);
        }
        await photograph(page, `buyer ${name} ${locale}`);
      });
    }
    await listener.close();
  }

  async function serve({ view }: Pick<PageState, 'view'>): Promise<BuyerListener> {
    const { lookup, clock } = new SamplePage(view);
    return listenForBuyers({ lookup, clock, handOffBase: async () => 'https://pay.example.com' });
  }

  const pages = new Map<string, Promise<Page>>();
  /** One for all states that such a buyer sees. It asks nothing while it is looked at, and no animation is caught half way. */
  function pageOf(locale: string, userAgent: string): Promise<Page> {
    const key = `${locale} ${userAgent}`;
    const page = pages.get(key) ?? opened({ locale, userAgent });
    pages.set(key, page);
    return page;
  }
  async function opened(options: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext(options);
    await context.clock.install({ time: OPENED });
    await context.clock.pauseAt(OPENED + 1_000);
    return context.newPage();
  }
});

/** What stands in more lines than it may: numbers in more than one, titles in more than two. */
const BROKEN = `(() => {
  const lines = (e) => Math.round(e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight));
  const found = [];
  for (const e of document.querySelectorAll('.amount,dd,[role=timer]')) if (lines(e) > 1) found.push(e.textContent);
  for (const e of document.querySelectorAll('.item')) if (lines(e) > 2) found.push(e.textContent);
  return found;
})()`;

/** axe-core waits for a moment now and then, and time stands still here: it is moved on until there is an answer. */
async function findings(page: Page): Promise<string[]> {
  let done = false;
  const found = axeFindings(page).finally(() => {
    done = true;
  });
  while (!done) await page.context().clock.runFor(5);
  return found;
}

/** The names of what can be clicked, the language switch left out. */
async function offers(page: Page): Promise<string[]> {
  const found = page.locator('#order a, #order button').filter({ visible: true });
  return found.allInnerTexts();
}

function offered(found: readonly string[], { offers: expected = [] }: PageState): true | string {
  const may = expected.map((name) => name.replace('?', ''));
  const must = expected.filter((name) => !name.endsWith('?'));
  const right = found.every((name) => may.includes(name)) && must.every((name) => found.includes(name));
  return right || found.join(' · ');
}
