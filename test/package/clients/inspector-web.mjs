// The Inspector's web page in Chromium against the service, which it calls through its own backend.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path));

/** A card a server, a tab for tools, a form for the arguments. */
export const throughBackend = (stage) =>
  stage.service(async (url) => {
    stage.write('.mcp-inspector/mcp.json', { mcpServers: { cashier: { type: 'streamable-http', url } } });
    const env = { CLIENT_PORT: String(await stage.freePort()), MCP_INSPECTOR_SECRET_STORE: 'memory' };
    return onPage(stage, ['--web'], env, /http:\S+TOKEN=\w+/, async (page, address) => {
      await page.goto(address);
      await page.getByRole('switch').first().click({ force: true });
      await page.getByText('Tools', { exact: true }).first().click();
      await page
        .getByText('create-payment', { exact: true })
        .or(page.getByText('收款', { exact: true }))
        .first()
        .click();
      await page.getByLabel('provider').first().click();
      await page.getByRole('option', { name: stage.order.provider }).click();
      await page.getByRole('textbox', { name: 'amountYuan' }).fill(stage.order.amountYuan);
      await page.getByRole('textbox', { name: 'title' }).fill(stage.order.title);
      await page.getByRole('button', { name: 'Execute Tool' }).click();
      return shownOn(page);
    });
  });

/** Words and pictures of the page, once the answer is there. */
async function shownOn(page) {
  await page.getByText('NOTPAY').first().waitFor();
  const pictures = page.locator('img[src^="data:image/png;base64,"]');
  await pictures.first().waitFor();
  return {
    words: await page.locator('body').innerText(),
    picture: await pictures.first().getAttribute('src'),
  };
}

/** Starts the Inspector, opens a page in a browser, and ends both when `work` is done. */
async function onPage({ folder, env, project }, args, more, listens, work) {
  const child = spawn(join(folder, 'node_modules/.bin/mcp-inspector'), args, {
    cwd: project,
    env: { ...env, HTTPS_PROXY: '', HTTP_PROXY: '', MCP_AUTO_OPEN_ENABLED: 'false', ...more },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const address = await new Promise((said, failed) => {
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
        const [found] = listens.exec(text) ?? [];
        if (found) said(found);
      });
      child.once('exit', () => failed(new Error(`the Inspector did not start: ${text}`)));
    });
    const page = await browser.newPage({ viewport: { width: 1366, height: 900 } });
    page.setDefaultTimeout(60_000);
    return await work(page, address);
  } finally {
    await browser.close();
    process.kill(-child.pid, 'SIGKILL');
  }
}
