import { afterAll, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import type { CreatePaymentInput, RefundPaymentInput } from '../../../src/payments/inputs.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import type { Call, Till } from '../../../src/payments/till.ts';
import { APPROVAL_TTL_MS } from '../../../src/policy/approvals.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { SHARE } from '../../support/seeds.ts';
import { decide, payment, refund, World } from '../../support/world.ts';

const POLICY: Policy = { payments: { approveAboveFen: fen(0) }, refunds: { approveAboveFen: fen(0) } };
const HONEST: Call = { caller: 'honest' };
const OTHERS: readonly Call[] = [
  { caller: 'other' },
  { caller: 'other', client: 'honest' },
  { caller: 'Honest' },
  { caller: 'honest ' },
  { caller: '' },
];
const ROUNDS = Math.ceil(36 * SHARE);
const TRIES = 90;
/** For what cannot be continued by anybody: whoever asks again has a new approval to wait for. */
const EXPIRED_TRIES = 10;

interface Attack {
  readonly call: Call;
  readonly change: Readonly<Record<string, unknown>>;
}

let tries = 0;
let honest = 0;

/** One yes of a person, attacked from all sides, then used as it was meant, then attacked again. */
class Siege {
  readonly #world: World;
  readonly #till: Till;

  constructor(world: World, till: Till) {
    this.#world = world;
    this.#till = till;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#world.random() * items.length)] as T;
  }

  get #moved(): number {
    const { trades } = this.#world.bank;
    return [...trades.values()].reduce((total, { refunds }) => total + 1 + refunds.size, 0);
  }

  get #heard(): number {
    return this.#world.bank.calls.filter(({ operation }) => operation === 'create' || operation === 'refund')
      .length;
  }

  /** @param at how long (ms) before the end of its life the yes is used */
  async lay(
    act: (attack: Attack) => Promise<{ readonly state: string; readonly approvalId: string | undefined }>,
    changes: readonly Readonly<Record<string, unknown>>[],
    at: number,
  ): Promise<void> {
    const { clock } = this.#world;
    const asked = await act({ call: HONEST, change: {} });
    expect(asked.state).toBe('PENDING_APPROVAL');
    const openedAt = clock.now();
    await this.#attack(act, [...changes, {}], TRIES / 3, [HONEST, ...OTHERS]);
    await decide(this.#till, asked.approvalId);
    await this.#attack(act, changes, TRIES / 3, [HONEST, ...OTHERS]);
    await this.#attack(act, [{}], 3, OTHERS);
    clock.advance(openedAt + APPROVAL_TTL_MS - at - clock.now());
    if (at <= 0) {
      await this.#attack(act, [...changes, {}], EXPIRED_TRIES, [HONEST, ...OTHERS]);
      // Those who attacked have used up the honest caller's open approvals, until they too run out.
      clock.advance(APPROVAL_TTL_MS);
      await decide(this.#till, (await act({ call: HONEST, change: {} })).approvalId);
    }
    const before = this.#moved;
    const done = await act({ call: HONEST, change: {} });
    expect(['NOTPAY', 'SUCCESS'], 'the honest call').toContain(done.state);
    expect(this.#moved).toBe(before + 1);
    honest++;
    // From now on also the very same call moves nothing.
    await this.#attack(act, [...changes, {}], TRIES / 3, [HONEST, ...OTHERS]);
  }

  async #attack(
    act: (attack: Attack) => Promise<unknown>,
    changes: readonly Readonly<Record<string, unknown>>[],
    times: number,
    callers: readonly Call[],
  ): Promise<void> {
    const heard = this.#heard;
    for (let i = 0; i < times; i++) {
      tries++;
      await act({ call: this.pick(callers), change: this.pick(changes) }).catch(() => undefined);
    }
    expect(this.#heard, 'nothing was sent').toBe(heard);
  }
}

describe("a person's yes", () => {
  const LEFT = [APPROVAL_TTL_MS - 1, 60_000, 1, 0, -1, -APPROVAL_TTL_MS];

  it.each([1, 2])('to a refund is good for exactly that call, once, in time, seed %i', async (seed) => {
    const world = new World(seed);
    const till = await world.process({ ...POLICY, payments: {} });
    for (let round = 0; round < ROUNDS; round++) {
      const outTradeNo = `ORDER_${round}`;
      await pay(world, till, outTradeNo, 5_000);
      const wanted = refund({ outTradeNo, outRefundNo: `R${round}`, refundFen: fen(700), reason: 'broken' });
      const siege = new Siege(world, till);
      const changes: Partial<RefundPaymentInput>[] = [
        { refundFen: fen(701) },
        { refundFen: fen(699) },
        { refundFen: fen(7) },
        { refundFen: fen(5_000) },
        { refundFen: fen(5_001) },
        { reason: 'broken.' },
        { reason: undefined },
        { reason: '' },
        { outRefundNo: `R${round}x` },
        { outRefundNo: `r${round}` },
        { outRefundNo: `R${round + 1}` },
        { outTradeNo: `ORDER_${round - 1}` },
        { outTradeNo: `ORDER_${round - 1}`, outRefundNo: `R${round - 1}` },
        { outTradeNo: `ORDER_${round + 1}` },
        { refundFen: fen(701), outRefundNo: undefined },
        { outTradeNo: `ORDER_${round - 1}`, outRefundNo: undefined, refundFen: fen(701) },
        { reason: 'other', outRefundNo: `R${round}y` },
      ];
      await siege.lay(
        async ({ call, change }) => {
          const { refund: done, approval } = await refundPayment(till, call, { ...wanted, ...change });
          return { state: done.state, approvalId: approval?.id };
        },
        changes,
        LEFT[round % LEFT.length] ?? 0,
      );
    }
    for (const [number, trade] of world.bank.trades) {
      expect(
        [...trade.refunds.values()].map(({ refundFen }) => refundFen),
        number,
      ).toEqual([700]);
    }
    await world.end();
  });

  it.each([3])('to a payment is good for exactly that call, once, in time, seed %i', async (seed) => {
    const world = new World(seed);
    const till = await world.process(POLICY);
    for (let round = 0; round < ROUNDS; round++) {
      const outTradeNo = `ORDER_${round}`;
      const wanted = payment({ outTradeNo, amountFen: fen(700), buyer: 'alice', title: `round ${round}` });
      const siege = new Siege(world, till);
      const changes: Partial<CreatePaymentInput>[] = [
        { amountFen: fen(701) },
        { amountFen: fen(70_000) },
        { title: 'other' },
        { title: `round ${round} ` },
        { scene: 'web' },
        { buyer: 'bob' },
        { buyer: undefined },
        { expiresInMinutes: 31 },
        { payerOpenid: 'o1' },
        { payerClientIp: '127.0.0.1' },
        { outTradeNo: `OTHER_${round}` },
        { outTradeNo: undefined, amountFen: fen(701) },
        { outTradeNo: undefined, buyer: undefined },
        { outTradeNo: `ORDER_${round - 1}` },
      ];
      await siege.lay(
        async ({ call, change }) => {
          const { order, approval } = await createPayment(till, call, { ...wanted, ...change });
          return { state: order.state, approvalId: approval?.id };
        },
        changes,
        LEFT[round % LEFT.length] ?? 0,
      );
    }
    expect(world.bank.trades.size).toBe(ROUNDS);
    await world.end();
  });

  afterAll(() => {
    expect(tries).toBeGreaterThanOrEqual(10_000 * SHARE);
    expect(honest).toBe(3 * ROUNDS);
  });
});

async function pay(world: World, till: Till, outTradeNo: string, amountFen: number): Promise<void> {
  await createPayment(till, HONEST, payment({ outTradeNo, amountFen: fen(amountFen), title: outTradeNo }));
  world.bank.pay(outTradeNo);
  await queryPayment(till, HONEST, { outTradeNo, waitSeconds: 0 });
}
