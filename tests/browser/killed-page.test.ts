import { describe, expect, it } from 'vitest';
import { killedAt, type Moment } from './killed-page.ts';

/** I5 in Chromium's own storage. A few moments here; every one of them in `killed-page.long.test.ts`. */
const MOMENTS: readonly Moment[] = [
  { at: 2, when: 'after' },
  { at: 4, when: 'before' },
];

describe.skipIf(process.platform !== 'linux')('A browser that is killed (skipped where there is no /proc)', () => {
  for (const moment of MOMENTS) {
    it(`${moment.when} write ${moment.at} sends everything once and shows what the server has`, async () => {
      const { died, wrong } = await killedAt(moment);
      expect(died).toBe(true);
      expect(wrong).toEqual([]);
    });
  }
});
