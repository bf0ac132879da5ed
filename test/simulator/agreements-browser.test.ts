import { afterAll, beforeAll, expect, it } from 'vitest';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { inBrowser } from '../support/in-browser.ts';
import { photograph } from '../support/photograph.ts';
import { type Bench, openBench } from './bench.ts';

inBrowser('a subscriber in a browser', ({ visitor }) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());

  it.each([
    [390, 'dark'],
    [1280, 'light'],
  ] as const)('agrees, sees what to, and ends it, at %i px in %s colours', async (width, colorScheme) => {
    const bizContent = {
      ...{ personal_product_code: 'CYCLE_PAY_AUTH_P', sign_scene: 'INDUSTRY|DIGITAL_MEDIA' },
      ...{ external_agreement_no: `browser${width}`, external_logon_id: 'reader-7' },
      access_params: { channel: 'QRCODE' },
      period_rule_params: {
        ...{ period_type: 'DAY', period: '7', execute_time: '2026-12-08', single_amount: '19.00' },
      },
    };
    const link = bench.alipay.pageExecute('alipay.user.agreement.page.sign', 'GET', { bizContent });
    const { page, problems } = await visitor({ viewport: { width, height: 840 }, colorScheme }, /^$/);
    const nobodyStumbles = async () => {
      expect([await stumblingBlocks(page), await axeFindings(page)]).toEqual([[], []]);
      await photograph(page, `agreement ${(await page.locator('h2').allInnerTexts()).join(' ')}`);
    };
    await page.goto(link);
    await page.getByText('每 7 天').waitFor();
    await nobodyStumbles();
    await page.getByRole('button', { name: '暂不开通' }).click();
    await page.getByText('您刚才没有开通').waitFor();
    await page.getByRole('button', { name: '同意并开通' }).click();
    await page.getByText('已开通自动扣款').waitFor();
    await nobodyStumbles();
    await page.getByRole('button', { name: '关闭自动扣款' }).click();
    await page.getByText('自动扣款已关闭').waitFor();
    await nobodyStumbles();
    // Opening the link again changes nothing any more.
    await page.goto(link);
    await page.getByText('自动扣款已关闭').waitFor();
    expect(problems).toEqual([]);
  });
});
