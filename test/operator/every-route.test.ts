import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Desk, ORDER } from './desk.ts';

cheapGuesses();

const ORIGIN = 'http://127.0.0.1:3920';
/** As those who look at a link before a person does name themselves. */
const CHATS = ['facebookexternalhit/1.1', 'Feishu-URL-Preview', 'WeChatShareBot', 'DingTalkBot-LinkService'];
/** Where nobody is signed in yet, and forms need no token: they are told from another site's by where they come from. */
const DOORS = /\/(?:sign-in|join)(?:\/options)?$/;
/** Everything that any form says here, so that nothing is refused for want of it. */
const FIELDS = {
  ...{ decision: 'approve', reason: 'why', number: 'RFORGED', fen: '100', date: '2026-11-21' },
  ...{ password: 'a long password', again: 'a long password', id: 'x', session: 'x', code: 'AAAAA' },
};

/** Whatever route is added to the operator's pages and the console, by its address as the app has it. */
describe('every route', () => {
  let d: Desk;
  let approval: string;
  let cookie: string | undefined;
  beforeAll(async () => {
    d = await Desk.open();
    await d.sold();
    ({ id: approval } = await d.proposeRefund());
    ({ cookie } = await d.signIn());
  });
  afterAll(() => d.close());

  const routes = (method: string) => {
    const paths = d.app.routes.filter((route) => route.method === method).map(({ path }) => path);
    return [...new Set(paths)].map((path) =>
      path.replace(':id', approval).replace(':number', ORDER).replace(':contract', 'GYM0001'),
    );
  };
  /** All that is stored. */
  const stored = () =>
    d.till.ledger.inspect(async (tx) => {
      const tables = await tx.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
      const rows: unknown[] = [];
      for (const { name } of tables) rows.push([name, await tx.all(`SELECT * FROM ${name}`)]);
      return rows;
    });

  it('changes nothing by being looked at, by a person or by a chat', async () => {
    const before = await stored();
    const paths = [...routes('GET'), ...routes('POST')];
    expect(paths.length).toBeGreaterThan(30);
    const query = new URLSearchParams({ ...FIELDS, csrf: d.csrf, yuan: '1.00' });
    for (const path of paths) {
      for (const method of ['GET', 'HEAD']) {
        for (const [i, agent] of ['Mozilla/5.0', ...CHATS].entries()) {
          const headers = { 'user-agent': agent, ...(i === 0 ? { cookie: cookie ?? '' } : {}) };
          const answer = await d.app.request(`${ORIGIN}${path}?${query}`, { method, headers });
          expect([path, answer.status < 500]).toEqual([path, true]);
        }
      }
    }
    expect(await stored()).toEqual(before);
  });

  it.each<[string, Record<string, string>, Record<string, string>, RegExp?]>([
    ['without the token', {}, {}, DOORS],
    ['with a wrong token', { csrf: 'A'.repeat(43) }, {}, DOORS],
    ['of another site', { csrf: 'right' }, { 'sec-fetch-site': 'cross-site' }],
    ['of a neighbour', { csrf: 'right' }, { 'sec-fetch-site': 'same-site' }],
    ['from nowhere', { csrf: 'right' }, { 'sec-fetch-site': 'none' }],
    ['of another kind', { csrf: 'right' }, { 'content-type': 'text/plain' }],
    ['of nobody', { csrf: 'right' }, { cookie: '' }, DOORS],
    ['with a cookie that a stranger planted', { csrf: 'right' }, { cookie: 'planted' }, DOORS],
  ])('takes no form %s', async (_what, { csrf }, more, but) => {
    const before = await stored();
    const planted = `${await d.cookieName()}=${'A'.repeat(43)}`;
    const body = new URLSearchParams({ ...FIELDS, ...(csrf && { csrf: csrf === 'right' ? d.csrf : csrf }) });
    const paths = routes('POST').filter((path) => !but?.test(path));
    expect(paths.length).toBeGreaterThan(10);
    for (const path of paths) {
      const headers = {
        ...{ 'content-type': 'application/x-www-form-urlencoded', cookie: cookie ?? '', ...more },
        ...(more.cookie === 'planted' ? { cookie: planted } : {}),
      };
      const answer = await d.app.request(ORIGIN + path, { method: 'POST', body: `${body}`, headers });
      expect([path, [400, 401, 403].includes(answer.status)]).toEqual([path, true]);
      expect([path, answer.headers.getSetCookie()]).toEqual([path, []]);
    }
    expect(await stored()).toEqual(before);
  });

  it('is framed by nobody and kept by nobody, whatever it answers', async () => {
    for (const path of [...routes('GET'), ...routes('POST')]) {
      for (const method of ['GET', 'POST', 'PUT']) {
        const { headers } = await d.app.request(ORIGIN + path, { method, headers: { cookie: cookie ?? '' } });
        expect([path, method, headers.get('x-frame-options')]).toEqual([path, method, 'DENY']);
        expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
        expect([path, headers.get('cache-control')]).toEqual([path, 'no-store']);
      }
    }
  });
});
