import { type Context, Hono } from 'hono';
import type { Text } from '../domain/errors.ts';
import { isLoopbackName } from '../domain/names.ts';
import type { Book } from '../ledger/book.ts';
import { insist, onRecord } from '../persons/person.ts';
import type { SignedIn } from '../persons/sessions.ts';
import { decideApproval } from '../policy/approvals.ts';
import { freeze, isFrozen, unfreeze } from '../policy/decisions.ts';
import { MAX_REASON } from '../policy/reason.ts';
import { accountRoutes } from './account-routes.ts';
import { casePage } from './case-page.ts';
import { entrance, type OperatorOptions } from './entrance.ts';
import { onOneLine } from './form.ts';
import { listPage } from './list-page.ts';
import { redirect, reply } from './reply.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { SIGN_IN } from './sign-in-words.ts';
import { APPROVAL_ID, phaseOf, readCase, readList } from './view.ts';
import { WORDS } from './words.ts';

/** The operator's pages, and what stands beside them. */
export async function allRoutes(options: OperatorOptions): Promise<Hono> {
  const routes = operatorRoutes(options);
  const { beside } = options;
  return beside ? routes.route('/', await beside(options)) : routes;
}

/**
 * The operator's pages below `/approvals`: where a person signs in, sees what the agent has proposed, approves or
 * denies it, and stops everything. Mountable in another app, behind a listener that checks Host and Origin.
 */
export function operatorRoutes(options: OperatorOptions): Hono {
  const { ledger, clock, log } = options;
  const doors = entrance(options);
  const { door, site, frame, whoIs, show, toSignIn, act, badForm, plain } = doors;

  async function showCase(
    c: Context,
    id: string,
    signedIn: SignedIn,
    status: number,
    problem?: Text,
  ): Promise<Response> {
    const page = frame(c, `/approvals/${id}`, signedIn);
    const view = await ledger.read((book) => readCase(book, id, page.now));
    if (!view) return plain(c, 404, '/approvals', WORDS.notFound, WORDS.notFoundAdvice);
    return reply(status, casePage(page, view, problem));
  }

  const routes = new Hono();
  routes.onError((error, c) => {
    log.error('operator pages', { error: String(error) });
    return plain(c, 503, '/approvals', WORDS.unavailable, WORDS.unavailableAdvice, { 'Retry-After': '5' });
  });
  routes.use('/approvals/*', async (c, next) => {
    if (!['GET', 'HEAD', 'POST'].includes(c.req.method)) {
      return plain(c, 405, '/approvals', WORDS.refused, WORDS.refusedAdvice, { Allow: 'GET, HEAD, POST' });
    }
    const { secure, origin } = site(c);
    // Never in clear over a network.
    if (!secure && !isLoopbackName(new URL(origin).hostname)) {
      return plain(c, 403, '/approvals', SIGN_IN.inClear, SIGN_IN.inClearAdvice);
    }
    await next();
  });

  routes.get('/approvals', (c) =>
    show(c, '/approvals', {}, async (page) =>
      reply(200, listPage(page, await ledger.read((book) => readList(book, page.now)))),
    ),
  );

  routes.route('/', signInRoutes(options, doors));
  routes.route('/', accountRoutes(options, doors));
  routes.post('/approvals/sign-out', (c) =>
    act(c, '/approvals/sign-out', async () => {
      const cookies = await door.signOut(c.req.header('cookie'), site(c));
      return redirect(frame(c, '').to('/sign-in'), {}, cookies);
    }),
  );

  routes.post('/approvals/freeze', (c) =>
    act(c, '/approvals/freeze', async ({ person }, fields) => {
      const reason = written(fields.get('reason'));
      if (reason === 'too-long') return badForm(c, 400, '/approvals');
      await onRecord(ledger.as(person.acting('page')), {}, async (book) => {
        await insist(book, person, 'freeze');
        await freeze(book, person.by, reason);
      });
      return redirect(frame(c, '').to(''));
    }),
  );
  routes.post('/approvals/unfreeze', (c) =>
    act(c, '/approvals/unfreeze', async ({ person }) => {
      try {
        await onRecord(ledger.as(person.acting('page')), {}, (book) => unfreeze(book, person));
      } catch (error) {
        // A restored ledger that has forgotten something: the page says what.
        if (!isFrozen(error)) throw error;
        return plain(c, 409, '/approvals', error.text, error.next);
      }
      return redirect(frame(c, '').to(''));
    }),
  );

  routes.get('/approvals/:id', (c) => {
    const id = c.req.param('id');
    return show(c, `/approvals/${id}`, {}, (_, signedIn) => showCase(c, id, signedIn, 200));
  });
  routes.post('/approvals/:id', (c) => {
    const id = c.req.param('id');
    return act(c, `/approvals/${id}`, async (signedIn, fields) => {
      const decision = fields.get('decision');
      const reason = decision === 'deny' ? written(fields.get('reason')) : undefined;
      if ((decision !== 'approve' && decision !== 'deny') || reason === 'too-long') {
        return badForm(c, 400, `/approvals/${id}`);
      }
      const approvalIn = async ({ approvals }: Pick<Book, 'approvals'>) =>
        APPROVAL_ID.test(id) ? approvals.get(id) : undefined;
      const about = (await ledger.read(approvalIn)) ?? {};
      const decided = await onRecord(ledger.as(signedIn.person.acting('page')), about, async (book) => {
        const now = clock.now();
        const approval = await approvalIn(book);
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
    if (!(await whoIs(c))) return toSignIn(c, '/approvals');
    return plain(c, 404, '/approvals', WORDS.notFound, WORDS.notFoundAdvice);
  });
  return routes;
}

/** A reason as it was typed, on one line; undefined when there is none. */
function written(text: string | undefined): string | undefined | 'too-long' {
  const line = onOneLine(text ?? '');
  if ([...line].length > MAX_REASON) return 'too-long';
  return line === '' ? undefined : line;
}
