import * as jose from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeySet, KeysUnavailable } from '../../src/auth/key-set.ts';
import { VirtualClock } from '../support/virtual-time.ts';

let clock: VirtualClock;
let asked: number;
let published: jose.JWK[];
let isOut: boolean;
const warned: string[] = [];
const log = {
  info: () => undefined,
  warn: (event: string) => void warned.push(event),
  error: () => undefined,
};
beforeEach(() => {
  [clock, asked, published, isOut] = [new VirtualClock(), 0, [], false];
  warned.length = 0;
});
const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true });
const jwk = await jose.exportJWK(publicKey);
const publish = (...kids: readonly string[]) => {
  published = kids.map((kid) => ({ ...jwk, kid, alg: 'ES256' }));
};
const keySet = () =>
  new KeySet(
    jose,
    async () => {
      asked += 1;
      if (isOut) throw new Error('status 500');
      return { keys: published };
    },
    clock,
    log,
  );
/** What becomes of a token that names this key. */
const look = (keys: KeySet, kid: string) =>
  Promise.resolve(keys.find({ alg: 'ES256', kid }, { payload: '', signature: '' })).then(
    () => 'known',
    (error: unknown) =>
      error instanceof KeysUnavailable ? error.retryAfterSeconds : (error as jose.errors.JOSEError).code,
  );
const NONE = 'ERR_JWKS_NO_MATCHING_KEY';

describe('the keys of an issuer', () => {
  it('are asked for once, however many tokens come', async () => {
    publish('a');
    const keys = keySet();
    expect(await Promise.all(['a', 'a', 'a'].map((kid) => look(keys, kid)))).toEqual([
      'known',
      'known',
      'known',
    ]);
    expect(asked).toBe(1);
  });

  it('are asked for again at once when there is a new one, and once for all who show it', async () => {
    publish('a');
    const keys = keySet();
    await look(keys, 'a');
    publish('a', 'b');
    expect(await Promise.all(['b', 'b', 'b'].map((kid) => look(keys, kid)))).toEqual([
      'known',
      'known',
      'known',
    ]);
    expect(asked).toBe(2);
  });

  it('are asked for no more often than is fair, whatever tokens bring', async () => {
    publish('a');
    const keys = keySet();
    for (let i = 0; i < 50; i++) expect(await look(keys, `invented-${i}`)).toBe(NONE);
    expect(asked).toBe(4);
    clock.advance(15_000);
    for (let i = 0; i < 50; i++) await look(keys, `invented-${i}`);
    expect(asked).toBe(5);
    // Whoever brings it, all benefit.
    publish('a', 'b');
    clock.advance(15_000);
    expect(await look(keys, 'invented')).toBe(NONE);
    expect(await look(keys, 'b')).toBe('known');
    expect(asked).toBe(6);
  });

  it('end when they are withdrawn', async () => {
    publish('a', 'b');
    const keys = keySet();
    await look(keys, 'a');
    publish('b');
    clock.advance(10 * 60_000 + 1);
    expect(await look(keys, 'a')).toBe(NONE);
    expect(await look(keys, 'b')).toBe('known');
  });
});

describe('while the issuer is out', () => {
  it('what is known works on, and of what is not known it is said that nobody can tell', async () => {
    publish('a');
    const keys = keySet();
    await look(keys, 'a');
    isOut = true;
    clock.advance(60 * 60_000);
    expect(await look(keys, 'a')).toBe('known');
    expect(await look(keys, 'b')).toBe(1);
    clock.advance(22 * 60 * 60_000);
    expect(await look(keys, 'a')).toBe('known');
    clock.advance(2 * 60 * 60_000);
    expect(await look(keys, 'a')).toEqual(expect.any(Number));
  });

  it('nobody is let in from the start, it is asked as often as is fair, and goes on by itself', async () => {
    publish('a');
    isOut = true;
    const keys = keySet();
    for (let i = 0; i < 20; i++) expect(await look(keys, 'a')).toEqual(expect.any(Number));
    expect(asked).toBe(4);
    expect(warned).toHaveLength(4);
    expect(await look(keys, 'a')).toBe(15);
    isOut = false;
    clock.advance(15_000);
    expect(await look(keys, 'a')).toBe('known');
  });

  it('a clock that is set back does not bar the way for longer', async () => {
    isOut = true;
    const keys = keySet();
    for (let i = 0; i < 9; i++) await look(keys, 'a');
    clock.correct(-365 * 24 * 60 * 60_000);
    expect(await look(keys, 'a')).toBe(15);
    publish('a');
    isOut = false;
    clock.advance(15_000);
    expect(await look(keys, 'a')).toBe('known');
  });
});
