import { createHash, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../domain/clock.ts';
import { type CashierError, configuration } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import { rowDigest } from '../ledger/audit-digest.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';

const META_KEY = 'operator_secret';
const KEY_BYTES = 32;
/** OWASP's figures for interactive use: 64 MiB, some 100 ms. */
const COST: ScryptOptions = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };
const MIN_LENGTH = 8;

/**
 * Stores the hash of a new operator secret. Throws CONFIGURATION when one is set and `oldSecret` is not it, or when
 * the new one is shorter than 8 characters.
 */
export async function setOperatorSecret(
  ledger: Ledger,
  secrets: { readonly newSecret: string; readonly oldSecret: string | undefined },
  randomBytes: RandomBytes,
): Promise<void> {
  if ([...secrets.newSecret].length < MIN_LENGTH) {
    throw refused({
      zh: `操作员口令至少需要 ${MIN_LENGTH} 个字符。`,
      en: `The operator secret needs at least ${MIN_LENGTH} characters.`,
    });
  }
  const stored = await ledger.read((book) => book.meta(META_KEY));
  if (stored !== undefined && !(await matches(secrets.oldSecret ?? '', stored))) {
    throw refused({ zh: '原操作员口令不正确。', en: 'The old operator secret is not right.' });
  }
  const salt = randomBytes(16);
  const hash = `${salt.toString('base64')}$${(await derive(secrets.newSecret, salt)).toString('base64')}`;
  await ledger.write(async (book: Book) => {
    // Another process may have set one since it was read: the old secret proved nothing about that one.
    if ((await book.meta(META_KEY)) !== stored) {
      throw refused({
        zh: '操作员口令刚被其他进程修改。',
        en: 'The operator secret was just changed elsewhere.',
      });
    }
    await book.setMeta(META_KEY, hash);
    await book.audit.append({
      kind: stored === undefined ? 'operator-secret-set' : 'operator-secret-changed',
      detail: { secret: rowDigest(await book.salt(), hash) },
    });
  });
}

/** What persons may, each what those before it may too: look; approve, refund, close; policy, budgets, freeze, callers. */
export const ROLES = ['see', 'decide', 'rule'] as const;
export type Role = (typeof ROLES)[number];
/** Whoever knows the operator secret may all of it, and says who else may. */
export type Rank = Role | 'root';
const RANKS: readonly Rank[] = [...ROLES, 'root'];

/** Whether somebody of that role may do what `needed` may. */
export function may(person: Pick<Person, 'role'>, needed: Rank): boolean {
  return RANKS.indexOf(person.role) >= RANKS.indexOf(needed);
}

/**
 * A person who may decide: what only a person may do takes one, and only this room makes them, from the operator
 * secret or, where the merchant trusts it, a form.
 */
export class Person {
  /** `operator` for whoever knows the secret, which is nobody's name. */
  readonly name: string;
  readonly role: Rank;
  /** Where they decided. */
  readonly via: 'terminal' | 'page' | 'form';
  /** The stored hash of the secret that they have proven; undefined where none was asked for. */
  readonly provenBy: string | undefined;

  private constructor(
    via: Person['via'],
    provenBy?: string,
    { name, role }: Pick<Person, 'name' | 'role'> = { name: 'operator', role: 'root' },
  ) {
    this.via = via;
    this.provenBy = provenBy;
    this.name = name;
    this.role = role;
  }

  /**
   * The person at a terminal or a sign-in form. The simulator realm needs no secret as long as none is set, at a
   * terminal. Throws CONFIGURATION for anybody else.
   */
  static async bySecret(
    ledger: Ledger,
    realm: Realm,
    secret: string | undefined,
    via: 'terminal' | 'page',
  ): Promise<Person> {
    return new Person(via, await checkSecret(ledger, via === 'terminal' ? realm : 'live', secret));
  }

  /** Whoever holds a session that was opened with the secret that still is the operator's. `id` is the cookie's. */
  static async bySession(
    ledger: Ledger,
    id: string,
  ): Promise<{ readonly person: Person; readonly csrf: string } | undefined> {
    return ledger.read(async (book) => {
      const session = await book.operator.session(sha256(id), SESSION_MS);
      const stored = await book.meta(META_KEY);
      const stands = session && stored !== undefined && session.secretHash === sha256(stored);
      return stands ? { person: new Person('page'), csrf: session.csrf } : undefined;
    });
  }

  /** Whoever answers a form, where the policy in force trusts forms. */
  static byForm(policy: { readonly trustForms?: boolean | undefined }): Person | undefined {
    return policy.trustForms ? new Person('form') : undefined;
  }
}

/** How long (ms) a person stays signed in. */
const SESSION_MS = 30 * 60_000;

/** Signs a person in: the cookie's value, and the token that every form of theirs carries. */
export async function openSession(
  ledger: Ledger,
  person: Person,
  ports: { readonly now: number; readonly randomBytes: RandomBytes },
): Promise<{ readonly id: string; readonly csrf: string; readonly expiresAt: number }> {
  const id = ports.randomBytes(32).toString('base64url');
  const csrf = ports.randomBytes(32).toString('base64url');
  const expiresAt = ports.now + SESSION_MS;
  await ledger.write(async (book) => {
    // Not the one that is stored by now: to have known the secret before a change of it is no way in after it.
    const secretHash = sha256(person.provenBy ?? (await book.meta(META_KEY)) ?? '');
    await book.operator.insertSession({ idHash: sha256(id), csrf, secretHash, expiresAt });
    await book.audit.append({ kind: 'operator-signed-in', detail: { via: person.via } });
  });
  return { id, csrf, expiresAt };
}

/** Signs out; `id` is the cookie's. */
export async function closeSession(ledger: Ledger, id: string): Promise<void> {
  await ledger.write((book) => book.operator.deleteSession(sha256(id)));
}

/** Returns the stored hash that the secret was held against; undefined where none is needed. */
async function checkSecret(
  ledger: Ledger,
  realm: Realm,
  secret: string | undefined,
): Promise<string | undefined> {
  const stored = await ledger.read((book) => book.meta(META_KEY));
  if (stored === undefined) {
    if (realm === 'simulator') return undefined;
    throw refused({
      zh: '尚未设置操作员口令，因此不能批准任何操作。请先运行 mcp-cashier operator set-secret。',
      en: 'No operator secret is set, so nothing can be approved. Run mcp-cashier operator set-secret first.',
    });
  }
  if (secret === undefined || !(await matches(secret, stored))) {
    throw refused({ zh: '操作员口令不正确。', en: 'The operator secret is not right.' });
  }
  return stored;
}

/** Whether an operator secret is set at all. */
export async function hasOperatorSecret(ledger: Ledger): Promise<boolean> {
  return (await ledger.read((book) => book.meta(META_KEY))) !== undefined;
}

async function matches(secret: string, stored: string): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split('$');
  return timingSafeEqual(await derive(secret, Buffer.from(salt, 'base64')), Buffer.from(hash, 'base64'));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function refused(text: { zh: string; en: string }): CashierError {
  return configuration('CASHIER_OPERATOR_SECRET', {
    ...text,
    next: {
      zh: '在终端输入口令，或为该命令设置 CASHIER_OPERATOR_SECRET。',
      en: 'Type it at the terminal, or set CASHIER_OPERATOR_SECRET for that command.',
    },
  });
}
