import { fen } from '../../src/domain/money.ts';
import { attempt } from '../../src/payments/attempt.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import type { CreatePaymentInput } from '../../src/payments/inputs.ts';
import { outcomeOf } from '../../src/payments/outcome.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { freeze, moveBudget, unfreeze } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { accept, payment, person, refund, type World } from '../support/world.ts';

/** Payments up to 50 yuan; refunds above 2 yuan want a person. */
export const POLICY: Policy = {
  payments: { maxFen: fen(5000) },
  refunds: { approveAboveFen: fen(200) },
};

const CURSOR: Call = { caller: 'cursor', client: 'Cursor' };
const META = { model: 'some-model', conversation: 'c-17', progressToken: 3 };

/** A create as the server runs it. */
export function create(
  till: Till,
  input: Partial<CreatePaymentInput>,
  { call = CURSOR, meta = META as unknown, args = { ...input } as unknown } = {},
) {
  return attempt(
    till,
    call,
    { tool: 'create-payment', args, meta },
    (errand) => createPayment(errand.till, errand.call, payment(input)),
    outcomeOf,
  );
}

export function giveBack(till: Till, outTradeNo: string, refundFen: number, outRefundNo: string) {
  return attempt(
    till,
    CURSOR,
    { tool: 'refund-payment', args: { outTradeNo, outRefundNo }, meta: META },
    (errand) =>
      refundPayment(errand.till, errand.call, refund({ outTradeNo, outRefundNo, refundFen: fen(refundFen) })),
    outcomeOf,
  );
}

/** Everything that can happen to an order, so that the trail has all kinds of records. */
export async function aDayOfTrade(world: World, till: Till): Promise<void> {
  await accept(till, POLICY);
  const operator = await person(till);
  await create(till, { outTradeNo: 'ORDER_PAID', buyer: 'buyer-4711' });
  world.bank.pay('ORDER_PAID');
  await queryPayment(till, CURSOR, { outTradeNo: 'ORDER_PAID', waitSeconds: 0 });
  await giveBack(till, 'ORDER_PAID', 100, 'R_SMALL');
  const asked = await giveBack(till, 'ORDER_PAID', 300, 'R_LARGE');
  const id = asked.approval?.id ?? '';
  await till.ledger
    .as({ caller: 'operator', tool: 'approvals' })
    .write((book) => decideApproval(book, operator, id, { approve: true, reason: '=ok' }, world.clock.now()));
  world.clock.advance(5_000);
  await giveBack(till, 'ORDER_PAID', 300, 'R_LARGE');
  await create(till, { outTradeNo: 'ORDER_TOO_MUCH', amountFen: fen(5001) }).catch(() => undefined);
  await create(till, { outTradeNo: 'ORDER_PAID', title: 'another' }).catch(() => undefined);
  const unnumbered = await create(till, { amountFen: fen(777) });
  const { outTradeNo } = unnumbered.order;
  await attempt(
    till,
    CURSOR,
    { tool: 'close-payment', args: { outTradeNo }, meta: undefined },
    (errand) => closePayment(errand.till, errand.call, { outTradeNo }),
    outcomeOf,
  );
  world.bank.fault = (operation) => (operation === 'create' ? 'refused' : 'none');
  await create(till, { outTradeNo: 'ORDER_DECLINED' }).catch(() => undefined);
  world.bank.fault = () => 'none';
  await till.ledger.write(async (book) => {
    await moveBudget(book, operator, 'cursor', 20_000, 'first');
    await moveBudget(book, operator, 'cursor', -500, undefined);
    await freeze(book, 'operator', 'a drill');
    await unfreeze(book, operator);
  });
}
