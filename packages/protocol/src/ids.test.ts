import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandId, uuidv7 } from './ids.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });

test('a made id is a UUIDv7 that carries its time and sorts by it', () => {
  fc.assert(
    fc.property(time, time, random, random, (a, b, x, y) => {
      const [first, second] = [uuidv7(a, x), uuidv7(b, y)];
      expect(commandId.safeParse(first).success).toBe(true);
      expect(first.charAt(14)).toBe('7');
      expect(Number.parseInt(first.slice(0, 8) + first.slice(9, 13), 16)).toBe(a);
      if (a < b) expect(first < second).toBe(true);
    }),
  );
});

test('an id of other letters, case or length is refused', () => {
  for (const text of [
    '',
    'x',
    '0190A0B0-0000-7000-8000-000000000000',
    '0190a0b0-0000-9000-8000-000000000000',
    "0190a0b0-0000-7000-8000-000000000000'",
  ])
    expect(commandId.safeParse(text).success, text).toBe(false);
});
