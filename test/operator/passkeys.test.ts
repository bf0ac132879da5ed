import { afterEach, describe, expect, it } from 'vitest';
import { revokePerson } from '../../src/persons/people.ts';
import { Person } from '../../src/persons/person.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { type Lie, Passkey } from '../support/authenticator.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Desk, readable, SECRET, type Sent } from './desk.ts';

cheapGuesses();

const HERE = 'http://localhost:3920';
const AT = `${HERE}/approvals`;
const PUBLIC = 'https://pay.example';

const desks: Desk[] = [];
afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.close();
});
async function desk(options: Parameters<typeof Desk.open>[0] = {}): Promise<Desk> {
  const made = await Desk.open(options);
  desks.push(made);
  return made;
}

/** The cookies of a browser after an answer. */
function kept(sent: Sent, before = ''): string {
  const cookies = new Map(
    [...before.split('; '), ...sent.cookies.map((cookie) => cookie.split(';')[0] ?? '')]
      .filter(Boolean)
      .map((pair) => pair.split('=') as [string, string]),
  );
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** Somebody takes up an invitation with a passkey, and stands in front of a browser that knows nothing. */
async function joined(d: Desk, { at = AT, origin = HERE, name = 'li' } = {}) {
  const { code } = await d.invite(name);
  d.cookie = undefined;
  const asked = await d.post(`${at}/join/options`, { code });
  d.cookie = kept(asked);
  const passkey = new Passkey();
  const answer = passkey.make(JSON.parse(asked.page), origin);
  const sent = await d.post(`${at}/join`, { code, answer, stay: 'month' });
  d.cookie = undefined;
  return { passkey, sent, code };
}

async function ask(d: Desk, at = AT) {
  const asked = await d.post(`${at}/sign-in/options`, {});
  d.cookie = kept(asked, d.cookie);
  return JSON.parse(asked.page);
}

describe('a passkey', () => {
  it('is made with an invitation, and signs in from then on, with one thumb and no name', async () => {
    const d = await desk();
    const { passkey, sent } = await joined(d);
    expect(sent).toMatchObject({ status: 303, location: '/approvals' });
    expect(sent.cookie).toContain(`Max-Age=${30 * 24 * 3600};`);
    expect((await d.get(`${AT}/sign-in`)).page).toContain('data-passkey="get"');
    const asked = await ask(d);
    expect(asked).toMatchObject({ rpId: 'localhost', userVerification: 'required' });
    expect(asked.allowCredentials).toBeUndefined();
    const answer = passkey.sign(asked, HERE);
    const came = await d.post(`${AT}/sign-in`, { answer, stay: 'week', secret: '' });
    expect(came).toMatchObject({ status: 303 });
    expect(came.cookie).toContain(`Max-Age=${7 * 24 * 3600};`);
    d.cookie = kept(came);
    const { page } = await d.get(`${AT}/me`);
    expect(readable(page)).toMatch(/姓名 li 权限 审批、退款、关单/);
    expect(await d.recorded('operator-joined')).toBe(1);
    expect(await d.recorded('operator-signed-in')).toBe(2);
  });

  it('works under https by the public name, with cookies of that host only', async () => {
    const d = await desk({ publicUrl: PUBLIC });
    const at = `http://pay.example/approvals`;
    const { passkey, sent } = await joined(d, { at, origin: PUBLIC });
    expect(sent.cookies.every((cookie) => /^__Host-.*; Path=\/; .*; Secure$/.test(cookie))).toBe(true);
    const answer = passkey.sign(await ask(d, at), PUBLIC);
    const came = await d.post(`${at}/sign-in`, { answer });
    expect(came.status).toBe(303);
    // Who comes straight to this machine is in nobody's session there.
    d.cookie = kept(came).replaceAll('__Host-', '');
    expect((await d.get(`${at}`)).status).toBe(303);
    d.cookie = kept(came);
    expect((await d.get(`${at}`)).status).toBe(200);
  });

  it('is not offered at an address of numbers, where the page leads to one that has them', async () => {
    const d = await desk();
    await joined(d);
    const { page } = await d.get('/sign-in');
    expect(page).not.toContain('data-passkey="');
    expect(page).toContain(`href="${AT}/sign-in"`);
    expect((await d.post('/sign-in/options', {})).status).toBe(403);
  });

  const lies: Record<string, Lie | ((other: Passkey) => Lie)> = {
    'another origin': { origin: 'http://localhost:3921' },
    'a page of another host': { origin: 'https://evil.example' },
    'another relying party': { rpId: 'evil.example' },
    'another challenge': { challenge: Buffer.alloc(32, 7).toString('base64url') },
    'the making of one': { type: 'webauthn.create' },
    'nobody there': { flags: 0x04 },
    'an owner who is not verified': { flags: 0x01 },
    'a frame of another page': (other) => ({
      crossOrigin: true,
      origin: 'https://evil.example',
      handle: other.handle,
    }),
    'another key': (other) => ({ signedBy: other }),
    "another person's handle": (other) => ({ handle: other.handle }),
    'no handle': { handle: '' },
    "another person's id": (other) => ({ id: other.id }),
    'an id that nobody has': { id: Buffer.alloc(16, 1).toString('base64url') },
  };
  it.each(Object.entries(lies))('that signs %s lets nobody in', async (_what, lie) => {
    const d = await desk();
    const { passkey } = await joined(d);
    const { passkey: other } = await joined(d, { name: 'wang' });
    const answer = passkey.sign(await ask(d), HERE, typeof lie === 'function' ? lie(other) : lie);
    const sent = await d.post(`${AT}/sign-in`, { answer });
    expect([sent.status, sent.cookies]).toEqual([403, []]);
    expect(readable(sent.page)).toContain('这把通行密钥不能在这里使用');
    expect(await d.recorded('operator-sign-in-failed')).toBe(1);
    // The honest answer to the same question still does.
    expect((await d.post(`${AT}/sign-in`, { answer: passkey.sign(await ask(d), HERE) })).status).toBe(303);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"id":1}',
    '{"id":"a"}',
    '{"id":"a","response":{}}',
    '{"id":"a b","response":{}}',
  ])('is not %j', async (answer) => {
    const d = await desk();
    await joined(d);
    await ask(d);
    expect((await d.post(`${AT}/sign-in`, { answer })).status).toBe(403);
  });

  it('answers a question once, in the browser that was asked, within five minutes', async () => {
    const d = await desk();
    const { passkey } = await joined(d);
    const asked = await ask(d);
    const answer = passkey.sign(asked, HERE);
    const browser = d.cookie;
    d.cookie = undefined;
    expect((await d.post(`${AT}/sign-in`, { answer })).status).toBe(403);
    await ask(d);
    expect((await d.post(`${AT}/sign-in`, { answer })).status).toBe(403);
    d.cookie = browser;
    expect((await d.post(`${AT}/sign-in`, { answer })).status).toBe(303);
    expect((await d.post(`${AT}/sign-in`, { answer })).status).toBe(403);
    // Nor with a counter that has gone on, from the same question.
    expect((await d.post(`${AT}/sign-in`, { answer: passkey.sign(asked, HERE) })).status).toBe(403);
    const late = passkey.sign(await ask(d), HERE);
    d.world.clock.advance(5 * 60_000);
    expect((await d.post(`${AT}/sign-in`, { answer: late })).status).toBe(403);
  });

  it('that was copied is found out by its counter, in whichever process', async () => {
    const d = await desk();
    const { passkey } = await joined(d);
    const other = d.beside(d.till.ledger);
    expect(
      (await d.post(`${AT}/sign-in`, { answer: passkey.sign(await ask(d), HERE, { counter: 9 }) })).status,
    ).toBe(303);
    for (const counter of [9, 8, 0]) {
      const answer = passkey.sign(await ask(other), HERE, { counter });
      expect((await other.post(`${AT}/sign-in`, { answer })).status).toBe(403);
    }
    const answer = passkey.sign(await ask(other), HERE, { counter: 10 });
    const both = [other, d].map((one) => {
      one.cookie = other.cookie;
      return one.post(`${AT}/sign-in`, { answer });
    });
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([303, 403]);
  });

  it('of whom was revoked is gone, as they are, at once and in every process', async () => {
    const d = await desk();
    const { passkey, sent } = await joined(d);
    const other = d.beside(d.till.ledger);
    other.cookie = kept(sent);
    expect((await other.get('')).status).toBe(200);
    const answer = passkey.sign(await ask(d), HERE);
    const root = await Person.bySecret(d.till.ledger, 'live', SECRET, 'terminal');
    await revokePerson(d.till.ledger, root, 'LI');
    expect((await other.get('')).location).toBe('/approvals/sign-in');
    expect((await d.post(`${AT}/sign-in`, { answer })).status).toBe(403);
    // Somebody of the same name is somebody else.
    const again = await joined(d);
    expect((await d.post(`${AT}/sign-in`, { answer: passkey.sign(await ask(d), HERE) })).status).toBe(403);
    expect((await d.post(`${AT}/sign-in`, { answer: again.passkey.sign(await ask(d), HERE) })).status).toBe(
      303,
    );
  });
});

describe('the holder of the secret', () => {
  async function withPasskey() {
    const d = await desk();
    d.cookie = kept(await d.post(`${AT}/sign-in`, { secret: SECRET, stay: 'month' }));
    d.csrf = /name="csrf" value="([^"]+)"/.exec((await d.get(`${AT}/me`)).page)?.[1] ?? '';
    const asked = await d.post(`${AT}/me/options`, {});
    d.cookie = kept(asked, d.cookie);
    const passkey = new Passkey();
    const answer = passkey.make(JSON.parse(asked.page), HERE);
    const sent = await d.post(`${AT}/me/passkey`, { answer, label: ' 我的\n手机 <b> ' });
    return { d, passkey, sent, answer };
  }

  it('adds passkeys with names, sees and removes them', async () => {
    const { d, passkey, sent, answer } = await withPasskey();
    expect(sent).toMatchObject({ status: 303, location: '/approvals/me' });
    const { page } = await d.get(`${AT}/me`);
    expect(readable(page)).toContain('我的 手机 <b> localhost');
    // The same answer makes no second one, nor does another question of the same browser's.
    expect((await d.post(`${AT}/me/passkey`, { answer })).status).toBe(400);
    const again = JSON.parse((await d.post(`${AT}/me/options`, {})).page);
    expect(again.excludeCredentials).toEqual([{ type: 'public-key', id: passkey.id }]);
    const session = d.cookie;
    d.cookie = undefined;
    const signedIn = await d.post(`${AT}/sign-in`, { answer: passkey.sign(await ask(d), HERE) });
    expect(signedIn.status).toBe(303);
    d.cookie = session;
    expect((await d.post(`${AT}/me/remove`, { id: passkey.id })).status).toBe(303);
    d.cookie = undefined;
    expect((await d.post(`${AT}/sign-in`, { answer: passkey.sign(await ask(d), HERE) })).status).toBe(403);
  });

  it('loses them with the secret that they stood for', async () => {
    const { d, passkey } = await withPasskey();
    const { ledger, randomBytes } = d.till;
    await setOperatorSecret(ledger, { newSecret: 'another secret', oldSecret: SECRET }, randomBytes);
    expect((await d.get(`${AT}/me`)).status).toBe(303);
    d.cookie = undefined;
    expect((await d.post(`${AT}/sign-in`, { answer: passkey.sign(await ask(d), HERE) })).status).toBe(403);
  });

  it('changes how they sign in only shortly after they have', async () => {
    const { d, passkey } = await withPasskey();
    const asked = await d.post(`${AT}/me/options`, {});
    d.cookie = kept(asked, d.cookie);
    d.world.clock.advance(10 * 60_000 + 1);
    expect((await d.get(`${AT}/me`)).page).not.toContain('data-passkey="');
    expect((await d.post(`${AT}/me/options`, {})).status).toBe(403);
    expect((await d.post(`${AT}/me/remove`, { id: passkey.id })).status).toBe(403);
    const answer = new Passkey().make(JSON.parse(asked.page), HERE);
    expect((await d.post(`${AT}/me/passkey`, { answer })).status).toBe(403);
    expect(await d.till.ledger.read((book) => book.persons.passkeysOf('operator'))).toHaveLength(1);
  });
});

describe('an invitation', () => {
  it('is used once, and only while it lasts; to look at it uses nothing up', async () => {
    const d = await desk();
    const { code } = await d.invite();
    for (let i = 0; i < 3; i++) expect((await d.get('/join')).status).toBe(200);
    const password = { password: 'a long password', again: 'a long password' };
    expect((await d.post('/join', { ...password, code: 'AAAAA-AAAAA-AAAAA-AAAAA-AAAAA' })).status).toBe(403);
    expect((await d.post('/join', { code, password: 'short', again: 'short' })).status).toBe(400);
    expect((await d.post('/join', { code, password: 'a long password', again: 'another one' })).status).toBe(
      400,
    );
    const both = [code, code.toLowerCase().replaceAll('-', ' ')].map((one) =>
      d.post('/join', { ...password, code: one }),
    );
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([303, 403]);
    expect((await d.post('/join', { ...password, code })).status).toBe(403);
    const late = await d.invite('wang');
    d.world.clock.advance(60 * 60_000);
    expect((await d.post('/join', { ...password, code: late.code })).status).toBe(403);
    expect((await d.post('/sign-in', { name: ' Li ', secret: 'a long password' })).status).toBe(303);
    for (const secret of ['', SECRET, 'a long passwor']) {
      expect((await d.post('/sign-in', { name: 'li', secret })).status).toBe(403);
    }
    expect((await d.post('/sign-in', { name: 'nobody', secret: 'a long password' })).status).toBe(403);
    expect((await d.post('/sign-in', { name: 'operator', secret: SECRET })).status).toBe(403);
    expect((await d.post('/sign-in', { secret: 'a long password' })).status).toBe(403);
  });

  it('takes no passkey that vouches for itself by a certificate, nor one made for another code', async () => {
    const d = await desk();
    const { code } = await d.invite();
    const other = await d.invite('wang');
    const asked = await d.post(`${AT}/join/options`, { code });
    d.cookie = kept(asked);
    // {fmt: "packed", attStmt: {x5c: []}}
    const attested = Buffer.from('63666d74667061636b65646761747453746d74a16378356380', 'hex');
    const wanted = JSON.parse(asked.page);
    for (const lie of [
      { attested },
      { origin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { flags: 1 },
    ]) {
      const answer = new Passkey().make(wanted, HERE, lie);
      expect((await d.post(`${AT}/join`, { code, answer })).status).toBe(400);
    }
    const answer = new Passkey().make(wanted, HERE);
    expect((await d.post(`${AT}/join`, { code: other.code, answer })).status).toBe(400);
    expect((await d.post(`${AT}/join`, { code, answer })).status).toBe(303);
    expect((await d.post(`${AT}/join/options`, { code })).status).toBe(403);
  });
});
