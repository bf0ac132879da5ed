import { afterEach, expect, it } from 'vitest';
import { promptPerson } from '../../src/cli/operator-secret.ts';
import { speaker } from '../../src/cli/speaker.ts';
import { configOf } from '../../src/config.ts';
import { attempt } from '../../src/payments/attempt.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { Person } from '../../src/persons/person.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { bySession, openSession } from '../../src/persons/sessions.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { refund } from '../support/world.ts';
import { Desk, ORDER, readable, SECRET } from './desk.ts';

cheapGuesses();

const desks: Desk[] = [];
afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.close();
});
async function desk(): Promise<Desk> {
  const made = await Desk.open();
  desks.push(made);
  return made;
}

it('a secret that is changed while somebody signs in with the old one leaves them outside', async () => {
  const { till, world } = await desk();
  const { ledger, randomBytes } = till;
  const leaked = await Person.bySecret(ledger, 'live', SECRET, 'page');
  await setOperatorSecret(ledger, { newSecret: 'another secret', oldSecret: SECRET }, randomBytes);
  const session = await openSession(ledger, leaked, { now: world.clock.now(), randomBytes });
  expect(await bySession(ledger, session.id)).toBeUndefined();
});

it('a wrong secret at a terminal is recorded, as one at the page is', async () => {
  const d = await desk();
  const config = configOf({ CASHIER_OPERATOR_SECRET: 'a guess', CASHIER_MODE: 'simulator' }, 'operator');
  await expect(promptPerson(d.till.ledger, config, speaker(undefined))).rejects.toMatchObject({
    code: 'CONFIGURATION',
  });
  expect(await d.recorded('operator-sign-in-failed')).toBe(1);
  const right = configOf({ CASHIER_OPERATOR_SECRET: SECRET, CASHIER_MODE: 'simulator' }, 'operator');
  expect(await promptPerson(d.till.ledger, right, speaker(undefined))).toBeInstanceOf(Person);
  expect(await d.recorded('operator-sign-in-failed')).toBe(1);
});

it('an agent cannot push what a person should know out of sight by calls that are refused', async () => {
  const d = await desk();
  await d.sold();
  const { id } = await d.proposeRefund();
  await d.till.ledger.write((book) => book.event({ outTradeNo: ORDER }, 'alarm-foreign-trade', {}));
  const call = { caller: 'shop-agent' };
  const tooMuch = refund({ outTradeNo: ORDER, outRefundNo: 'R2', refundFen: 1_000_000 as never });
  for (let i = 0; i < 60; i++) {
    await attempt(
      d.till,
      call,
      { tool: 'refund-payment', args: tooMuch, meta: undefined },
      ({ till }) => refundPayment(till, call, tooMuch),
      () => ({}),
    ).catch(() => undefined);
  }
  await d.signIn();
  const text = readable((await d.get(`/${id}?lang=en`)).page);
  for (const words of ['Alarm', 'has paid', 'asked for a refund', 'A call of the agent was refused']) {
    expect(text).toContain(words);
  }
});
