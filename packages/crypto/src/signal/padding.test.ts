import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CryptoError } from '../errors.ts';
import { pad, unpad } from './padding.ts';

test('gives back what was padded, whatever it ends with', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(5), (content, zeros) => {
      const all = Uint8Array.from([...content, ...new Uint8Array(zeros)]);
      expect(unpad(pad(all))).toEqual(all);
    }),
  );
});

test.each([
  [0, 160],
  [159, 160],
  [160, 320],
  [1279, 1280],
  [1280, 1408],
  [2047, 2048],
  [2048, 2304],
  [100_000, 106_496],
])('%i bytes become %i', (length, padded) => {
  expect(pad(new Uint8Array(length)).length).toBe(padded);
});

test('hides most lengths and costs at most an eighth of a long text', () => {
  const lengths = new Set(Array.from({ length: 10_000 }, (_, length) => pad(new Uint8Array(length)).length));
  expect(lengths.size).toBeLessThan(40);
  for (let length = 1280; length < 300_000; length += 997)
    expect(pad(new Uint8Array(length)).length / (length + 1)).toBeLessThanOrEqual(1.125);
});

test('refuses everything else', () => {
  const bad = [
    new Uint8Array(),
    new Uint8Array(160),
    Uint8Array.of(0x80),
    pad(new Uint8Array(3)).subarray(0, 159),
    Uint8Array.from([...pad(Uint8Array.of(1)), ...new Uint8Array(160)]),
    pad(new Uint8Array(3)).fill(1, 100),
  ];
  for (const padded of bad) expect(() => unpad(padded)).toThrow(CryptoError);
});
