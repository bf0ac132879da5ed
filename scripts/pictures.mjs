import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { chromium } from 'playwright-core';

/*
 * Takes the pictures of the documentation that show a simulator at work: the server as it is built sells something and
 * asks for a refund, and the browser looks at what the merchant was told, and at the console. `npm run pictures`, after
 * a build; CHROMIUM names the browser where it is not /usr/bin/chromium.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(root, 'dist', 'main.js');
const PLACES = [
  { lang: 'zh', file: 'inbox-zh.png', console: 'console-zh.png', title: '红烧肉菜谱', reason: '买家不要了' },
  {
    ...{ lang: 'en', file: 'inbox.png', console: 'console.png', title: 'Braised pork recipe' },
    reason: 'The buyer changed their mind',
  },
];

const SECRET = 'a secret of nobody';
/** What else is sold, so many days ago, in yuan; a minus is paid back. */
const FURTHER = [
  [6, ['wechatpay', '88.00'], ['alipay', '36.50']],
  [5, ['wechatpay', '128.00'], ['alipay', '52.00']],
  [4, ['wechatpay', '45.00']],
  [3, ['alipay', '99.00'], ['wechatpay', '66.00', '-66.00']],
  [2, ['wechatpay', '108.00'], ['alipay', '36.50']],
  [1, ['wechatpay', '138.00'], ['alipay', '88.00', '-20.00']],
  [0, ['wechatpay', '88.00'], ['wechatpay', '36.50']],
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const place of PLACES) await take(place);
await browser.close();

async function take({ lang, file, console: shown, title, reason }) {
  await inHome(lang, async (env) => {
    await served(env, async (call) => {
      const { outTradeNo, origin } = await sell(call, { provider: 'alipay', amountYuan: '19.90', title });
      await call('refund-payment', { outTradeNo, refundYuan: '19.90', reason });
      await picture(`${origin}/inbox`, join(root, 'docs', 'images', file));
    });
  });
  await inHome(
    lang,
    async (env, secret) => {
      for (const [ago, ...sales] of FURTHER) await sellAgo(ago, sales, { env, secret, title, reason });
      await consolePicture(env, lang, join(root, 'docs', 'images', shown));
    },
    7,
  );
}

/** A home of its own, in which the operator secret is set: without one nobody could sign in. */
async function inHome(lang, work, ago = 0) {
  const home = mkdtempSync(join(tmpdir(), 'cashier-pictures-'));
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: home, CASHIER_HOME: home, CASHIER_MODE: 'simulator' },
    ...{
      CASHIER_LANG: lang,
      CASHIER_MERCHANT_NAME: lang === 'zh' ? '茶铺' : 'Tea Shop',
      CASHIER_CALLER: 'cursor',
    },
  };
  const secret = { ...env, CASHIER_OPERATOR_SECRET: SECRET };
  try {
    execFileSync(process.execPath, [MAIN, 'operator', 'set-secret', '--realm', 'simulator'], {
      env: { ...secret, ...late(ago) },
    });
    await work(env, secret);
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What sets the clock of a process back by so many days. */
function late(days) {
  const back = `const now = Date.now; Date.now = () => now() - ${days * 86_400_000};`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(back)}` };
}

async function served(env, work) {
  const client = new Client({ name: 'pictures', version: '1' });
  try {
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [MAIN], env }));
    await work(async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent);
  } finally {
    await client.close();
  }
}

/** A server whose clock is so many days behind sells and pays back. */
async function sellAgo(ago, sales, { env, secret, title, reason }) {
  await served({ ...env, ...late(ago) }, async (call) => {
    for (const [provider, amountYuan, back] of sales) {
      const { outTradeNo } = await sell(call, { provider, amountYuan, title });
      if (back === undefined) continue;
      const { approval } = await call('refund-payment', { outTradeNo, refundYuan: back.slice(1), reason });
      const approve = [MAIN, 'approvals', 'approve', approval.id, '--realm', 'simulator'];
      execFileSync(process.execPath, approve, { env: { ...secret, ...late(ago) }, stdio: 'ignore' });
    }
  });
}

/** Where the simulator is, in which the buyer has paid. */
async function sell(call, wanted) {
  const order = await call('create-payment', wanted);
  const page = await (await fetch(order.cashierUrl)).text();
  const scan = /href="(http:\/\/127\.0\.0\.1:\d+\/scan[^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
  if (scan === undefined) throw new Error('the page leads to no simulator');
  const opened = await fetch(scan);
  await fetch(`${opened.url}/pay`, { method: 'POST' });
  const { outTradeNo } = order;
  while ((await call('query-payment', { outTradeNo, waitSeconds: 10 })).state !== 'PAID');
  return { outTradeNo, origin: new URL(scan).origin };
}

/** The overview of the console, as whoever knows the secret has it. */
async function consolePicture(env, lang, path) {
  const args = [MAIN, 'console', '--realm', 'simulator', '--json'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    said += chunk;
    if (/\}\s*$/.test(said)) break;
  }
  const locale = lang === 'zh' ? 'zh-CN' : 'en-GB';
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, locale });
  const page = await context.newPage();
  await page.goto(JSON.parse(said).url);
  await page.locator('input[type=password]').first().fill(SECRET);
  await page.keyboard.press('Enter');
  await page.locator('.chart').waitFor();
  const chart = await page.locator('.chart').boundingBox();
  const height = Math.ceil((chart?.y ?? 0) + (chart?.height ?? 0) + 40);
  await page.screenshot({ path, clip: { x: 0, y: 0, width: 1000, height }, fullPage: true });
  await context.close();
  child.kill();
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
