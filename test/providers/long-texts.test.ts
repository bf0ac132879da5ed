import { describe, expect, it } from 'vitest';
import { certificatesIn } from '../../src/providers/alipay/certificates.ts';
import { readPastedKey } from '../../src/providers/pasted-key.ts';
import { readUnambiguous } from '../../src/providers/v3/answer.ts';

const LONG = 64 * 1024;
/** Far above what a reader takes that looks at each character a few times (ms of the processor). */
const MOST_MS = 150;
const PIECES = [
  ...[
    '\\',
    '\\n',
    '-',
    '- ',
    '-\n',
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN A-----',
    '-BEGIN A-',
    '-BEGIN ',
    '-BEGIN A ',
    ' ',
  ],
  ...['"', '"\\', '\\"', "'", 'A', '\n', '-----BEGIN A-----\nA\n-----', '\u200b'],
];
const BEFORE = ['', '-----BEGIN A', '-----BEGIN A-----', '"'];

/** The answer that carries a new certificate of Alipay's is read before anything of it is proven, as is what is pasted. */
describe.each<[what: string, read: (text: string) => unknown]>([
  ['certificates', certificatesIn],
  ['a pasted key', readPastedKey],
  ['what is signed and no JSON', (text) => readUnambiguous(Buffer.from(text))],
])('%s: time grows with the length of a text and no faster', (_what, read) => {
  it.each(PIECES)('of nothing but %j', (piece) => {
    for (const before of BEFORE) {
      const text = before + piece.repeat(LONG / piece.length);
      const began = process.cpuUsage();
      read(text);
      const { user, system } = process.cpuUsage(began);
      expect((user + system) / 1_000, before).toBeLessThan(MOST_MS);
    }
  });
});
