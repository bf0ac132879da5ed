import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import type { GuessCount } from '../ledger/guess-count.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { sharedKey } from '../ledger/shared-key.ts';
import { closeSession, openSession, Person } from '../persons/person.ts';
import type { Site } from './frame.ts';
import { type Guesser, Guesses, type Wait } from './guesses.ts';

const COOKIE_VALUE = /^[A-Za-z0-9_-]{43}$/;
/** A device's number, until when (s) it counts, and the ledger's word for both. */
const DEVICE_VALUE = /^([A-Za-z0-9_-]{22})\.(\d{10,11})\.([A-Za-z0-9_-]{43})$/;
/** How long (s) a device is known after a good sign-in. */
const DEVICE_SECONDS = 180 * 24 * 3_600;
/** Failures that are recorded one by one within so long (ms); of more only their number is. */
const RECORDED = 20;
const RECORDED_WITHIN_MS = 60_000;

/** Somebody who is signed in, and what every form of theirs must carry. */
export interface SignedIn {
  readonly person: Person;
  readonly csrf: string;
}

export interface Gate {
  /** Who holds the session of this `Cookie` header. */
  whoIs(cookies: string | undefined): Promise<SignedIn | undefined>;
  /** The `Set-Cookie`s of a new session and of its device, `wrong`, or how long (s) this guesser has to wait. */
  signIn(
    secret: string,
    site: Site,
    from: { readonly source: string; readonly cookies: string | undefined },
  ): Promise<{ readonly cookies: readonly string[] } | 'wrong' | Wait>;
  /** Ends the session; gives the `Set-Cookie`s that take it away. */
  signOut(cookies: string | undefined, site: Site): Promise<readonly string[]>;
  hasCookie(cookies: string | undefined): Promise<boolean>;
}

/**
 * Lets people in by the operator secret. Wrong guesses are counted by source and, where somebody has signed in before,
 * by device, for all processes on the ledger: no stranger can lock the operator out.
 */
export function gate(options: {
  readonly ledger: Ledger;
  readonly realm: Realm;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}): Gate {
  const { ledger, realm, clock, randomBytes, log } = options;
  const operator = ledger.as({ actor: 'operator', tool: 'page' });
  const stranger = ledger.as({ actor: 'unknown', tool: 'page' });
  const guesses = new Guesses(clock, {
    begin: (key) => counted(key, (count, guesser) => count.begin(guesser)),
    forget: (key) => counted(key, (count, guesser) => count.forget(guesser)),
  });
  const recorded = { since: Number.NEGATIVE_INFINITY, count: 0, unrecorded: 0 };

  const cookieName = async () => sessionCookie(await ledger.read((book) => book.audit.ledgerId()));
  const deviceName = async () => (await cookieName()).replace('operator-', 'operator-device-');
  async function sessionIn(cookies: string | undefined): Promise<string | undefined> {
    const value = cookieValue(cookies, await cookieName());
    return value !== undefined && COOKIE_VALUE.test(value) ? value : undefined;
  }
  function setCookie(
    name: string,
    value: string,
    maxAge: number,
    { base, secure }: Site,
    room: 'approvals' | 'console' = 'approvals',
  ): string {
    return `${name}=${value}; Path=${base}/${room}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  }
  /** For the approvals and the console, and no other page of the site. */
  async function sessionCookies(value: string, maxAge: number, site: Site): Promise<string[]> {
    const name = await cookieName();
    return (['approvals', 'console'] as const).map((room) => setCookie(name, value, maxAge, site, room));
  }
  const mac = async (text: string) => {
    const key = await sharedKey(ledger, 'operator_device_key', randomBytes);
    return createHmac('sha256', key).update(text).digest('base64url');
  };
  const signed = (device: string, until: number) => mac(`operator device ${device} ${until}`);
  /** Where somebody came from, or by which device, is nothing that a ledger should tell. */
  async function counted<T>(key: string, count: (guesses: GuessCount, guesser: string) => Promise<T>) {
    const guesser = await mac(`guesser ${key}`);
    return ledger.note(({ guesses }) => count(guesses, guesser));
  }
  /** The device that somebody has signed in with before; undefined for what is none of ours. */
  async function deviceIn(cookies: string | undefined): Promise<string | undefined> {
    const [, device, until, word] = DEVICE_VALUE.exec(cookieValue(cookies, await deviceName()) ?? '') ?? [];
    if (device === undefined || Number(until) * 1_000 <= clock.now()) return undefined;
    return sameToken(word, await signed(device, Number(until))) ? device : undefined;
  }
  async function deviceCookie(cookies: string | undefined, site: Site): Promise<string> {
    const device = (await deviceIn(cookies)) ?? randomBytes(16).toString('base64url');
    const until = Math.floor(clock.now() / 1_000) + DEVICE_SECONDS;
    const value = `${device}.${until}.${await signed(device, until)}`;
    return setCookie(await deviceName(), value, DEVICE_SECONDS, site);
  }
  async function guesserAt(source: string, cookies: string | undefined): Promise<Guesser> {
    const device = await deviceIn(cookies);
    return device === undefined
      ? { key: `source ${source}`, isKnown: false }
      : { key: `device ${device}`, isKnown: true };
  }
  async function failed(nth: number): Promise<void> {
    const now = clock.now();
    if (now - recorded.since >= RECORDED_WITHIN_MS || now < recorded.since) {
      recorded.since = now;
      recorded.count = 0;
    }
    if (recorded.count >= RECORDED) {
      recorded.unrecorded += 1;
      return;
    }
    recorded.count += 1;
    const { unrecorded } = recorded;
    recorded.unrecorded = 0;
    log.warn('operator sign-in failed', { failuresInLastMinute: nth });
    const detail = unrecorded === 0 ? {} : { unrecorded };
    await stranger.write((book) => book.audit.append({ kind: 'operator-sign-in-failed', detail }));
  }
  async function guess(secret: string, nth: number): Promise<Person | 'wrong'> {
    try {
      return await Person.bySecret(ledger, realm, secret, 'page');
    } catch (error) {
      if (!(error instanceof CashierError)) throw error;
      await failed(nth);
      return 'wrong';
    }
  }

  return {
    async whoIs(cookies) {
      const id = await sessionIn(cookies);
      return id === undefined ? undefined : Person.bySession(ledger, id);
    },
    async signIn(secret, site, { source, cookies }) {
      const guesser = await guesserAt(source, cookies);
      const person = await guesses.take(guesser, async (nth) => {
        const answer = await guess(secret, nth);
        return { right: answer !== 'wrong', answer };
      });
      if (person === 'wrong' || 'wait' in person) return person;
      const session = await openSession(operator, person, { now: clock.now(), randomBytes });
      const seconds = Math.floor((session.expiresAt - clock.now()) / 1_000);
      const device = await deviceCookie(cookies, site);
      return { cookies: [...(await sessionCookies(session.id, seconds, site)), device] };
    },
    async signOut(cookies, site) {
      const id = await sessionIn(cookies);
      if (id !== undefined) await closeSession(operator, id);
      return sessionCookies('', 0, site);
    },
    hasCookie: async (cookies) => (await sessionIn(cookies)) !== undefined,
  };
}

function cookieValue(cookies: string | undefined, name: string): string | undefined {
  const found = (cookies ?? '').split(';').map((pair) => pair.trim().split('='));
  return found.find(([key]) => key === name)?.[1];
}

/** The cookie's name. Two ledgers on one machine share a browser, and must not put each other's people out. */
export function sessionCookie(ledgerId: string): string {
  return `operator-${createHash('sha256').update(`cookie ${ledgerId}`).digest('hex').slice(0, 12)}`;
}

/** Compares in a time that tells nothing of where the two differ. */
export function sameToken(given: string | undefined, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(expected));
}
