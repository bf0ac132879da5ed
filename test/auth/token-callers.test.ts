import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anyoneAs } from '../../src/auth/callers.ts';
import { newToken, tokenCallers } from '../../src/auth/token-callers.ts';
import { changeTokenFile, type TokenEntry } from '../../src/auth/token-file.ts';
import { systemRandom } from '../../src/platform/system.ts';

let folder: string;
let file: string;
const logged: string[] = [];
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (event: string) => void logged.push(event),
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'callers-'));
  file = join(folder, 'tokens.json');
  logged.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function add(name: string, rights: Partial<TokenEntry> = {}): Promise<string> {
  const { token, sha256 } = newToken(systemRandom);
  await changeTokenFile(file, (known) => [...known, { name, sha256, orders: 'own', ...rights }]);
  return token;
}
const bearer = (token: string) => `Bearer ${token}`;

describe('a token', () => {
  it('is 256 bits of randomness behind a recognisable beginning', () => {
    const { token, sha256 } = newToken(systemRandom);
    expect(token).toMatch(/^mcpc_[A-Za-z0-9_-]{43}$/);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(newToken(systemRandom).token).not.toBe(token);
  });

  it('is compared to its last byte', async () => {
    const { token, sha256 } = newToken(systemRandom);
    const almost = Array.from(sha256, (digit, i) => {
      const other = digit === '0' ? '1' : '0';
      return { name: `almost-${i}`, sha256: sha256.slice(0, i) + other + sha256.slice(i + 1) };
    });
    await changeTokenFile(file, () => almost.map((entry) => ({ ...entry, orders: 'own' as const })));
    expect(tokenCallers(file, log).identify(bearer(token))).toBe('wrong');
  });

  it('is a caller with its rights', async () => {
    const own = await add('own', { tools: ['query-payment'] });
    const all = await add('all', { orders: 'all' });
    const callers = tokenCallers(file, log);
    const credential = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(callers.identify(bearer(own))).toEqual({
      caller: 'own',
      named: true,
      credential,
      tools: new Set(['query-payment']),
      ownOrdersOnly: true,
    });
    expect(callers.identify(bearer(all))).toEqual({
      ...{ caller: 'all', named: true, credential, tools: undefined, ownOrdersOnly: false },
    });
    expect(callers.identify(`bearer   ${own} `)).toMatchObject({ caller: 'own' });
  });

  it('brings its rules along, and nothing that the merchant did not write', async () => {
    const token = await add('a', { policy: { payments: { maxYuan: '5' }, refunds: { from: 'budget' } } });
    const callers = tokenCallers(file, log);
    expect(callers.identify(bearer(token))).toMatchObject({
      token: { payments: { maxFen: 500 }, refunds: { from: 'budget' } },
    });
    const bare = await add('b', { policy: { refunds: {} } });
    expect(callers.identify(bearer(bare))).toMatchObject({ token: {} });
  });

  it('is held by nobody once it is revoked, whoever has one of that name by then', async () => {
    const own = await add('own');
    const callers = tokenCallers(file, log);
    const caller = callers.identify(bearer(own));
    const { credential = '' } = typeof caller === 'object' ? caller : {};
    expect(own).not.toContain(credential);
    expect(callers.holderOf(credential)).toBe(caller);
    await changeTokenFile(file, () => []);
    await add('own');
    expect(callers.holderOf(credential)).toBeUndefined();
  });

  it('that is none lets nobody in, whatever it looks like', async () => {
    const token = await add('a');
    const callers = tokenCallers(file, log);
    expect(callers.identify(undefined)).toBe('missing');
    const strange = [
      '',
      'Bearer',
      'Bearer ',
      token,
      `Basic ${token}`,
      `Bearer ${token} x`,
      `Bearer ${token}\n`,
    ];
    for (const header of [
      ...strange,
      bearer(`${token}x`),
      bearer(token.slice(1)),
      bearer('a'.repeat(10_000)),
    ]) {
      expect([header, callers.identify(header)]).toEqual([header, 'wrong']);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(callers.identify(text)).toBe('wrong');
        expect(callers.identify(bearer(text))).toBe('wrong');
      }),
    );
  });

  it('with any one bit changed is another', async () => {
    const token = await add('a');
    const callers = tokenCallers(file, log);
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + String.fromCharCode(token.charCodeAt(i) ^ 1) + token.slice(i + 1);
      expect(callers.identify(bearer(changed))).toBe('wrong');
    }
  });
});

describe('the file is read again when it changes', () => {
  it('so that a token begins and ends at once, and others do not notice', async () => {
    const first = await add('first');
    const callers = tokenCallers(file, log);
    const caller = callers.identify(bearer(first));
    const second = await add('second');
    expect(callers.identify(bearer(second))).toMatchObject({ caller: 'second' });
    expect(callers.identify(bearer(first))).toBe(caller);
    await changeTokenFile(file, (known) => known.filter(({ name }) => name !== 'first'));
    expect(callers.identify(bearer(first))).toBe('wrong');
    expect(typeof caller === 'object' && callers.current()?.has(caller)).toBe(false);
  });

  it('and other rights make another caller', async () => {
    const token = await add('a');
    const callers = tokenCallers(file, log);
    const before = callers.identify(bearer(token));
    await changeTokenFile(file, (known) => known.map((one) => ({ ...one, tools: ['list-payments'] })));
    const after = callers.identify(bearer(token));
    expect(after).not.toBe(before);
    expect(after).toMatchObject({ tools: new Set(['list-payments']) });
    expect(typeof before === 'object' && callers.current()?.has(before)).toBe(false);
  });

  it('and nobody is let in once it is gone', async () => {
    const token = await add('a');
    const callers = tokenCallers(file, log);
    unlinkSync(file);
    expect(callers.identify(bearer(token))).toBe('unavailable');
    expect(callers.identify(undefined)).toBe('unavailable');
    expect(logged).toHaveLength(1);
    const again = await add('b');
    expect(callers.identify(bearer(again))).toMatchObject({ caller: 'b' });
    expect(callers.identify(bearer(token))).toBe('wrong');
  });

  const HARMS: readonly (readonly [state: string, harm: (text: string) => void])[] = [
    ['half written', (text) => writeFileSync(file, text.slice(0, -9))],
    ['empty', () => writeFileSync(file, '')],
    ['wrong', () => writeFileSync(file, '{"version":1,"tokens":[{"name":"a"}]}')],
    ['for everybody to write', () => chmodSync(file, 0o666)],
    [
      'held so that it cannot even be seen',
      () => {
        unlinkSync(file);
        symlinkSync(file, file);
      },
    ],
    [
      'held so that it cannot be opened',
      () => {
        unlinkSync(file);
        mkdirSync(file);
      },
    ],
  ];
  // Windows has no modes.
  const here = HARMS.filter(([state]) => process.platform !== 'win32' || !state.includes('everybody'));
  it.each(here)('and while it is %s the last good one holds', async (_, harm) => {
    const token = await add('a');
    const callers = tokenCallers(file, log);
    const caller = callers.identify(bearer(token));
    harm(readFileSync(file, 'utf8'));
    for (let calls = 0; calls < 3; calls++) {
      expect(callers.identify(bearer(token))).toBe(caller);
      expect(callers.identify(bearer('mcpc_stranger'))).toBe('wrong');
    }
    expect(logged).toHaveLength(1);
    rmSync(file, { force: true, recursive: true });
    const again = await add('b');
    expect(callers.identify(bearer(again))).toMatchObject({ caller: 'b' });
    expect(callers.identify(bearer(token))).toBe('wrong');
  });

  it('what cannot be read one moment and can the next, unchanged, is read then', async () => {
    const token = await add('a');
    const callers = tokenCallers(file, log);
    const next = await add('b');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, '{');
    expect(callers.identify(bearer(token))).toMatchObject({ caller: 'a' });
    writeFileSync(file, text);
    expect(callers.identify(bearer(next))).toMatchObject({ caller: 'b' });
  });
});

it('a token by the name of one of our own actors, from before that was refused, lets nobody in', async () => {
  const token = await add('Operator');
  const other = await add('shop');
  const callers = tokenCallers(file, log);
  expect(callers.identify(bearer(token))).toBe('wrong');
  expect(callers.identify(bearer(other))).toMatchObject({ caller: 'shop' });
  expect(logged).toEqual(['a token of a reserved name lets nobody in']);
});

it('without tokens everyone is the one merchant', () => {
  const callers = anyoneAs('http');
  expect(callers.identify(undefined)).toEqual({ caller: 'http' });
  expect(callers.identify('Bearer x')).toBe(callers.identify(undefined));
});
