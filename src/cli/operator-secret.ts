import type { Config } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Person } from '../persons/person.ts';
import { hasOperatorSecret } from '../persons/secret.ts';
import type { Say } from './speaker.ts';
import { readSecret } from './terminal.ts';

/**
 * The person who runs a command that only a person may: by the operator secret or, with `--as NAME`, by that person's
 * password; either is the command's `CASHIER_OPERATOR_SECRET` or typed at the terminal. Throws CONFIGURATION for anybody
 * else.
 */
export function promptPerson(ledger: Ledger, settings: Config, say: Say, name?: string): Promise<Person> {
  return secretAsker(settings, say, name)(ledger);
}

/** As {@link promptPerson}, for several ledgers: what was typed once is not asked for again. */
export function secretAsker(
  { operatorSecret }: Config,
  say: Say,
  name?: string,
): (ledger: Ledger) => Promise<Person> {
  let secret = operatorSecret;
  return async (ledger) => {
    if (secret === undefined && (await hasOperatorSecret(ledger))) {
      const asked = name === undefined ? say.line('操作员口令', 'operator secret') : passwordOf(name, say);
      secret = await readSecret(`${asked}: `);
    }
    const proof =
      name === undefined
        ? Person.bySecret(ledger, ledger.realm, secret, 'terminal')
        : Person.byPassword(ledger, name, secret, 'terminal');
    return recordingGuess(ledger, proof);
  };
}

function passwordOf(name: string, say: Say): string {
  return say.line(`${name} 的密码`, `password of ${name}`);
}

/** Who tries secrets at a terminal is recorded as at the sign-in page. Passes on what the attempt gives or throws. */
export async function recordingGuess<T>(ledger: Ledger, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof CashierError && (await hasOperatorSecret(ledger))) {
      const stranger = ledger.as({ actor: 'unknown', tool: 'terminal' });
      // That it cannot be recorded must not say less to a person who has mistyped.
      await stranger
        .write((book) => book.audit.append({ kind: 'operator-sign-in-failed', detail: {} }))
        .catch(() => undefined);
    }
    throw error;
  }
}
