import { blake2b as independent } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../bytes.ts';
import { blake2b } from './blake2b.ts';

test('gives the digest of RFC 7693, appendix A', () => {
  expect(Buffer.from(blake2b(utf8('abc'), 64)).toString('hex')).toBe(
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  );
});

test('agrees with another implementation on messages of any length and digests of any size', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 64 }), (message, length) => {
      expect(blake2b(message, length)).toEqual(Uint8Array.from(independent(message, { dkLen: length })));
    }),
    {
      examples: [
        [new Uint8Array(), 24],
        [new Uint8Array(128), 24],
        [new Uint8Array(256), 64],
      ],
    },
  );
});
