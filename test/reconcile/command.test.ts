import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAKES } from '../../src/simulator/fakes.ts';
import { scenarioNamed } from '../../src/simulator/scenarios.ts';
import { REFUNDS_WITHOUT_APPROVAL, Shop } from '../journeys/shop.ts';
import { withinOneDay } from '../support/one-day.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { control, now, today } from './bench.ts';
import { namesOf, readReport } from './report.ts';

withinOneDay();

/** Every wallet's shop sells and is compared through the built command; nothing is asked of the code inside. */
describe.each(WALLETS)('reconcile with %s', (provider) => {
  const whenDone = FAKES.find(({ id }) => id === provider)?.booksRefundsWhenDone;
  /** Whether this gateway can get it wrong. */
  const knows = (scenario: string) => scenarioNamed(scenario)?.providers?.includes(provider) ?? true;
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
  });
  afterAll(() => shop.close());

  const compare = (...more: string[]) =>
    shop.command(['reconcile', '--date', today(), '--provider', provider, '--json', ...more]);

  it('finds a day without trades clean', async () => {
    const { code, stdout } = await compare();
    expect(readReport(stdout)).toMatchObject({ clean: true, simulated: true });
    expect(code).toBe(0);
  });

  it('finds an honest day clean: payments, a partial refund, a title full of traps', async () => {
    const agent = await shop.agent();
    const titles = ['菜谱 recipe', '"半价",9.99,`0.01,`', '=1+1 #注释'];
    const plain = provider === 'alipay' ? titles.map((title) => title.replace(/[=/&]/g, ' ')) : titles;
    const orders = await Promise.all(plain.map((title) => shop.sell(agent, provider, { title })));
    const refund = await agent.refund({
      outTradeNo: orders[0]?.outTradeNo,
      refundYuan: '3.33',
      reason: 'one, two, "three",`4',
    });
    await agent.refundArrives(refund);
    // An order that nobody paid stands in no bill, and need not.
    await agent.create({ provider, amountYuan: '5.00', title: 'unpaid' });
    await agent.server.close();

    const { code, stdout, stderr } = await compare();
    const [day] = readReport(stdout).providers;
    expect(day).toMatchObject({
      clean: true,
      bill: { payments: 3, paidYuan: '30.00', refunds: 1, refundedYuan: '3.33', feeYuan: '0.16' },
      ledger: { payments: 3, paidYuan: '30.00', refunds: 1, refundedYuan: '3.33' },
      differences: [],
    });
    expect(stderr).toContain(`${provider} ${today()}`);
    expect(code).toBe(0);
  });

  it('names every kind of planted drift, once each, and nothing else', async () => {
    const agent = await shop.agent();
    const sell = async (token: string) =>
      (await shop.sell(agent, provider, { title: `x ${token}` })).outTradeNo;
    const refunded = async (reason: string, arrives = true) => {
      const { outTradeNo } = await shop.sell(agent, provider);
      const refund = await agent.refund({ outTradeNo, refundYuan: '4.00', reason });
      if (arrives) await agent.refundArrives(refund);
      return `${outTradeNo} ${refund.outRefundNo}`;
    };
    const [missing, extra, amount, fee, gone, more, other, state, odd] = await Promise.all([
      sell('sim:bill-missing'),
      sell('sim:bill-extra'),
      sell('sim:bill-amount'),
      sell('sim:bill-fee'),
      refunded('sim:bill-refund-missing'),
      refunded('sim:bill-refund-extra'),
      refunded('sim:bill-refund-amount'),
      whenDone
        ? refunded('sim:refund-processing sim:bill-refund-state', false)
        : refunded('sim:bill-refund-state'),
      sell(knows('bill-fee-negative') ? 'sim:bill-fee-negative' : 'nothing'),
    ]);
    const unpaid = await agent.create({ provider, amountYuan: '7.00', title: 'x sim:bill-unpaid' });
    await shop.simulator.open(unpaid);
    const unnoticed = await agent.create({ provider, amountYuan: '8.00', title: 'x' });
    // Without a server nobody asks the gateway, so the ledger cannot know of this payment.
    await agent.server.close();
    await shop.simulator.pay(unnoticed);

    const { code, stdout } = await compare();
    const [day] = readReport(stdout).providers;
    if (!day || 'error' in day) throw new Error(stdout);
    const [order = '', number = ''] = (more ?? '').split(' ');
    expect(namesOf(day.differences)).toEqual(
      [
        `missing-there ${missing}`,
        `missing-here X${extra}`.slice(0, 'missing-here '.length + 32),
        `amount ${amount}`,
        `fee ${fee}`,
        ...(knows('bill-fee-negative') ? [`fee ${odd}`] : []),
        `state ${unpaid.outTradeNo}`,
        `state ${unnoticed.outTradeNo}`,
        `refund-missing-there ${gone}`,
        `refund-missing-here ${order} ${`X${number}`.slice(0, 64)}`,
        `refund-amount ${other}`,
        `refund-state ${state}`,
      ].sort(),
    );
    expect(day.differences.find(({ kind }) => kind === 'amount')).toMatchObject({
      ledger: { state: 'PAID', amountYuan: '10.00' },
      bill: { state: 'PAID', amountYuan: '10.01' },
    });
    expect(code).toBe(1);

    const table = await shop.command(['reconcile', '--date', today(), '--provider', provider]);
    expect(table.stdout).toContain('模拟环境，不是真钱 SIMULATED, no real money');
    for (const { kind } of day.differences) expect(table.stdout).toContain(kind);
    expect(table.stdout).toContain('query-payment');
    expect(table.code).toBe(1);

    // Law 3: the bill claims both to be paid; only the one that the gateway confirms becomes so.
    const settled = readReport((await compare('--settle')).stdout).providers[0];
    if (!settled || 'error' in settled) throw new Error('not compared');
    const settledAs = (outTradeNo: string) =>
      settled.differences.find((one) => one.outTradeNo === outTradeNo)?.settledAs;
    expect(settledAs(unnoticed.outTradeNo)).toBe('PAID');
    expect(settledAs(unpaid.outTradeNo)).toBe('NOTPAY');
    const again = readReport((await compare()).stdout).providers[0];
    if (!again || 'error' in again) throw new Error('not compared');
    expect(namesOf(again.differences)).not.toContain(`state ${unnoticed.outTradeNo}`);
    expect(namesOf(again.differences)).toContain(`state ${unpaid.outTradeNo}`);
  });

  const bad: readonly (readonly [scenario: string, why: RegExp])[] = [
    ['bill-wrong-hash', /^bill-hash$/],
    ['bill-creating', /^STATEMENT_CREATING$/],
    ['stale-answer', /^bad-signature$/],
    // A hash of the whole, an archive, or what is packed otherwise.
    ['bill-truncated', /^bill-(hash|zip-not-a-zip|unreadable)$/],
    ['bill-redirect', /^bill-http-302$/],
    ['bill-elsewhere', /^bill-address$/],
    ['forged-answer', /^bad-signature$/],
    // Where the signature is a header, it is missed before there is a success.
    ['unsigned-answer', /^(unsigned-success|bad-signature)$/],
    ['lost-after', /^ECONNRESET$/],
  ];
  it.each(bad.filter(([scenario]) => knows(scenario)))('compares nothing with %s', async (scenario, why) => {
    await control(shop, 'POST', 'faults', { scenario, provider, operation: 'bill', times: 1 });
    const { code, stdout } = await compare();
    const [day] = readReport(stdout).providers;
    expect(day).toMatchObject({ clean: false, error: { why: expect.stringMatching(why), provider } });
    expect(code).toBe(1);
    await control(shop, 'DELETE', 'faults');
  });

  it('lets neither a gateway refusal nor a missing wallet pass for a clean day', async () => {
    await control(shop, 'POST', 'faults', { scenario: 'declined', provider, operation: 'bill' });
    const { code, stdout } = await shop.command(['reconcile', '--date', today()]);
    expect(code).toBe(1);
    expect(stdout).toContain(`${provider}: 没有得到 ${provider} ${today()} 的可信账单`);
    // The other wallet is compared all the same.
    expect(stdout).toContain('一致，没有差异 clean, no differences');
  });
});

describe('the date', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open();
  });
  afterAll(() => shop.close());
  const day = (shift: number) => new Date(now() + (8 + 24 * shift) * 3_600_000).toISOString().slice(0, 10);

  it.each([[[]], [['--date']], [['--date', '2026-02-30']], [['--date', 'yesterday']], [['--date', day(1)]]])(
    'must be one that can have a bill: %j',
    async (args) => {
      const { code, stdout } = await shop.command(['reconcile', ...args]);
      expect(code).toBe(1);
      expect(stdout).toBe('');
    },
  );

  it('must be over where money is real, and nothing is asked before', async () => {
    const live = { ...shop.simulator.env, CASHIER_MODE: 'live' };
    const refused = await shop.command(['reconcile', '--date', today(), '--json'], live);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain('上午约 10 点');
    expect(await shop.simulator.calls()).toEqual([]);
    const yesterday = await shop.command(['reconcile', '--date', day(-1), '--json'], live);
    expect(readReport(yesterday.stdout)).toMatchObject({ clean: true, simulated: false });
    expect(yesterday.code).toBe(0);
  });
});
