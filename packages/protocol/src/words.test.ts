import { createHash } from 'node:crypto';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sixWords } from './words.ts';

test('P-14: the six words are the first 66 bits of the digest, eleven a word', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) => {
      const bits = Array.from(digest, (byte) => byte.toString(2).padStart(8, '0')).join('');
      const expected = Array.from(
        { length: 6 },
        (_, i) => wordlist[Number.parseInt(bits.slice(i * 11, i * 11 + 11), 2)],
      );
      expect(sixWords(digest)).toEqual(expected);
    }),
  );
});

test('P-14: the words of a known digest stay what people wrote down', () => {
  expect(sixWords(createHash('sha256').update(Buffer.alloc(32, 7)).digest()).join(' ')).toBe(
    'entry lock toe organ polar memory',
  );
});
