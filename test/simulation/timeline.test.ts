import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { Timeline } from './timeline.ts';

it.each([
  ['a promise', (begin: () => Promise<void>) => Promise.resolve().then(begin)],
  [
    'a message',
    (begin: () => Promise<void>) =>
      new Promise<void>((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.once('message', () => {
          port1.close();
          resolve(begin());
        });
        port2.postMessage('now');
      }),
  ],
  [
    'a timer',
    (begin: () => Promise<void>) => new Promise<void>((resolve) => setImmediate(() => resolve(begin()))),
  ],
])('what follows from a thing is through before the next happens, begun by %s', async (_, by) => {
  const timeline = new Timeline(0);
  const happened: string[] = [];
  const follows = async (name: string) => {
    for (let more = 0; more < 100; more += 1) await undefined;
    happened.push(name);
  };
  await by(() => {
    void follows('before');
    timeline.in(1, () => happened.push('first'));
    timeline.in(1, () => void follows('second'));
    timeline.in(1, () => happened.push('third'));
    return timeline.run(() => false, 10);
  });
  expect(happened).toEqual(['before', 'first', 'second', 'third']);
});
