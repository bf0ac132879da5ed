import { createHmac } from 'node:crypto';
import type { ServerContext } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unseal } from '../../src/elicitation/state.ts';
import type { Till } from '../../src/payments/till.ts';
import { type Arguments, readReply } from '../support/server-process.ts';
import { seeded } from '../support/virtual-time.ts';
import { accept, decide } from '../support/world.ts';
import { CAREFUL, Counter, type Customer, DECLARED, TRUSTING, type Way, YES } from './counter.ts';

const STDIO: Way = 'stdio 2026, client 2.x';
const HTTP: Way = 'http 2026, client 2.x';

let counter: Counter;
let till: Till;
let outTradeNo: string;
beforeEach(async () => {
  counter = new Counter();
  till = await counter.till(TRUSTING);
  outTradeNo = await counter.sold(till);
});
afterEach(() => counter.end());

/** A client that plays both rounds by hand, for one caller. */
async function forger(way: Way = STDIO, caller = 'test', given = till): Promise<Customer> {
  const deps = await counter.deps({ approvalUrl: undefined }, given);
  return counter.customer({ ...deps, identity: { caller } }, way, DECLARED['{}'], () => ({
    action: 'cancel',
  }));
}
const refund = (more: Arguments = {}) => ({ outTradeNo, refundYuan: '1.00', ...more });
const refunded = (order = outTradeNo) => counter.bank.refundedFen(order);

/** The question that a call ends in. */
async function question(by: Customer, args: Arguments, tool = 'refund-payment'): Promise<string> {
  const result = await by.raw(tool, args);
  expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { approval: {} } });
  return String(result.requestState);
}
const saying = (requestState: unknown, reply: unknown = YES) => ({
  requestState,
  inputResponses: { approval: reply },
});
/** The call must be refused by the protocol, and have done nothing. */
async function rejected(by: Customer, args: Arguments, more: Arguments, tool = 'refund-payment') {
  const refusal = await by.raw(tool, args, more).then(
    (result) => Promise.reject(new Error(`answered: ${JSON.stringify(result)}`)),
    (error: unknown) => error,
  );
  expect(refusal).toMatchObject({ code: -32_602, message: 'Invalid or expired requestState' });
}
/** The answer to a call that brings an answer: never a question again, never a refusal by the protocol. */
async function answered(by: Customer, args: Arguments, more: Arguments, tool = 'refund-payment') {
  const result = await by.raw(tool, args, more);
  expect(result.resultType).not.toBe('input_required');
  const reply = readReply(result);
  return reply.isError ? JSON.parse(reply.text).code : (reply.structured as { state: string }).state;
}

describe('a state that was given out', () => {
  it('is redeemed once: said again, it is the same refund', async () => {
    const by = await forger();
    const state = await question(by, refund());
    expect(await answered(by, refund(), saying(state))).toBe('SUCCESS');
    for (let i = 0; i < 3; i++) expect(await answered(by, refund(), saying(state))).toBe('SUCCESS');
    expect(refunded()).toBe(100);
    const approvals = await till.ledger.read((book) => book.audit.ofOrder(outTradeNo));
    expect(approvals.filter(({ kind }) => kind === 'approval-approved')).toHaveLength(1);
    expect(counter.logged).toEqual([]);
  });

  it('is redeemed at another process on the ledger, over HTTP as over stdio', async () => {
    const state = await question(await forger(STDIO), refund());
    const elsewhere = await counter.till(TRUSTING);
    expect(await answered(await forger(HTTP, 'test', elsewhere), refund(), saying(state))).toBe('SUCCESS');
  });

  it('does not care in which order the arguments are written', async () => {
    const by = await forger();
    const state = await question(by, { outTradeNo, refundYuan: '1.00' });
    expect(await answered(by, { refundYuan: '1.00', outTradeNo }, saying(state))).toBe('SUCCESS');
  });

  it('finds the payment whose number was made here', async () => {
    const by = await forger();
    const args = { amountYuan: '100.01', title: 'dear' };
    const state = await question(by, args, 'create-payment');
    expect(await answered(by, args, saying(state, { action: 'decline' }), 'create-payment')).toBe(
      'PENDING_APPROVAL',
    );
    expect(await answered(by, args, saying(state), 'create-payment')).toBe('NOTPAY');
    expect(await till.ledger.read((book) => book.orders.list({}, 10))).toHaveLength(2);
  });

  it('approves nothing twice: two orders of the same words are two approvals', async () => {
    const by = await forger();
    const args = { amountYuan: '100.01', title: 'dear' };
    const first = await question(by, args, 'create-payment');
    await question(by, args, 'create-payment');
    for (let i = 0; i < 3; i++)
      expect(await answered(by, args, saying(first), 'create-payment')).toBe('NOTPAY');
    const orders = await till.ledger.read((book) => book.orders.list({}, 10));
    expect(orders.map((order) => order.state).sort()).toEqual(['NOTPAY', 'PAID', 'PENDING_APPROVAL']);
  });

  it('is worth nothing after a person has said no', async () => {
    const by = await forger();
    const state = await question(by, refund());
    const [approval] = await counter.approvals(till);
    await decide(till, approval?.id ?? '', false);
    expect(await answered(by, refund(), saying(state))).toBe('DENIED');
  });

  it('is worth nothing once the approval has expired', async () => {
    const by = await forger();
    const state = await question(by, refund());
    counter.clock.pass(15 * 60_000);
    await rejected(by, refund(), saying(state));
    expect(refunded()).toBe(0);
  });

  it('stands beside what another caller asks for the same refund, and money moves once', async () => {
    const [mine, theirs] = [await forger(), await forger(STDIO, 'other')];
    const state = await question(mine, refund());
    const other = await question(theirs, refund());
    await rejected(theirs, refund(), saying(state));
    expect(await answered(mine, refund(), saying(state))).toBe('SUCCESS');
    expect(await answered(theirs, refund(), saying(other))).toBe('SUCCESS');
    expect(refunded()).toBe(100);
  });

  it.each([
    ['another amount', { refundYuan: '2.00' }],
    ['another reason', { reason: 'x' }],
    ['a number', { outRefundNo: 'R1' }],
    ['an argument that does not exist', { approve: true }],
  ])('is refused with %s', async (_what, more) => {
    const by = await forger();
    const state = await question(by, refund());
    await rejected(by, refund(more), saying(state));
    expect(refunded()).toBe(0);
  });

  it('is refused for another order, another caller, another tool, another request', async () => {
    const other = await counter.sold(till);
    const by = await forger();
    const state = await question(by, refund());
    await rejected(by, refund({ outTradeNo: other }), saying(state));
    await rejected(await forger(HTTP, 'thief'), refund(), saying(state));
    const args = { amountYuan: '100.01', title: 'dear' };
    await rejected(by, args, saying(state), 'create-payment');
    await rejected(by, { outTradeNo }, saying(state), 'query-payment');
    await rejected(by, {}, saying(state), 'list-payments');
    expect([refunded(), refunded(other)]).toEqual([0, 0]);
  });

  it.each([
    ['no', { action: 'decline' }],
    ['neither yes nor no', { action: 'cancel' }],
    ['a no in the form', { action: 'accept', content: { approve: false } }],
  ])('is not asked about again after %s', async (what, reply) => {
    const by = await forger();
    const state = await question(by, refund());
    const expected = what === 'a no in the form' ? 'DENIED' : 'PENDING_APPROVAL';
    expect(await answered(by, refund(), saying(state, reply))).toBe(expected);
    expect(refunded()).toBe(0);
  });

  it('is asked about again when nothing comes back with it that could be an answer', async () => {
    const by = await forger();
    for (const more of [
      {},
      { inputResponses: undefined },
      { inputResponses: null },
      { inputResponses: {} },
      { inputResponses: [] },
      { inputResponses: 'yes' },
      { inputResponses: { approval: null } },
      { inputResponses: { approval: 'yes' } },
      { inputResponses: { approval: [] } },
      { inputResponses: { approval: {} } },
      { inputResponses: { approval: { action: 'ACCEPT', content: { approve: true } } } },
      { inputResponses: { approval: { action: 'accept' } } },
      { inputResponses: { approval: { action: 'accept', content: {} } } },
      { inputResponses: { approval: { action: 'accept', content: { approve: 'true' } } } },
      { inputResponses: { approval: { method: 'elicitation/create', result: YES } } },
      { inputResponses: { other: YES } },
    ]) {
      const state = await question(by, refund());
      const result = await by.raw('refund-payment', refund(), { requestState: state, ...more });
      expect(result, JSON.stringify(more)).toMatchObject({
        resultType: 'input_required',
        inputRequests: { approval: { method: 'elicitation/create' } },
      });
    }
    expect(refunded()).toBe(0);
    expect(await counter.approvals(till)).toHaveLength(1);
  });

  it('is asked about three times, not for ever; the last question can be answered as well', async () => {
    const by = await forger();
    const states = [await question(by, refund())];
    for (let round = 2; round <= 3; round++) {
      const again = await by.raw('refund-payment', refund(), { requestState: states.at(-1) });
      expect(again).toMatchObject({ resultType: 'input_required' });
      states.push(String(again.requestState));
    }
    expect(await answered(by, refund(), { requestState: states[2] })).toBe('PENDING_APPROVAL');
    expect(await answered(by, refund(), saying(states[2]))).toBe('SUCCESS');
  });

  it('is what an answer is to: without one the call is the first', async () => {
    const by = await forger();
    expect(await by.raw('refund-payment', refund(), { inputResponses: { approval: YES } })).toMatchObject({
      resultType: 'input_required',
    });
    expect(refunded()).toBe(0);
  });

  it('carries its effect out once: only what is told again is replayed', async () => {
    const by = await forger();
    const replayed = async (args: Arguments, more: Arguments, tool: string) =>
      readReply(await by.raw(tool, args, more)).structured as { state: string; replayed: boolean };
    const sale = { amountYuan: '100.01', title: 'dear' };
    for (const [tool, args] of [
      ['refund-payment', refund()],
      ['create-payment', sale],
    ] as const) {
      const state = await question(by, args, tool);
      const pending = await replayed(args, saying(state, { action: 'cancel' }), tool);
      expect(pending).toMatchObject({ state: 'PENDING_APPROVAL', replayed: true });
      expect(await replayed(args, saying(state), tool)).toMatchObject({ replayed: false });
      expect(await replayed(args, saying(state), tool)).toMatchObject({ replayed: true });
    }
  });
});

describe('where forms are not trusted', () => {
  it('nobody is asked, and what is said unasked does nothing', async () => {
    await accept(till, CAREFUL);
    const by = await forger();
    const first = await by.raw('refund-payment', refund());
    expect(first).toMatchObject({ structuredContent: { state: 'PENDING_APPROVAL' } });
    const { approval } = first.structuredContent as { approval: { id: string } };
    expect(await answered(by, refund(), saying(undefined))).toBe('PENDING_APPROVAL');
    for (const requestState of ['', null, 7, approval.id, JSON.stringify({ approval: approval.id })]) {
      await rejected(by, refund(), saying(requestState));
    }
    expect(refunded()).toBe(0);
  });

  it('a state from when they were is worth nothing', async () => {
    const by = await forger();
    const state = await question(by, refund());
    await accept(till, CAREFUL);
    expect(await answered(by, refund(), saying(state))).toBe('PENDING_APPROVAL');
    expect(refunded()).toBe(0);
  });
});

it('a consent to open the page is no yes, however it is dressed', async () => {
  const deps = await counter.deps({}, till);
  const by = await counter.customer(deps, STDIO, DECLARED['form and url'], () => YES);
  const result = await by.raw('refund-payment', refund());
  expect(result.inputRequests).toMatchObject({ approval: { params: { mode: 'url' } } });
  const answer = answered(by, refund(), saying(result.requestState));
  await counter.passes(20_000, answer);
  expect(await answer).toBe('PENDING_APPROVAL');
  expect(refunded()).toBe(0);
});

/** One way to spoil a state: its bytes, its parts, its payload, its key. */
function spoil(state: string, random: () => number): string {
  const at = Math.floor(random() * state.length);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u0000é';
  const letter = letters[Math.floor(random() * letters.length)] ?? 'A';
  const [version = '', body = '', mac = ''] = state.split('.');
  const payload = JSON.parse(Buffer.from(body, 'base64url').toString());
  const spelled = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = (key: string) => {
    const made = spelled({ ...payload, exp: payload.exp + 1 });
    return `${version}.${made}.${createHmac('sha256', key).update(`${version}.${made}`).digest('base64url')}`;
  };
  const ways = [
    () => `${state.slice(0, at)}${letter}${state.slice(at + 1)}`,
    () => `${state.slice(0, at)}${letter}${state.slice(at)}`,
    () => state.slice(0, at) + state.slice(at + 1),
    () => state.slice(0, at),
    () => `${version}.${spelled({ ...payload, exp: payload.exp + 60 })}.${mac}`,
    () => `${version}.${spelled({ ...payload, p: { ...payload.p, mode: 'url' } })}.${mac}`,
    () => `${version}.${spelled({ p: payload.p, exp: payload.exp })}.${mac}`,
    () => `${version}.${body}.`,
    () => `v2.${body}.${mac}`,
    () => `${version}.${body}.${mac}=`,
    () => signed(letter.repeat(32)),
    () => signed(''),
  ];
  const spoilt = (ways[Math.floor(random() * ways.length)] ?? (() => ''))();
  return spoilt === state ? `${state}${letter}` : spoilt;
}

it('1,500 spoilt states open nothing', async () => {
  const random = seeded(20_261_121);
  const by = await forger();
  const state = await question(by, refund());
  const binding = { call: { caller: 'test' }, tool: 'refund-payment', args: refund() };
  const ctx = {} as ServerContext;
  for (let i = 0; i < 1_500; i++) {
    const spoilt = spoil(state, random);
    if (await unseal(till, ctx, binding, spoilt)) throw new Error(spoilt);
  }
  expect(await unseal(till, ctx, binding, state)).toMatchObject({ mode: 'form' });
});

it('a call with a spoilt state is refused, whatever else it says', async () => {
  const random = seeded(20_261_122);
  const by = await forger();
  for (let i = 0; i < 150; i++) {
    const spoilt = spoil(await question(by, refund()), random);
    await rejected(by, refund(), saying(spoilt));
  }
  expect(refunded()).toBe(0);
  expect(await answered(by, refund(), saying(await question(by, refund())))).toBe('SUCCESS');
});
