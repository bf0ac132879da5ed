import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Desk, ORDER, SECRET } from './desk.ts';

cheapGuesses();

const POSTS = 4_000;

let desk: Desk;
let id: string;
let realCookie: string;
let realCsrf: string;

beforeAll(async () => {
  desk = await Desk.open();
  await desk.sold();
  ({ id } = await desk.proposeRefund());
  await desk.signIn();
  realCookie = desk.cookie ?? '';
  realCsrf = desk.csrf;
  desk.cookie = undefined;
  desk.csrf = '';
});
afterAll(() => desk.close());

/** Everything that somebody could think of who knows all but the secret and one of cookie and token. */
function attacks() {
  const text = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 20 }));
  const [name = ''] = realCookie.split('=');
  const path = fc.oneof(
    { weight: 6, arbitrary: fc.constant(`/${id}`) },
    fc.constantFrom(
      '/freeze',
      '/unfreeze',
      '/sign-out',
      '/sign-in',
      '',
      `/${id}/`,
      `//${id}`,
      `/${id}/approve`,
    ),
    fc.constantFrom(`/${id}?decision=approve`, `/${id}?csrf=${realCsrf}`, `/sign-in?next=${id}`),
  );
  const withCookie = fc.record({
    cookie: fc.constant(realCookie),
    csrf: fc.option(
      text.filter((token) => token !== realCsrf),
      { nil: undefined },
    ),
  });
  const withToken = fc.record({
    cookie: fc.oneof(
      fc.constant(undefined),
      fc.base64String({ minLength: 40, maxLength: 44 }).map((value) => `${name}=${value}`),
      fc.constant(`${name}=${realCsrf}`),
      fc.constant(realCookie.toUpperCase()),
    ),
    csrf: fc.oneof(fc.constant(realCsrf), text),
  });
  return fc.record({
    path,
    who: fc.oneof(withCookie, withToken),
    fields: fc.array(
      fc.tuple(
        fc.constantFrom('decision', 'reason', 'next', 'id', 'secret', 'person', '__proto__'),
        fc.oneof(fc.constantFrom('approve', 'deny', id, ORDER, 'true'), text),
      ),
      { maxLength: 4 },
    ),
    // Browsers do not send the real token with a wrong kind; whoever writes requests can.
    type: fc.constantFrom(
      ...Array.from({ length: 6 }, () => 'application/x-www-form-urlencoded'),
      'application/x-www-form-urlencoded; charset=utf-7',
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
    ),
    from: fc.constantFrom(undefined, undefined, 'same-origin', 'cross-site', 'none'),
  });
}

it(`${POSTS} posts without the secret, each with the cookie or the token but not both, decide nothing`, async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(attacks(), async ({ path, who, fields, type, from }) => {
      const body = new URLSearchParams(fields.filter(([, value]) => value !== SECRET));
      if (!body.has('decision')) body.append('decision', 'approve');
      if (who.csrf !== undefined) body.append('csrf', who.csrf);
      desk.cookie = who.cookie;
      const answer = await desk.postRaw(path, body.toString(), {
        'content-type': type,
        ...(from === undefined ? {} : { 'sec-fetch-site': from }),
      });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      // 303: an address that is no page leads to sign-in.
      expect([303, 400, 401, 403, 404, 413, 429]).toContain(answer.status);
      expect(answer.cookie).toBeNull();
      if (answer.status === 303) expect(answer.location).toMatch(/^\/approvals\/sign-in/);
    }),
    { numRuns: POSTS, seed: 20_261_121 },
  );
  expect((await desk.approval(id))?.state).toBe('pending');
  expect(await desk.till.ledger.read((book) => book.operator.freeze())).toBeUndefined();
  for (const kind of ['approval-approved', 'approval-denied', 'operator-froze', 'operator-unfroze']) {
    expect(await desk.recorded(kind)).toBe(0);
  }
  // The person's own session has survived it all, and the very same request with both is a decision.
  desk.cookie = realCookie;
  desk.csrf = realCsrf;
  expect((await desk.post(`/${id}`, { decision: 'approve' })).status).toBe(303);
  expect(statuses.get(401)).toBeGreaterThan(100);
  expect(statuses.get(403)).toBeGreaterThan(100);
});
