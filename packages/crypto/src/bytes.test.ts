import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, equalBytes, lengthPrefixed, toBase64Url, toHex } from './bytes.ts';

test('base64url and hexadecimal are those of the platform', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
    }),
  );
});

test('lists of fields that differ have encodings that differ', () => {
  const fields = fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(fields, fields, (a, b) => {
      const same = a.length === b.length && a.every((field, i) => field === b[i]);
      expect(equalBytes(lengthPrefixed(...a), lengthPrefixed(...b))).toBe(same);
    }),
    {
      examples: [
        [
          ['ab', 'c'],
          ['a', 'bc'],
        ],
        [[''], []],
      ],
    },
  );
});

test('bytes are equal only when each of them is', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (a, at, by) => {
        const b = concat(a);
        expect(equalBytes(a, b)).toBe(true);
        b[at % b.length] = (b[at % b.length] ?? 0) ^ by;
        expect(equalBytes(a, b)).toBe(false);
        expect(equalBytes(a, a.subarray(1))).toBe(false);
      },
    ),
  );
});
