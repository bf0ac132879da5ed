import { type Context, Hono } from 'hono';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Realm } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { hasOperatorSecret } from '../persons/person.ts';
import { sourceIn } from '../platform/listener.ts';
import { decideApproval } from '../policy/approvals.ts';
import { freeze, isFrozen, unfreeze } from '../policy/decisions.ts';
import { MAX_REASON } from '../policy/reason.ts';
import { casePage } from './case-page.ts';
import { readForm } from './form.ts';
import { type Frame, frameOf, type Language, type Site, siteOf } from './frame.ts';
import { gate, type SignedIn, sameToken } from './gate.ts';
import { plainPage } from './layout.ts';
import { listPage } from './list-page.ts';
import { html } from './markup.ts';
import { redirect, reply } from './reply.ts';
import { noSecretPage, signInPage, waitPage } from './sign-in-page.ts';
import { APPROVAL_ID, phaseOf, readCase, readList } from './view.ts';
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
}

type Fields = ReadonlyMap<string, string>;

/**
 * The operator's pages below `/approvals`: where a person signs in, sees what the agent has proposed, approves or
 * denies it, and stops everything. Mountable in another app, behind a listener that checks Host and Origin.
 */
export function operatorRoutes(options: OperatorOptions): Hono {
  const { ledger, realm, clock, log, publicUrl, mount, runnable } = options;
  const { merchantName: payee, language: fallback = 'zh' } = options;
  const door = gate(options);
  const operator = ledger.as({ actor: 'operator', tool: 'page' });
  const site = (c: Context): Site => siteOf(c.req.url, publicUrl, mount);

  function frame(c: Context, path: string, signedIn?: SignedIn): Frame {
    return frameOf({
      site: site(c),
      realm,
      now: clock.now(),
      path,
      payee,
      csrf: signedIn?.csrf,
      asked: c.req.query('lang'),
      accepted: c.req.header('accept-language'),
      fallback,
      runnable,
    });
  }
  const whoIs = (c: Context) => door.whoIs(c.req.header('cookie'));
  /** Only ever an approval of ours: no address that a form or a link could choose. */
  const wanted = (id: string | undefined) => (id !== undefined && APPROVAL_ID.test(id) ? id : undefined);

  /** To sign-in, and from there back to the approval. */
  function toSignIn(c: Context, id?: string): Response {
    const next = wanted(id);
    return redirect(frame(c, '').to('/sign-in', next === undefined ? {} : { next }));
  }
  async function showSignIn(
    c: Context,
    status: number,
    next: string | undefined,
    problem?: Parameters<typeof signInPage>[2],
  ): Promise<Response> {
    const page = frame(c, '/sign-in');
    if (!(await hasOperatorSecret(ledger))) return reply(status, noSecretPage(page, next));
    return reply(status, signInPage(page, next, problem));
  }
  /**
   * A strict cookie does not come along when a page of another site, such as an agent's chat, links to us. It does
   * with a step that starts from our own page.
   */
  async function cameFromElsewhere(c: Context): Promise<boolean> {
    const from = c.req.header('sec-fetch-site');
    return from === 'cross-site' && !(await door.hasCookie(c.req.header('cookie')));
  }
  function stepFrom(c: Context, path: string): Response {
    const page = frame(c, path);
    const here = page.to(path);
    const go = html`<p><a class="button go" href="${here}">${page.say(WORDS.open)}</a></p>`;
    return reply(200, plainPage(page, WORDS.opening, WORDS.signInLead, go, { seconds: 0, to: here }));
  }

  /** What a signed-in person's form did, or why it did nothing. */
  async function act(
    c: Context,
    path: string,
    deed: (signedIn: SignedIn, fields: Fields) => Promise<Response>,
  ): Promise<Response> {
    const fields = await ownForm(c, path);
    if (fields instanceof Response) return fields;
    const signedIn = await whoIs(c);
    if (!signedIn) return showSignIn(c, 401, wanted(path.slice(1)), WORDS.signInFirst);
    if (!sameToken(fields.get('csrf'), signedIn.csrf)) return badForm(c, 403, path);
    return deed(signedIn, fields);
  }
  /** The fields of a form that came from our own page, as far as the browser tells. */
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
    headline: Parameters<typeof plainPage>[1],
    advice: Parameters<typeof plainPage>[2],
    more: Readonly<Record<string, string>> = {},
  ): Response {
    // Where a form was sent to need not be a page.
    const page = frame(c, wanted(path.slice(1)) === undefined ? '' : path);
    const back = html`<p><a class="button plainly" href="${page.to('')}">${page.say(WORDS.backToList)}</a></p>`;
    return reply(status, plainPage(page, headline, advice, back), more);
  }

  async function showCase(
    c: Context,
    id: string,
    signedIn: SignedIn,
    status: number,
    problem?: Parameters<typeof casePage>[2],
  ): Promise<Response> {
    const page = frame(c, `/${id}`, signedIn);
    const view = await ledger.read((book) => readCase(book, id, page.now));
    if (!view) return plain(c, 404, '', WORDS.notFound, WORDS.notFoundAdvice);
    return reply(status, casePage(page, view, problem));
  }

  const routes = new Hono();
  routes.onError((error, c) => {
    log.error('operator pages', { error: String(error) });
    return plain(c, 503, '', WORDS.unavailable, WORDS.unavailableAdvice, { 'Retry-After': '5' });
  });
  routes.use('/approvals/*', async (c, next) => {
    if (!['GET', 'HEAD', 'POST'].includes(c.req.method)) {
      return plain(c, 405, '', WORDS.refused, WORDS.refusedAdvice, { Allow: 'GET, HEAD, POST' });
    }
    await next();
  });

  routes.get('/approvals', async (c) => {
    if (await cameFromElsewhere(c)) return stepFrom(c, '');
    const signedIn = await whoIs(c);
    if (!signedIn) return toSignIn(c);
    const page = frame(c, '', signedIn);
    return reply(200, listPage(page, await ledger.read((book) => readList(book, page.now))));
  });

  routes.get('/approvals/sign-in', async (c) => {
    const next = wanted(c.req.query('next'));
    if (await whoIs(c)) return redirect(frame(c, '').to(next === undefined ? '' : `/${next}`));
    return showSignIn(c, 200, next);
  });
  routes.post('/approvals/sign-in', async (c) => {
    const fields = await ownForm(c, '/sign-in');
    if (fields instanceof Response) return fields;
    const next = wanted(fields.get('next'));
    if (!(await hasOperatorSecret(ledger))) return showSignIn(c, 403, next);
    const from = { source: sourceIn(c), cookies: c.req.header('cookie') };
    const answer = await door.signIn(fields.get('secret') ?? '', site(c), from);
    if (answer === 'wrong') return showSignIn(c, 403, next, WORDS.wrongSecret);
    if ('wait' in answer) {
      const page = waitPage(frame(c, '/sign-in'), answer.wait, next);
      return reply(429, page, { 'Retry-After': String(answer.wait) });
    }
    const to = frame(c, '').to(next === undefined ? '' : `/${next}`);
    const response = redirect(to);
    for (const cookie of answer.cookies) response.headers.append('Set-Cookie', cookie);
    return response;
  });
  routes.post('/approvals/sign-out', (c) =>
    act(c, '/sign-out', async () => {
      const cookie = await door.signOut(c.req.header('cookie'), site(c));
      return redirect(frame(c, '').to('/sign-in'), { 'Set-Cookie': cookie });
    }),
  );

  routes.post('/approvals/freeze', (c) =>
    act(c, '/freeze', async (_signedIn, fields) => {
      const reason = written(fields.get('reason'));
      if (reason === 'too-long') return badForm(c, 400, '');
      await operator.write((book) => freeze(book, 'page', reason));
      return redirect(frame(c, '').to(''));
    }),
  );
  routes.post('/approvals/unfreeze', (c) =>
    act(c, '/unfreeze', async ({ person }) => {
      try {
        await operator.write((book) => unfreeze(book, person));
      } catch (error) {
        // A restored ledger that has forgotten something: the page says what.
        if (!isFrozen(error)) throw error;
        return plain(c, 409, '', error.text, error.next);
      }
      return redirect(frame(c, '').to(''));
    }),
  );

  routes.get('/approvals/:id', async (c) => {
    const id = c.req.param('id');
    if (wanted(id) !== undefined && (await cameFromElsewhere(c))) return stepFrom(c, `/${id}`);
    const signedIn = await whoIs(c);
    return signedIn ? showCase(c, id, signedIn, 200) : toSignIn(c, id);
  });
  routes.post('/approvals/:id', (c) => {
    const id = c.req.param('id');
    return act(c, `/${id}`, async (signedIn, fields) => {
      const decision = fields.get('decision');
      const reason = decision === 'deny' ? written(fields.get('reason')) : undefined;
      if ((decision !== 'approve' && decision !== 'deny') || reason === 'too-long') {
        return badForm(c, 400, `/${id}`);
      }
      const decided = await operator.write(async (book) => {
        const now = clock.now();
        const approval = wanted(id) === undefined ? undefined : await book.approvals.get(id);
        // In the same transaction as the decision: of two clicks, the second finds it decided.
        if (!approval || phaseOf(approval, now) !== 'pending') return false;
        await decideApproval(book, signedIn.person, id, { approve: decision === 'approve', reason }, now);
        return true;
      });
      if (!decided) return showCase(c, id, signedIn, 409, WORDS.unchanged);
      return redirect(frame(c, '').to(`/${id}`));
    });
  });
  routes.all('/approvals/*', async (c) => {
    if (!(await whoIs(c))) return toSignIn(c);
    return plain(c, 404, '', WORDS.notFound, WORDS.notFoundAdvice);
  });
  return routes;
}

/** A reason as it was typed, on one line; undefined when there is none. */
function written(text: string | undefined): string | undefined | 'too-long' {
  const line = (text ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  if ([...line].length > MAX_REASON) return 'too-long';
  return line === '' ? undefined : line;
}
