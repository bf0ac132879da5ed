import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { clientGone } from '../../src/transports/stdio.ts';

const settled = (waiting: Promise<void>) =>
  Promise.race([waiting.then(() => true), new Promise((resolve) => setImmediate(resolve, false))]);

it.each(['the client has closed its side', 'nobody reads', 'the process is told to end'])(
  'ends once %s, before or while it is waited for',
  async (what) => {
    for (const before of [true, false]) {
      const [input, output, stop] = [new PassThrough(), new PassThrough(), new AbortController()];
      const end = async () => {
        if (what === 'the process is told to end') stop.abort();
        else if (what === 'nobody reads') output.destroy();
        else input.resume().end();
        await new Promise((resolve) => setImmediate(resolve));
      };
      if (before) await end();
      const waiting = clientGone(input, output, stop.signal);
      if (!before) {
        expect(await settled(waiting)).toBe(false);
        await end();
      }
      expect(await settled(waiting), `${before ? 'before' : 'while'}`).toBe(true);
    }
  },
);
