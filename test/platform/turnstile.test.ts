import { expect, it } from 'vitest';
import { Turnstile } from '../../src/platform/turnstile.ts';

/** Who has passed, with how often the event loop had turned by then. */
function watch() {
  const turnstile = new Turnstile();
  const passed: { readonly caller: string; readonly turn: number }[] = [];
  let turn = 0;
  const count = () => {
    turn += 1;
    loop = setImmediate(count);
  };
  let loop = setImmediate(count);
  return {
    passed,
    pass: async (caller: string) => {
      await turnstile.pass(caller);
      passed.push({ caller, turn });
    },
    end: () => clearImmediate(loop),
  };
}

it('lets four in at a turn of the event loop, however many come at once', async () => {
  const { passed, pass, end } = watch();
  await Promise.all(Array.from({ length: 200 }, () => pass('flood')));
  end();
  const turns = [...new Set(passed.map(({ turn }) => turn))];
  const inTurn = (one: number) => passed.filter(({ turn }) => turn === one).length;
  // The first of all does not wait for a turn.
  expect(turns.map(inTurn)).toEqual([1, ...Array.from({ length: 49 }, () => 4), 3]);
});

it('lets callers in by turns, and each in the order in which it came', async () => {
  const turnstile = new Turnstile();
  const passed: string[] = [];
  const pass = async (caller: string, name: string) => {
    await turnstile.pass(caller);
    passed.push(name);
  };
  await Promise.all([
    ...['f1', 'f2', 'f3', 'f4'].map((name) => pass('flood', name)),
    ...['a1', 'a2'].map((name) => pass('a', name)),
    pass('b', 'b1'),
  ]);
  expect(passed).toEqual(['f1', 'f2', 'a1', 'b1', 'f3', 'a2', 'f4']);
});

it('is open again to whoever comes later', async () => {
  const turnstile = new Turnstile();
  await Promise.all([turnstile.pass('a'), turnstile.pass('a')]);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(turnstile.pass('a')).toBeUndefined();
  expect(turnstile.pass('b')).toBeInstanceOf(Promise);
});
