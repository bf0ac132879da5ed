import { CashierError } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import type { Subject } from '../domain/subject.ts';
import type { Actor } from '../ledger/audit-trail.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type PersonRecord, ROOT } from '../ledger/person-book.ts';
import { signName } from './names.ts';
import { matches, sha256 } from './password.ts';
import { refused, secretHashIn, settingSecret, storedSecret } from './secret.ts';

/** What persons may, each what those before it may too: look; approve, refund, close; policy, budgets, freeze, callers. */
export const ROLES = ['see', 'decide', 'rule'] as const;
export type Role = (typeof ROLES)[number];
/** Whoever knows the operator secret may all of it, and says who else may. */
export type Rank = Role | 'root';
const RANKS: readonly Rank[] = [...ROLES, 'root'];

/** What only a person does, and who may. */
const NEEDS = {
  ...{ approval: 'decide', refund: 'decide', close: 'decide' },
  ...{ release: 'rule', policy: 'rule', budget: 'rule', freeze: 'rule', callers: 'rule', channels: 'rule' },
  persons: 'root',
} as const satisfies Readonly<Record<string, Rank>>;
export type Deed = keyof typeof NEEDS;

/** Whether somebody of that role may do what `needed` may. */
export function may(person: Pick<Person, 'role'>, needed: Rank): boolean {
  return RANKS.indexOf(person.role) >= RANKS.indexOf(needed);
}

/** As {@link may}, of something that is done. Whether they still may is {@link insist}'s to say. */
export function mayDo(person: Pick<Person, 'role'>, deed: Deed): boolean {
  return may(person, NEEDS[deed]);
}

/**
 * The one check of everything that only a person does, in the transaction that does it: who has been revoked, or whose
 * secret was changed, until that very moment, does nothing. Throws CONFIGURATION for who may not.
 */
export async function insist(
  book: Pick<Book, 'meta' | 'persons'>,
  person: Person,
  deed: Deed,
): Promise<void> {
  if (!mayDo(person, deed)) throw notAllowed(person, deed);
  if (!(await person.stands(book))) throw noLonger();
}

/**
 * One transaction of what only a person does. Nothing of it remains where it is refused, and that is on record instead.
 * @param acting the ledger in that person's name
 * @param about where something with a number was meant: what was typed in its place may be anything
 */
export async function onRecord<T>(
  acting: Ledger,
  about: Partial<Subject>,
  work: (book: Book) => Promise<T>,
): Promise<T> {
  try {
    return await acting.write(work);
  } catch (error) {
    if (error instanceof CashierError) {
      const [outTradeNo, outRefundNo] = [about.outTradeNo, about.outRefundNo].map((number) =>
        /^[\w:]{1,80}$/.test(number ?? '') ? number : undefined,
      );
      const detail = { code: error.code, ...error.details };
      await acting.write((book) => book.audit.append({ kind: 'result', outTradeNo, outRefundNo, detail }));
    }
    throw error;
  }
}

/** Whether an error is {@link insist}'s. */
export function isNotAllowed(error: unknown): error is CashierError {
  return NOT_ALLOWED.has(error as CashierError);
}

/**
 * A person who may decide: what only a person may do takes one, and only this room makes them, from the operator
 * secret, a password, a passkey, a session that was opened with one of these or, where the merchant trusts it, a form.
 */
export class Person {
  /** `operator` for whoever knows the secret, which is nobody's name. */
  readonly name: string;
  readonly role: Rank;
  /** Where they decided. */
  readonly via: 'terminal' | 'page' | 'form';
  /** Which row of the ledger they are; `operator` for whoever knows the secret. */
  readonly id: string;
  /** Of whoever knows the secret: digest of what was stored of it; undefined where none was asked for. */
  readonly secretHash: string | undefined;

  private constructor(
    via: Person['via'],
    known: Pick<Person, 'name' | 'role' | 'id'>,
    secretHash: string | undefined,
  ) {
    this.via = via;
    this.name = known.name;
    this.role = known.role;
    this.id = known.id;
    this.secretHash = secretHash;
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
    const stored = await ledger.read(storedSecret);
    if (stored === undefined) {
      if (via === 'terminal' && realm === 'simulator') return new Person(via, HOLDER, undefined);
      throw noSecret(realm);
    }
    if (secret === undefined || !(await matches(secret, stored))) throw wrongSecret();
    return new Person(via, HOLDER, sha256(stored));
  }

  /** Whoever knows the password of that name; it takes as long to refuse where there is none. Throws CONFIGURATION. */
  static async byPassword(
    ledger: Ledger,
    name: string,
    password: string | undefined,
    via: 'terminal' | 'page',
  ): Promise<Person> {
    const known = await ledger.read((book) => book.persons.bySignName(signName(name)));
    const right = password !== undefined && (await matches(password, known?.password));
    const person = right && known ? Person.#named(via, known) : undefined;
    if (!person) throw wrongPassword();
    return person;
  }

  /**
   * Whoever has a passkey's private half, as {@link passkeys} has proven, or has just been invited; undefined where
   * nobody is known by that id. For this room only.
   */
  static async proven(book: Pick<Book, 'meta' | 'persons'>, id: string): Promise<Person | undefined> {
    if (id === ROOT) {
      const stored = await storedSecret(book);
      return stored === undefined ? undefined : new Person('page', HOLDER, sha256(stored));
    }
    const known = await book.persons.byId(id);
    return known && Person.#named('page', known);
  }

  /** Whoever answers a form, where the policy in force trusts forms. */
  static byForm(policy: { readonly trustForms?: boolean | undefined }): Person | undefined {
    return policy.trustForms ? new Person('form', AT_A_FORM, undefined) : undefined;
  }

  static #named(via: Person['via'], { name, role: stored, id }: PersonRecord): Person | undefined {
    const role = ROLES.find((one) => one === stored);
    return role && new Person(via, { name, role, id }, undefined);
  }

  /** Whether they are in the ledger what they were when they proved themselves. */
  async stands(book: Pick<Book, 'meta' | 'persons'>): Promise<boolean> {
    if (this.id === ROOT || this.via === 'form') {
      return this.secretHash === undefined || this.secretHash === (await secretHashIn(book));
    }
    return (await book.persons.byId(this.id))?.role === this.role;
  }

  /** Who has decided, as records and pages tell it: a name, else where the holder of the secret did. */
  get by(): string {
    return this.isNamed ? this.name : this.via;
  }

  /** In whose name the ledger records what they do. */
  acting(tool: string): Actor {
    return { actor: this.isNamed ? `operator:${this.name}` : 'operator', tool };
  }

  private get isNamed(): boolean {
    return this.id !== ROOT && this.via !== 'form';
  }
}

const HOLDER = { name: ROOT, role: 'root', id: ROOT } as const;
const AT_A_FORM = { name: ROOT, role: 'decide', id: ROOT } as const;

const NOT_ALLOWED = new WeakSet<CashierError>();

function marked(error: CashierError): CashierError {
  NOT_ALLOWED.add(error);
  return error;
}

function notAllowed({ name, role }: Person, deed: Deed): CashierError {
  return marked(
    refused(
      {
        zh: `${name} 的权限（${role}）不允许这样做，什么也没有执行。`,
        en: `The role of ${name} (${role}) does not allow this; nothing was done.`,
      },
      { zh: '请有权限的人来做，或使用操作员口令。', en: 'Ask somebody who may, or use the operator secret.' },
      { deed, role },
    ),
  );
}

function noLonger(): CashierError {
  return marked(
    refused({
      zh: '您已被移除，或操作员口令已更换，什么也没有执行。',
      en: 'You have been removed, or the operator secret was changed; nothing was done.',
    }),
  );
}

function noSecret(realm: Realm): CashierError {
  return refused({
    zh: `尚未设置操作员口令，因此不能批准任何操作。请先运行 ${settingSecret(realm)}。`,
    en: `No operator secret is set, so nothing can be approved. Run ${settingSecret(realm)} first.`,
  });
}

function wrongSecret(): CashierError {
  return refused({ zh: '操作员口令不正确。', en: 'The operator secret is not right.' });
}

function wrongPassword(): CashierError {
  return refused({ zh: '姓名或密码不正确。', en: 'That is not the password of that name.' });
}
