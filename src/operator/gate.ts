import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { closeSession, openSession, Person } from '../policy/operator.ts';
import type { Site } from './frame.ts';

const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
const COOKIE_VALUE = /^[A-Za-z0-9_-]{43}$/;

/** Somebody who is signed in, and what every form of theirs must carry. */
export interface SignedIn {
  readonly person: Person;
  readonly csrf: string;
}

export interface Gate {
  /** Who holds the session of this `Cookie` header. */
  whoIs(cookies: string | undefined): Promise<SignedIn | undefined>;
  /** The `Set-Cookie` of a new session, `wrong`, or how long (s) everybody has to wait. */
  signIn(
    secret: string,
    site: Site,
  ): Promise<{ readonly cookie: string } | 'wrong' | { readonly wait: number }>;
  /** Ends the session; gives the `Set-Cookie` that takes it away. */
  signOut(cookies: string | undefined, site: Site): Promise<string>;
  hasCookie(cookies: string | undefined): Promise<boolean>;
}

/**
 * Lets people in by the operator secret: one guess at a time, because each costs memory and a tenth of a second, and
 * at most ten failed ones a minute, for everybody together.
 */
export function gate(options: {
  readonly ledger: Ledger;
  readonly realm: Realm;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
}): Gate {
  const { ledger, realm, clock, randomBytes, log } = options;
  const operator = ledger.as({ caller: 'operator', tool: 'page' });
  const stranger = ledger.as({ caller: 'unknown', tool: 'page' });
  let failures: number[] = [];
  let guessing = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const cookieName = async () => sessionCookie(await ledger.read((book) => book.audit.ledgerId()));
  async function sessionIn(cookies: string | undefined): Promise<string | undefined> {
    const name = await cookieName();
    const found = (cookies ?? '').split(';').map((pair) => pair.trim().split('='));
    const value = found.find(([key]) => key === name)?.[1];
    return value !== undefined && COOKIE_VALUE.test(value) ? value : undefined;
  }
  function setCookie(name: string, value: string, maxAge: number, { base, secure }: Site): string {
    return `${name}=${value}; Path=${base}/approvals; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  }
  async function guess(secret: string): Promise<Person | 'wrong'> {
    try {
      return await Person.bySecret(ledger, realm, secret, 'page');
    } catch (error) {
      if (!(error instanceof CashierError)) throw error;
      failures.push(clock.now());
      log.warn('operator sign-in failed', { failuresInLastMinute: failures.length });
      await stranger.write((book) => book.audit.append({ kind: 'operator-sign-in-failed' }));
      return 'wrong';
    }
  }

  return {
    async whoIs(cookies) {
      const id = await sessionIn(cookies);
      return id === undefined ? undefined : Person.bySession(ledger, id);
    },
    async signIn(secret, site) {
      const now = clock.now();
      failures = failures.filter((at) => at > now - WINDOW_MS);
      // Those under way may all fail.
      if (failures.length + guessing >= MAX_FAILURES) {
        const [first = now + 1_000 - WINDOW_MS] = failures;
        return { wait: Math.max(1, Math.ceil((first + WINDOW_MS - now) / 1_000)) };
      }
      guessing += 1;
      const turn = queue.then(() => guess(secret));
      queue = turn.catch(() => undefined);
      const person = await turn.finally(() => {
        guessing -= 1;
      });
      if (person === 'wrong') return 'wrong';
      const session = await openSession(operator, person, { now: clock.now(), randomBytes });
      const seconds = Math.floor((session.expiresAt - clock.now()) / 1_000);
      return { cookie: setCookie(await cookieName(), session.id, seconds, site) };
    },
    async signOut(cookies, site) {
      const id = await sessionIn(cookies);
      if (id !== undefined) await closeSession(operator, id);
      return setCookie(await cookieName(), '', 0, site);
    },
    hasCookie: async (cookies) => (await sessionIn(cookies)) !== undefined,
  };
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
