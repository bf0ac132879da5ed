import type { RandomBytes } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type OperatorSession, ROOT } from '../ledger/person-book.ts';
import { sha256 } from './password.ts';
import { Person } from './person.ts';
import { secretHashIn } from './secret.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How long (ms) a person may choose to stay signed in; each session ends then, used or not. */
export const STAYS = { visit: 30 * MINUTE_MS, week: 7 * DAY_MS, month: 30 * DAY_MS, quarter: 90 * DAY_MS };
export type Stay = keyof typeof STAYS;
/** How long (ms) after sign-in one may change what one proves oneself by: a phone that was left lying about may not. */
export const FRESH_MS = 10 * MINUTE_MS;
/** Characters of what a browser says of itself. */
const MAX_DEVICE = 40;

/** Somebody who is signed in, and what every form of theirs must carry. */
export interface SignedIn {
  readonly person: Person;
  readonly csrf: string;
  /** When they proved themselves (ms). */
  readonly since: number;
  readonly until: number;
  /** By which this session is told from their others; it opens nothing. */
  readonly session: string;
}

export function isStay(text: string | undefined): text is Stay {
  return text !== undefined && Object.hasOwn(STAYS, text);
}

/** For how long somebody wanted to stay. */
export function stayOf({ since, until }: Pick<SignedIn, 'since' | 'until'>): Stay {
  const stays = Object.keys(STAYS) as Stay[];
  return stays.find((stay) => STAYS[stay] >= until - since) ?? 'visit';
}

/** Signs a person in: the cookie's value, and the token that every form of theirs carries. */
export async function openSession(
  ledger: Ledger,
  person: Person,
  {
    now,
    randomBytes,
    stay = 'visit',
    device = '',
    instead,
    proof,
  }: {
    readonly now: number;
    readonly randomBytes: RandomBytes;
    readonly stay?: Stay | undefined;
    /** What the browser says it runs on. */
    readonly device?: string | undefined;
    /** The cookie of a session that ends with this one's beginning. */
    readonly instead?: string | undefined;
    readonly proof?: 'passkey' | 'password' | 'invitation' | undefined;
  },
): Promise<{ readonly id: string; readonly csrf: string; readonly expiresAt: number }> {
  const id = randomBytes(32).toString('base64url');
  const csrf = randomBytes(32).toString('base64url');
  const expiresAt = now + STAYS[stay];
  await ledger.as(person.acting('page')).write(async (book) => {
    // Not the one that is stored by now: to have known the secret before a change of it is no way in after it.
    const secretHash = person.id === ROOT ? (person.secretHash ?? (await secretHashIn(book))) : '';
    if (instead !== undefined) await book.persons.endSession(sha256(instead));
    await book.persons.insertSession({
      ...{ idHash: sha256(id), csrf, secretHash, expiresAt, person: person.id },
      device: device.slice(0, MAX_DEVICE),
    });
    await book.audit.append({
      kind: 'operator-signed-in',
      detail: { via: person.via, ...(proof === undefined ? {} : { proof }) },
    });
  });
  return { id, csrf, expiresAt };
}

/** Whoever holds a session and still is who opened it. `id` is the cookie's. */
export function bySession(ledger: Ledger, id: string): Promise<SignedIn | undefined> {
  return ledger.read(async (book) => {
    const session = await book.persons.session(sha256(id));
    const person = session && (await Person.proven(book, session.person));
    if (!session || !person) return undefined;
    if (person.id === ROOT && person.secretHash !== session.secretHash) return undefined;
    return {
      ...{ person, csrf: session.csrf, since: session.beganAt, until: session.expiresAt },
      session: nameOf(session),
    };
  });
}

/** Signs out; `id` is the cookie's. */
export async function closeSession(ledger: Ledger, id: string): Promise<void> {
  await ledger.write((book) => book.persons.endSession(sha256(id)));
}

/** Where somebody is signed in, as they are shown it. */
export interface SessionView extends Pick<OperatorSession, 'beganAt' | 'expiresAt' | 'device'> {
  readonly name: string;
}

export async function sessionsOf(ledger: Ledger, { id }: Person): Promise<readonly SessionView[]> {
  const all = await ledger.read((book) => book.persons.sessionsOf(id));
  return all.map((session) => ({ ...session, name: nameOf(session) }));
}

/** Ends one of a person's own sessions, or all of them. */
export async function endSessions(ledger: Ledger, person: Person, name?: string): Promise<void> {
  await ledger.as(person.acting('page')).write(async (book) => {
    if (name === undefined) return book.persons.endSessionsOf(person.id);
    const own = (await book.persons.sessionsOf(person.id)).find((session) => nameOf(session) === name);
    if (own) await book.persons.endSession(own.idHash);
  });
}

/** Of the hash again, so that nothing on a page comes near what a cookie is compared with. */
function nameOf({ idHash }: Pick<OperatorSession, 'idHash'>): string {
  return sha256(`session ${idHash}`).slice(0, 16);
}
