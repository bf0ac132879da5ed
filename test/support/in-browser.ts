import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { findChromium, launchChromium } from './chromium.ts';

const path = findChromium();
const why = path === undefined ? ' (skipped: no Chromium here; set CHROMIUM to its path)' : '';

/** Somebody with a browser of their own. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts and of the console, refusals by the content security policy among them. */
  readonly problems: string[];
}

export interface Visits {
  /** Has it closed after the test; what came last is closed first. */
  readonly closing: (close: () => Promise<unknown>) => void;
  /** @param statuses answers that the console may tell of: they are no problem of the page */
  readonly visitor: (options: BrowserContextOptions, statuses: RegExp) => Promise<Visitor>;
}

/** Tests that share a browser; skipped, as their name then says, where there is none. */
export function inBrowser(name: string, tests: (visits: Visits) => void): void {
  describe.skipIf(path === undefined)(`${name}${why}`, () => {
    let browser: Browser;
    const open: (() => Promise<unknown>)[] = [];
    const closing = (close: () => Promise<unknown>) => void open.push(close);
    beforeAll(async () => {
      browser = await launchChromium(path ?? '');
    });
    afterAll(() => browser?.close());
    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
    });
    tests({
      closing,
      async visitor(options, statuses) {
        const context = await browser.newContext({ locale: 'zh-CN', ...options });
        closing(() => context.close());
        const page = await context.newPage();
        const problems: string[] = [];
        page.on('pageerror', (error) => problems.push(error.message));
        page.on('console', (message) => {
          if (message.type() === 'error' && !statuses.test(message.text())) problems.push(message.text());
        });
        return { context, page, problems };
      },
    });
  });
}
