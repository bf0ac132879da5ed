import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Agent, Shop } from '../journeys/shop.ts';
import { cheapGuesses } from '../support/guess-cost.ts';

cheapGuesses();

const SECRET = 'correct-horse-battery';
/** Agents may refund nothing. */
const POLICY = 'version: 1\nrefunds: { maxYuan: "0.01" }\n';

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open({ policy: POLICY });
  shop.secrets.add(SECRET);
  agent = await shop.agent();
  expect((await person(['operator', 'set-secret', '--realm', 'simulator'])).code).toBe(0);
});
afterAll(() => shop.close());

const person = (args: readonly string[], secret = SECRET) =>
  shop.command(args, secret === '' ? {} : { CASHIER_OPERATOR_SECRET: secret });
async function told(...args: string[]) {
  const { stdout, stderr, code } = await person(['orders', 'refund', ...args, '--json']);
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout);
}
const sent = (outTradeNo: string) => shop.simulator.calls(outTradeNo, 'refund');

it('a person refunds at a terminal, bound by what was paid, and the same command pays back once', async () => {
  const { outTradeNo } = await shop.sell(agent, 'wechatpay');
  for (const [secret, says] of [
    ['', 'CASHIER_OPERATOR_SECRET'],
    ['wrong-wrong', '操作员口令不正确'],
  ] as const)
    expect(await person(['orders', 'refund', outTradeNo, '4'], secret)).toMatchObject({
      ...{ code: 1, stdout: '', stderr: expect.stringContaining(says) },
    });
  const first = await told(outTradeNo, '4', '--reason', '买家退货');
  expect(first).toMatchObject({ outTradeNo, refundYuan: '4.00', caller: 'operator', replayed: false });
  expect(['PROCESSING', 'SUCCESS']).toContain(first.state);
  const again = await told(outTradeNo, '4.00');
  expect(again).toMatchObject({ outRefundNo: first.outRefundNo, replayed: true });
  const plainly = await person(['orders', 'refund', outTradeNo, '4']);
  expect([plainly.code, plainly.stdout]).toEqual([0, expect.stringMatching(/没有再退一次.*--number/)]);
  expect(plainly.stdout).toContain(first.outRefundNo);
  expect(await sent(outTradeNo)).toHaveLength(1);

  const more = await person(['orders', 'refund', outTradeNo, '9999']);
  expect([more.code, more.stderr]).toEqual([1, expect.stringContaining('没有资金变动')]);
  const shown = await person(['audit', 'show', outTradeNo]);
  expect(shown.stdout).toMatch(/operator · orders +登记退款 R\w+：4\.00 元/);
  expect(shown.stdout).toMatch(/operator · orders +已拒绝 REFUND_EXCEEDS_PAID/);
});

it('the same sum goes back once more by a number of its own, which stands for that refund', async () => {
  const { outTradeNo } = await shop.sell(agent, 'alipay');
  const first = await told(outTradeNo, '1', '--lang', 'en');
  expect(first.message).toMatch(/^[^\u4e00-\u9fff]+$/);
  const number = shop.number('R');
  const second = await told(outTradeNo, '1', '--number', number);
  expect(second).toMatchObject({ outRefundNo: number, replayed: false });
  expect(await told(outTradeNo, '1', '--number', number)).toMatchObject({ replayed: true });
  expect(second.outRefundNo).not.toBe(first.outRefundNo);
  const other = await person(['orders', 'refund', outTradeNo, '2', '--number', number]);
  expect(other).toMatchObject({ code: 1, stdout: '' });
  expect((await sent(outTradeNo)).length).toBeLessThanOrEqual(2);
});

it('where no server runs it says so, and two at once are one refund', async () => {
  const { outTradeNo } = await shop.sell(agent, 'alipay');
  await agent.server.close();
  const both = await Promise.all([told(outTradeNo, '3'), told(outTradeNo, '3')]);
  expect(new Set(both.map(({ outRefundNo }) => outRefundNo)).size).toBe(1);
  expect(both.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
  for (const { state, message } of both)
    expect([state, message]).toEqual(['PENDING_APPROVAL', expect.stringContaining('没有能执行它的服务器')]);
  await person(['freeze']);
  const paused = await person(['orders', 'refund', outTradeNo, '2']);
  expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining('暂停')]);
  await person(['unfreeze']);
  expect(await sent(outTradeNo)).toEqual([]);
});

it.each([
  [['orders', 'refund', 'X000001', '0'], 'YUAN'],
  [['orders', 'refund', 'X000001', '1.005'], 'YUAN'],
  [['orders', 'refund', 'X000001', '1', '--number', '../x'], '--number'],
  [['orders', 'refund', 'X000001', '1', '--reason', 'x'.repeat(81)], '--reason'],
  [['orders', 'refund', 'X000001', '1'], '订单'],
])('%j is refused, and asks nobody', async (args, says) => {
  expect(await person(args)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(says) });
});
