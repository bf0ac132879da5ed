import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cheapGuesses } from '../support/guess-cost.ts';
import { until } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, Shop } from './shop.ts';

cheapGuesses();

const SECRET = 'correct-horse-battery';
const POLICY = 'version: 1\npayments: { approveAboveYuan: "100", maxYuan: "1000" }\n';

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open({ policy: POLICY });
  shop.secrets.add(SECRET);
  agent = await shop.agent();
  const { code } = await shop.command(['operator', 'set-secret', '--realm', 'simulator'], {
    CASHIER_OPERATOR_SECRET: SECRET,
  });
  expect(code).toBe(0);
});
afterAll(() => shop.close());

async function decide(verb: 'approve' | 'deny', id = '', secret?: string) {
  const env = secret === undefined ? {} : { CASHIER_OPERATOR_SECRET: secret };
  return shop.command(['approvals', verb, id], env);
}

/** Waits until the gateway has it; nobody calls meanwhile. */
function refunded(outTradeNo: string) {
  return until(`a refund of ${outTradeNo}`, async () => {
    const { refunds } = await shop.simulator.trade(outTradeNo);
    return refunds.length > 0 ? refunds : undefined;
  });
}

describe('the yes itself sets it going', () => {
  const asked = async () => {
    const { outTradeNo } = await shop.sell(agent, 'alipay');
    const wanted = { outTradeNo, refundYuan: '4.00', outRefundNo: shop.number('R') };
    return { outTradeNo, wanted, id: (await agent.refund(wanted)).approval?.id };
  };

  it('in whichever process finds it, once', async () => {
    const { outTradeNo, wanted, id } = await asked();
    const others = await Promise.all([shop.agent(), shop.agent()]);
    await Promise.all(others.map((other) => other.known(outTradeNo)));
    const [said, ...repeats] = await Promise.all([
      decide('approve', id, SECRET),
      ...others.map((other) => other.refund(wanted)),
    ]);
    expect(said.code).toBe(0);
    for (const { state } of repeats) expect(['PENDING_APPROVAL', 'PROCESSING', 'SUCCESS']).toContain(state);
    await refunded(outTradeNo);
    await Promise.all(others.map((other) => other.refund(wanted)));
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(1);
    await Promise.all(others.map(({ server }) => server.close()));
  });

  it('in a server that is killed before it, and is carried out by the next, which nobody calls', async () => {
    const { outTradeNo, wanted, id } = await asked();
    await agent.server.kill();
    const said = await shop.command(['approvals', 'approve', id ?? '', '--json'], {
      CASHIER_OPERATOR_SECRET: SECRET,
    });
    expect(JSON.parse(said.stdout)).toMatchObject({
      ...{ id, state: 'approved' },
      outcome: { state: 'PENDING_APPROVAL', message: expect.stringContaining('没有能执行它的服务器在运行') },
    });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toEqual([]);
    agent = await shop.agent();
    await refunded(outTradeNo);
    expect(await agent.refund(wanted)).toMatchObject({ replayed: true, refundYuan: '4.00' });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(1);
  });

  it('once a freeze is lifted', async () => {
    const { outTradeNo, id } = await asked();
    await shop.command(['freeze']);
    const said = await decide('approve', id, SECRET);
    expect(said.stdout).toContain('收款和退款已暂停');
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toEqual([]);
    await shop.command(['unfreeze'], { CASHIER_OPERATOR_SECRET: SECRET });
    await refunded(outTradeNo);
  });
});

describe.concurrent.each(WALLETS)('a refund at %s that needs a person', (provider) => {
  it('goes on with the operator secret only, whatever the agent has been shown', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const wanted = { outTradeNo, refundYuan: '4.00', outRefundNo: shop.number('R') };
    const before = Date.now();
    const { approval, state } = await agent.refund(wanted);
    expect(state).toBe('PENDING_APPROVAL');
    const askedAt = Date.parse(approval?.expiresAt ?? '') - 15 * 60_000;
    expect(askedAt).toBeGreaterThan(before - 1_000);
    expect(askedAt).toBeLessThanOrEqual(Date.now());

    const guesses = [undefined, 'wrong-wrong', approval?.id, `${SECRET} `];
    for (const refused of await Promise.all(
      guesses.map((secret) => decide('approve', approval?.id, secret)),
    )) {
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain('CASHIER_OPERATOR_SECRET');
    }
    expect(await agent.refund(wanted)).toMatchObject({ state: 'PENDING_APPROVAL' });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toEqual([]);

    const said = await decide('approve', approval?.id, SECRET);
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(said.stdout).toMatch(/退款成功，原路退回|退款处理中/);
    await refunded(outTradeNo);
    const changed = { ...wanted, refundYuan: '9.00' };
    expect(await agent.refused('refund-payment', changed)).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    const { approval: another } = await agent.refund({ ...wanted, outRefundNo: shop.number('R') });
    expect(another).toMatchObject({ state: 'pending' });
    expect(another?.id).not.toBe(approval?.id);

    const reported = await agent.refund(wanted);
    expect(reported).toMatchObject({ replayed: true, approval: { id: approval?.id, state: 'approved' } });
    await agent.refundArrives(reported);
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(1);
    expect(await decide('approve', approval?.id, SECRET)).toMatchObject({ code: 1, stdout: '' });
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 400 }]);
  });

  it('is refused for good when the person says no, and its sum is free again', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const wanted = { outTradeNo, refundYuan: '10.00', outRefundNo: shop.number('R') };
    const { approval } = await agent.refund(wanted);
    expect(await decide('deny', approval?.id, SECRET)).toMatchObject({ code: 0 });
    for (const _ of [1, 2]) expect(await agent.refund(wanted)).toMatchObject({ state: 'DENIED' });
    expect(await decide('approve', approval?.id, SECRET)).toMatchObject({ code: 1 });
    expect(await agent.refund(wanted)).toMatchObject({ state: 'DENIED', refundedYuan: '0.00' });
    const again = await agent.refund({ ...wanted, outRefundNo: shop.number('R') });
    expect(again).toMatchObject({ state: 'PENDING_APPROVAL' });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toEqual([]);
  });
});

describe.concurrent.each(WALLETS)('a payment at %s above the limit', (provider) => {
  it('is sent after a person said yes, and has nothing to pay with before', async () => {
    const wanted = { provider, amountYuan: '100.01', title: 'expensive', outTradeNo: shop.number() };
    const waiting = await agent.create(wanted);
    expect(waiting).toMatchObject({ state: 'PENDING_APPROVAL', approval: { state: 'pending' } });
    for (const absent of ['qrCode', 'cashierUrl', 'expiresAt']) expect(waiting).not.toHaveProperty(absent);
    expect(await shop.simulator.calls(wanted.outTradeNo)).toEqual([]);
    await decide('approve', waiting.approval?.id, SECRET);
    await until('the order is at the gateway', async () => {
      const calls = await shop.simulator.calls(wanted.outTradeNo, 'create');
      return calls.length > 0 ? calls : undefined;
    });
    expect(await agent.create(wanted)).toMatchObject({ state: 'NOTPAY', amountYuan: '100.01' });
    expect(await shop.simulator.calls(wanted.outTradeNo, 'create')).toHaveLength(1);
  });

  it('is never sent after a no', async () => {
    const wanted = { provider, amountYuan: '100.01', title: 'no', outTradeNo: shop.number() };
    await decide('deny', (await agent.create(wanted)).approval?.id, SECRET);
    expect(await agent.create(wanted)).toMatchObject({ state: 'DENIED' });
    expect(await agent.query(wanted.outTradeNo)).toMatchObject({ state: 'DENIED' });
    expect(await shop.simulator.calls(wanted.outTradeNo)).toEqual([]);
  });

  it('beyond what the policy allows is refused with rule, limit and what it wanted', async () => {
    const refusal = await agent.refused('create-payment', { provider, amountYuan: '1000.01', title: 'no' });
    expect(refusal).toMatchObject({
      ...{ code: 'POLICY_DENIED', rule: 'payments.maxYuan', limit: '1000.00', used: '1000.01' },
    });
  });
});

describe('the operator secret', () => {
  it('is changed by nobody who does not know the old one', async () => {
    const env = { CASHIER_OPERATOR_SECRET: 'another-secret' };
    expect(await shop.command(['operator', 'set-secret', '--realm', 'simulator'], env)).toMatchObject({
      code: 1,
      stdout: '',
    });
    expect((await decide('approve', 'ANOTHING', 'another-secret')).stderr).toContain('口令不正确');
  });

  it('opens nothing that does not exist', async () => {
    expect(await decide('approve', 'ANOTHING', SECRET)).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('the list of approvals', () => {
  it('shows a person what waits, and more than 20 at once are not taken', async () => {
    const { outTradeNo } = await shop.sell(agent, 'alipay', { amountYuan: '50.00', title: '列表 list' });
    const open = async () => {
      const { stdout } = await shop.command(['approvals', 'list', '--json']);
      return (JSON.parse(stdout) as { items: { id: string }[] }).items;
    };
    const before = await open();
    for (let count = before.length; count < 20; count += 1) {
      await agent.refund({ outTradeNo, refundYuan: '1.00', outRefundNo: shop.number('R') });
    }
    expect(await open()).toHaveLength(20);
    const outRefundNo = shop.number('R');
    expect(
      await agent.refused('refund-payment', { outTradeNo, refundYuan: '1.00', outRefundNo }),
    ).toMatchObject({ code: 'TRY_LATER' });
    const { stdout } = await shop.command(['approvals']);
    expect(stdout).toContain('列表 list');
  });
});
