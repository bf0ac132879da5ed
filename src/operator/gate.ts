import type { Clock, RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import type { GuessCount } from '../ledger/guess-count.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ROOT } from '../ledger/person-book.ts';
import { CHALLENGE_MS, type Challenge, Challenges } from '../persons/challenges.ts';
import { signName } from '../persons/names.ts';
import type { Place } from '../persons/passkeys.ts';
import { Person } from '../persons/person.ts';
import { provenByPasskey } from '../persons/proven-by-passkey.ts';
import { bySession, closeSession, openSession, type SignedIn, type Stay } from '../persons/sessions.ts';
import { sameToken, wordFor } from '../persons/tokens.ts';
import { cookieName, cookieValue, type Kept, setCookies } from './cookies.ts';
import type { Site } from './frame.ts';
import { type Guesser, Guesses, type Wait } from './guesses.ts';

const COOKIE_VALUE = /^[A-Za-z0-9_-]{43}$/;
/** A device's number, until when (s) it counts, and the ledger's word for both and for whose it is. */
const DEVICE_VALUE = /^([A-Za-z0-9_-]{22})\.(\d{10,11})\.([A-Za-z0-9_-]{43})$/;
/** How long (s) a device is known after a good sign-in. */
const DEVICE_SECONDS = 180 * 24 * 3_600;
/** Failures that are recorded one by one within so long (ms); of more only their number is. */
const RECORDED = 20;
const RECORDED_WITHIN_MS = 60_000;

/** Where somebody comes from who wants to sign in, and for how long. */
export interface Coming {
  readonly site: Site;
  readonly source: string;
  readonly cookies: string | undefined;
  readonly stay?: Stay | undefined;
  /** What the browser says it runs on. */
  readonly device?: string | undefined;
}

/** The `Set-Cookie`s of whoever is in now. */
export interface Entered {
  readonly cookies: readonly string[];
}

export interface Gate {
  /** Who holds the session of this `Cookie` header. */
  whoIs(cookies: string | undefined, site: Site): Promise<SignedIn | undefined>;
  /** By a person's password or, without a name, the operator secret; `wrong`, or how long (s) this guesser has to wait. */
  signIn(
    proof: { readonly name: string | undefined; readonly secret: string },
    coming: Coming,
  ): Promise<Entered | 'wrong' | Wait>;
  /** By what a passkey has signed, as the browser's script sends it. */
  signInByPasskey(answer: string, place: Place, coming: Coming): Promise<Entered | 'wrong'>;
  /** For somebody who has just proven themselves; a session that this browser held before ends. */
  enter(person: Person, proof: 'passkey' | 'password' | 'invitation', coming: Coming): Promise<Entered>;
  /** Something to sign for a passkey in this browser; the cookies keep it there. */
  ask(purpose: string, site: Site): Promise<Entered & { readonly challenge: string }>;
  /** What this browser was asked to sign for that purpose. */
  asked(purpose: string, cookies: string | undefined, site: Site): Promise<Challenge | undefined>;
  /** Ends the session; gives the `Set-Cookie`s that take it away. */
  signOut(cookies: string | undefined, site: Site): Promise<readonly string[]>;
  hasCookie(cookies: string | undefined, site: Site): Promise<boolean>;
}

/**
 * Lets people in. Wrong guesses at a secret or password are counted by source and, where its holder has signed in
 * before, by device, for all processes on the ledger: no stranger can lock the operator out, and who knows one password
 * guesses at another's as a stranger.
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
  const challenges = new Challenges(options);
  const guesses = new Guesses(clock, {
    begin: (key) => counted(key, (count, guesser) => count.begin(guesser)),
    forget: (key, slot) => counted(key, (count, guesser) => count.forget(guesser, slot)),
  });
  const recorded = { since: Number.NEGATIVE_INFINITY, count: 0, unrecorded: 0 };

  let knownId: string | undefined;
  async function ledgerId(): Promise<string> {
    knownId ??= await ledger.read((book) => book.audit.ledgerId());
    return knownId;
  }
  async function kept(
    kind: Kept,
    cookies: string | undefined,
    site: Site,
    whose?: string,
  ): Promise<string | undefined> {
    return cookieValue(cookies, cookieName(await ledgerId(), kind, site, whose));
  }
  async function keeping(
    kind: Kept,
    value: string,
    maxAge: number,
    site: Site,
    whose?: string,
  ): Promise<string[]> {
    return setCookies(cookieName(await ledgerId(), kind, site, whose), value, maxAge, site, kind);
  }
  async function sessionIn(cookies: string | undefined, site: Site): Promise<string | undefined> {
    const value = await kept('session', cookies, site);
    return value !== undefined && COOKIE_VALUE.test(value) ? value : undefined;
  }
  const signed = (device: string, until: number, whose: string) =>
    wordFor(options, `operator device ${device} ${until} ${whose}`);
  /** Where somebody came from, or by which device, is nothing that a ledger should tell. */
  async function counted<T>(key: string, count: (guesses: GuessCount, guesser: string) => Promise<T>) {
    const guesser = await wordFor(options, `guesser ${key}`);
    return ledger.note(({ guesses }) => count(guesses, guesser));
  }
  /** The device that they have signed in with before; undefined for what is none of ours. */
  async function deviceIn(
    cookies: string | undefined,
    site: Site,
    whose: string,
  ): Promise<string | undefined> {
    const value = await kept('device', cookies, site, whose);
    const [, device, until, word] = DEVICE_VALUE.exec(value ?? '') ?? [];
    if (device === undefined || Number(until) * 1_000 <= clock.now()) return undefined;
    return sameToken(word, await signed(device, Number(until), whose)) ? device : undefined;
  }
  async function deviceCookies(cookies: string | undefined, site: Site, whose: string): Promise<string[]> {
    const device = (await deviceIn(cookies, site, whose)) ?? randomBytes(16).toString('base64url');
    const until = Math.floor(clock.now() / 1_000) + DEVICE_SECONDS;
    const value = `${device}.${until}.${await signed(device, until, whose)}`;
    return keeping('device', value, DEVICE_SECONDS, site, whose);
  }
  async function guesserAt({ source, cookies, site }: Coming, whose: string): Promise<Guesser> {
    const device = await deviceIn(cookies, site, whose);
    return device === undefined
      ? { key: `source ${source}`, isKnown: false }
      : { key: `device ${device}`, isKnown: true };
  }
  async function failed(nth?: number): Promise<void> {
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
    log.warn('operator sign-in failed', nth === undefined ? {} : { failuresInLastMinute: nth });
    const detail = unrecorded === 0 ? {} : { unrecorded };
    await stranger.write((book) => book.audit.append({ kind: 'operator-sign-in-failed', detail }));
  }
  async function guess(
    { name, secret }: { readonly name: string | undefined; readonly secret: string },
    nth: number,
  ): Promise<Person | 'wrong'> {
    try {
      return name === undefined
        ? await Person.bySecret(ledger, realm, secret, 'page')
        : await Person.byPassword(ledger, name, secret, 'page');
    } catch (error) {
      if (!(error instanceof CashierError)) throw error;
      await failed(nth);
      return 'wrong';
    }
  }
  async function enter(
    person: Person,
    proof: Parameters<Gate['enter']>[1] | undefined,
    { cookies, site, stay, device }: Coming,
  ): Promise<Entered> {
    const now = clock.now();
    const instead = await sessionIn(cookies, site);
    const session = await openSession(ledger, person, { now, randomBytes, stay, device, instead, proof });
    const seconds = Math.floor((session.expiresAt - now) / 1_000);
    const opened = await keeping('session', session.id, seconds, site);
    return { cookies: [...opened, ...(await deviceCookies(cookies, site, signName(person.name)))] };
  }

  return {
    enter,
    async whoIs(cookies, site) {
      const id = await sessionIn(cookies, site);
      return id === undefined ? undefined : bySession(ledger, id);
    },
    async signIn(proof, coming) {
      const guesser = await guesserAt(coming, signName(proof.name ?? ROOT));
      const person = await guesses.take(guesser, async (nth) => {
        const answer = await guess(proof, nth);
        return { right: answer !== 'wrong', answer };
      });
      if (person === 'wrong' || 'wait' in person) return person;
      return enter(person, proof.name === undefined ? undefined : 'password', coming);
    },
    async signInByPasskey(answer, place, coming) {
      const asked = await this.asked(`sign-in ${place.rpId}`, coming.cookies, coming.site);
      const person = asked && (await provenByPasskey(ledger, answer, asked, place));
      if (person) return enter(person, 'passkey', coming);
      await failed();
      return 'wrong';
    },
    async ask(purpose, site) {
      const { challenge, kept: value } = await challenges.make(purpose);
      return { challenge, cookies: await keeping('challenge', value, CHALLENGE_MS / 1_000, site) };
    },
    async asked(purpose, cookies, site) {
      return challenges.read(await kept('challenge', cookies, site), purpose);
    },
    async signOut(cookies, site) {
      const id = await sessionIn(cookies, site);
      if (id !== undefined) await closeSession(operator, id);
      return keeping('session', '', 0, site);
    },
    hasCookie: async (cookies, site) => (await sessionIn(cookies, site)) !== undefined,
  };
}
