import crypto, { type BinaryLike, type ScryptOptions } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, beforeAll } from 'vitest';

type Done = (error: Error | null, key: Buffer) => void;

/**
 * A guess costs a tenth of a second on purpose; in a file that says so it costs nothing here. Gives how many were computed,
 * and how many of them at once.
 */
export function cheapGuesses(): { running: number; most: number; all: number } {
  const count = { running: 0, most: 0, all: 0 };
  const { scrypt } = crypto;
  const cheap = (secret: BinaryLike, salt: BinaryLike, size: number, cost: ScryptOptions, done: Done) => {
    count.all += 1;
    count.most = Math.max(count.most, ++count.running);
    scrypt(secret, salt, size, { ...cost, N: 16 }, (error, key) => {
      count.running -= 1;
      done(error, key);
    });
  };
  const use = (one: object) => {
    Object.assign(crypto, { scrypt: one });
    syncBuiltinESMExports();
  };
  beforeAll(() => use(cheap));
  afterAll(() => use(scrypt));
  return count;
}
