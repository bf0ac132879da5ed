import type { BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { listenForOperator } from '../../src/operator/index.ts';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { inBrowser } from '../support/in-browser.ts';
import { photograph } from '../support/photograph.ts';
import { Desk, SECRET } from './desk.ts';

cheapGuesses();

const PHONE = { width: 390, height: 844 };
const PASSWORD = 'a long password';

inBrowser('passkeys in a browser', ({ closing, visitor }) => {
  async function shop() {
    const desk = await Desk.open({ merchantName: '茶铺' });
    closing(() => desk.close());
    await desk.sold();
    const { id } = await desk.proposeRefund();
    const listener = await listenForOperator(desk.options);
    closing(() => listener.close());
    return { desk, id, at: `${listener.origin.replace('127.0.0.1', 'localhost')}/approvals` };
  }
  /** Somebody's browser, and the authenticator of their phone. */
  async function phone(options: BrowserContextOptions = {}) {
    const { context, page, problems } = await visitor(
      { viewport: PHONE, ...options },
      /status of (400|401|403|429)/,
    );
    const session = await context.newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    });
    return { context, page, problems, session, authenticatorId };
  }
  const owner = (session: CDPSession, authenticatorId: string, isUserVerified: boolean) =>
    session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  it('an invitation becomes a passkey; a link then leads through one thumb to that very approval', async () => {
    const { desk, id, at } = await shop();
    const { page, context, problems, session, authenticatorId } = await phone();
    const { code } = await desk.invite('王芳');
    await page.goto(`${at}/join#${code}`);
    // The code is in its field, and in the address no more.
    await page.getByLabel('邀请码').waitFor();
    expect(await page.getByLabel('邀请码').inputValue()).toBe(code);
    expect(page.url()).toBe(`${at}/join`);
    expect(await stumblingBlocks(page)).toEqual([]);
    await button(page, '使用通行密钥').click();
    await page.waitForURL(at);
    await page.getByRole('link', { name: '王芳' }).click();
    await page.getByRole('heading', { name: '我的登录' }).waitFor();
    expect(await stumblingBlocks(page)).toEqual([]);
    const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
    expect(credentials).toMatchObject([{ isResidentCredential: true, rpId: 'localhost' }]);
    await context.clearCookies();
    await page.goto(`${at}/${id}`);
    expect(await stumblingBlocks(page)).toEqual([]);
    // Without the person it belongs to, a phone that lies about signs nobody in.
    await owner(session, authenticatorId, false);
    await button(page, '用通行密钥登录').click();
    await page.getByText('没有成功').waitFor();
    await owner(session, authenticatorId, true);
    await button(page, '用通行密钥登录').click();
    await page.waitForURL(`${at}/${id}`);
    await page.locator('.bar').getByRole('button', { name: '批准退款 ¥30.00' }).click();
    await page.getByRole('heading', { name: '已批准' }).waitFor();
    expect(await desk.approval(id)).toMatchObject({ state: 'approved', decidedBy: '王芳' });
    expect(problems).toEqual([]);
  });

  it('the holder of the secret adds one, which their device does not do twice, and removes it', async () => {
    const { at } = await shop();
    const { page, problems } = await phone({ locale: 'en-GB' });
    await page.goto(`${at}/me`);
    await page.getByLabel('Operator secret').fill(SECRET);
    await button(page, 'Sign in').click();
    await page.waitForURL(`${at}/me`);
    await page.getByLabel('Name of it').fill('my phone');
    await button(page, 'Add one on this device').click();
    await page.getByText('my phone').first().waitFor();
    await button(page, 'Add one on this device').click();
    await page.getByText('already has a passkey').waitFor();
    expect(await stumblingBlocks(page)).toEqual([]);
    await page.getByRole('button', { name: 'Remove my phone' }).click();
    await page.getByText('None yet.').waitFor();
    expect(problems).toEqual([]);
  });

  it('without a script a password does, and passkeys are not spoken of', async () => {
    const { desk, at } = await shop();
    const { page } = await phone({ javaScriptEnabled: false });
    await page.goto(`${at}/join`);
    expect(await button(page, '使用通行密钥').count()).toBe(0);
    await page.getByLabel('邀请码').fill((await desk.invite('li')).code);
    await page.getByLabel('密码（至少 8 个字符）').fill(PASSWORD);
    await page.getByLabel('再输入一次').fill(PASSWORD);
    await button(page, '使用密码').click();
    await page.waitForURL(at);
    await button(page, '退出').click();
    await page.getByLabel('姓名').fill('Li');
    await page.getByLabel('密码或操作员口令').fill(PASSWORD);
    await button(page, '登录').click();
    await page.waitForURL(at);
    await page.getByRole('link', { name: 'li', exact: true }).click();
    await button(page, '全部退出').click();
    await page.getByLabel('姓名').waitFor();
  });

  it.each([
    { width: 320, colorScheme: 'light', locale: 'zh-CN' },
    { width: 390, colorScheme: 'dark', locale: 'en-GB' },
    { width: 1280, colorScheme: 'dark', locale: 'zh-CN' },
  ] as const)(
    'nobody stumbles over them: $width px, $colorScheme, $locale',
    async ({ width, ...options }) => {
      const { desk, at } = await shop();
      const { page, context } = await phone({ viewport: { width, height: 844 }, ...options });
      const look = async (name: string) => {
        expect([name, await stumblingBlocks(page), await axeFindings(page)]).toEqual([name, [], []]);
        await photograph(page, `person ${name} ${options.locale}`);
      };
      await page.goto(`${at}/join#${(await desk.invite('wang')).code}`);
      await look('join');
      await page.locator('[data-use]').click();
      await page.waitForURL(at);
      await page.goto(`${at}/me`);
      await look('me');
      await page.locator('input[name=password]').fill('a long password');
      await page.locator('input[name=again]').fill('another password');
      await page.locator('form[action*="me/password"] button').click();
      await page.getByRole('alert').first().waitFor();
      await look('me, not done');
      await context.clearCookies();
      await page.goto(`${at}/sign-in`);
      await look('sign-in');
    },
  );
});
