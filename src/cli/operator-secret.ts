import type { Config } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { hasOperatorSecret, Person } from '../policy/operator.ts';
import { askSecret } from './terminal.ts';

/**
 * The person who runs a command that only a person may: the secret is the command's `CASHIER_OPERATOR_SECRET` or typed
 * at the terminal. Throws CONFIGURATION for anybody else.
 */
export async function askPerson(ledger: Ledger, { operatorSecret, realm }: Config): Promise<Person> {
  const typed = operatorSecret === undefined && (await hasOperatorSecret(ledger));
  const secret = typed ? await askSecret('操作员口令 / operator secret: ') : operatorSecret;
  return recordingGuess(ledger, Person.bySecret(ledger, realm, secret, 'terminal'));
}

/** Who tries secrets at a terminal is recorded as at the sign-in page. Passes on what the attempt gives or throws. */
export async function recordingGuess<T>(ledger: Ledger, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof CashierError && (await hasOperatorSecret(ledger))) {
      const stranger = ledger.as({ caller: 'unknown', tool: 'terminal' });
      // That it cannot be recorded must not say less to a person who has mistyped.
      await stranger
        .write((book) => book.audit.append({ kind: 'operator-sign-in-failed' }))
        .catch(() => undefined);
    }
    throw error;
  }
}
