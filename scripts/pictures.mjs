import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { chromium } from 'playwright-core';

/*
 * Takes the pictures of the documentation that show a simulator at work: the server as it is built sells something and
 * asks for a refund, and the browser looks at what the merchant was told. `npm run pictures`, after a build; CHROMIUM
 * names the browser where it is in no usual place.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(root, 'dist', 'main.js');
const PLACES = [
  { lang: 'zh', file: 'inbox-zh.png', title: '红烧肉菜谱', reason: '买家不要了' },
  { lang: 'en', file: 'inbox.png', title: 'Braised pork recipe', reason: 'The buyer changed their mind' },
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const place of PLACES) await take(place);
await browser.close();

async function take({ lang, file, title, reason }) {
  const home = mkdtempSync(join(tmpdir(), 'cashier-pictures-'));
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: home, CASHIER_HOME: home, CASHIER_MODE: 'simulator' },
    ...{
      CASHIER_LANG: lang,
      CASHIER_MERCHANT_NAME: lang === 'zh' ? '茶铺' : 'Tea Shop',
      CASHIER_CALLER: 'cursor',
    },
  };
  const client = new Client({ name: 'pictures', version: '1' });
  try {
    // Without one nobody could sign in on the page that a message leads to.
    const secret = { ...env, CASHIER_OPERATOR_SECRET: 'a secret of nobody' };
    execFileSync(process.execPath, [MAIN, 'operator', 'set-secret', '--realm', 'simulator'], { env: secret });
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [MAIN], env }));
    const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent;
    const order = await call('create-payment', { provider: 'alipay', amountYuan: '19.90', title });
    const page = await (await fetch(order.cashierUrl)).text();
    const scan = /href="(http:\/\/127\.0\.0\.1:\d+\/scan[^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
    if (scan === undefined) throw new Error('the page leads to no simulator');
    const opened = await fetch(scan);
    await fetch(`${opened.url}/pay`, { method: 'POST' });
    while ((await call('query-payment', { outTradeNo: order.outTradeNo, waitSeconds: 10 })).state !== 'PAID');
    await call('refund-payment', { outTradeNo: order.outTradeNo, refundYuan: '19.90', reason });
    await picture(`${new URL(scan).origin}/inbox`, join(root, 'docs', 'images', file));
  } finally {
    await client.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function picture(url, path) {
  const context = await browser.newContext({ viewport: { width: 390, height: 900 }, deviceScaleFactor: 1.5 });
  const page = await context.newPage();
  await page.goto(url);
  // What is paid, and what waits for a person.
  await page.locator('.bubble').nth(1).waitFor();
  const list = await page.locator('.chat').boundingBox();
  const height = Math.ceil((list?.y ?? 0) + (list?.height ?? 0) + 16);
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width: 390, height } });
  await context.close();
}
