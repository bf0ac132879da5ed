import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Cashier } from '../../src/payments/cashier.ts';
import { Person, setOperatorSecret } from '../../src/policy/operator.ts';
import { World } from '../support/world.ts';

let world: World;
let cashier: Cashier;
const set = (newSecret: string, oldSecret?: string) =>
  setOperatorSecret(cashier.ledger, { newSecret, oldSecret }, cashier.randomBytes);
const refused = { code: 'CONFIGURATION', details: { variable: 'CASHIER_OPERATOR_SECRET' } };

beforeEach(async () => {
  world = new World();
  cashier = await world.process();
});
afterEach(() => world.end());

it('is needed in live before anything can be approved, not in the simulator', async () => {
  await expect(Person.bySecret(cashier.ledger, 'live', undefined, 'terminal')).rejects.toMatchObject(refused);
  await expect(Person.bySecret(cashier.ledger, 'live', 'anything', 'terminal')).rejects.toMatchObject(
    refused,
  );
  await Person.bySecret(cashier.ledger, 'simulator', undefined, 'terminal');
});

it('is checked everywhere once it is set, and never stored', async () => {
  await set('correct horse');
  await Person.bySecret(cashier.ledger, 'live', 'correct horse', 'terminal');
  for (const wrong of [undefined, '', 'correct hors', 'correct horse ']) {
    await expect(Person.bySecret(cashier.ledger, 'simulator', wrong, 'terminal')).rejects.toMatchObject(
      refused,
    );
  }
  expect(await cashier.ledger.read((book) => book.meta('operator_secret'))).not.toContain('horse');
});

it('is changed only by who knows the old one, and is not too short', async () => {
  await expect(set('short')).rejects.toMatchObject(refused);
  await set('correct horse');
  await expect(set('battery staple')).rejects.toMatchObject(refused);
  await expect(set('battery staple', 'wrong')).rejects.toMatchObject(refused);
  await set('battery staple', 'correct horse');
  await Person.bySecret(cashier.ledger, 'live', 'battery staple', 'terminal');
});
