import type { Context, Hono } from 'hono';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import { isLoopbackName } from '../domain/names.ts';
import type { Realm } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { placeOf } from '../persons/passkeys.ts';
import { isNotAllowed } from '../persons/person.ts';
import { hasOperatorSecret } from '../persons/secret.ts';
import type { SignedIn } from '../persons/sessions.ts';
import { sameToken } from '../persons/tokens.ts';
import { readForm } from './form.ts';
import { type Frame, frameOf, type Language, type Query, type Site, siteOf } from './frame.ts';
import { type Gate, gate } from './gate.ts';
import { plainPage } from './layout.ts';
import { html } from './markup.ts';
import { redirect, reply } from './reply.ts';
import { noSecretPage, signInPage, type Ways } from './sign-in-page.ts';
import { SIGN_IN } from './sign-in-words.ts';
import { APPROVAL_ID } from './view.ts';
import { WORDS } from './words.ts';

export interface OperatorOptions {
  readonly ledger: Ledger;
  readonly realm: Realm;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** Who is paid, as the merchant calls it. */
  readonly merchantName?: string | undefined;
  /** When neither the address nor the browser says. */
  readonly language?: Language;
  /** Where the service is reached from outside, if anywhere. */
  readonly publicUrl?: string | undefined;
  /** Below which path of that service these pages stand; none unless it has several merchants. */
  readonly mount?: string;
  /** Writes our commands in a sentence as whoever reads it can type them. */
  readonly runnable?: (text: string) => string;
  /** Further pages for whoever is signed in. */
  readonly beside?: (options: OperatorOptions) => Promise<Hono>;
}

export type Fields = ReadonlyMap<string, string>;

/** A page of the console that one may be led to after sign-in. */
const CONSOLE_PAGE = /^console(?:\/[A-Za-z0-9_-]{1,64}){0,3}$/;

/** What the approvals and the console share: who is there, and what a form of theirs may do. Paths stand below the site's base. */
export interface Entrance {
  readonly door: Gate;
  site(c: Context): Site;
  /** @param query what was understood of what was asked */
  frame(c: Context, path: string, signedIn?: SignedIn, query?: Query): Frame;
  whoIs(c: Context): Promise<SignedIn | undefined>;
  /** Shows a page to whoever is signed in, and leads everybody else to sign-in and back. */
  show(
    c: Context,
    path: string,
    query: Query,
    page: (page: Frame, signedIn: SignedIn) => Promise<Response>,
  ): Promise<Response>;
  /** To sign-in, and from there back. */
  toSignIn(c: Context, path: string): Response;
  /** @param name as it was typed before */
  showSignIn(
    c: Context,
    status: number,
    next: string | undefined,
    problem?: Text,
    name?: string,
  ): Promise<Response>;
  /** What a signed-in person's form did, or why it did nothing. */
  act(
    c: Context,
    path: string,
    deed: (signedIn: SignedIn, fields: Fields) => Promise<Response>,
  ): Promise<Response>;
  /** The fields of a form that came from our own page, as far as the browser tells. */
  ownForm(c: Context, path: string): Promise<Fields | Response>;
  badForm(c: Context, status: number, path: string): Response;
  /** A page that says one thing, with the way back. */
  plain(
    c: Context,
    status: number,
    path: string,
    headline: Text,
    advice: Text,
    more?: Readonly<Record<string, string>>,
  ): Response;
}

/** Refusals (for a role, of one person, in so many ms) that are on record: beyond them nothing is tried. */
const MOST_REFUSED = 20;
const REFUSED_WITHIN_MS = 60_000;

export function entrance(options: OperatorOptions): Entrance {
  const { ledger, realm, clock, publicUrl, mount, runnable } = options;
  const { merchantName: payee, language: fallback = 'zh' } = options;
  const door = gate(options);
  const refusals = new Map<string, { readonly since: number; count: number }>();
  const site = (c: Context): Site => siteOf(c.req.url, publicUrl, mount);

  function frame(c: Context, path: string, signedIn?: SignedIn, query: Query = {}): Frame {
    return frameOf({
      site: site(c),
      realm,
      now: clock.now(),
      path,
      query,
      payee,
      csrf: signedIn?.csrf,
      person: signedIn?.person,
      asked: c.req.query('lang'),
      accepted: c.req.header('accept-language'),
      fallback,
      runnable,
    });
  }
  const whoIs = (c: Context) => door.whoIs(c.req.header('cookie'), site(c));

  function toSignIn(c: Context, path: string): Response {
    const next = nextOf(path);
    return redirect(frame(c, '').to('/sign-in', next === undefined ? {} : { next }));
  }
  async function showSignIn(
    c: Context,
    status: number,
    next: string | undefined,
    problem?: Text,
    name = '',
  ): Promise<Response> {
    const page = frame(c, '/approvals/sign-in', undefined, next === undefined ? {} : { next });
    if (!(await hasOperatorSecret(ledger))) return reply(status, noSecretPage(page, next));
    return reply(status, signInPage(page, next, { ...(await waysIn(c, page)), name }, problem));
  }
  async function waysIn(c: Context, page: Frame): Promise<Ways> {
    const { origin } = site(c);
    const place = placeOf(origin);
    return ledger.read(async ({ persons }) => ({
      passkeys: place !== undefined && (await persons.hasPasskeys(place.rpId)),
      names: (await persons.all()).some(({ password }) => password !== undefined),
      elsewhere: place ? undefined : namedHere(origin, page.self()),
    }));
  }
  /**
   * A strict cookie does not come along when a page of another site, such as an agent's chat, links to us. It does
   * with a step that starts from our own page.
   */
  async function cameFromElsewhere(c: Context): Promise<boolean> {
    const from = c.req.header('sec-fetch-site');
    return from === 'cross-site' && !(await door.hasCookie(c.req.header('cookie'), site(c)));
  }
  function stepFrom(c: Context, path: string, query: Query): Response {
    const page = frame(c, path, undefined, query);
    const here = page.self();
    const go = html`<p><a class="button go" href="${here}">${page.say(WORDS.open)}</a></p>`;
    return reply(200, plainPage(page, WORDS.opening, WORDS.signInLead, go, here));
  }
  async function show(
    c: Context,
    path: string,
    query: Query,
    page: (page: Frame, signedIn: SignedIn) => Promise<Response>,
  ): Promise<Response> {
    if (isPage(path) && (await cameFromElsewhere(c))) return stepFrom(c, path, query);
    const signedIn = await whoIs(c);
    return signedIn ? page(frame(c, path, signedIn, query), signedIn) : toSignIn(c, path);
  }

  async function act(
    c: Context,
    path: string,
    deed: (signedIn: SignedIn, fields: Fields) => Promise<Response>,
  ): Promise<Response> {
    const fields = await ownForm(c, path);
    if (fields instanceof Response) return fields;
    const signedIn = await whoIs(c);
    if (!signedIn) return showSignIn(c, 401, nextOf(path), WORDS.signInFirst);
    if (!sameToken(fields.get('csrf'), signedIn.csrf)) return badForm(c, 403, path);
    const refused = refusedOf(signedIn);
    try {
      if (refused.count < MOST_REFUSED) return await deed(signedIn, fields);
    } catch (error) {
      if (!isNotAllowed(error)) throw error;
      refused.count += 1;
    }
    return plain(c, 403, path, SIGN_IN.notAllowed, SIGN_IN.notAllowedAdvice);
  }
  function refusedOf({ person: { id } }: SignedIn) {
    const known = refusals.get(id);
    const elapsed = clock.now() - (known?.since ?? Number.NEGATIVE_INFINITY);
    if (known && elapsed >= 0 && elapsed < REFUSED_WITHIN_MS) return known;
    const anew = { since: clock.now(), count: 0 };
    refusals.set(id, anew);
    return anew;
  }
  async function ownForm(c: Context, path: string): Promise<Fields | Response> {
    const from = c.req.header('sec-fetch-site');
    if (from !== undefined && from !== 'same-origin') return badForm(c, 403, path);
    const fields = await readForm(c.req.raw);
    if (fields === 'too-large') return plain(c, 413, path, WORDS.tooLarge, WORDS.badFormAdvice);
    return fields === 'malformed' ? badForm(c, 400, path) : fields;
  }
  const badForm = (c: Context, status: number, path: string) =>
    plain(c, status, path, WORDS.badForm, WORDS.badFormAdvice);
  function plain(
    c: Context,
    status: number,
    path: string,
    headline: Text,
    advice: Text,
    more: Readonly<Record<string, string>> = {},
  ): Response {
    // Where a form was sent to need not be a page.
    const here = isPage(path) ? path : path.startsWith('/console') ? '/console' : '/approvals';
    const page = frame(c, here);
    const words = { '/console': WORDS.toConsole, '/approvals': WORDS.backToList }[here] ?? WORDS.back;
    const back = html`<p><a class="button plainly" href="${page.self()}">${page.say(words)}</a></p>`;
    return reply(status, plainPage(page, headline, advice, back), more);
  }

  return { door, site, frame, whoIs, show, toSignIn, showSignIn, act, ownForm, badForm, plain };
}

/** Where a page of this machine is, by the one name of it that browsers give passkeys to. */
function namedHere(origin: string, path: string): string | undefined {
  const { protocol, hostname, port } = new URL(origin);
  const isHere = protocol === 'http:' && isLoopbackName(hostname);
  return isHere ? `http://localhost${port === '' ? '' : `:${port}`}${path}` : undefined;
}

/** Only ever a page of ours: no address that a form or a link could choose. */
export function wanted(next: string | undefined): string | undefined {
  return next !== undefined && (next === 'me' || APPROVAL_ID.test(next) || CONSOLE_PAGE.test(next))
    ? next
    : undefined;
}

/** Where `next` is. */
export function addressOf(frame: Frame, next: string | undefined): string {
  if (next === undefined) return frame.to('');
  return next.startsWith('console') ? frame.console(next.slice('console'.length)) : frame.to(`/${next}`);
}

/** How a path is called in `next`; undefined for the list of approvals, and for what is none of these pages. */
function nextOf(path: string): string | undefined {
  return wanted(path.replace(/^\/(?:approvals\/)?/, ''));
}

function isPage(path: string): boolean {
  return path === '/approvals' || nextOf(path) !== undefined;
}
