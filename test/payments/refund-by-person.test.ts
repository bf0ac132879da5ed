import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fen, fen } from '../../src/domain/money.ts';
import { refundByPerson } from '../../src/payments/refund-by-person.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { Person } from '../../src/persons/person.ts';
import { accept, CALL, decide, named, person, refund, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
const MINUTE = 60_000;

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till);
  await accept(till, { payments: {}, refunds: { approveAboveFen: fen(0) } });
});
afterEach(() => world.end());

function give(by: Person, refundFen: Fen, outRefundNo?: string) {
  const ports = { now: world.clock.now(), randomBytes: till.randomBytes };
  const wish = { outTradeNo: ORDER, outRefundNo, refundFen, reason: undefined };
  return till.ledger.write((book) => refundByPerson(book, by, wish, ports));
}

describe('a sum without a number that a yes has set going', () => {
  it('is not given back again by another person', async () => {
    const [root, ann] = [await person(till), await named(till, 'decide')];
    const first = await give(ann, fen(300), 'R_OF_A_PAGE');
    expect(await give(root, fen(300))).toMatchObject({ ...first, replayed: true });
    // Nobody has sent it in time: whoever wants it now wants it anew.
    await world.clock.sleep(16 * MINUTE);
    expect(await give(root, fen(300))).toMatchObject({ refund: { caller: 'operator' }, replayed: false });
  });

  it('is not given back again where an agent has asked and a person has said yes', async () => {
    const root = await person(till);
    const asked = await refundPayment(till, CALL, refund({ outTradeNo: ORDER, refundFen: fen(300) }));
    // What nobody has allowed may never be.
    expect(await give(root, fen(200))).toMatchObject({ replayed: false });
    await decide(till, asked.approval?.id);
    expect(await give(root, fen(300))).toMatchObject({
      ...{ refund: { outRefundNo: asked.refund.outRefundNo }, approval: asked.approval?.id, replayed: true },
    });
  });
});
