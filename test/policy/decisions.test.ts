import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beijingDate, DAY_MS } from '../../src/domain/clock.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import type { Book } from '../../src/ledger/book.ts';
import { OperatorBook } from '../../src/ledger/operator-book.ts';
import { daysDue, reconciledDay } from '../../src/ledger/restored.ts';
import type { Till } from '../../src/payments/till.ts';
import { isNotAllowed, type Person } from '../../src/persons/person.ts';
import {
  acceptPolicy,
  budgetState,
  freeze,
  holdToPolicy,
  insistNotFrozen,
  isFrozen,
  isInForce,
  moveBudget,
  policyInForce,
  unfreeze,
} from '../../src/policy/decisions.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/policy/policy.ts';
import { orderRow } from '../support/rows.ts';
import { named, person, World } from '../support/world.ts';

let world: World;
let till: Till;
let operator: Person;
let now: number;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  operator = await person(till);
  now = till.clock.now();
});
afterEach(() => world.end());

const write = <T>(work: (book: Book) => Promise<T>) => till.ledger.write(work);
const read = <T>(work: (book: Book) => Promise<T>) => till.ledger.read(work);
/** What was recorded, oldest first. */
const recorded = async () =>
  (await read((book) => book.audit.after(0, 50))).map(({ kind, detail }) => [kind, detail]);
const OFFERED: Policy = { payments: { maxFen: fen(5) }, refunds: {} };
const OTHER: Policy = { payments: { maxFen: fen(6) }, refunds: {} };

describe('the rules in force', () => {
  it('are those that are offered until some are held to, which is recorded once', async () => {
    expect(await read((book) => policyInForce(book, OFFERED))).toEqual(OFFERED);
    expect(await read((book) => isInForce(book, OFFERED))).toBe(true);
    expect(await write((book) => holdToPolicy(book, OFFERED))).toEqual(OFFERED);
    expect(await write((book) => holdToPolicy(book, OTHER))).toEqual(OFFERED);
    expect(await read((book) => policyInForce(book, OTHER))).toEqual(OFFERED);
    expect(await read((book) => isInForce(book, OFFERED))).toBe(true);
    expect(await read((book) => isInForce(book, OTHER))).toBe(false);
    expect(await recorded()).toEqual([['policy-first', { version: 1, policy: OFFERED }]]);
    expect((await read((book) => book.operator.policy()))?.acceptedBy).toBe('first');
  });

  it('are read once in a transaction, and again where it changes them', async () => {
    await write((book) => holdToPolicy(book, OFFERED));
    const store = await world.store();
    await store.write(async (tx) => {
      const asked = vi.spyOn(tx, 'all');
      const book = new OperatorBook(tx, now);
      expect(await book.policy()).toBe(await book.policy());
      expect(asked).toHaveBeenCalledTimes(1);
      expect(await book.insertPolicy('{}', 'terminal')).toBe(2);
      expect(await book.policy()).toMatchObject({ version: 2, rulesJson: '{}' });
    });
    await store.close();
  });

  it('are what a person has accepted last', async () => {
    await write((book) => holdToPolicy(book, DEFAULT_POLICY));
    expect(await write((book) => acceptPolicy(book, operator, OTHER))).toBe(2);
    expect(await read((book) => policyInForce(book, OFFERED))).toEqual(OTHER);
    expect((await read((book) => book.operator.policy()))?.acceptedBy).toBe('terminal');
    expect((await recorded()).at(-1)).toEqual([
      'policy-accepted',
      { version: 2, via: 'terminal', policy: OTHER },
    ]);
  });
});

describe('a freeze', () => {
  it('stands as the first one said, and is recorded once', async () => {
    await read(insistNotFrozen);
    expect(await write((book) => freeze(book, 'a', 'odd'))).toBeUndefined();
    const first = { at: now, by: 'a', reason: 'odd' };
    world.clock.advance(5);
    expect(await write((book) => freeze(book, 'b', undefined))).toEqual(first);
    expect(await read((book) => book.operator.freeze())).toEqual(first);
    expect(await recorded()).toEqual([['operator-froze', { by: 'a', reason: 'odd' }]]);
    const refused = await read(insistNotFrozen).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'FROZEN',
      text: { en: expect.stringContaining('no money moved'), zh: expect.stringContaining('没有资金变动') },
    });
    expect(isFrozen(refused)).toBe(true);
  });

  it('needs no reason', async () => {
    await write((book) => freeze(book, 'a', undefined));
    expect(await recorded()).toEqual([['operator-froze', { by: 'a' }]]);
  });

  it('is told from every other error', () => {
    const words = { zh: '', en: '', next: { zh: '', en: '' } };
    expect(isFrozen(new CashierError('TRY_LATER', words))).toBe(false);
    expect(isFrozen({ code: 'FROZEN' })).toBe(false);
    expect(isFrozen(undefined)).toBe(false);
  });

  it('is lifted by a person, once', async () => {
    await write((book) => unfreeze(book, operator));
    expect(await recorded()).toEqual([]);
    await write((book) => freeze(book, 'a', undefined));
    await write((book) => unfreeze(book, operator));
    await write((book) => unfreeze(book, operator));
    await read(insistNotFrozen);
    expect((await recorded()).slice(1)).toEqual([['operator-unfroze', { via: 'terminal' }]]);
  });
});

it.each<[string, (book: Book, by: Person) => Promise<unknown>]>([
  ['rules', (book, by) => acceptPolicy(book, by, OTHER)],
  ['the end of a freeze', (book, by) => unfreeze(book, by)],
  ['a budget', (book, by) => moveBudget(book, by, 'a', 1, undefined)],
])('%s: for who may rule, not for who may decide', async (_what, deed) => {
  const [decides, rules] = [await named(till, 'decide'), await named(till, 'rule')];
  await expect(write((book) => deed(book, decides))).rejects.toSatisfy(isNotAllowed);
  await write((book) => deed(book, rules));
});

describe('a restored ledger', () => {
  const since = Date.parse('2026-11-18T12:00:00+08:00');
  const at = since + DAY_MS;
  const DAYS = ['alipay 2026-11-18', 'alipay 2026-11-19'];
  const restore = (reconciled: Record<string, number> = {}) =>
    write(async (book) => {
      await freeze(book, 'restore', undefined);
      await book.operator.setRestored({ at, since, providers: ['alipay'], reconciled });
    });
  const lift = (despite?: boolean) => write((book) => unfreeze(book, operator, despite));
  const isLifted = async () => (await read((book) => book.operator.freeze())) === undefined;

  it('stays frozen while days that it forgot are not reconciled without a difference', async () => {
    await restore({ 'alipay 2026-11-19': 3 });
    const refused = await lift().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'FROZEN',
      details: { days: 'alipay 2026-11-18 (-), alipay 2026-11-19 (3)', unasked: 0 },
      text: {
        en: expect.stringContaining(
          'alipay 2026-11-18 (not reconciled), alipay 2026-11-19 (3 differences). It stays',
        ),
        zh: expect.stringContaining('alipay 2026-11-18 (未对账)、alipay 2026-11-19 (3 处差异)。仍然暂停'),
      },
    });
    expect(await isLifted()).toBe(false);
    await restore(Object.fromEntries(DAYS.map((day) => [day, 0])));
    await lift();
    expect(await isLifted()).toBe(true);
    expect(await read((book) => book.operator.restored())).toBeUndefined();
  });

  it('that has no order stays frozen until some wallet was reconciled for each day', async () => {
    const none = { at, since, providers: [], reconciled: {} };
    await write(async (book) => {
      await freeze(book, 'restore', undefined);
      await book.operator.setRestored(none);
    });
    await expect(lift()).rejects.toMatchObject({
      ...{ code: 'FROZEN', details: { days: '2026-11-18 (-), 2026-11-19 (-)' } },
      text: { en: expect.stringContaining('first: 2026-11-18 (not reconciled), 2026-11-19 (not') },
    });
    const reconciled = Object.fromEntries(DAYS.map((day) => [day, 0]));
    await write((book) => book.operator.setRestored({ ...none, reconciled }));
    await lift();
    expect(await isLifted()).toBe(true);
  });

  it('has every day of a wallet reconciled of which it had forgotten that it collects with it', () => {
    const restored = { at, since, providers: [], reconciled: {} };
    const day = (date: string) => ({ provider: 'wechatpay', date, open: 0 }) as const;
    const idle = reconciledDay(restored, day('2026-11-19'));
    expect(daysDue(idle)).toEqual([{ provider: undefined, date: '2026-11-18', open: undefined }]);
    const sold = reconciledDay(restored, day('2026-11-19'), true);
    expect(daysDue(sold)).toEqual([{ provider: 'wechatpay', date: '2026-11-18', open: undefined }]);
    expect(daysDue(reconciledDay(sold, day('2026-11-18')))).toEqual([]);
    expect(reconciledDay(restored, day('2026-11-20'), true)).toBe(restored);
  });

  it('stays frozen while what was open has not been asked about', async () => {
    const terms = { expiresInMinutes: 30 };
    await write((book) => book.orders.insert(orderRow(till, { terms, state: 'UNKNOWN', askAt: at })));
    await restore(Object.fromEntries(DAYS.map((day) => [day, 0])));
    const refused = await lift().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      ...{ code: 'FROZEN', details: { days: '', unasked: 1 } },
      text: {
        en: expect.stringContaining('for first: Open orders or refunds have not been asked about'),
        zh: expect.stringContaining('先补齐：还有未完成的订单'),
      },
    });
  });

  it('stays frozen on the day on which it was restored, and has to look at its bill also when it goes on before', async () => {
    const day = `alipay ${beijingDate(now)}`;
    const early = { at: now, since: now, providers: ['alipay'], reconciled: {} } as const;
    await write(async (book) => {
      await freeze(book, 'restore', undefined);
      await book.operator.setRestored(early);
    });
    await expect(lift()).rejects.toMatchObject({ code: 'FROZEN', details: { days: `${day} (-)` } });
    await lift(true);
    expect(await isLifted()).toBe(true);
    expect((await recorded()).at(-2)).toEqual(['ledger-resumed', { via: 'terminal', despite: [day] }]);
    expect(await read((book) => book.operator.restored())).toEqual(early);
  });

  it('goes on despite that where a person says so, and forgets what it had to make up for', async () => {
    await restore();
    await lift(true);
    expect(await isLifted()).toBe(true);
    expect(await read((book) => book.operator.restored())).toBeUndefined();
    expect((await recorded()).slice(-2)).toEqual([
      ['ledger-resumed', { via: 'terminal', despite: DAYS }],
      ['operator-unfroze', { via: 'terminal' }],
    ]);
  });
});

describe('a budget', () => {
  const move = (amountFen: number, note?: string) =>
    write((book) => moveBudget(book, operator, 'a', amountFen, note));

  it('is filled for nobody who bears a name of ours', async () => {
    const filled = write((book) => moveBudget(book, operator, 'settler', 500, undefined));
    await expect(filled).rejects.toMatchObject({
      ...{ code: 'INVALID_ARGUMENT', message: expect.stringContaining('No caller can be called settler') },
    });
  });

  it('is filled and drawn by persons, down to nothing and not below', async () => {
    expect(await move(500, 'for May')).toEqual({ filledFen: 500, heldFen: 0, leftFen: 500 });
    await expect(move(-501)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      text: { en: expect.stringContaining('Only 5.00 yuan'), zh: expect.stringContaining('5.00 元') },
    });
    expect(await move(-500)).toEqual({ filledFen: 0, heldFen: 0, leftFen: 0 });
    expect(await move(0)).toMatchObject({ leftFen: 0 });
    expect(await read((book) => budgetState(book, 'a'))).toEqual({ filledFen: 0, heldFen: 0, leftFen: 0 });
    expect(await recorded()).toEqual([
      ['budget-topped-up', { budget: 'a', amountFen: 500, via: 'terminal', note: 'for May' }],
      ['budget-drawn', { budget: 'a', amountFen: -500, via: 'terminal' }],
      ['budget-topped-up', { budget: 'a', amountFen: 0, via: 'terminal' }],
    ]);
  });

  it('holds back what calls have drawn, and has no less than nothing to say', async () => {
    await move(500);
    await write(async (book) => {
      await book.orders.insert(orderRow(till, { amountFen: fen(600), state: 'UNKNOWN', countedAt: now }));
      await book.quotas.draw(['a'], { outTradeNo: 'O1', outRefundNo: undefined });
    });
    expect(await read((book) => budgetState(book, 'a'))).toEqual({
      ...{ filledFen: 500, heldFen: 600, leftFen: -100 },
    });
    await expect(move(-1)).rejects.toMatchObject({
      text: { en: expect.stringContaining('Only 0.00 yuan') },
    });
    expect(await move(0)).toMatchObject({ leftFen: -100 });
    expect(await move(50)).toMatchObject({ leftFen: -50 });
    expect(await move(50)).toMatchObject({ leftFen: 0 });
  });
});
