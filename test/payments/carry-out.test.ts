import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { ApprovalRecord } from '../../src/ledger/records.ts';
import { type Holders, runApproved } from '../../src/payments/carry-out.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment, sendApproved } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { APPROVAL_TTL_MS, approvalView, decideApproval } from '../../src/policy/approvals.ts';
import { freeze, unfreeze } from '../../src/policy/decisions.ts';
import type { Identity } from '../../src/policy/identity.ts';
import type { Policy, RuleSet } from '../../src/policy/policy.ts';
import type { Fault, Operation } from '../support/bank.ts';
import { accept, NO_APPROVAL, payment, person, refund, World } from '../support/world.ts';

const CAREFUL: Policy = { payments: { approveAboveFen: fen(0) }, refunds: { approveAboveFen: fen(0) } };
const careful = (refunds: RuleSet): Policy => ({
  ...CAREFUL,
  refunds: { ...CAREFUL.refunds, ...refunds },
});
const AGENT: Call = { caller: 'agent', client: 'cursor', tool: 'refund-payment' };
const ORDER = 'ORDER_1';
/** The contract's bound from the yes to the gateway (ms). */
const SOON_MS = 5_000;

let world: World;
let till: Till;
let stops: AbortController[];
beforeEach(async () => {
  world = new World();
  stops = [];
  till = await world.process();
  await createPayment(till, AGENT, payment({ outTradeNo: ORDER }));
  world.bank.pay(ORDER);
  await queryPayment(till, AGENT, { outTradeNo: ORDER, waitSeconds: 0 });
  await accept(till, CAREFUL);
  world.bank.calls.length = 0;
});
afterEach(async () => {
  for (const stop of stops) stop.abort();
  await world.end();
});

const ask = (outRefundNo = 'R1', refundFen = 300, call: Call = AGENT, from = till) =>
  refundPayment(from, call, refund({ outTradeNo: ORDER, outRefundNo, refundFen: fen(refundFen) }));
const wish = (call: Call = AGENT) =>
  createPayment(till, call, payment({ outTradeNo: 'WISH_1', buyer: 'alice', title: 'wish' }));
const told = (outRefundNo = 'R1') => queryRefund(till, AGENT, { outTradeNo: ORDER, outRefundNo });
const soon = () => world.clock.sleep(SOON_MS);
const sent = (operation: Operation = 'refund') =>
  world.bank.calls.filter((call) => call.operation === operation).length;

/** The part of a server that is under test, in a process of its own. */
function serve(from: Till, holders: Holders = () => 'unknown'): AbortController {
  const stop = new AbortController();
  stops.push(stop);
  void runApproved(from, holders, stop.signal);
  return stop;
}
async function decide({ approval }: { approval: ApprovalRecord | undefined }, approve = true): Promise<void> {
  const operator = await person(till);
  await till.ledger
    .as({ caller: 'operator', tool: 'page' })
    .write((book) => decideApproval(book, operator, approval?.id ?? '', { approve }, world.clock.now()));
}
const approvalOf = async ({ approval }: { approval: ApprovalRecord | undefined }) => {
  const now = await till.ledger.read((book) => book.approvals.get(approval?.id ?? ''));
  return now && { ...now, view: approvalView(now, world.clock.now()) };
};
const frozen = async (on: boolean) => {
  const operator = await person(till);
  await till.ledger.write(async (book) =>
    on ? void (await freeze(book, 'page', undefined)) : unfreeze(book, operator),
  );
};

describe("a person's yes", () => {
  it('sends a refund without the agent, in its name and with who approved, and once', async () => {
    serve(till);
    const asked = await ask();
    await soon();
    expect(sent(), 'nothing before the yes').toBe(0);
    await decide(asked);
    await soon();
    expect(sent()).toBe(1);
    expect(await told()).toMatchObject({ refund: { state: 'SUCCESS', caller: 'agent', client: 'cursor' } });
    expect(await ask(), 'the repeat reports it').toMatchObject({
      ...{ refund: { state: 'SUCCESS' }, replayed: true, approval: { state: 'used' } },
    });
    await soon();
    expect(sent()).toBe(1);
    const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
    expect(events.find(({ kind }) => kind === 'approval-used')).toMatchObject({
      ...{ caller: 'agent', tool: 'approval', outRefundNo: 'R1' },
      detail: { approval: asked.approval?.id, decidedBy: 'terminal' },
    });
    expect(events.filter(({ kind }) => kind === 'refund-sent')).toMatchObject([{ caller: 'agent' }]);
  });

  it.each([
    [
      'refund',
      () => ask('R1', 300, { ...AGENT, id: 'first' }),
      () => ask('R1', 300, { ...AGENT, id: 'again' }),
    ],
    ['create', () => wish({ ...AGENT, id: 'first' }), () => wish({ ...AGENT, id: 'again' })],
  ] as const)(
    'sends a %s under the id of the call that asked, also when it is asked again',
    async (operation, first, again) => {
      const heard: string[] = [];
      const stop = new AbortController();
      stops.push(stop);
      void runApproved(
        till,
        () => 'unknown',
        stop.signal,
        (same, call) => {
          heard.push(call);
          return same;
        },
      );
      const asked = await first();
      await again();
      await decide(asked);
      await soon();
      expect(sent(operation)).toBe(1);
      expect(heard).toEqual(['first']);
      const { outTradeNo } = asked.order;
      const records = await till.ledger.read((book) => book.audit.ofOrder(outTradeNo));
      const carried = records.filter(({ tool }) => tool === 'approval');
      expect(carried.length).toBeGreaterThan(1);
      expect(new Set(carried.map(({ call }) => call))).toEqual(new Set(['first']));
    },
  );

  it('sends a payment, of which the same call then gives what to pay with', async () => {
    serve(till);
    const asked = await wish();
    expect(asked.order.state).toBe('PENDING_APPROVAL');
    await decide(asked);
    await soon();
    expect(sent('create')).toBe(1);
    expect(await wish()).toMatchObject({
      ...{ replayed: true, order: { state: 'NOTPAY', outTradeNo: 'WISH_1' } },
      order: { credential: { qrCode: 'bank://WISH_1' } },
    });
    expect(sent('create')).toBe(1);
  });

  it('finds a process that was started later', async () => {
    const asked = await ask();
    await decide(asked);
    await world.clock.sleep(60_000);
    expect(await told()).toMatchObject({ refund: { state: 'PENDING_APPROVAL' } });
    expect((await approvalOf(asked))?.view).toBe('approved');
    serve(await world.process());
    await soon();
    expect(sent()).toBe(1);
  });

  it('is found in a ledger that another process has written to', async () => {
    serve(await world.process());
    await decide(await ask());
    await soon();
    expect(sent()).toBe(1);
  });

  it('comes to nothing after its time, and the same call asks anew', async () => {
    const asked = await ask();
    await decide(asked);
    world.clock.advance(APPROVAL_TTL_MS);
    serve(till);
    await soon();
    expect(sent()).toBe(0);
    expect((await approvalOf(asked))?.view).toBe('expired');
    const anew = await ask();
    expect(anew.approval).toMatchObject({ state: 'pending' });
    expect(anew.approval?.id).not.toBe(asked.approval?.id);
  });

  it('that runs out in the very moment it is carried out asks nobody anew', async () => {
    const asked = [await ask(), await wish()];
    for (const each of asked) await decide(each);
    const [first, second] = asked.map(({ approval }) => approval);
    world.clock.advance((first?.expiresAt ?? 0) - world.clock.now());
    const call = (approval = '') => ({ ...AGENT, approval });
    await ask('R1', 300, call(first?.id));
    world.clock.advance((second?.expiresAt ?? 0) - world.clock.now());
    await sendApproved(till, call(second?.id), 'WISH_1');
    expect([sent(), sent('create')]).toEqual([0, 0]);
    expect(await till.ledger.read((book) => book.approvals.open())).toEqual([]);
  });

  it('is also carried out by the same buyer’s call without the number that was chosen first', async () => {
    await decide(await wish());
    const again = payment({ buyer: 'alice', title: 'wish' });
    const { order } = await createPayment(till, AGENT, again);
    expect(order).toMatchObject({ outTradeNo: 'WISH_1', state: 'NOTPAY' });
  });

  it('to what the agent has withdrawn sends nothing', async () => {
    const asked = await wish();
    await decide(asked);
    await closePayment(till, AGENT, { outTradeNo: 'WISH_1' });
    serve(till);
    await soon();
    expect(sent('create')).toBe(0);
  });

  it('to what the agent has closed, after a send that never left, sends nothing', async () => {
    world.bank.fault = (operation) => (operation === 'create' ? 'unavailable' : 'none');
    await decide(await wish());
    await expect(wish()).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    world.bank.fault = () => 'none';
    const closed = await closePayment(till, AGENT, { outTradeNo: 'WISH_1' });
    expect(closed.order.state).toBe('CLOSED');
    serve(till);
    await soon();
    expect(await wish()).toMatchObject({ replayed: true, order: { state: 'CLOSED' } });
    expect(world.bank.trades.has('WISH_1')).toBe(false);
  });

  it('is not carried out with the keys of another account', async () => {
    serve(await world.process(CAREFUL, 'bank 2'));
    const asked = await ask();
    await decide(asked);
    await soon();
    expect(sent()).toBe(0);
    expect((await approvalOf(asked))?.view).toBe('approved');
  });

  it('is used up also where the rules ask nobody any more', async () => {
    const asked = await ask();
    await decide(asked);
    await accept(till, NO_APPROVAL);
    serve(till);
    await soon();
    expect(sent()).toBe(1);
    expect(await approvalOf(asked)).toMatchObject({ state: 'used' });
  });

  it('to twenty at once is carried out for all of them, and no more are taken', async () => {
    const many = await world.process(NO_APPROVAL);
    await accept(many, NO_APPROVAL);
    for (let i = 0; i < 21; i++) {
      await createPayment(many, AGENT, payment({ outTradeNo: `SOLD_${i}_`, title: `${i}` }));
      world.bank.pay(`SOLD_${i}_`);
      await queryPayment(many, AGENT, { outTradeNo: `SOLD_${i}_`, waitSeconds: 0 });
    }
    await accept(many, CAREFUL);
    const one = (i: number) => refundPayment(many, AGENT, refund({ outTradeNo: `SOLD_${i}_` }));
    const asked: Awaited<ReturnType<typeof one>>[] = [];
    for (let i = 0; i < 20; i++) asked.push(await one(i));
    await expect(one(20)).rejects.toMatchObject({ code: 'TRY_LATER' });
    for (const each of asked) await decide(each);
    serve(many);
    await soon();
    expect(sent()).toBe(20);
  });
});

describe("a person's no", () => {
  it('sends nothing, and is final for the number', async () => {
    serve(till);
    await decide(await ask(), false);
    await soon();
    expect(await ask()).toMatchObject({ refund: { state: 'DENIED' } });
    expect(sent()).toBe(0);
  });
});

describe('once', () => {
  it.each([1, 2, 3, 4, 5])('with three processes and the agent at it, seed %i', async (seed) => {
    const servers = [till, await world.process(), await world.process()];
    for (const server of servers) serve(server);
    world.bank.delay = () => world.clock.sleep((seed * 700) % 2_000);
    const asked = [await ask(), await wish()];
    await Promise.all(asked.map((each) => decide(each)));
    const stateOf = (state: string, approval: ApprovalRecord | undefined) => ({ state, approval });
    const repeats = servers.flatMap((from) => [
      ask('R1', 300, AGENT, from).then(({ refund: { state }, approval }) => stateOf(state, approval)),
      wish().then(({ order: { state }, approval }) => stateOf(state, approval)),
    ]);
    for (const { state, approval } of await Promise.all(repeats)) {
      expect(['SUCCESS', 'NOTPAY', 'PENDING_APPROVAL']).toContain(state);
      if (state === 'PENDING_APPROVAL') expect(approval?.state).toBe('approved');
    }
    await soon();
    expect([sent(), sent('create')]).toEqual([1, 1]);
  });

  it.each<[Fault, number]>([
    ['crash-before', 0],
    ['crash-after', 300],
  ])('when the process is killed after the intent (%s)', async (fault, atOnce) => {
    serve(till);
    const asked = await ask();
    let died = false;
    world.bank.fault = (operation) => {
      if (operation !== 'refund' || died) return 'none';
      died = true;
      return fault;
    };
    await decide(asked);
    await world.clock.sleep(1_000);
    expect(world.bank.refundedFen(ORDER)).toBe(atOnce);
    const next = await world.process();
    serve(next);
    const settling = new AbortController();
    stops.push(settling);
    void runSettler(next, settling.signal);
    await world.clock.sleep(10 * 60_000);
    expect(world.bank.refundedFen(ORDER)).toBe(300);
    expect(await told()).toMatchObject({ refund: { state: 'SUCCESS' } });
    expect(await approvalOf(asked)).toMatchObject({ state: 'used' });
  });
});

describe('before it is sent everything is checked again:', () => {
  it('a freeze holds it, and it goes on once that is lifted', async () => {
    serve(till);
    const asked = await ask();
    await frozen(true);
    await decide(asked);
    await world.clock.sleep(60_000);
    expect(sent()).toBe(0);
    expect((await approvalOf(asked))?.view).toBe('approved');
    await frozen(false);
    await soon();
    expect(sent()).toBe(1);
  });

  it.each(['payment', 'refund'])('a freeze right after the intent holds a %s too', async (kind) => {
    const asked = kind === 'refund' ? await ask() : await wish();
    // Before a send, the freeze is looked at once more: here it has come by then.
    let intended = false;
    const { ledger } = till;
    const late = Object.assign(Object.create(ledger), {
      as: (...args: Parameters<typeof ledger.as>) => {
        const named = ledger.as(...args);
        return Object.assign(Object.create(named), {
          begin: named.begin.bind(named),
          read: named.read.bind(named),
          write: async (work: Parameters<typeof named.write>[0]) => {
            const result = await named.write(work);
            if (!intended) await frozen(true);
            intended = true;
            return result;
          },
        });
      },
      onChange: ledger.onChange.bind(ledger),
      read: ledger.read.bind(ledger),
      write: ledger.write.bind(ledger),
    });
    await decide(asked);
    serve({ ...till, ledger: late });
    await soon();
    expect(intended).toBe(true);
    expect(sent() + sent('create')).toBe(0);
    expect(await approvalOf(asked)).toMatchObject({ view: 'approved' });
    await frozen(false);
    await soon();
    expect(sent() + sent('create')).toBe(1);
    expect(await approvalOf(asked)).toMatchObject({ state: 'used' });
  });

  it.each<[string, Policy]>([
    ['a limit', careful({ maxFen: fen(299) })],
    ['a ceiling', careful({ perDay: { count: 0 } })],
    ['another wallet', careful({ providers: ['wechatpay'] })],
    ['an empty budget', careful({ from: 'budget' })],
    ['the hours', careful({ hours: [0, 1] })],
  ])('%s in the rules accepted since', async (_name, policy) => {
    const asked = await ask();
    await decide(asked);
    await accept(till, policy);
    serve(till);
    await soon();
    expect(sent()).toBe(0);
    expect(await approvalOf(asked)).toMatchObject({ view: 'failed', code: 'POLICY_DENIED' });
    await expect(ask()).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    await accept(till, CAREFUL);
    const anew = await ask();
    expect(anew.approval).toMatchObject({ state: 'pending', asked: { afterFailure: 'POLICY_DENIED' } });
    await decide(anew);
    await soon();
    expect(sent(), 'a new yes is as good as any').toBe(1);
  });

  it('the rules that asked for it, although they have been loosened since', async () => {
    await accept(till, careful({ perDay: { totalFen: fen(400) } }));
    const [first, second] = [await ask('R1', 300), await ask('R2', 200)];
    await accept(till, careful({}));
    await decide(first);
    serve(till);
    await soon();
    await decide(second);
    await soon();
    expect(await approvalOf(first)).toMatchObject({ state: 'used' });
    expect(await approvalOf(second)).toMatchObject({ state: 'failed', code: 'POLICY_DENIED' });
    expect(sent()).toBe(1);
  });

  it('the sum', async () => {
    const [first, second] = [await ask('R1', 600), await ask('R2', 500)];
    await decide(first);
    world.clock.advance(1);
    await decide(second);
    serve(till);
    await world.clock.sleep(3 * SOON_MS);
    expect(world.bank.refundedFen(ORDER)).toBe(600);
    expect(await approvalOf(second)).toMatchObject({ view: 'failed', code: 'REFUND_EXCEEDS_PAID' });
    await expect(ask('R2', 500)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
  });

  it('whether the number is still free', async () => {
    const asked = await wish();
    await decide(asked);
    const theirs = { plan: 'theirs', amountFen: fen(1), state: 'NOTPAY' as const, refunds: new Map() };
    world.bank.trades.set('WISH_1', theirs);
    serve(till);
    await soon();
    expect(sent('create')).toBe(0);
    expect(await approvalOf(asked)).toMatchObject({ view: 'failed', code: 'NUMBER_TAKEN' });
  });

  it("the gateway's distance between two refunds only delays it", async () => {
    const [first, second] = [await ask('R1', 300), await ask('R2', 200)];
    await decide(first);
    await decide(second);
    serve(till);
    await world.clock.sleep(2 * SOON_MS);
    expect(world.bank.refundedFen(ORDER)).toBe(500);
    expect(sent()).toBe(2);
  });

  it('a refund in doubt holds the next one', async () => {
    serve(till);
    world.bank.fault = (operation) => (operation === 'refund' ? 'lost-before' : 'none');
    const [first, second] = [await ask('R1', 300), await ask('R2', 200)];
    await decide(first);
    await soon();
    world.bank.fault = () => 'none';
    await decide(second);
    await soon();
    expect(await approvalOf(second)).toMatchObject({ view: 'approved', code: 'OUTCOME_UNKNOWN' });
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });

  it("the gateway's no is a failure with its code, and its silence none", async () => {
    serve(till);
    world.bank.fault = (operation) => (operation === 'refund' ? 'declined' : 'none');
    const asked = await ask();
    await decide(asked);
    await soon();
    expect(await approvalOf(asked)).toMatchObject({ view: 'failed', code: 'BANK_SAYS_NO' });
    expect(await told()).toMatchObject({ refund: { state: 'CLOSED', declinedCode: 'BANK_SAYS_NO' } });
    expect(sent()).toBe(1);
    world.bank.fault = () => 'none';
    const anew = await ask();
    expect(anew).toMatchObject({
      ...{ refund: { state: 'PENDING_APPROVAL' } },
      approval: { state: 'pending', asked: { afterFailure: 'BANK_SAYS_NO' } },
    });
    await soon();
    expect(sent(), 'the old yes is worth nothing any more').toBe(1);
    await decide(anew);
    await soon();
    expect(world.bank.refundedFen(ORDER)).toBe(300);
  });

  it.each(['payment', 'refund'])(
    'a gateway that cannot be reached is tried again, for a %s',
    async (kind) => {
      serve(till);
      world.bank.fault = (operation) => (operation === 'query' ? 'none' : 'unavailable');
      const asked = kind === 'refund' ? await ask() : await wish();
      await decide(asked);
      await soon();
      expect(await approvalOf(asked)).toMatchObject({ view: 'approved', code: 'GATEWAY_UNAVAILABLE' });
      await world.clock.sleep(5 * 60_000);
      const tries = sent(kind === 'refund' ? 'refund' : 'create');
      expect(tries).toBeGreaterThan(3);
      expect(tries, 'at a growing distance').toBeLessThan(12);
      world.bank.fault = () => 'none';
      await world.clock.sleep(60_000);
      const { state } = kind === 'refund' ? (await told()).refund : (await wish()).order;
      expect(state).toBe(kind === 'refund' ? 'SUCCESS' : 'NOTPAY');
      expect(await approvalOf(asked)).toMatchObject({ state: 'used', code: undefined });
    },
  );
});

describe('a caller that came with a token', () => {
  const TOKEN: Call = { ...AGENT, named: true, credential: 'token-1' };
  const stands: Identity = { caller: 'agent' };

  it.each<[string, ReturnType<Holders>, string | undefined]>([
    ['is served while that is its own', stands, undefined],
    ['is not, once it is revoked', 'revoked', 'CALLER_REVOKED'],
    ['is not by who cannot tell', 'unknown', 'not sent'],
    [
      'is not, once it may not use the tool',
      { ...stands, tools: new Set(['query-payment']) },
      'CALLER_REVOKED',
    ],
    [
      'is held to its rules of today',
      { ...stands, token: { refunds: { maxFen: fen(100) } } },
      'POLICY_DENIED',
    ],
  ])('%s', async (_name, holder, failure) => {
    const asked = await ask('R1', 300, TOKEN);
    serve(till, (credential) => (credential === 'token-1' ? holder : 'revoked'));
    await decide(asked);
    await soon();
    expect(sent()).toBe(failure === undefined ? 1 : 0);
    if (failure === 'not sent') expect((await approvalOf(asked))?.view).toBe('approved');
    else if (failure) expect(await approvalOf(asked)).toMatchObject({ view: 'failed', code: failure });
  });

  it("is held to its token's rules of then as well", async () => {
    const token = { refunds: { perDay: { totalFen: fen(400) } } };
    const [first, second] = [
      await ask('R1', 300, { ...TOKEN, token }),
      await ask('R2', 200, { ...TOKEN, token }),
    ];
    serve(till, () => stands);
    await decide(first);
    await soon();
    await decide(second);
    await soon();
    expect(sent()).toBe(1);
    expect(await approvalOf(second)).toMatchObject({ view: 'failed', code: 'POLICY_DENIED' });
  });

  it("does not refund another's order that it may not see any more", async () => {
    const asked = await ask('R1', 300, { ...TOKEN, caller: 'till' });
    serve(till, () => ({ ...stands, ownOrdersOnly: true }));
    await decide(asked);
    await soon();
    expect(sent()).toBe(0);
    expect(await approvalOf(asked)).toMatchObject({ view: 'failed', code: 'ORDER_NOT_FOUND' });
  });
});
