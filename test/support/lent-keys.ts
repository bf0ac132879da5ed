import { join } from 'node:path';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { FAKES } from '../../src/simulator/fakes.ts';
import { SimulatorDatabase } from '../../src/simulator/state/database.ts';
import { complete, type KeyName } from '../../src/simulator/state/identity.ts';
import { PAIRS, pem } from './rsa.ts';

const NAMES: readonly KeyName[] = [
  ...(['app', 'alipay', 'merchant', 'wechatpay', 'authority', 'forger'] as const),
  ...(['skillhub', 'unionpay', 'unionMerchant'] as const),
];
/** Of wallets that came later, behind those of the doctor's merchants. */
const LATER = FAKES.flatMap((fake) => fake.keys).filter((name) => !NAMES.includes(name));
const FIRST_LATER = 11;
const keys = Object.fromEntries([
  ...NAMES.map((name, i) => [name, pem(PAIRS[i as 0].privateKey)]),
  ...LATER.map((name, i) => [name, pem(PAIRS[(FIRST_LATER + i) as 0].privateKey)]),
]);

/**
 * Gives the simulator of a new home the keys that those of other homes have: making them would be most of a
 * test's work.
 */
export async function lendKeys(home: string, folder = join(home, 'simulator')): Promise<void> {
  const database = await SimulatorDatabase.open(folder, {
    clock: systemClock,
    randomBytes: systemRandom,
  });
  try {
    await complete(database, { keys });
  } finally {
    database.close();
  }
}
