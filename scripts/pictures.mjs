import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { chromium } from 'playwright-core';

/*
 * Takes the pictures of the documentation that show a simulator at work: the server as it is built sells something and
 * asks for a refund; a phone has the buyer's page, what the merchant was told, and the approval; a desktop the console.
 * `npm run pictures`, after a build; CHROMIUM names the browser where it is neither of Debian's.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(root, 'dist', 'main.js');
const IMAGES = join(root, 'docs', 'images');
const PLACES = [
  { lang: 'zh', suffix: '-zh', title: '红烧肉菜谱', reason: '买家不要了' },
  { lang: 'en', suffix: '', title: 'Braised pork recipe', reason: 'The buyer changed their mind' },
];

const PHONE = { width: 390, height: 720 };
const SECRET = 'a secret of nobody';
/** What else is sold, so many days ago, in yuan; a minus is paid back, a question mark waits for a person. */
const FURTHER = [
  [6, ['wechatpay', '88.00'], ['alipay', '36.50']],
  [5, ['wechatpay', '128.00'], ['alipay', '52.00']],
  [4, ['wechatpay', '45.00']],
  [3, ['alipay', '99.00'], ['wechatpay', '66.00', '-66.00']],
  [2, ['wechatpay', '108.00'], ['alipay', '36.50']],
  [1, ['wechatpay', '138.00'], ['alipay', '88.00', '-20.00']],
  [0, ['wechatpay', '88.00'], ['wechatpay', '36.50', '?36.50']],
];

const found = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? found,
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const place of PLACES) await take(place);
await browser.close();

async function take({ lang, suffix, title, reason }) {
  const path = (name) => join(IMAGES, `${name}${suffix}.png`);
  await inHome(lang, async (env) => {
    await served(env, async (call) => {
      const context = await browser.newContext({
        ...{ viewport: PHONE, locale: localeOf(lang), isMobile: true, reducedMotion: 'reduce' },
      });
      const order = await call('create-payment', { provider: 'alipay', amountYuan: '19.90', title });
      await buyer(context, order, call, path);
      await call('refund-payment', { outTradeNo: order.outTradeNo, refundYuan: '19.90', reason });
      await owner(context, `${await simulatorOf(order)}/inbox`, path);
      await context.close();
    });
  });
  await inHome(
    lang,
    async (env, secret) => {
      for (const [ago, ...sales] of FURTHER) await sellAgo(ago, sales, { env, secret, title, reason });
      await consolePicture(env, lang, path('console'));
    },
    7,
  );
}

/** The page on the buyer's phone, and what becomes of it. */
async function buyer(context, order, call, path) {
  const page = await context.newPage();
  await page.goto(order.cashierUrl);
  await shot(page, '.card', path('cashier-phone'));
  await pay(order, call);
  await page.locator('.receipts').waitFor();
  await shot(page, '.card', path('cashier-paid'));
  await page.close();
}

/** The owner's: the message, what it leads to, and what came of the yes. */
async function owner(context, inbox, path) {
  const page = await context.newPage();
  await page.goto(inbox);
  // What is paid, and what waits for a person.
  await page.locator('.bubble').nth(1).waitFor();
  await shot(page, '.chat', path('inbox'));
  await page.locator('.bubble a.button').click();
  await signIn(page);
  await page.locator('#yes').waitFor();
  await shot(page, undefined, path('approval-phone'));
  await page.locator('#yes button').click();
  await page.getByRole('heading', { name: /退款成功|Refunded/ }).waitFor();
  await shot(page, undefined, path('approved-phone'));
  await page.close();
}

/** What a phone shows, as far down as `last` reaches; without it, one screen. */
async function shot(page, last, path) {
  if (last === undefined) return page.screenshot({ path });
  const box = await page.locator(last).first().boundingBox();
  const height = Math.ceil((box?.y ?? 0) + (box?.height ?? 0) + 16);
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width: PHONE.width, height } });
}

async function signIn(page) {
  await page.locator('input[type=password]').first().fill(SECRET);
  await page.keyboard.press('Enter');
}

function localeOf(lang) {
  return lang === 'zh' ? 'zh-CN' : 'en-GB';
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
      if (back.startsWith('?')) continue;
      const approve = [MAIN, 'approvals', 'approve', approval.id, '--realm', 'simulator'];
      execFileSync(process.execPath, approve, { env: { ...secret, ...late(ago) }, stdio: 'ignore' });
    }
  });
}

/** Sold, and paid by the buyer. */
async function sell(call, wanted) {
  const order = await call('create-payment', wanted);
  await pay(order, call);
  return order;
}

async function pay(order, call) {
  const opened = await fetch(await scanOf(order));
  await fetch(`${opened.url}/pay`, { method: 'POST' });
  while ((await call('query-payment', { outTradeNo: order.outTradeNo, waitSeconds: 10 })).state !== 'PAID');
}

/** Where the simulator takes the place of the buyer's wallet. */
async function scanOf({ qrCode, cashierUrl }) {
  const page = await (await fetch(cashierUrl)).text();
  const scan = /href="(http:\/\/127\.0\.0\.1:\d+)\/scan/.exec(page)?.[1] ?? new URL(qrCode).origin;
  return `${scan}/scan?code=${encodeURIComponent(qrCode)}`;
}

async function simulatorOf(order) {
  return new URL(await scanOf(order)).origin;
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
  const viewport = { width: 1000, height: 900 };
  const context = await browser.newContext({ viewport, locale: localeOf(lang) });
  const page = await context.newPage();
  await page.goto(JSON.parse(said).url);
  await signIn(page);
  await page.locator('.chart').waitFor();
  const chart = await page.locator('.chart').boundingBox();
  const height = Math.ceil((chart?.y ?? 0) + (chart?.height ?? 0) + 40);
  await page.screenshot({ path, clip: { x: 0, y: 0, width: 1000, height }, fullPage: true });
  await context.close();
  child.kill();
}
