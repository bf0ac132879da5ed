import { afterAll, beforeAll, expect, it } from 'vitest';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { inBrowser } from '../support/in-browser.ts';
import { photograph } from '../support/photograph.ts';
import { type Bench, freshNumber, openBench } from './bench.ts';

inBrowser('a payer in a browser', ({ visitor }) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());

  function link(subject: string): string {
    const bizContent = { out_trade_no: freshNumber(), total_amount: '99999999.00', subject };
    const returnUrl = 'https://shop.example/thanks';
    return bench.alipay.pageExecute('alipay.trade.page.pay', 'GET', { returnUrl, bizContent });
  }

  it.each([
    [320, 'dark'],
    [1280, 'light'],
  ] as const)(
    'nobody stumbles over what the simulator shows, at %i px in %s colours',
    async (width, colorScheme) => {
      const { page, problems } = await visitor(
        { viewport: { width, height: 840 }, colorScheme },
        /status of 4/,
      );
      const nobodyStumbles = async (name: string, known: readonly string[] = []) => {
        expect([name, await stumblingBlocks(page), await axeFindings(page)]).toEqual([name, known, []]);
        await photograph(page, `simulator ${name}`);
      };
      await page.goto(`${bench.simulator.origin}/`);
      await nobodyStumbles('without orders');
      await bench.alipay.exec('alipay.trade.precreate', {
        bizContent: { out_trade_no: freshNumber(), total_amount: '9.90', subject: 'W'.repeat(127) },
      });
      const address = link('手冲咖啡'.repeat(10));
      await page.goto(address);
      await nobodyStumbles('to be paid');
      await page.getByRole('button', { name: '取消' }).click();
      await page.getByText('您刚才取消了付款').waitFor();
      await nobodyStumbles('refused');
      await page.getByRole('button', { name: '确认支付' }).click();
      await page.getByText('支付成功').waitFor();
      await nobodyStumbles('paid');
      await page.goto(`${bench.simulator.origin}/scan?code=nothing`);
      // Nobody knows which wallet that would be of.
      await nobodyStumbles('cannot be paid', ['0 × body > header']);
      await page.goto(`${bench.simulator.origin}/`);
      await nobodyStumbles('with orders');
      expect(problems).toEqual([]);
    },
  );
});
