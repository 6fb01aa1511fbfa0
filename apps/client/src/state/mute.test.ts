import { expect, it } from 'vitest';
import { mutedUntil } from './mute.ts';

it('is over in an hour, at eight the next morning, or never', () => {
  const now = new Date(2026, 10, 30, 23, 30);
  expect(mutedUntil('hour', now)).toBe(new Date(2026, 11, 1, 0, 30).getTime());
  expect(mutedUntil('tomorrow', now)).toBe(new Date(2026, 11, 1, 8).getTime());
  expect(mutedUntil('always', now)).toBeNull();
});
