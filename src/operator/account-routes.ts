import { type Context, Hono } from 'hono';
import type { Text } from '../domain/errors.ts';
import { placeOf } from '../persons/passkeys.ts';
import { isLongEnough } from '../persons/password.ts';
import { addPasskey, removePasskey, setPassword } from '../persons/people.ts';
import { endSessions, FRESH_MS, type SignedIn, sessionsOf, stayOf } from '../persons/sessions.ts';
import { accountPage } from './account-page.ts';
import { comingIn, deviceOf, passkeyMade, passkeyWanted } from './coming.ts';
import type { Entrance, Fields, OperatorOptions } from './entrance.ts';
import { redirect, reply, tell } from './reply.ts';
import { SIGN_IN } from './sign-in-words.ts';

/** Everybody's own page: by what they sign in, and where they are. */
export function accountRoutes(options: OperatorOptions, at: Entrance): Hono {
  const { ledger, clock, randomBytes, merchantName: shop } = options;
  const { door, site, frame, show, act } = at;
  const isFresh = ({ since }: SignedIn) => clock.now() - since <= FRESH_MS;
  const place = (c: Context) => placeOf(site(c).origin);
  const purpose = ({ session }: SignedIn) => `add ${session}`;

  async function showAccount(c: Context, signedIn: SignedIn, status: number, problem?: Text) {
    const { person } = signedIn;
    const { passkeys, known } = await ledger.read(async (book) => ({
      passkeys: await book.persons.passkeysOf(person.id),
      known: await book.persons.byId(person.id),
    }));
    const view = {
      ...{ signedIn, fresh: isFresh(signedIn), passkeys, place: place(c), device: deviceOf(c) },
      hasPassword: known?.password !== undefined,
      sessions: await sessionsOf(ledger, person),
    };
    return reply(status, accountPage(frame(c, '/approvals/me', signedIn), view, problem));
  }
  /** What somebody changes of how they prove themselves, shortly after they have. */
  function change(
    c: Context,
    deed: (signedIn: SignedIn, fields: Fields) => Promise<Response | Text | undefined>,
  ): Promise<Response> {
    return act(c, '/approvals/me', async (signedIn, fields) => {
      if (!isFresh(signedIn)) return showAccount(c, signedIn, 403, SIGN_IN.notFresh);
      const done = await deed(signedIn, fields);
      if (done instanceof Response) return done;
      return done ? showAccount(c, signedIn, 400, done) : redirect(frame(c, '').to('/me'));
    });
  }

  const routes = new Hono();
  routes.get('/approvals/me', (c) =>
    show(c, '/approvals/me', {}, (_, signedIn) => showAccount(c, signedIn, 200)),
  );
  routes.post('/approvals/me/options', (c) =>
    act(c, '/approvals/me', async (signedIn) => {
      const here = place(c);
      if (!here || !isFresh(signedIn)) return tell(403, {});
      return passkeyWanted(at, c, purpose(signedIn), here, signedIn.person, { ledger, shop });
    }),
  );
  routes.post('/approvals/me/passkey', (c) =>
    change(c, async (signedIn, fields) => {
      const made = await passkeyMade(at, c, purpose(signedIn), place(c), fields);
      const isKept = made !== undefined && (await addPasskey(ledger, signedIn.person, made));
      return isKept ? undefined : SIGN_IN.makeRefused;
    }),
  );
  routes.post('/approvals/me/remove', (c) =>
    change(c, async ({ person }, fields) => {
      await removePasskey(ledger, person, fields.get('id') ?? '');
      return undefined;
    }),
  );
  routes.post('/approvals/me/password', (c) =>
    change(c, async (signedIn, fields) => {
      const { person } = signedIn;
      const password = fields.get('password') ?? '';
      if (password !== fields.get('again')) return SIGN_IN.notAlike;
      if (!isLongEnough(password)) return SIGN_IN.tooShort;
      if (!(await setPassword(ledger, person, password, randomBytes))) return SIGN_IN.notAllowed;
      const coming = { ...comingIn(c, site(c), fields), stay: stayOf(signedIn) };
      return redirect(frame(c, '').to('/me'), {}, (await door.enter(person, 'password', coming)).cookies);
    }),
  );
  routes.post('/approvals/me/end', (c) =>
    act(c, '/approvals/me', async ({ person, session }, fields) => {
      const ended = fields.get('session');
      await endSessions(ledger, person, ended);
      if (ended !== undefined && ended !== session) return redirect(frame(c, '').to('/me'));
      return redirect(frame(c, '').to('/sign-in'), {}, await door.signOut(c.req.header('cookie'), site(c)));
    }),
  );
  return routes;
}
