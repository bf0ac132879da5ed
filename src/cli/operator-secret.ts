import type { Config } from '../config.ts';
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
  return Person.bySecret(ledger, realm, secret, 'terminal');
}
