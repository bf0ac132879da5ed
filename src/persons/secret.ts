import type { RandomBytes } from '../domain/clock.ts';
import { type CashierError, configuration, type Text } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import { rowDigest } from '../ledger/audit-digest.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ROOT } from '../ledger/person-book.ts';
import { hashOf, isLongEnough, MIN_LENGTH, matches, sha256 } from './password.ts';

const META_KEY = 'operator_secret';

/** What is stored of the operator secret; undefined where none is set. */
export function storedSecret(book: Pick<Book, 'meta'>): Promise<string | undefined> {
  return book.meta(META_KEY);
}

/** What sessions on it carry of it. */
export async function secretHashIn(book: Pick<Book, 'meta'>): Promise<string> {
  return sha256((await storedSecret(book)) ?? '');
}

/** Whether an operator secret is set at all. */
export async function hasOperatorSecret(ledger: Ledger): Promise<boolean> {
  return (await ledger.read(storedSecret)) !== undefined;
}

/** The line that sets it for a ledger: said of none, it would be the live one's. */
export function settingSecret(realm: Realm): string {
  return `mcp-cashier operator set-secret${realm === 'live' ? '' : ` --realm ${realm}`}`;
}

/**
 * Stores the hash of a new operator secret, and forgets the passkeys that stood for the old one. Throws CONFIGURATION
 * when one is set and `oldSecret` is not it, or when the new one is shorter than 8 characters.
 */
export async function setOperatorSecret(
  ledger: Ledger,
  secrets: { readonly newSecret: string; readonly oldSecret: string | undefined },
  randomBytes: RandomBytes,
): Promise<void> {
  insistLongEnough(secrets.newSecret);
  const stored = await ledger.read(storedSecret);
  if (stored !== undefined && !(await matches(secrets.oldSecret ?? '', stored))) {
    throw refused({ zh: '原操作员口令不正确。', en: 'The old operator secret is not right.' });
  }
  const hash = await hashOf(secrets.newSecret, randomBytes);
  await ledger.write(async (book: Book) => {
    // Another process may have set one since it was read: the old secret proved nothing about that one.
    if ((await storedSecret(book)) !== stored) {
      throw refused({
        zh: '操作员口令刚被其他进程修改。',
        en: 'The operator secret was just changed elsewhere.',
      });
    }
    await book.setMeta(META_KEY, hash);
    await book.persons.removePasskeysOf(ROOT);
    await book.persons.endSessionsOf(ROOT);
    await book.audit.append({
      kind: stored === undefined ? 'operator-secret-set' : 'operator-secret-changed',
      detail: { secret: rowDigest(await book.salt(), hash), roster: await book.roster() },
    });
  });
}

/** Throws CONFIGURATION for one that is too short. */
export function insistLongEnough(newSecret: string): void {
  if (isLongEnough(newSecret)) return;
  throw refused({
    zh: `操作员口令至少需要 ${MIN_LENGTH} 个字符。`,
    en: `The operator secret needs at least ${MIN_LENGTH} characters.`,
  });
}

/** Who is nobody that may decide here. */
export function refused(
  text: Text,
  next = HOW_TO_PROVE,
  details: CashierError['details'] = {},
): CashierError {
  return configuration('CASHIER_OPERATOR_SECRET', { ...text, next, details });
}

const HOW_TO_PROVE: Text = {
  zh: '在终端输入口令，或为该命令设置 CASHIER_OPERATOR_SECRET。',
  en: 'Type it at the terminal, or set CASHIER_OPERATOR_SECRET for that command.',
};
