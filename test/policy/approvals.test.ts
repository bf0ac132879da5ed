import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOCKS_APART_MS, DAY_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import type { Book } from '../../src/ledger/book.ts';
import type { ApprovalRecord, ApprovalState, OrderRecord, RefundRecord } from '../../src/ledger/records.ts';
import { contractSubject, type SubscriptionRecord } from '../../src/ledger/subscription-records.ts';
import type { Till } from '../../src/payments/till.ts';
import { isNotAllowed, type Person } from '../../src/persons/person.ts';
import {
  APPROVAL_TTL_MS,
  approvalsFor,
  approvalView,
  decideApproval,
  isDenied,
  requestApproval,
} from '../../src/policy/approvals.ts';
import { orderRow, refundRow, subscriptionRow } from '../support/rows.ts';
import { named, person, World } from '../support/world.ts';

let world: World;
let till: Till;
let now: number;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  now = till.clock.now();
});
afterEach(() => world.end());

const approval = (id: string, more: Partial<ApprovalRecord> = {}): ApprovalRecord => ({
  ...{ id, kind: 'payment', outTradeNo: 'O1', outRefundNo: undefined, inputHash: 'x', caller: 'a' },
  ...{ amountFen: fen(100), rule: 'payments.approveAboveYuan', state: 'pending', asked: { policy: 1 } },
  ...{ createdAt: now, expiresAt: now + APPROVAL_TTL_MS, decidedAt: undefined, decidedBy: undefined },
  ...{ reason: undefined, code: undefined, ...more },
});
const write = <T>(work: (book: Book) => Promise<T>) => till.ledger.write(work);
const read = <T>(work: (book: Book) => Promise<T>) => till.ledger.read(work);
const insert = (...all: ApprovalRecord[]) =>
  write(async (book) => {
    for (const one of all) await book.approvals.insert(one);
  });
const ids = (all: readonly ApprovalRecord[]) => all.map(({ id }) => String(id)).join(' ');
const sell = (outTradeNo: string, more: Partial<OrderRecord> = {}) =>
  write((book) => book.orders.insert(orderRow(till, { outTradeNo, ...more })));
const giveBack = (outTradeNo: string, outRefundNo: string, more: Partial<RefundRecord> = {}) =>
  write((book) => book.refunds.insert(refundRow(till, { outTradeNo, outRefundNo, ...more })));
const get = (id: string) => read((book) => book.approvals.get(id));
const events = async () =>
  (await read((book) => book.audit.ofOrder('O1'))).map(({ kind, detail }) => [kind, detail]);

describe('an approval as a client sees it', () => {
  const view = (state: ApprovalState, ahead: number) =>
    approvalView(approval('A', { state, expiresAt: now + ahead }), now);
  const LONGEST = APPROVAL_TTL_MS + CLOCKS_APART_MS;

  it.each<[ApprovalState, string, string]>([
    ['pending', 'pending', 'expired'],
    ['approved', 'approved', 'expired'],
    ['used', 'approved', 'approved'],
    ['denied', 'denied', 'denied'],
    ['failed', 'failed', 'failed'],
  ])('that is %s is %s, and %s after its time', (state, before, after) => {
    expect([view(state, 1), view(state, LONGEST)]).toEqual([before, before]);
    // What reaches further than it can was dated by a wrong clock.
    expect([view(state, 0), view(state, LONGEST + 1)]).toEqual([after, after]);
  });

  it('lasts as long where nobody knows whose rules asked for it', () => {
    expect(approvalView(approval('A', { asked: undefined, expiresAt: now + LONGEST }), now)).toBe('pending');
    expect(approvalView(approval('A', { asked: undefined, expiresAt: now + LONGEST + 1 }), now)).toBe(
      'expired',
    );
  });

  it('is of exactly one call of one caller, and lasts', () => {
    const all = [
      approval('A1'),
      approval('A2', { inputHash: 'y' }),
      approval('A3', { caller: 'b' }),
      approval('A4', { expiresAt: now }),
      approval('A5', { state: 'failed' }),
    ];
    expect(ids(approvalsFor(all, { inputHash: 'x', caller: 'a' }, now))).toBe('A1 A5');
  });
});

describe('approvals in the ledger', () => {
  it('are found by id, and by the order or the refund they are about, newest first', async () => {
    await insert(
      approval('A1'),
      approval('A2', { createdAt: now + 1, outRefundNo: 'R1', kind: 'refund' }),
      approval('A3', { createdAt: now + 1 }),
      approval('A4', { createdAt: now + 1 }),
      approval('A5', { createdAt: now + CLOCKS_APART_MS }),
      // Dated ahead by a clock that was wrong: not newer for that.
      approval('A6', { createdAt: now + CLOCKS_APART_MS + 1 }),
      approval('B1', { outTradeNo: 'O2' }),
    );
    const of = (outRefundNo: string | undefined, outTradeNo = 'O1') =>
      read(async (book) => ids(await book.approvals.of({ outTradeNo, outRefundNo })));
    expect(await get('A1')).toEqual(approval('A1'));
    expect(await get('nobody')).toBeUndefined();
    expect(await of(undefined)).toBe('A5 A4 A3 A1 A6');
    expect([await of('R1'), await of('R2'), await of(undefined, 'O3')]).toEqual(['A2', '', '']);
    const both = await read((book) => book.approvals.ofOrders(['O1', 'O2', 'O3']));
    expect([...both].map(([order, all]) => [order, all.length])).toEqual(
      expect.arrayContaining([
        ['O1', 6],
        ['O2', 1],
      ]),
    );
    expect(both.size).toBe(2);
    expect(await read(async (book) => ids(await book.approvals.newest(3)))).toBe('A6 A5 A4');
  });

  it('are open while nobody has decided and they last, oldest first', async () => {
    await insert(
      approval('A1', { createdAt: now - 1 }),
      approval('A0', { createdAt: now - 1, caller: 'b' }),
      approval('A2', { createdAt: now - 2 }),
      approval('A3', { state: 'approved' }),
      approval('A4', { expiresAt: now }),
      approval('A5', { expiresAt: now + 1 }),
      approval('A6', { createdAt: now + CLOCKS_APART_MS }),
      approval('A7', { createdAt: now + CLOCKS_APART_MS + 1 }),
    );
    const open = (caller?: string, limit?: number) =>
      read(async (book) => ids(await book.approvals.open(caller, limit)));
    expect(await open()).toBe('A2 A0 A1 A5 A6');
    expect(await open('a')).toBe('A2 A1 A5 A6');
    expect(await open('b')).toBe('A0');
    expect(await open(undefined, 2)).toBe('A2 A0');
  });

  it('have expired behind a mark and up to an instant, in the order in which they expire', async () => {
    await insert(
      approval('A1', { expiresAt: now + 1 }),
      approval('A2', { expiresAt: now + 2 }),
      approval('A3', { expiresAt: now + 2, state: 'approved' }),
      approval('A4', { expiresAt: now + 2 }),
      approval('A5', { expiresAt: now + 3 }),
      approval('A0', { expiresAt: now + 4, state: 'approved' }),
      approval('A6', { expiresAt: now + 5 }),
      ...(['used', 'denied', 'failed'] as const).map((state) =>
        approval(state, { expiresAt: now + 2, state }),
      ),
    );
    const expired = (id: string, expiresAt: number, limit = 10) =>
      read(async (book) => ids(await book.approvals.expired({ expiresAt, id }, now + 4, limit)));
    expect(await expired('', now)).toBe('A1 A2 A3 A4 A5 A0');
    expect(await expired('A2', now + 2)).toBe('A3 A4 A5 A0');
    expect(await expired('A2', now + 2, 2)).toBe('A3 A4');
    expect(await expired('A0', now + 4)).toBe('');
  });

  it('move on once, from where they are, and what was decided first stays', async () => {
    await insert(approval('A1'));
    const move = (from: ApprovalState, to: 'approved' | 'used' | 'denied', by = {}) =>
      write(async (book) => book.approvals.move(approval('A1'), from, to, by));
    expect(await move('approved', 'used')).toBe(false);
    expect(await get('A1')).toEqual(approval('A1'));
    world.clock.advance(5);
    expect(await move('pending', 'approved', { decidedBy: 'terminal', reason: 'fine' })).toBe(true);
    expect(await move('pending', 'denied')).toBe(false);
    world.clock.advance(5);
    expect(await move('approved', 'used', { decidedBy: 'page', reason: 'other', code: 'NO' })).toBe(true);
    expect(await get('A1')).toEqual(
      approval('A1', {
        ...{ state: 'used', decidedAt: now + 5, decidedBy: 'terminal', reason: 'fine', code: 'NO' },
      }),
    );
    expect(await events()).toEqual([
      ['approval-asked', { approval: 'A1', rule: 'payments.approveAboveYuan', amountFen: 100 }],
      ['approval-approved', { approval: 'A1', decidedBy: 'terminal', reason: 'fine' }],
      ['approval-used', { approval: 'A1', decidedBy: 'page', reason: 'other', code: 'NO' }],
    ]);
  });

  it('move on without a word where nobody said one', async () => {
    await insert(approval('A1'));
    await write((book) => book.approvals.move(approval('A1'), 'pending', 'failed'));
    expect(await get('A1')).toEqual(approval('A1', { state: 'failed', decidedAt: now }));
  });

  it('say why they are not sent yet, only while they are going to be', async () => {
    await insert(approval('A1', { state: 'approved' }), approval('A2'));
    await write(async (book) => {
      for (const id of ['A1', 'A2']) await book.approvals.hold(approval(id), 'FROZEN');
    });
    expect([(await get('A1'))?.code, (await get('A2'))?.code]).toEqual(['FROZEN', undefined]);
  });
});

describe('what is to be carried out', () => {
  const approved = (id: string, more: Partial<ApprovalRecord> = {}) =>
    approval(id, { state: 'approved', outTradeNo: id.replace('A', 'O'), decidedAt: now, ...more });
  const toCarryOut = (isHere?: (account: string) => boolean, limit = 10) =>
    read(async (book) => ids(await book.approvals.toCarryOut(isHere, limit)));

  it('is approved, lasts, and waits for it, the longest approved first', async () => {
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) await sell(`O${n}`);
    await insert(
      approved('A1', { decidedAt: now + 1 }),
      approved('A2', { decidedAt: now }),
      approved('A3', { state: 'pending' }),
      approved('A4', { expiresAt: now }),
      approved('A5', { createdAt: now + CLOCKS_APART_MS + 1 }),
      approved('A6', { createdAt: now + CLOCKS_APART_MS, decidedAt: now + 2 }),
      approved('A7', { asked: undefined }),
      approved('A8', { state: 'used' }),
      approved('A9'),
    );
    expect(await toCarryOut()).toBe('A2 A1 A6');
    expect(await toCarryOut(undefined, 1)).toBe('A2');
  });

  it('is of accounts that are here', async () => {
    await sell('O1', { account: 'bank 1' });
    await sell('O2', { account: 'bank 2' });
    await sell('O3', { account: 'bank 3' });
    await insert(approved('A1'), approved('A2'), approved('A3', { expiresAt: now }));
    const asked: string[] = [];
    expect(
      await toCarryOut((account) => {
        asked.push(account);
        return account === 'bank 2';
      }),
    ).toBe('A2');
    expect(asked.sort(), 'of whom anything is approved').toEqual(['bank 1', 'bank 2']);
    expect(await toCarryOut(() => false)).toBe('');
    expect(await toCarryOut(() => true)).toBe('A1 A2');
  });

  it.each([
    ['PENDING_APPROVAL', undefined, true],
    ['CLOSED', 'NO', true],
    ['CLOSED', undefined, false],
    ['UNKNOWN', undefined, false],
    ['UNKNOWN', 'NO', false],
  ] as const)(
    'is not where the order or the refund is %s with code %s: %s',
    async (state, declinedCode, waits) => {
      await sell('O1', { state, declinedCode });
      await sell('O2', { state: 'PAID' });
      await giveBack('O2', 'R2', { state, declinedCode });
      await insert(approved('A1'), approved('A2', { kind: 'refund', outRefundNo: 'R2' }));
      expect(await toCarryOut()).toBe(waits ? 'A1 A2' : '');
    },
  );
});

describe('what is to be carried out of subscriptions', () => {
  const agree = (contractNo: string, more: Partial<SubscriptionRecord> = {}) =>
    write((book) =>
      book.subscriptions.insert(subscriptionRow(till, { contractNo, signNo: contractNo, ...more })),
    );
  const approved = (id: string, more: Partial<ApprovalRecord> = {}) =>
    approval(id, {
      ...{ state: 'approved', outTradeNo: contractSubject(id.replace('A', 'S')).outTradeNo, decidedAt: now },
      ...more,
    });
  const toCarryOut = (isHere?: (account: string) => boolean, limit = 10) =>
    read(async (book) => ids(await book.approvals.toCarryOut(isHere, limit)));

  it('is what nobody has been let agree to yet', async () => {
    for (const n of [1, 2, 3, 4, 5, 6]) await agree(`S${n}`);
    await agree('S7', { openedAt: now });
    await agree('S8', { state: 'UNKNOWN' });
    await insert(
      approved('A1', { decidedAt: now + 1 }),
      approved('A2'),
      approved('A3', { state: 'pending' }),
      approved('A4', { expiresAt: now }),
      approved('A5', { createdAt: now + CLOCKS_APART_MS + 1 }),
      approved('A6', { createdAt: now + CLOCKS_APART_MS, decidedAt: now + 2 }),
      ...['A7', 'A8', 'A9'].map((id) => approved(id)),
    );
    expect(await toCarryOut()).toBe('A2 A1 A6');
    expect(await toCarryOut(undefined, 2)).toBe('A2 A1');
  });

  it('is of accounts that are here, and no more than was asked for', async () => {
    await sell('O1', { account: 'bank 1' });
    await agree('S2', { account: 'bank 2' });
    await agree('S3', { account: 'bank 3' });
    await insert(
      approved('A1', { outTradeNo: 'O1' }),
      approved('A2', { decidedAt: now - 1 }),
      approved('A3', { decidedAt: now + 1 }),
    );
    expect(await toCarryOut((account) => account === 'bank 3')).toBe('A3');
    expect(await toCarryOut((account) => account !== 'bank 3'), 'whatever it is of').toBe('A2 A1');
    expect(await toCarryOut(undefined, 2)).toBe('A2 A1');
  });
});

describe('a question to a person', () => {
  const request = (usable: ApprovalRecord[] = [], more: Partial<ApprovalRecord> = {}) => {
    const { kind, outTradeNo, outRefundNo, inputHash, caller, amountFen, rule, asked } = approval('', more);
    const subject = { kind, outTradeNo, outRefundNo, inputHash, caller, amountFen, rule, asked };
    return write((book) => requestApproval(book, subject, usable, { now, randomBytes: till.randomBytes }));
  };
  const open = () => read((book) => book.approvals.open());

  it('is asked with a number of its own, for a quarter of an hour', async () => {
    const ids = [await request(), await request([], { outRefundNo: 'R1', kind: 'refund' })];
    const [one, two] = await open();
    expect([one?.id, two?.id].sort()).toEqual(ids.sort());
    expect(one?.id).toMatch(/^A[2-9A-HJ-NP-Z]{12}$/);
    expect(one?.id).not.toBe(two?.id);
    const asked = [undefined, 'R1'].map((outRefundNo) => expect.objectContaining({ outRefundNo }));
    expect([one, two]).toEqual(expect.arrayContaining(asked));
    expect(one).toEqual(
      approval(one?.id ?? '', { outRefundNo: one?.outRefundNo, kind: one?.kind ?? 'payment' }),
    );
    expect(APPROVAL_TTL_MS).toBe(15 * 60_000);
  });

  it('has twelve signs that nobody takes for another, each as likely as its byte', async () => {
    const bytes = Buffer.from([0, 1, 30, 31, 32, 61, 62, 255, 7, 8, 22, 23]);
    const randomBytes = (size: number) => {
      expect(size).toBe(12);
      return bytes;
    };
    await write((book) => requestApproval(book, approval(''), [], { now, randomBytes }));
    const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
    expect((await open())[0]?.id).toBe(`A${[...bytes].map((byte) => ALPHABET[byte % 32]).join('')}`);
  });

  it('is not asked again while it is open, and is once it was answered', async () => {
    expect(await request([approval('A0', { state: 'failed' }), approval('A1')])).toBe('A1');
    expect(await open()).toEqual([]);
    await request([approval('A1', { state: 'denied' }), approval('A2', { state: 'failed' })]);
    expect(await open()).toHaveLength(1);
  });

  it('is the last of twenty that one caller may have open', async () => {
    for (let i = 0; i < 19; i++) await request([], { inputHash: `x${i}` });
    await request([], { inputHash: 'b', caller: 'b' });
    await request([], { inputHash: 'x19' });
    await expect(request([], { inputHash: 'x20' })).rejects.toMatchObject({
      code: 'TRY_LATER',
      details: { retryAfterSeconds: 900 },
    });
    await expect(request([], { inputHash: 'x21', asked: undefined })).rejects.toMatchObject({
      code: 'TRY_LATER',
    });
    await request([], { inputHash: 'b2', caller: 'b' });
    expect(await open()).toHaveLength(22);
  });

  it('of the server itself may be one of many, and waits for a day', async () => {
    for (let i = 0; i < 21; i++)
      await request([], { inputHash: `x${i}`, asked: { policy: 1, byServer: true } });
    const all = await open();
    expect(all).toHaveLength(21);
    expect(all[0]?.expiresAt).toBe(now + DAY_MS);
  });
});

describe('a decision', () => {
  const decide = async (id: string, approve: boolean, reason?: string, by?: Person) => {
    const operator = by ?? (await person(till));
    return write((book) => decideApproval(book, operator, id, { approve, reason }, till.clock.now()));
  };
  const stateOf = async () =>
    read(async (book) => [(await book.orders.get('O1'))?.state, (await book.refunds.get('O1', 'R1'))?.state]);
  beforeEach(async () => {
    await sell('O1');
    await giveBack('O1', 'R1');
    await insert(approval('A1'), approval('A2', { kind: 'refund', outRefundNo: 'R1' }));
  });

  it('to approve is noted with who it was and why, and nothing else changes', async () => {
    expect(await decide('A1', true, 'fine')).toEqual(approval('A1', { state: 'approved' }));
    const decided = { state: 'approved', decidedAt: now, decidedBy: 'terminal', reason: 'fine' } as const;
    expect(await get('A1')).toEqual(approval('A1', decided));
    expect(await stateOf()).toEqual(['PENDING_APPROVAL', 'PENDING_APPROVAL']);
    expect((await events()).at(-1)).toEqual([
      'approval-approved',
      { approval: 'A1', decidedBy: 'terminal', reason: 'fine' },
    ]);
  });

  it('is for who may decide, not for who may look', async () => {
    const looks = await named(till, 'see');
    await expect(decide('A1', true, undefined, looks)).rejects.toSatisfy(isNotAllowed);
    expect((await get('A1'))?.state).toBe('pending');
    await decide('A1', true, undefined, await named(till, 'decide'));
    expect(await get('A1')).toMatchObject({ state: 'approved', decidedBy: 'decide' });
  });

  it('without a reason has none', async () => {
    await decide('A1', true);
    expect((await events()).at(-1)).toEqual(['approval-approved', { approval: 'A1', decidedBy: 'terminal' }]);
  });

  it('to deny ends what it is about, and nothing else', async () => {
    expect(await decide('A2', false)).toMatchObject({ state: 'denied' });
    expect(await get('A2')).toMatchObject({ state: 'denied' });
    expect(await stateOf()).toEqual(['PENDING_APPROVAL', 'DENIED']);
    await decide('A1', false);
    expect(await stateOf()).toEqual(['DENIED', 'DENIED']);
  });

  it('to deny ends a subscription that nobody was let agree to, and no other', async () => {
    const subscription = async (contractNo: string) => {
      const found = await read((book) => book.subscriptions.get(contractNo));
      return [found?.state, found?.reason, found?.tryAt];
    };
    await write(async (book) => {
      await book.subscriptions.insert(subscriptionRow(till, { openedAt: now }));
      await book.subscriptions.insert(subscriptionRow(till, { contractNo: 'S2', signNo: 'S2' }));
    });
    for (const [id, contractNo] of [
      ['A3', 'S1'],
      ['A4', 'S2'],
      ['A5', 'S3'],
    ] as const) {
      await insert(approval(id, contractSubject(contractNo)));
      expect(await decide(id, false)).toMatchObject({ state: 'denied' });
    }
    expect(await subscription('S1')).toEqual(['PENDING_SIGN', undefined, now + 1]);
    expect(await subscription('S2')).toEqual(['ENDED', 'denied', undefined]);
    expect(await stateOf()).toEqual(['PENDING_APPROVAL', 'PENDING_APPROVAL']);
  });

  it('is none where nobody waits for it', async () => {
    await decide('A1', true);
    const refused = { code: 'INVALID_ARGUMENT' };
    await expect(decide('A1', false)).rejects.toMatchObject({
      ...refused,
      text: { en: expect.stringContaining('approved'), zh: expect.stringContaining('approved') },
    });
    await expect(decide('nobody', true)).rejects.toMatchObject({
      ...refused,
      text: { en: expect.stringContaining('no approval with this id'), zh: expect.stringContaining('没有') },
    });
    world.clock.advance(APPROVAL_TTL_MS);
    await expect(decide('A2', true)).rejects.toMatchObject({
      ...refused,
      text: { en: expect.stringContaining('expired'), zh: expect.stringContaining('expired') },
    });
    expect(await stateOf()).toEqual(['PENDING_APPROVAL', 'PENDING_APPROVAL']);
  });

  it('to deny that was taken before ends what waits since', async () => {
    const denied = (outRefundNo: string | undefined, ...states: ApprovalState[]) =>
      write((book) =>
        isDenied(
          book,
          { outTradeNo: 'O1', outRefundNo },
          states.map((state) => approval('A9', { state })),
        ),
      );
    expect(await denied('R1', 'pending', 'approved', 'used', 'failed')).toBe(false);
    expect(await denied('R1')).toBe(false);
    expect(await stateOf()).toEqual(['PENDING_APPROVAL', 'PENDING_APPROVAL']);
    expect(await denied('R1', 'approved', 'denied')).toBe(true);
    expect(await stateOf()).toEqual(['PENDING_APPROVAL', 'DENIED']);
    expect(await denied(undefined, 'denied')).toBe(true);
    expect(await stateOf()).toEqual(['DENIED', 'DENIED']);
    expect(await denied('R9', 'denied'), 'of a refund that nobody has').toBe(true);
  });

  it('to deny is one also about an order that nobody has', async () => {
    const numbers = { outTradeNo: 'O9', outRefundNo: undefined };
    expect(await write((book) => isDenied(book, numbers, [approval('A9', { state: 'denied' })]))).toBe(true);
  });
});
