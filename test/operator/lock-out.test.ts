import { afterEach, describe, expect, it, vi } from 'vitest';
import { Guesses } from '../../src/operator/guesses.ts';
import { operatorRoutes } from '../../src/operator/index.ts';
import { listen } from '../../src/platform/listener.ts';
import { sourceOf } from '../../src/platform/source.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Desk, SECRET, type Sent } from './desk.ts';

cheapGuesses();

const open: Desk[] = [];
async function desk(): Promise<Desk> {
  const opened = await Desk.open();
  open.push(opened);
  return opened;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((d) => d.close()));
});

async function at(d: Desk, source: string, secret: string, cookie?: string): Promise<Sent> {
  d.source = source;
  d.cookie = cookie;
  return d.post('/sign-in', { secret });
}
/** What a browser sends back of the cookies that were set. */
const jar = (sent: Sent, which = /./) =>
  sent.cookies
    .map((cookie) => cookie.split(';')[0] ?? '')
    .filter((pair) => which.test(pair))
    .join('; ');
async function lockedOut(d: Desk, source: string, cookie?: string): Promise<void> {
  for (let i = 0; i < 10; i++) expect((await at(d, source, `guess ${i}`, cookie)).status).toBe(403);
  expect((await at(d, source, SECRET, cookie)).status).toBe(429);
}

describe('ten wrong guesses a minute', () => {
  it('lock out where they come from, and nobody else', async () => {
    const d = await desk();
    await lockedOut(d, '203.0.113.7');
    expect((await at(d, '203.0.113.8', SECRET)).status).toBe(303);
    expect((await at(d, '203.0.113.7', SECRET)).status).toBe(429);
    d.world.clock.advance(60_000);
    expect((await at(d, '203.0.113.7', SECRET)).status).toBe(303);
  });

  it('do not lock out the device of a person who has signed in before, though it comes from the same place', async () => {
    const d = await desk();
    const device = jar(await at(d, '127.0.0.1', SECRET), /device/);
    expect(device).toMatch(/^operator-device-[0-9a-f]{12}=/);
    await lockedOut(d, '127.0.0.1');
    expect((await at(d, '127.0.0.1', SECRET, device)).status).toBe(303);
    // Months later, wherever it is by then.
    d.world.clock.advance(100 * 24 * 3_600_000);
    await lockedOut(d, '198.51.100.1');
    expect((await at(d, '198.51.100.1', SECRET, device)).status).toBe(303);
    d.world.clock.advance(181 * 24 * 3_600_000);
    await lockedOut(d, '198.51.100.1');
    expect((await at(d, '198.51.100.1', SECRET, device)).status).toBe(429);
  });

  it('on a known device lock out that device, and no source', async () => {
    const d = await desk();
    const device = jar(await at(d, '127.0.0.1', SECRET), /device/);
    await lockedOut(d, '127.0.0.1', device);
    expect((await at(d, '198.51.100.9', SECRET, device)).status).toBe(429);
    expect((await at(d, '127.0.0.1', SECRET)).status).toBe(303);
  });

  describe('at the secret', () => {
    const OWN = 'a long password';
    /** A person of the shop who signs in under a name of their own, and what their browser holds of that. */
    async function insider(d: Desk) {
      const { code } = await d.invite('Vera');
      const device = jar(await d.post('/join', { code, password: OWN, again: OWN }), /device/);
      const own = (source: string, cookie?: string) => {
        d.source = source;
        d.cookie = cookie;
        return d.post('/sign-in', { name: 'vera', secret: OWN });
      };
      return { device, own };
    }

    it('are not taken back by a good sign-in under another name', async () => {
      const d = await desk();
      const { own } = await insider(d);
      for (let i = 0; i < 9; i++) expect((await at(d, '203.0.113.7', `guess ${i}`)).status).toBe(403);
      for (let i = 0; i < 3; i++) expect((await own('203.0.113.7')).status).toBe(303);
      expect((await at(d, '203.0.113.7', 'guess 9')).status).toBe(403);
      expect((await at(d, '203.0.113.7', SECRET)).status).toBe(429);
    });

    it('lock out their source, however many devices somebody has signed in with under another name', async () => {
      const d = await desk();
      const { device, own } = await insider(d);
      const devices = [
        device,
        jar(await own('203.0.113.7'), /device/),
        jar(await own('203.0.113.7'), /device/),
      ];
      for (let i = 0; i < 10; i++) {
        expect((await at(d, '203.0.113.7', `guess ${i}`, devices[i % 3])).status).toBe(403);
      }
      for (const one of devices) expect((await at(d, '203.0.113.7', SECRET, one)).status).toBe(429);
      expect((await own('203.0.113.7', device)).status).toBe(303);
    });

    it('do not lock out the device of its holder that others have signed in with since', async () => {
      const d = await desk();
      const { own } = await insider(d);
      const holders = jar(await at(d, '127.0.0.1', SECRET), /device/);
      const shared = `${holders}; ${jar(await own('127.0.0.1', holders), /device/)}`;
      await lockedOut(d, '127.0.0.1');
      expect((await at(d, '127.0.0.1', SECRET, shared)).status).toBe(303);
      expect((await own('127.0.0.1', shared)).status).toBe(303);
    });
  });
});

describe('several processes on one ledger', () => {
  async function another(d: Desk): Promise<Desk> {
    return d.beside((await d.world.process()).ledger);
  }

  it('count together: a source is locked out at all of them, a known device and other sources at none', async () => {
    const d = await desk();
    const device = jar(await at(d, '127.0.0.1', SECRET), /device/);
    const other = await another(d);
    for (let i = 0; i < 5; i++) {
      expect((await at(d, '203.0.113.7', `guess ${i}`)).status).toBe(403);
      d.world.clock.advance(1_000);
      expect((await at(other, '203.0.113.7', `guess ${i}`)).status).toBe(403);
    }
    const third = await another(d);
    for (const process of [d, other, third]) {
      const late = await at(process, '203.0.113.7', SECRET);
      // The first of ten was made five seconds ago.
      expect([late.status, late.headers.get('retry-after')]).toEqual([429, '55']);
      expect((await at(process, '203.0.113.7', SECRET, device)).status).toBe(303);
      expect((await at(process, '203.0.113.8', SECRET)).status).toBe(303);
    }
    d.world.clock.advance(55_000);
    // A good one takes no place from those to come, at whichever process.
    for (const process of [third, other, d]) {
      expect((await at(process, '203.0.113.7', SECRET)).status).toBe(303);
    }
    expect((await at(other, '203.0.113.7', 'guess')).status).toBe(403);
    expect((await at(third, '203.0.113.7', SECRET)).status).toBe(429);
  });

  it('let no more than ten through that come at once, and one that starts anew knows of them', async () => {
    const d = await desk();
    const processes = [d, await another(d), await another(d)];
    const answers = await Promise.all(
      Array.from({ length: 45 }, (_, i) => at(processes[i % 3] ?? d, '203.0.113.7', `guess ${i}`)),
    );
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(35);
    expect((await at(await another(d), '203.0.113.7', SECRET)).status).toBe(429);
  });

  it('is no longer locked out than a minute when the clock is set back', async () => {
    const d = await desk();
    await lockedOut(d, '203.0.113.7');
    d.world.clock.advance(-3_600_000);
    expect((await at(d, '203.0.113.7', SECRET)).status).toBe(303);
  });
});

describe('what a flood of guesses leaves behind', () => {
  it('a source that is locked out is refused from memory', async () => {
    const d = await desk();
    await lockedOut(d, '203.0.113.7');
    const { ledger } = d.options;
    const asked = [vi.spyOn(ledger, 'note'), vi.spyOn(ledger, 'write')];
    for (let i = 0; i < 500; i++) expect((await at(d, '203.0.113.7', 'wrong')).status).toBe(429);
    for (const spy of asked) expect(spy).not.toHaveBeenCalled();
  });

  it('neither names who guessed, nor grows, and is gone with the next guess after a minute', async () => {
    const d = await desk();
    await lockedOut(d, '203.0.113.7');
    const rows = () => d.till.ledger.inspect((tx) => tx.all('SELECT guesser, slot, at FROM guesses'));
    expect(await rows()).toHaveLength(10);
    expect(JSON.stringify(await rows())).not.toContain('203');
    const store = await d.world.store();
    const now = d.world.clock.now();
    await store.write((tx) =>
      tx.run(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
         INSERT INTO guesses (guesser, slot, at) SELECT 'stranger ' || i, 1, ? FROM n`,
        now - 30_000,
      ),
    );
    await at(d, '198.51.100.1', 'wrong');
    expect((await rows()).length).toBeLessThanOrEqual(10_000);
    d.world.clock.advance(60_000);
    await at(d, '198.51.100.2', 'wrong');
    expect(await rows()).toHaveLength(1);
    await at(d, '198.51.100.2', SECRET);
    expect(await rows()).toHaveLength(1);
    await store.close();
  });
});

it('a device is known by the word of this ledger only', async () => {
  const d = await desk();
  const other = await desk();
  const signedIn = await at(d, '127.0.0.1', SECRET);
  const device = jar(signedIn, /device/);
  const [name = '', value = ''] = device.split('=');
  const [id = '', until = '', mac = ''] = value.split('.');
  const theirs = jar(await at(other, '127.0.0.1', SECRET), /device/).split('=')[1];
  await lockedOut(d, '127.0.0.1');
  for (const forged of [
    `${name}=${theirs}`,
    `${name}=${id}.${Number(until) + 1}.${mac}`,
    `${name}=${'A'.repeat(22)}.${until}.${mac}`,
    `${name}=${id}.${until}.${'A'.repeat(43)}`,
    `${name}=${id}.${until}.`,
    `${name}=${id}`,
    `${name}x=${value}`,
  ]) {
    expect([forged, (await at(d, '127.0.0.1', SECRET, forged)).status]).toEqual([forged, 429]);
  }
  expect(signedIn.cookies.at(-1)).toMatch(
    /^operator-device-[0-9a-f]{12}=[\w.-]+; Path=\/approvals; Max-Age=15552000; HttpOnly; SameSite=Strict$/,
  );
  // It says who may guess, never who is in.
  d.cookie = device;
  expect((await d.get('')).location).toBe('/approvals/sign-in');
});

it('a flood of failures is recorded by its number', async () => {
  const d = await desk();
  for (let source = 0; source < 5; source++) {
    for (let i = 0; i < 6; i++) await at(d, `203.0.113.${source}`, 'wrong');
  }
  expect(await d.recorded('operator-sign-in-failed')).toBe(20);
  expect(d.logged).toHaveLength(20);
  d.world.clock.advance(60_000);
  await at(d, '203.0.113.9', 'wrong');
  const records = await d.till.ledger.read((book) => book.audit.after(0, 1_000));
  const last = records.filter(({ kind }) => kind === 'operator-sign-in-failed').at(-1);
  expect(JSON.stringify(last)).toContain('"unrecorded":10');
});

describe('the row in which guesses wait', () => {
  const clock = { now: () => 1_000, sleep: async () => undefined };
  const uncounted = { begin: async () => ({ nth: 1, slot: 1 }), forget: async () => undefined };
  const guess = (order: string[], name: string, until?: Promise<void>) => async () => {
    await until;
    order.push(name);
    return { right: false, answer: name };
  };

  it('serves known devices first, then strangers in turn, one at a time', async () => {
    const guesses = new Guesses(clock, uncounted);
    const order: string[] = [];
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const all = [
      guesses.take({ key: 'first', isKnown: false }, guess(order, 'first', begun)),
      ...['a1', 'a2', 'a3'].map((n) => guesses.take({ key: 'a', isKnown: false }, guess(order, n))),
      guesses.take({ key: 'b', isKnown: false }, guess(order, 'b1')),
      guesses.take({ key: 'operator', isKnown: true }, guess(order, 'operator')),
    ];
    begin();
    await Promise.all(all);
    expect(order).toEqual(['first', 'operator', 'a1', 'b1', 'a2', 'a3']);
  });

  it('is bounded: the one with most in it gives way', async () => {
    const guesses = new Guesses(clock, uncounted);
    const order: string[] = [];
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const first = guesses.take({ key: 'first', isKnown: true }, guess(order, 'first', begun));
    const flood = Array.from({ length: 400 }, (_, i) =>
      guesses.take({ key: `bot ${i % 40}`, isKnown: false }, guess(order, 'bot')),
    );
    const person = guesses.take({ key: 'person', isKnown: false }, guess(order, 'person'));
    begin();
    await first;
    expect(await person).toBe('person');
    const answers = await Promise.all(flood);
    expect(answers.filter((answer) => answer === 'bot')).toHaveLength(199);
  });

  it('keeps working after a guess that could not be made', async () => {
    const guesses = new Guesses(clock, uncounted);
    const who = { key: 'a', isKnown: false };
    await expect(guesses.take(who, () => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
    expect(await guesses.take(who, guess([], 'again'))).toBe('again');
  });
});

describe('over HTTP', () => {
  async function served(d: Desk, trusted: readonly string[]) {
    const listener = await listen({
      routes: operatorRoutes(d.options),
      source: sourceOf(trusted),
      refused: () => new Response(null, { status: 421 }),
    });
    const guess = async (headers: Record<string, string>, secret = 'wrong') => {
      const { status } = await fetch(`${listener.origin}/approvals/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ secret }),
      });
      return status;
    };
    return { listener, guess };
  }
  const from = (address: string) => ({ 'x-forwarded-for': address });

  it('a proxy that is named says where guesses come from', async () => {
    const d = await desk();
    const { listener, guess } = await served(d, ['127.0.0.1']);
    for (let i = 0; i < 10; i++) expect(await guess(from('203.0.113.5'))).toBe(403);
    expect(await guess(from('203.0.113.5'), SECRET)).toBe(429);
    // What the stranger put before it says nothing.
    expect(await guess(from('8.8.8.8, 203.0.113.5'), SECRET)).toBe(429);
    expect(await guess(from('198.51.100.5'), SECRET)).toBe(303);
    expect(await guess({}, SECRET)).toBe(303);
    await listener.close();
  });

  it('one that is not named brings nobody in by the name of this machine; who sits there is let in', async () => {
    const d = await desk();
    const { listener, guess } = await served(d, []);
    for (let i = 0; i < 10; i++) expect(await guess(from(`203.0.113.${i}`))).toBe(421);
    expect(await guess(from('203.0.113.99'), SECRET)).toBe(421);
    expect(await guess({}, SECRET)).toBe(303);
    await listener.close();
  });
});
