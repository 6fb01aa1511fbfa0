import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeKeyRotation, encodeProof } from './signed.ts';

test('P-10: the proof’s bytes are pinned', () => {
  expect(Buffer.from(encodeProof({ nonce: 'N', origin: 'https://a', serverId: 'S' })).toString('hex')).toBe(
    '0000000e736b657272792f70726f6f662f31' + '000000014e' + '0000000968747470733a2f2f61' + '0000000153',
  );
});

test('P-10: two different proofs never share their bytes', () => {
  const field = fc.string({ maxLength: 6, unit: fc.constantFrom('a', '|', '\0', 'é') });
  fc.assert(
    fc.property(fc.tuple(field, field, field), fc.tuple(field, field, field), (a, b) => {
      const bytes = ([nonce, origin, serverId]: [string, string, string]) =>
        Buffer.from(encodeProof({ nonce, origin, serverId })).toString('hex');
      expect(bytes(a) === bytes(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test('P-10: a rotation names both keys in order', () => {
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  expect(encodeKeyRotation({ serverId: 's', from: a, to: b })).not.toEqual(
    encodeKeyRotation({ serverId: 's', from: b, to: a }),
  );
});
