import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Inbox, openInbox } from '../events/inbox.ts';
import { asked, message, NOW, telling } from '../events/telling.ts';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { photograph } from '../support/photograph.ts';

const path = findChromium();
const why = path === undefined ? ' (skipped: no Chromium here; set CHROMIUM to its path)' : '';

it('has a browser where it must', () => {
  if (process.env.CI) expect(path, 'CI needs Chromium: install one or set CHROMIUM').toBeDefined();
});

describe.skipIf(path === undefined)(`the inbox in a browser${why}`, () => {
  let browser: Browser;
  let inbox: Inbox;
  beforeAll(async () => {
    inbox = await openInbox();
    browser = await launchChromium(path ?? '');
    for (const kind of ['feishu', 'dingtalk', 'wecom', 'bark', 'serverchan', 'webhook'] as const) {
      await inbox.tell(kind, 'shown', telling([asked({ title: 'a'.repeat(120) })]));
    }
    await inbox.tell('feishu', 'limited', telling([message({ type: 'alarm.audit' })]));
    await inbox.tell('lark', 'sum', telling([message(), message()], { language: 'en' }));
  });
  afterAll(async () => {
    await browser?.close();
    await inbox.close();
  });

  it.each([
    [320, 'dark'],
    [1280, 'light'],
  ] as const)(
    'nobody stumbles at %i px in %s colours, and nothing is refused to the page',
    async (width, colorScheme) => {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (said) => problems.push(said.text()));
      await page.goto(`${inbox.simulator.origin}/inbox`);
      expect([await stumblingBlocks(page), await axeFindings(page)]).toEqual([[], []]);
      await photograph(page, 'inbox');
      const before = await page.locator('.bubble').count();
      expect(before).toBeGreaterThan(7);
      inbox.at = NOW + width * 10_000;
      await inbox.tell('feishu', 'news', telling([message({}, { amountYuan: `${width}.00` })]));
      await page.getByText(`¥${width}.00`.replace('1280', '1,280')).waitFor();
      expect(problems).toEqual([]);
      await context.close();
    },
  );
});
