import { join } from 'node:path';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { SimulatorDatabase } from '../../src/simulator/state/database.ts';
import { complete, makeKeys } from '../../src/simulator/state/identity.ts';

let keys: ReturnType<typeof makeKeys> | undefined;

/**
 * Gives the simulator of a new home the keys that those of other homes have, all but the one by which the processes of
 * one folder know each other: making six of them would be most of a test's work.
 */
export async function lendKeys(home: string): Promise<void> {
  keys ??= makeKeys(['app', 'alipay', 'merchant', 'wechatpay', 'authority']);
  const database = await SimulatorDatabase.open(join(home, 'simulator'), {
    clock: systemClock,
    randomBytes: systemRandom,
  });
  try {
    await complete(database, { keys: await keys });
  } finally {
    database.close();
  }
}
