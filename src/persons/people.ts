import type { RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import { typedCode } from '../domain/typed-code.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PasskeyRecord, PersonRecord } from '../ledger/person-book.ts';
import { isPersonName, signName } from './names.ts';
import { hashOf, isLongEnough, sha256 } from './password.ts';
import { insist, onRecord, Person, type Role } from './person.ts';
import { refused, settingSecret, storedSecret } from './secret.ts';

/** How long (ms) an invitation lasts. */
const INVITATION_MS = 60 * 60_000;
/** Of an invitation's code (characters): 125 bits. */
const CODE_LENGTH = 25;

interface Ports {
  readonly now: number;
  readonly randomBytes: RandomBytes;
}

/** What lets somebody in, once; `until` in ms. */
export interface Invitation {
  readonly name: string;
  readonly role: Role;
  readonly code: string;
  readonly until: number;
}

/**
 * Lets somebody in: they choose themselves what they prove themselves by. Of who has not come yet, the invitation is
 * renewed. Throws INVALID_ARGUMENT for a name that is taken or none, CONFIGURATION for who may not.
 */
export async function addPerson(
  ledger: Ledger,
  by: Person,
  wanted: { readonly name: string; readonly role: Role },
  { now, randomBytes }: Ports,
): Promise<Invitation> {
  const name = wanted.name.trim().normalize('NFC');
  if (!isPersonName(name)) throw noName();
  const code = typedCode(randomBytes, CODE_LENGTH);
  const until = now + INVITATION_MS;
  const id = randomBytes(16).toString('base64url');
  await onRecord(ledger.as(by.acting('operator')), {}, async (book) => {
    await insist(book, by, 'persons');
    // Nobody could sign in where there is nothing to let them in by.
    if ((await storedSecret(book)) === undefined) throw noSecretYet(ledger.realm);
    const known = await book.persons.bySignName(signName(name));
    if (known && (await hasJoined(book, known))) throw taken(known.name);
    if (known) await book.persons.remove(known.id);
    await book.persons.insert({
      ...{ id, name, signName: signName(name), role: wanted.role },
      ...{ invitation: sha256(code), invitedUntil: until },
    });
    const detail = { name, role: wanted.role, via: by.via, roster: await book.roster() };
    await book.audit.append({ kind: 'operator-added', detail });
  });
  return { name, role: wanted.role, code: code.replace(/.{5}(?=.)/g, '$&-'), until };
}

/** Ends all that somebody may, at once and in every process. Throws INVALID_ARGUMENT where nobody is called so. */
export async function revokePerson(ledger: Ledger, by: Person, name: string): Promise<PersonRecord> {
  return onRecord(ledger.as(by.acting('operator')), {}, async (book) => {
    await insist(book, by, 'persons');
    const known = await book.persons.bySignName(signName(name));
    if (!known) throw nobody();
    await book.persons.remove(known.id);
    const detail = { name: known.name, role: known.role, via: by.via, roster: await book.roster() };
    await book.audit.append({ kind: 'operator-revoked', detail });
    return known;
  });
}

/** Who may sign in besides the holder of the secret, and by what; times in ms. */
interface PersonView extends Pick<PersonRecord, 'name' | 'role' | 'addedAt' | 'invitedUntil'> {
  readonly password: boolean;
  readonly passkeys: readonly PasskeyRecord[];
  /** Where they are signed in just now. */
  readonly sessions: number;
}

/** In the order in which they were let in. */
export async function listPeople(ledger: Ledger): Promise<readonly PersonView[]> {
  return ledger.read(async (book) => {
    const people: PersonView[] = [];
    for (const { id, name, role, addedAt, invitedUntil, password } of await book.persons.all()) {
      people.push({
        ...{ name, role, addedAt, invitedUntil, password: password !== undefined },
        passkeys: await book.persons.passkeysOf(id),
        sessions: (await book.persons.sessionsOf(id)).length,
      });
    }
    return people;
  });
}

/** Whom a code lets in; undefined for none that lasts. */
export async function invited(ledger: Ledger, code: string): Promise<PersonRecord | undefined> {
  return ledger.read((book) => book.persons.byInvitation(invitationOf(code), INVITATION_MS));
}

/** Uses an invitation up; they prove themselves by this password from now on. Undefined where the code is none. */
export async function joinByPassword(
  ledger: Ledger,
  code: string,
  password: string,
  randomBytes: RandomBytes,
): Promise<Person | undefined> {
  if (!isLongEnough(password)) throw tooShort();
  // A hash takes its time, and is made for nobody who has no code.
  if (!(await invited(ledger, code))) return undefined;
  const hash = await hashOf(password, randomBytes);
  return join(ledger, code, (book, { id }) => book.persons.setPassword(id, hash).then(() => true));
}

/** As {@link joinByPassword}, by a passkey that has just been made. */
export async function joinByPasskey(
  ledger: Ledger,
  code: string,
  passkey: NewPasskey,
): Promise<Person | undefined> {
  return join(ledger, code, (book, { id }) => keep(book, id, passkey));
}

async function join(
  ledger: Ledger,
  code: string,
  prove: (book: Book, known: PersonRecord) => Promise<boolean>,
): Promise<Person | undefined> {
  const known = await invited(ledger, code);
  const actor = known && ({ actor: `operator:${known.name}`, tool: 'page' } as const);
  if (!actor) return undefined;
  return ledger.as(actor).write(async (book) => {
    // Of two who come with the same code, the second finds it used.
    const still = await book.persons.byInvitation(invitationOf(code), INVITATION_MS);
    if (still?.id !== known.id || !(await prove(book, known))) return undefined;
    await book.persons.useInvitation(known.id);
    const detail = { name: known.name, roster: await book.roster() };
    await book.audit.append({ kind: 'operator-joined', detail });
    return Person.proven(book, known.id);
  });
}

/** A passkey that its owner has just made, and the challenge that they made it for. */
export interface NewPasskey extends Omit<PasskeyRecord, 'person' | 'addedAt' | 'usedAt'> {
  readonly challenge: string;
  /** Until when (ms) the challenge could be answered. */
  readonly until: number;
}

/** Somebody's further passkey. Returns false where the challenge was answered before, or the passkey is known. */
export async function addPasskey(ledger: Ledger, person: Person, passkey: NewPasskey): Promise<boolean> {
  return changed(ledger, person, async (book) => {
    if (!(await keep(book, person.id, passkey))) return false;
    const detail = { name: person.name, passkey: passkey.name, roster: await book.roster() };
    await book.audit.append({ kind: 'operator-passkey-added', detail });
    return true;
  });
}

export async function removePasskey(ledger: Ledger, person: Person, id: string): Promise<boolean> {
  return changed(ledger, person, async (book) => {
    const passkey = await book.persons.passkey(id);
    if (!(await book.persons.removePasskey(person.id, id))) return false;
    const detail = { name: person.name, passkey: passkey?.name ?? '', roster: await book.roster() };
    await book.audit.append({ kind: 'operator-passkey-removed', detail });
    return true;
  });
}

/** Whoever else has used the old one is signed out. The holder of the secret has no password: false. */
export async function setPassword(
  ledger: Ledger,
  person: Person,
  password: string,
  randomBytes: RandomBytes,
): Promise<boolean> {
  if (!isLongEnough(password)) throw tooShort();
  if (person.role === 'root') return false;
  const hash = await hashOf(password, randomBytes);
  return changed(ledger, person, async (book) => {
    await book.persons.setPassword(person.id, hash);
    await book.persons.endSessionsOf(person.id);
    const detail = { name: person.name, roster: await book.roster() };
    await book.audit.append({ kind: 'operator-password-set', detail });
    return true;
  });
}

/** What somebody changes of themselves; false where they are nobody any more. */
function changed(ledger: Ledger, person: Person, change: (book: Book) => Promise<boolean>): Promise<boolean> {
  return ledger
    .as(person.acting('page'))
    .write(async (book) => (await person.stands(book)) && (await change(book)));
}

async function keep(book: Book, person: string, passkey: NewPasskey): Promise<boolean> {
  const { challenge, until, ...kept } = passkey;
  return (
    (await book.persons.spend(challenge, until)) && (await book.persons.insertPasskey({ ...kept, person }))
  );
}

async function hasJoined(book: Book, { id, password }: PersonRecord): Promise<boolean> {
  return password !== undefined || (await book.persons.passkeysOf(id)).length > 0;
}

/** As it is stored, however it was typed. */
export function invitationOf(code: string): string {
  return sha256(code.toUpperCase().replace(/[^0-9A-Z]/g, ''));
}

function invalid(zh: string, en: string, next: { readonly zh: string; readonly en: string }): CashierError {
  return new CashierError('INVALID_ARGUMENT', { zh, en, next });
}

function noName(): CashierError {
  return invalid(
    '姓名由 1–32 个字母、汉字、数字或 . _ - 组成，且不能是 operator 等保留名称。',
    'A name is 1 to 32 letters (of any script), digits, or . _ -, and none that is reserved, such as operator.',
    { zh: '换一个名字。', en: 'Choose another name.' },
  );
}

function taken(name: string): CashierError {
  return invalid(`已有操作员 ${name}。`, `There is an operator ${name} already.`, {
    zh: '换一个名字，或先运行 mcp-cashier operator revoke。',
    en: 'Choose another name, or run mcp-cashier operator revoke first.',
  });
}

function nobody(): CashierError {
  return invalid('没有这个名字的操作员。', 'There is no operator of that name.', {
    zh: '运行 mcp-cashier operator list 查看。',
    en: 'Run mcp-cashier operator list.',
  });
}

function tooShort(): CashierError {
  return invalid('密码至少需要 8 个字符。', 'A password needs at least 8 characters.', {
    zh: '换一个更长的。',
    en: 'Choose a longer one.',
  });
}

function noSecretYet(realm: Realm): CashierError {
  return refused({
    zh: `尚未设置操作员口令。请先运行 ${settingSecret(realm)}。`,
    en: `No operator secret is set yet. Run ${settingSecret(realm)} first.`,
  });
}
