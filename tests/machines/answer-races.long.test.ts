import { expect, it } from 'vitest';
import { raceAnswers } from './answer-races.ts';

it('a thousand races of two devices: the machine acts on the stored winner, once, and the other is told who it was (M-10, M-11, T19)', async () => {
  const won = await raceAnswers(1_000);
  expect(won.phone + won.laptop).toBe(1_000);
  // Otherwise nothing was raced.
  expect(Math.min(won.phone, won.laptop)).toBeGreaterThan(50);
});
