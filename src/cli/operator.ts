import { existsSync } from 'node:fs';
import { ledgerIn, type Place } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import { Person } from '../persons/person.ts';
import { hasOperatorSecret, insistLongEnough, setOperatorSecret } from '../persons/secret.ts';
import { systemRandom } from '../platform/system.ts';
import { announceToPerson, isThere, whereLine, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { add, list, revoke } from './operator-people.ts';
import { recordingGuess } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { isTerminal, print, printJson, readSecret } from './terminal.ts';

/**
 * `mcp-cashier operator [list] | add NAME --role R | revoke NAME | set-secret`: who may sign in on the operator's pages.
 */
export async function run(typed: Typed<'operator'>, context: CommandContext): Promise<number> {
  const [name = ''] = typed.args;
  const { action, values } = typed;
  if (action === 'set-secret') return setSecret({ ...values, ...(await meant(values, context)) }, context);
  if (action === 'add') return add(name, values.role, values, context);
  return action === 'revoke' ? revoke(name, values, context) : list(values, context);
}

/**
 * The new secret is typed twice at the terminal, or is `CASHIER_OPERATOR_SECRET` when none is set yet; to change one,
 * `CASHIER_OPERATOR_SECRET` (or the terminal) gives the old and the terminal the new.
 */
async function setSecret(
  values: Place & { readonly json: boolean },
  context: CommandContext,
): Promise<number> {
  const { say } = context;
  const first = await firstSecret(values, context);
  return withBooks(context, values, 'make', async (books) => {
    const { ledger, where, settings } = books;
    if (first === undefined) announceToPerson(books, values.json);
    const changing = await hasOperatorSecret(ledger);
    const given = settings.operatorSecret;
    const oldSecret = changing
      ? (given ?? (await readSecret(`${say.label('原口令', 'old secret')} `)))
      : undefined;
    if (changing) {
      await recordingGuess(ledger, Person.bySecret(ledger, ledger.realm, oldSecret, 'terminal'));
    }
    const newSecret = first ?? (!changing && given !== undefined ? given : await readTwice(say));
    await setOperatorSecret(ledger, { newSecret, oldSecret }, systemRandom);
    if (values.json) printJson({ ...where, set: true, changed: changing });
    else {
      books.announce();
      print(
        changing
          ? say.line('✔ 操作员口令已更换', '✔ operator secret changed')
          : say.line('✔ 操作员口令已设置', '✔ operator secret set'),
      );
    }
    return 0;
  });
}

/**
 * The secret of a ledger that is yet to be made, known before it is: an attempt that comes to nothing must not leave a
 * live ledger, beside which no simulator starts by itself. Undefined where there is one.
 */
async function firstSecret(
  values: Place & { readonly json: boolean },
  { config, say }: CommandContext,
): Promise<string | undefined> {
  const settings = await config('operator', values);
  if (isThere(settings)) return undefined;
  if (!values.json && isTerminal()) print(whereLine(say, settings, undefined));
  const secret = settings.operatorSecret ?? (await readTwice(say));
  insistLongEnough(secret);
  return secret;
}

/**
 * The secret that matters is the real money's: where nothing says otherwise it is the live ledger's, which may not be
 * there yet. Whatever other ledger lies there was not meant by it.
 */
async function meant(place: Place, { config }: CommandContext): Promise<Place> {
  const { realmIsStated, home, realm, ledger, merchant } = await config('operator', place);
  const isNamed = ledger !== ledgerIn(home, realm, merchant) && existsSync(ledger);
  return realmIsStated || isNamed ? place : { ...place, realm: 'live' };
}

/** Typed blind, a slip would lock everybody out. */
async function readTwice(say: Say): Promise<string> {
  const secret = await readSecret(
    `${say.label('新口令（至少 8 个字符）', 'new secret (8 characters or more)')} `,
  );
  const again = await readSecret(`${say.label('再输入一次', 'once more')} `);
  if (secret === again) return secret;
  throw new CashierError('INVALID_ARGUMENT', {
    zh: '两次输入的口令不同，没有改动。',
    en: 'The two are not the same; nothing was changed.',
    next: { zh: '再运行一次。', en: 'Run it again.' },
  });
}
