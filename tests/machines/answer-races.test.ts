import { expect, it } from 'vitest';
import { raceAnswers } from './answer-races.ts';

it('sixty races of two devices: the machine acts on the stored winner, once, and the other is told who it was (S1.29, M-10, M-11, T19)', async () => {
  const won = await raceAnswers(60);
  expect(won.phone + won.laptop).toBe(60);
});
