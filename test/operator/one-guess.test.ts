import { expect, it } from 'vitest';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Desk, SECRET } from './desk.ts';

const guesses = cheapGuesses();

it('never computes two guesses at once, and none beyond the tenth', async () => {
  const desk = await Desk.open();
  guesses.all = 0;
  const secrets = Array.from({ length: 30 }, (_, i) => (i === 29 ? SECRET : `guess ${i}`));
  const answers = await Promise.all(secrets.map((secret) => desk.post('/sign-in', { secret })));
  expect(guesses).toEqual({ running: 0, most: 1, all: 10 });
  expect(answers.at(-1)?.status).toBe(429);
  await desk.close();
});
