import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Private keys as PKCS8 PEM. */
    readonly rsaKeys: readonly string[];
  }
}

const COUNT = 13;
const make = promisify(generateKeyPair);

/** Makes the run's keys: each is a fifth of a second of work, and every file would make some. */
export default async function setUp({ provide }: TestProject): Promise<void> {
  const pairs = await Promise.all(Array.from({ length: COUNT }, () => make('rsa', { modulusLength: 2048 })));
  provide(
    'rsaKeys',
    pairs.map(({ privateKey }) => String(privateKey.export({ type: 'pkcs8', format: 'pem' }))),
  );
}
