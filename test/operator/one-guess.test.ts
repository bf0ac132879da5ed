import type { BinaryLike, ScryptOptions } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { Desk, SECRET } from './desk.ts';

const guesses = vi.hoisted(() => ({ running: 0, most: 0, all: 0 }));

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  const scrypt = (
    secret: BinaryLike,
    salt: BinaryLike,
    size: number,
    cost: ScryptOptions,
    done: (error: Error | null, key: Buffer) => void,
  ) => {
    guesses.all += 1;
    guesses.most = Math.max(guesses.most, ++guesses.running);
    crypto.scrypt(secret, salt, size, cost, (error, key) => {
      guesses.running -= 1;
      done(error, key);
    });
  };
  return { ...crypto, scrypt };
});

it('never computes two guesses at once, and none beyond the tenth', async () => {
  const desk = await Desk.open();
  guesses.all = 0;
  const secrets = Array.from({ length: 30 }, (_, i) => (i === 29 ? SECRET : `guess ${i}`));
  const answers = await Promise.all(secrets.map((secret) => desk.post('/sign-in', { secret })));
  expect(guesses).toEqual({ running: 0, most: 1, all: 10 });
  expect(answers.at(-1)?.status).toBe(429);
  await desk.close();
});
