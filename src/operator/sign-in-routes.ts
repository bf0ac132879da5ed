import { type Context, Hono } from 'hono';
import type { Text } from '../domain/errors.ts';
import { placeOf, signInOptions } from '../persons/passkeys.ts';
import { isLongEnough } from '../persons/password.ts';
import { invitationOf, invited, joinByPasskey, joinByPassword } from '../persons/people.ts';
import type { Person } from '../persons/person.ts';
import { hasOperatorSecret } from '../persons/secret.ts';
import { comingIn, passkeyMade, passkeyWanted } from './coming.ts';
import { addressOf, type Entrance, type Fields, type OperatorOptions, wanted } from './entrance.ts';
import type { Entered } from './gate.ts';
import { joinPage } from './join-page.ts';
import { redirect, reply, tell } from './reply.ts';
import { waitPage } from './sign-in-page.ts';
import { SIGN_IN } from './sign-in-words.ts';
import { WORDS } from './words.ts';

/** Where somebody who is nobody yet proves who they are, or takes up an invitation. */
export function signInRoutes({ ledger, randomBytes, merchantName }: OperatorOptions, at: Entrance): Hono {
  const { door, site, frame, whoIs, showSignIn, ownForm } = at;
  const place = (c: Context) => placeOf(site(c).origin);
  const entered = (c: Context, next: string | undefined, { cookies }: Entered) =>
    redirect(addressOf(frame(c, ''), next), {}, cookies);

  const routes = new Hono();
  routes.get('/approvals/sign-in', async (c) => {
    const next = wanted(c.req.query('next'));
    if (await whoIs(c)) return redirect(addressOf(frame(c, ''), next));
    return showSignIn(c, 200, next);
  });
  routes.post('/approvals/sign-in', async (c) => {
    const fields = await ownForm(c, '/approvals/sign-in');
    if (fields instanceof Response) return fields;
    const next = wanted(fields.get('next'));
    if (!(await hasOperatorSecret(ledger))) return showSignIn(c, 403, next);
    const here = place(c);
    const answer = fields.get('answer') ?? '';
    if (answer !== '' && here) {
      const came = await door.signInByPasskey(answer, here, comingIn(c, site(c), fields));
      return came === 'wrong' ? showSignIn(c, 403, next, SIGN_IN.passkeyRefused) : entered(c, next, came);
    }
    const name = fields.get('name')?.trim() || undefined;
    const proof = { name, secret: fields.get('secret') ?? '' };
    const came = await door.signIn(proof, comingIn(c, site(c), fields));
    if (came === 'wrong') {
      return showSignIn(c, 403, next, name === undefined ? WORDS.wrongSecret : SIGN_IN.wrong, name);
    }
    if ('wait' in came) {
      const page = waitPage(frame(c, '/approvals/sign-in'), came.wait, next);
      return reply(429, page, { 'Retry-After': String(came.wait) });
    }
    return entered(c, next, came);
  });
  routes.post('/approvals/sign-in/options', async (c) => {
    const fields = await ownForm(c, '/approvals/sign-in');
    const here = place(c);
    if (fields instanceof Response || !here) return tell(403, {});
    const { challenge, cookies } = await door.ask(`sign-in ${here.rpId}`, site(c));
    return tell(200, signInOptions(here, challenge), cookies);
  });

  const showJoin = (c: Context, status: number, code = '', problem?: Text) =>
    reply(status, joinPage(frame(c, '/approvals/join'), { passkeys: place(c) !== undefined, code }, problem));
  const purpose = (code: string) => `join ${invitationOf(code)}`;

  routes.get('/approvals/join', (c) => showJoin(c, 200));
  routes.post('/approvals/join/options', async (c) => {
    const fields = await ownForm(c, '/approvals/join');
    const here = place(c);
    if (fields instanceof Response || !here) return tell(403, {});
    const code = fields.get('code') ?? '';
    const person = await invited(ledger, code);
    if (!person) return tell(403, {});
    return passkeyWanted(at, c, purpose(code), here, person, { ledger, shop: merchantName });
  });
  routes.post('/approvals/join', async (c) => {
    const fields = await ownForm(c, '/approvals/join');
    if (fields instanceof Response) return fields;
    const joined = await join(c, fields);
    const code = fields.get('code');
    if (!joined) return showJoin(c, 403, code, SIGN_IN.badCode);
    if ('en' in joined) return showJoin(c, 400, code, joined);
    return entered(c, undefined, await door.enter(joined, 'invitation', comingIn(c, site(c), fields)));
  });

  async function join(c: Context, fields: Fields): Promise<Person | Text | undefined> {
    const code = fields.get('code') ?? '';
    if ((fields.get('answer') ?? '') !== '') {
      if (!(await invited(ledger, code))) return undefined;
      const made = await passkeyMade(at, c, purpose(code), place(c), fields);
      return made ? joinByPasskey(ledger, code, made) : SIGN_IN.makeRefused;
    }
    const password = fields.get('password') ?? '';
    if (password !== fields.get('again')) return SIGN_IN.notAlike;
    if (!isLongEnough(password)) return SIGN_IN.tooShort;
    return joinByPassword(ledger, code, password, randomBytes);
  }
  return routes;
}
