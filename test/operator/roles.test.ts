import { afterEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Book } from '../../src/ledger/book.ts';
import { contractSubject } from '../../src/ledger/subscription-records.ts';
import { refundByPerson } from '../../src/payments/refund-by-person.ts';
import { releaseOrder, releaseRefund } from '../../src/payments/release.ts';
import { addPerson, listPeople, revokePerson } from '../../src/persons/people.ts';
import { insist, mayDo, Person, type Rank, type Role } from '../../src/persons/person.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { acceptPolicy, freeze, moveBudget, unfreeze } from '../../src/policy/decisions.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Desk, ORDER, readable, SECRET } from './desk.ts';

cheapGuesses();

const PASSWORD = 'a long password';
const ROLES: readonly Role[] = ['see', 'decide', 'rule'];

const desks: Desk[] = [];
afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.close();
});

/** A shop with one person of each role, and the holder of the secret. */
async function shop() {
  const d = await Desk.open();
  desks.push(d);
  const { ledger } = d.till;
  const people = {} as Record<Rank, Person>;
  people.root = await Person.bySecret(ledger, 'live', SECRET, 'page');
  for (const role of ROLES) {
    const { code } = await d.invite(`${role}-er`, role);
    await d.post('/join', { code, password: PASSWORD, again: PASSWORD });
    people[role] = await Person.byPassword(ledger, `${role}-er`, PASSWORD, 'page');
  }
  await d.sold();
  const { id } = await d.proposeRefund();
  return { d, ledger, people, id };
}

const POLICY = { payments: {}, refunds: {} };
type Do = (book: Book, person: Person, id: string, now: number) => Promise<unknown>;

/** Everything that only a person does, and who may. */
const DEEDS: readonly (readonly [what: string, least: Rank, deed: Do])[] = [
  ['approves', 'decide', (book, person, id, now) => decideApproval(book, person, id, { approve: true }, now)],
  ['denies', 'decide', (book, person, id, now) => decideApproval(book, person, id, { approve: false }, now)],
  [
    'refunds',
    'decide',
    (book, person, _, now) =>
      refundByPerson(
        book,
        person,
        { outTradeNo: ORDER, outRefundNo: 'RBYHAND', refundFen: fen(100), reason: undefined },
        { now, randomBytes: (size) => Buffer.alloc(size, 7) },
      ),
  ],
  ['closes', 'decide', (book, person) => insist(book, person, 'close')],
  ['accepts a policy', 'rule', (book, person) => acceptPolicy(book, person, POLICY)],
  ['fills a budget', 'rule', (book, person) => moveBudget(book, person, 'cursor', fen(100), undefined)],
  ['resumes', 'rule', (book, person) => unfreeze(book, person)],
  ['pauses from a page', 'rule', (book, person) => insist(book, person, 'freeze')],
  ['lets callers in', 'rule', (book, person) => insist(book, person, 'callers')],
  ['sets up channels', 'rule', (book, person) => insist(book, person, 'channels')],
  ['lets persons in', 'root', (book, person) => insist(book, person, 'persons')],
];
const RANKS: readonly Rank[] = [...ROLES, 'root'];
const TABLE = DEEDS.flatMap(([what, least, deed]) =>
  RANKS.map((rank) => ({ rank, what, deed, allowed: RANKS.indexOf(rank) >= RANKS.indexOf(least) })),
);

describe('whose role is', () => {
  it('asked about by every deed that takes a person', async () => {
    const { ledger, people, id, d } = await shop();
    const told: string[] = [];
    const expected: string[] = [];
    for (const { rank, what, deed, allowed } of TABLE) {
      const done = await ledger
        .write(async (book) => {
          await deed(book, people[rank], id, d.world.clock.now());
          throw new Error('done'); // and nothing of it remains
        })
        .catch((error) => (error.message === 'done' ? 'does' : error.code));
      told.push(`${rank} ${what}: ${done}`);
      expected.push(`${rank} ${what}: ${allowed ? 'does' : 'CONFIGURATION'}`);
    }
    expect(told).toEqual(expected);
  });

  it('asked about by what releases an order or a refund in doubt', async () => {
    const { d, ledger, people } = await shop();
    for (const [rank, code] of [
      ...([
        ['see', 'CONFIGURATION'],
        ['decide', 'CONFIGURATION'],
        ['rule', 'INVALID_ARGUMENT'],
      ] as const),
    ]) {
      const person = people[rank];
      await expect(releaseOrder(ledger, person, ORDER)).rejects.toMatchObject({ code });
      const refund = { outTradeNo: ORDER, outRefundNo: 'R1' };
      await expect(releaseRefund(ledger, person, refund, d.world.clock.now())).rejects.toMatchObject({
        code,
      });
    }
  });

  it.each(ROLES)('%s finds on the pages what it may do, and no more by a forged form', async (role) => {
    const { d, ledger, people, id } = await shop();
    await d.signInAs(people[role]);
    const page = (await d.get(`/${id}`)).page;
    expect(page.includes('value="approve"')).toBe(mayDo(people[role], 'approval'));
    expect((await d.get('')).page.includes('/approvals/freeze')).toBe(mayDo(people[role], 'freeze'));
    const refused = '没有执行：您的权限不允许';
    const approve = await d.post(`/${id}`, { decision: 'approve' });
    expect(approve.status).toBe(role === 'see' ? 403 : 303);
    expect(readable(approve.page).includes(refused)).toBe(role === 'see');
    expect((await d.approval(id))?.state).toBe(role === 'see' ? 'pending' : 'approved');
    const pause = await d.post('/freeze', { reason: 'why' });
    expect(pause.status).toBe(role === 'rule' ? 303 : 403);
    await ledger.write((book) => freeze(book, 'terminal', undefined));
    expect((await d.get('')).page.includes('/approvals/unfreeze')).toBe(role === 'rule');
    expect((await d.post('/unfreeze')).status).toBe(role === 'rule' ? 303 : 403);
    expect((await ledger.read((book) => book.operator.freeze())) === undefined).toBe(role === 'rule');
  });
});

describe('a person who decides', () => {
  it('stands in the record, on the page and in the story under their name, the secret as the secret', async () => {
    const { d, ledger, people, id } = await shop();
    await d.signInAs(people.decide);
    await d.post(`/${id}`, { decision: 'approve' });
    expect(await d.approval(id)).toMatchObject({ state: 'approved', decidedBy: 'decide-er' });
    const page = readable((await d.get(`/${id}`)).page);
    expect(page).toContain('决定方式 decide-er');
    expect(page).toContain('有人批准 decide-er');
    const { id: second } = await d.proposeRefund({ outRefundNo: 'R2' });
    await d.signInAs(people.root);
    await d.post(`/${second}`, { decision: 'deny' });
    expect(readable((await d.get(`/${second}`)).page)).toContain('决定方式 操作员口令，在本页面');
    const records = await ledger.read((book) => book.audit.after(0, 1_000));
    const callers = records
      .filter(({ kind }) => /^approval-(approved|denied)$/.test(kind))
      .map(({ caller }) => caller);
    expect(callers).toEqual(['operator:decide-er', 'operator']);
    await d.signInAs(people.rule);
    await d.post('/freeze', {});
    expect(readable((await d.get('')).page)).toContain('rule-er');
    expect(await ledger.read((book) => book.operator.freeze())).toMatchObject({ by: 'rule-er' });
  });

  it('is told by their name, whatever it is', async () => {
    const { d, ledger, people, id } = await shop();
    const { code } = await d.invite('constructor', 'rule');
    await d.post('/join', { code, password: PASSWORD, again: PASSWORD });
    await d.signInAs(await Person.byPassword(ledger, 'constructor', PASSWORD, 'page'));
    await d.post(`/${id}`, { decision: 'approve' });
    await d.post('/freeze', {});
    await d.signInAs(people.see);
    const page = readable((await d.get(`/${id}`)).page);
    expect(page).toContain('决定方式 constructor');
    expect(page).toContain('有人批准 constructor');
    expect(page).toContain('暂停于 14:30（北京时间） · constructor');
  });

  it('is nobody who only calls themselves so', async () => {
    const { d, ledger, people, id } = await shop();
    const agent = ledger.as({ caller: 'operator-bot', tool: 'refund-payment' });
    await agent.write(async (book) => {
      const detail = { amountFen: fen(100) } as never;
      await book.audit.append({ kind: 'refund-created', outTradeNo: ORDER, outRefundNo: 'R9', detail });
    });
    await d.signInAs(people.see);
    const page = readable((await d.get(`/${id}`)).page);
    expect(page).toContain('智能体申请退款 ¥1.00 R9');
    expect(page).not.toContain('有人发起退款');
  });

  it('does nothing any more once revoked, though their session was read before', async () => {
    const { d, ledger, people, id } = await shop();
    await d.signInAs(people.decide);
    await revokePerson(ledger, people.root, 'decide-er');
    const late = ledger.write((book) =>
      decideApproval(book, people.decide, id, { approve: true }, d.world.clock.now()),
    );
    await expect(late).rejects.toMatchObject({ code: 'CONFIGURATION' });
    expect((await d.post(`/${id}`, { decision: 'approve' })).status).toBe(401);
    expect((await d.approval(id))?.state).toBe('pending');
    await expect(Person.byPassword(ledger, 'decide-er', PASSWORD, 'terminal')).rejects.toMatchObject({
      code: 'CONFIGURATION',
    });
  });

  it('is on record with what their role refuses them, in the story of what it was about', async () => {
    const { d, ledger, people, id } = await shop();
    await d.signInAs(people.see);
    const order = `http://127.0.0.1:3920/console/orders/${ORDER}`;
    for (const [path, fields] of [
      [`/${id}`, { decision: 'approve' }],
      ['/freeze', {}],
      ['/unfreeze', {}],
      [`${order}/refund`, { number: 'R7', fen: '100' }],
      [`${order}/close`, {}],
      ['http://127.0.0.1:3920/console/subscriptions/GYM0001/cancel', {}],
      ['http://127.0.0.1:3920/console/bills', { date: '2026-11-20' }],
    ] as const)
      expect([path, (await d.post(path, fields)).status]).toEqual([path, 403]);
    const records = await ledger.read((book) => book.audit.after(0, 1_000));
    const refused = records.filter(({ kind, caller }) => kind === 'result' && caller === 'operator:see-er');
    expect(
      refused.map(({ outTradeNo, outRefundNo, detail }) => [detail.deed, outTradeNo, outRefundNo]),
    ).toEqual([
      ['approval', ORDER, 'R1'],
      ['freeze', undefined, undefined],
      ['freeze', undefined, undefined],
      ['refund', ORDER, 'R7'],
      ['close', ORDER, undefined],
      ['close', contractSubject('GYM0001').outTradeNo, undefined],
      ['close', undefined, undefined],
    ]);
    for (const { detail } of refused) expect(detail).toMatchObject({ code: 'CONFIGURATION', role: 'see' });
    expect(await verifyAudit(ledger, [])).toMatchObject({ intact: true });
    const page = readable((await d.get(`/${id}`)).page);
    expect(page).toContain('有人的操作被拒绝 see-er CONFIGURATION');
    expect(page).not.toContain('智能体的一次请求被拒绝');
  });

  it('does nothing any more by a secret that was changed', async () => {
    const { d, ledger, people, id } = await shop();
    await setOperatorSecret(ledger, { newSecret: 'another secret', oldSecret: SECRET }, d.till.randomBytes);
    const late = ledger.write((book) =>
      decideApproval(book, people.root, id, { approve: true }, d.world.clock.now()),
    );
    await expect(late).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(revokePerson(ledger, people.root, 'see-er')).rejects.toMatchObject({
      code: 'CONFIGURATION',
    });
    // Whoever has a name keeps it.
    await ledger.write((book) =>
      decideApproval(book, people.decide, id, { approve: true }, d.world.clock.now()),
    );
  });
});

describe('a session', () => {
  it('ends where another begins in the same browser, and everywhere at a word', async () => {
    const { d, people, ledger } = await shop();
    const first = await d.post('/sign-in', { name: 'see-er', secret: PASSWORD, stay: 'quarter' });
    expect(first.cookie).toContain('Max-Age=7776000;');
    // What was typed for a name stays, as data; what was typed for a password does not.
    const slip = await d.post('/sign-in', { name: '"><b>', secret: 'a slip of mine' });
    expect(slip.page).toContain('name="name" value="&quot;&gt;&lt;b&gt;"');
    expect(slip.page).not.toContain('a slip of mine');
    d.cookie = first.cookie?.split(';')[0];
    const old = d.cookie;
    const second = await d.post('/sign-in', { name: 'see-er', secret: PASSWORD });
    d.cookie = second.cookie?.split(';')[0];
    expect(d.cookie).not.toBe(old);
    const current = d.cookie;
    d.cookie = old;
    expect((await d.get('')).status).toBe(303);
    // One that a stranger has planted is nobody's, and is not taken over at sign-in.
    d.cookie = `${await d.cookieName()}=${'A'.repeat(43)}`;
    const third = await d.post('/sign-in', { name: 'see-er', secret: PASSWORD });
    expect(third.cookie).not.toContain('A'.repeat(43));
    await d.signInAs(people.see, 'week');
    const page = (await d.get('/me')).page;
    // The first, of the invitation, is theirs too.
    expect(page.match(/name="session"/g)).toHaveLength(4);
    expect(page).not.toContain(current?.split('=')[1]);
    // Another's session is none of theirs to end.
    const theirs = d.csrf;
    const own = d.cookie;
    await d.signInAs(people.decide);
    const [, foreign = ''] = /name="session" value="([^"]+)"/.exec((await d.get('/me')).page) ?? [];
    d.csrf = theirs;
    const decider = d.cookie;
    d.cookie = own;
    await d.post('/me/end', { session: foreign });
    d.cookie = decider;
    expect((await d.get('')).status).toBe(200);
    d.cookie = own;
    expect((await d.post('/me/end', {})).location).toBe('/approvals/sign-in');
    for (const cookie of [own, current]) {
      d.cookie = cookie;
      expect((await d.get('')).status).toBe(303);
    }
    expect(new Map((await listPeople(ledger)).map(({ role, sessions }) => [role, sessions]))).toEqual(
      new Map([
        ['see', 0],
        ['decide', 2],
        ['rule', 1],
      ]),
    );
  });

  it('lasts as long as was chosen, used or not, and no longer for a clock that was set back', async () => {
    const { d, people } = await shop();
    await d.signInAs(people.see, 'week');
    d.world.clock.advance(7 * 86_400_000 - 1);
    expect((await d.get('')).status).toBe(200);
    d.world.clock.advance(1);
    expect((await d.get('')).status).toBe(303);
  });

  it('is worth nothing at another merchant’s, nor is a password', async () => {
    const { d, people } = await shop();
    const { d: other } = await shop();
    await d.signInAs(people.rule);
    const value = d.cookie?.split('=')[1];
    for (const name of [await d.cookieName(), await other.cookieName()]) {
      other.cookie = `${name}=${value}`;
      expect((await other.get('')).status).toBe(303);
    }
  });

  it('of a new password leaves none of an old one', async () => {
    const { d, people } = await shop();
    await d.signInAs(people.decide);
    const before = d.cookie;
    await d.signInAs(people.decide, 'month');
    const [password, again] = ['another password', 'another password'];
    expect((await d.post('/me/password', { password, again: 'other' })).status).toBe(400);
    expect((await d.post('/me/password', { password: 'short', again: 'short' })).status).toBe(400);
    const sent = await d.post('/me/password', { password, again });
    expect(sent).toMatchObject({ status: 303, location: '/approvals/me' });
    expect(sent.cookie).toContain('Max-Age=2592000;');
    for (const cookie of [before, d.cookie]) {
      d.cookie = cookie;
      expect((await d.get('')).status).toBe(303);
    }
    d.cookie = sent.cookie?.split(';')[0];
    expect((await d.get('')).status).toBe(200);
    expect((await d.post('/sign-in', { name: 'decide-er', secret: PASSWORD })).status).toBe(403);
    await d.signInAs(people.root);
    expect((await d.post('/me/password', { password, again })).status).toBe(400);
  });
});

describe('pages about signing in', () => {
  const FORMS = ['/me/passkey', '/me/remove', '/me/password', '/me/end', '/me/options'];
  it.each(FORMS)('%s does nothing without the token, from elsewhere, or for nobody', async (path) => {
    const { d, people } = await shop();
    await d.signInAs(people.decide);
    const fields = { password: 'another password', again: 'another password', id: 'x', session: 'x' };
    expect((await d.post(path, { ...fields, csrf: 'wrong' })).status).toBe(403);
    expect((await d.post(path, fields, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    d.cookie = undefined;
    expect([401, 403]).toContain((await d.post(path, fields)).status);
    expect((await d.post('/sign-in', { name: 'decide-er', secret: PASSWORD })).status).toBe(303);
  });

  it.each(['/sign-in', '/join', '/sign-in/options', '/join/options'])(
    '%s takes no form of another site',
    async (path) => {
      const { d } = await shop();
      const sent = await d.post(path, { secret: SECRET }, { 'sec-fetch-site': 'cross-site' });
      expect([sent.status, sent.cookies]).toEqual([403, []]);
    },
  );

  it('change nothing by being looked at, however often a chat looks at their links', async () => {
    const { d, people, id, ledger } = await shop();
    const before = await ledger.inspect((tx) => tx.all('SELECT * FROM audit'));
    for (const cookie of [undefined, (await d.signInAs(people.root)).cookie]) {
      d.cookie = cookie;
      for (const path of [
        '',
        `/${id}`,
        '/me',
        '/join',
        '/sign-in',
        `/sign-in?next=${id}`,
        '/me/end',
        '/freeze',
        '/sign-out',
      ]) {
        for (const method of ['GET', 'HEAD']) await d.request(path, { method });
      }
    }
    const after = await ledger.inspect((tx) => tx.all('SELECT * FROM audit'));
    // Its own sign-in, above.
    expect(after.length - before.length).toBe(1);
    expect((await d.get('')).status).toBe(200);
  });

  it('lock out whoever guesses passwords, by whatever name, and nobody else', async () => {
    const { d } = await shop();
    d.source = '198.51.100.7';
    d.cookie = undefined;
    for (let i = 0; i < 10; i++) {
      expect(
        (await d.post('/sign-in', { name: `${i % 2 ? 'see' : 'no'}-er`, secret: 'a guess' })).status,
      ).toBe(403);
    }
    const right = { name: 'see-er', secret: PASSWORD };
    const locked = await d.post('/sign-in', right);
    expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    const other = d.beside(d.till.ledger);
    other.source = d.source;
    expect((await other.post('/sign-in', right)).status).toBe(429);
    other.source = '198.51.100.8';
    expect((await other.post('/sign-in', right)).status).toBe(303);
  });

  it('are served in clear on this machine only', async () => {
    const d = await Desk.open({ publicUrl: 'http://192.168.1.5:3920' });
    desks.push(d);
    for (const path of ['/sign-in', '/join', '/sign-in/options', '/join/options']) {
      const at = `http://192.168.1.5:3920/approvals${path}`;
      for (const sent of [await d.get(at), await d.post(at, { secret: SECRET })]) {
        expect([path, sent.status, sent.cookies]).toEqual([path, 403, []]);
      }
    }
    expect((await d.post('/sign-in', { secret: SECRET })).status).toBe(303);
  });

  it('lead nowhere else: `next` is one of our own pages or none', async () => {
    const { d, id } = await shop();
    for (const next of [
      '//evil.example',
      'https://evil.example',
      `${id}/../../x`,
      '\\evil',
      'me/end',
      'javascript:1',
      '%2F%2Fevil',
    ]) {
      const sent = await d.post('/sign-in', { name: 'see-er', secret: PASSWORD, next });
      expect(sent.location).toBe('/approvals');
      expect((await d.get(`/sign-in?next=${encodeURIComponent(next)}`)).page).not.toContain('evil');
    }
    expect((await d.post('/sign-in', { name: 'see-er', secret: PASSWORD, next: id })).location).toBe(
      `/approvals/${id}`,
    );
    expect((await d.get('/me')).location).toBe('/approvals/sign-in?next=me');
  });

  it('show names as data', async () => {
    const { d, ledger, people } = await shop();
    const ports = { now: d.world.clock.now(), randomBytes: d.till.randomBytes };
    for (const name of [
      '<b>x</b>',
      'a b',
      '',
      'x'.repeat(33),
      'operator',
      'Operat0r',
      'page',
      'terminal',
      'form',
      'first',
      'settler',
      'a\u202eb',
      'see-er',
      'SEE-ER',
      'ｓｅｅ-ｅｒ',
    ]) {
      await expect(addPerson(ledger, people.root, { name, role: 'see' }, ports)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    for (const name of ['王芳', 'Li.Wei', 'anne-marie', 'Zoë']) {
      expect(await addPerson(ledger, people.root, { name, role: 'see' }, ports)).toMatchObject({ name });
    }
  });
});
