import type { ServerContext } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decideByForm } from '../../src/elicitation/form.ts';
import { seal, unseal } from '../../src/elicitation/state.ts';
import type { ApprovalRecord } from '../../src/ledger/records.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { accept, refund } from '../support/world.ts';
import { Counter, TRUSTING } from './counter.ts';

const CTX = {} as ServerContext;
const CALL = { caller: 'test' };
const BINDING = { call: CALL, tool: 'refund-payment', args: { outTradeNo: 'X', refundYuan: '1.00' } };

let counter: Counter;
let till: Till;
let approval: ApprovalRecord;
beforeEach(async () => {
  counter = new Counter();
  till = await counter.till();
  const outTradeNo = await counter.sold(till);
  await refundPayment(till, CALL, refund({ outTradeNo }));
  [approval] = (await counter.approvals(till)) as [ApprovalRecord];
});
afterEach(() => counter.end());

const sealed = () => seal(till, CTX, BINDING, { approval, mode: 'form', round: 1 });

it('opens for the very call it was sealed for, and for nothing else', async () => {
  const state = await sealed();
  expect(await unseal(till, CTX, BINDING, state)).toEqual({ approval, mode: 'form', round: 1 });
  for (const other of [
    { call: { caller: 'other' } },
    { tool: 'create-payment' },
    { args: { ...BINDING.args, refundYuan: '1.0' } },
    { args: { ...BINDING.args, reason: '' } },
    { args: undefined },
  ]) {
    expect(await unseal(till, CTX, { ...BINDING, ...other }, state)).toBeUndefined();
  }
});

it('does not open for an approval of another caller', async () => {
  const binding = { ...BINDING, call: { caller: 'other' } };
  const state = await seal(till, CTX, binding, { approval, mode: 'form', round: 1 });
  expect(await unseal(till, CTX, binding, state)).toBeUndefined();
});

it('does not open once the approval has expired', async () => {
  const state = await sealed();
  counter.clock.pass(approval.expiresAt - counter.clock.now());
  expect(await unseal(till, CTX, BINDING, state)).toBeUndefined();
});

it('lives no longer than the approval', async () => {
  counter.clock.pass(14 * 60_000);
  const before = Math.floor(Date.now() / 1000);
  const body = JSON.parse(Buffer.from((await sealed()).split('.')[1] ?? '', 'base64url').toString());
  expect(body.exp - before).toBeLessThanOrEqual(61);
});

it('has one key on a ledger, also when two processes make the first at once', async () => {
  const other = await counter.till();
  const states = await Promise.all([
    sealed(),
    seal(other, CTX, BINDING, { approval, mode: 'form', round: 1 }),
    sealed(),
  ]);
  for (const state of states) {
    expect(await unseal(till, CTX, BINDING, state)).toMatchObject({ mode: 'form' });
    expect(await unseal(other, CTX, BINDING, state)).toMatchObject({ mode: 'form' });
  }
});

it('a form decides about the approvals of its own caller only, and once', async () => {
  await accept(till, TRUSTING);
  const yes = { approve: true };
  expect(await decideByForm(till, { caller: 'other' }, approval.id, yes)).toBe(false);
  expect(await decideByForm(till, CALL, 'A0', yes)).toBe(false);
  expect(await decideByForm(till, CALL, approval.id, yes)).toBe(true);
  expect(await decideByForm(till, CALL, approval.id, { approve: false })).toBe(false);
  const known = await till.ledger.read((book) => book.approvals.get(approval.id));
  expect(known).toMatchObject({ state: 'approved', decidedBy: 'form' });
});
