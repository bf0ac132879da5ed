import { CashierError } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { newRsaPair } from '../platform/key-pairs.ts';
import { type Finding, refusal } from './finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Keys of the right form that belong to nobody, so that what stands behind a wrong one can be read too. */
export interface StandInKeys {
  readonly privateKey: string;
  /** Of another pair. */
  readonly publicKey: string;
}

let made: Promise<StandInKeys> | undefined;

async function makeKeys(): Promise<StandInKeys> {
  const [mine, theirs] = await Promise.all([newRsaPair(), newRsaPair()]);
  return { privateKey: mine.privateKey, publicKey: theirs.publicKey };
}

/**
 * What the server's own reader says of a wallet's settings beyond what was found here, so that nothing it refuses to
 * start with is ever passed over.
 * @param covered variables about which enough has been said
 * @param read the adapter's reader; throws CONFIGURATION naming the variable
 * @param standIn what to read in place of a wrong one, or of it and what belongs with it
 */
export async function serverComplaints(
  id: ProviderId,
  values: Env,
  covered: ReadonlySet<string>,
  read: (env: Env) => unknown,
  standIn: (variable: string, keys: StandInKeys) => string | Env | undefined,
): Promise<Finding[]> {
  const more: Finding[] = [];
  let left = values;
  const replaced = new Set<string>();
  for (;;) {
    try {
      read(left);
      return more;
    } catch (thrown) {
      const variable = thrown instanceof CashierError ? thrown.details.variable : undefined;
      if (typeof variable !== 'string' || replaced.has(variable)) throw thrown;
      replaced.add(variable);
      if (!covered.has(variable)) {
        more.push(refusal(thrown, () => `${id}.${variable.toLowerCase().replaceAll('_', '-')}`));
      }
      made ??= makeKeys();
      const other = variable === 'CASHIER_PUBLIC_URL' ? 'https://example.com' : standIn(variable, await made);
      left = { ...left, ...(typeof other === 'object' ? other : { [variable]: other }) };
    }
  }
}
