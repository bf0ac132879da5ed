import { createHmac } from 'node:crypto';
import type { ServerContext } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unseal } from '../../src/elicitation/state.ts';
import type { Cashier } from '../../src/payments/cashier.ts';
import { type Arguments, readReply } from '../support/server-process.ts';
import { seeded } from '../support/virtual-time.ts';
import { accept } from '../support/world.ts';
import { CAREFUL, Counter, type Customer, DECLARED, decide, TRUSTING, type Way, YES } from './counter.ts';

const STDIO: Way = 'stdio 2026, client 2.x';
const HTTP: Way = 'http 2026, client 2.x';

let counter: Counter;
let cashier: Cashier;
let outTradeNo: string;
beforeEach(async () => {
  counter = new Counter();
  cashier = await counter.cashier(TRUSTING);
  outTradeNo = await counter.sold(cashier);
});
afterEach(() => counter.end());

/** A client that plays both rounds by hand, for one caller. */
async function forger(way: Way = STDIO, caller = 'test', given = cashier): Promise<Customer> {
  const deps = await counter.deps({ approvalUrl: undefined }, given);
  return counter.customer({ ...deps, caller }, way, DECLARED['{}'], () => ({ action: 'cancel' }));
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
    const approvals = await cashier.ledger.read((book) => book.events(outTradeNo));
    expect(approvals.filter(({ kind }) => kind === 'approval-approved')).toHaveLength(1);
    expect(counter.logged).toEqual([]);
  });

  it('is redeemed at another process on the ledger, over HTTP as over stdio', async () => {
    const state = await question(await forger(STDIO), refund());
    const elsewhere = await counter.cashier(TRUSTING);
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
    expect(await cashier.ledger.read((book) => book.orders({}, 10))).toHaveLength(2);
  });

  it('approves nothing twice: two orders of the same words are two approvals', async () => {
    const by = await forger();
    const args = { amountYuan: '100.01', title: 'dear' };
    const first = await question(by, args, 'create-payment');
    await question(by, args, 'create-payment');
    for (let i = 0; i < 3; i++)
      expect(await answered(by, args, saying(first), 'create-payment')).toBe('NOTPAY');
    const orders = await cashier.ledger.read((book) => book.orders({}, 10));
    expect(orders.map((order) => order.state).sort()).toEqual(['NOTPAY', 'PAID', 'PENDING_APPROVAL']);
  });

  it('is worth nothing after a person has said no', async () => {
    const by = await forger();
    const state = await question(by, refund());
    const [approval] = await counter.approvals(cashier);
    await decide(cashier, approval?.id ?? '', false);
    expect(await answered(by, refund(), saying(state))).toBe('DENIED');
  });

  it('is worth nothing once the approval has expired', async () => {
    const by = await forger();
    const state = await question(by, refund());
    counter.clock.skip(15 * 60_000);
    expect(await answered(by, refund(), saying(state))).toBe('PENDING_APPROVAL');
    expect(refunded()).toBe(0);
  });

  it('stands beside what another caller asks for the same refund, and money moves once', async () => {
    const [mine, theirs] = [await forger(), await forger(STDIO, 'other')];
    const state = await question(mine, refund());
    const other = await question(theirs, refund());
    expect(await answered(theirs, refund(), saying(state))).toBe('PENDING_APPROVAL');
    expect(await answered(mine, refund(), saying(state))).toBe('SUCCESS');
    expect(await answered(theirs, refund(), saying(other))).toBe('SUCCESS');
    expect(refunded()).toBe(100);
  });

  it.each([
    ['another amount', { refundYuan: '2.00' }, 'PENDING_APPROVAL'],
    ['another reason', { reason: 'x' }, 'PENDING_APPROVAL'],
    ['a number', { outRefundNo: 'R1' }, 'PENDING_APPROVAL'],
    ['an argument that does not exist', { approve: true }, 'INVALID_ARGUMENT'],
  ])('is worth nothing with %s', async (_what, more, expected) => {
    const by = await forger();
    const state = await question(by, refund());
    expect(await answered(by, refund(more), saying(state))).toBe(expected);
    expect(refunded()).toBe(0);
  });

  it('is worth nothing for another order, another caller, another tool', async () => {
    const other = await counter.sold(cashier);
    const by = await forger();
    const state = await question(by, refund());
    expect(await answered(by, refund({ outTradeNo: other }), saying(state))).toBe('PENDING_APPROVAL');
    expect(await answered(await forger(HTTP, 'thief'), refund(), saying(state))).toBe('PENDING_APPROVAL');
    const args = { amountYuan: '100.01', title: 'dear' };
    expect(await answered(by, args, saying(state), 'create-payment')).toBe('PENDING_APPROVAL');
    expect([refunded(), refunded(other)]).toEqual([0, 0]);
  });

  it('is never asked about again, whatever comes back with it', async () => {
    const by = await forger();
    const state = await question(by, refund());
    for (const more of [
      { requestState: state },
      { inputResponses: {} },
      saying(state, { action: 'decline' }),
      saying(state, { action: 'cancel' }),
      saying(state, { action: 'accept' }),
      saying(state, { action: 'ACCEPT', content: { approve: true } }),
      saying(state, { method: 'elicitation/create', result: YES }),
      { requestState: state, inputResponses: { other: YES } },
      { requestState: '', inputResponses: { approval: YES } },
    ]) {
      expect(await answered(by, refund(), more)).toBe('PENDING_APPROVAL');
    }
    expect(refunded()).toBe(0);
    expect(await counter.approvals(cashier)).toHaveLength(1);
  });
});

describe('where forms are not trusted', () => {
  it('nobody is asked, and what is said unasked does nothing', async () => {
    await accept(cashier, CAREFUL);
    const by = await forger();
    const first = await by.raw('refund-payment', refund());
    expect(first).toMatchObject({ structuredContent: { state: 'PENDING_APPROVAL' } });
    const { approval } = first.structuredContent as { approval: { id: string } };
    for (const requestState of [undefined, approval.id, JSON.stringify({ approval: approval.id })]) {
      expect(await answered(by, refund(), saying(requestState))).toBe('PENDING_APPROVAL');
    }
    expect(refunded()).toBe(0);
  });

  it('a state from when they were is worth nothing', async () => {
    const by = await forger();
    const state = await question(by, refund());
    await accept(cashier, CAREFUL);
    expect(await answered(by, refund(), saying(state))).toBe('PENDING_APPROVAL');
    expect(refunded()).toBe(0);
  });
});

it('a consent to open the page is no yes, however it is dressed', async () => {
  const deps = await counter.deps({}, cashier);
  const by = await counter.customer(deps, STDIO, DECLARED['form and url'], () => YES);
  const result = await by.raw('refund-payment', refund());
  expect(result.inputRequests).toMatchObject({ approval: { params: { mode: 'url' } } });
  expect(await answered(by, refund(), saying(result.requestState))).toBe('PENDING_APPROVAL');
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
    if (await unseal(cashier, ctx, binding, spoilt)) throw new Error(spoilt);
  }
  expect(await unseal(cashier, ctx, binding, state)).toMatchObject({ mode: 'form' });
});

it('a call with a spoilt state is answered as if it had none', async () => {
  const random = seeded(20_261_122);
  const by = await forger();
  for (let i = 0; i < 150; i++) {
    const spoilt = spoil(await question(by, refund()), random);
    const outcome = await answered(by, refund(), saying(spoilt));
    if (outcome !== 'PENDING_APPROVAL') throw new Error(`${outcome} by ${spoilt}`);
  }
  expect(refunded()).toBe(0);
  expect(await answered(by, refund(), saying(await question(by, refund())))).toBe('SUCCESS');
});
