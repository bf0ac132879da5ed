import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Till } from '../../src/payments/till.ts';
import { Person } from '../../src/persons/person.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { World } from '../support/world.ts';

let world: World;
let till: Till;
const set = (newSecret: string, oldSecret?: string) =>
  setOperatorSecret(till.ledger, { newSecret, oldSecret }, till.randomBytes);
const refused = { code: 'CONFIGURATION', details: { variable: 'CASHIER_OPERATOR_SECRET' } };

beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

it('is needed in live before anything can be approved, not in the simulator', async () => {
  await expect(Person.bySecret(till.ledger, 'live', undefined, 'terminal')).rejects.toMatchObject(refused);
  await expect(Person.bySecret(till.ledger, 'live', 'anything', 'terminal')).rejects.toMatchObject(refused);
  await Person.bySecret(till.ledger, 'simulator', undefined, 'terminal');
});

it('is checked everywhere once it is set, and never stored', async () => {
  await set('correct horse');
  await Person.bySecret(till.ledger, 'live', 'correct horse', 'terminal');
  for (const wrong of [undefined, '', 'correct hors', 'correct horse ']) {
    await expect(Person.bySecret(till.ledger, 'simulator', wrong, 'terminal')).rejects.toMatchObject(refused);
  }
  expect(await till.ledger.read((book) => book.meta('operator_secret'))).not.toContain('horse');
});

it('is changed only by who knows the old one, and is not too short', async () => {
  await expect(set('short')).rejects.toMatchObject(refused);
  await set('correct horse');
  await expect(set('battery staple')).rejects.toMatchObject(refused);
  await expect(set('battery staple', 'wrong')).rejects.toMatchObject(refused);
  await set('battery staple', 'correct horse');
  await Person.bySecret(till.ledger, 'live', 'battery staple', 'terminal');
});
