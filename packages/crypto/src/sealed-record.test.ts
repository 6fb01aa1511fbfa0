import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openRecord, sealRecord } from './sealed-record.ts';
import { createSeededRandom } from './testing/seeded-random.ts';

const random = createSeededRandom('sealed records');
const key = random.bytes(32);
const place = { key, name: 'session/1.alice' };
const failing = (code: string) => expect.objectContaining({ code });

test('a record of any length opens under its name and key, and is 41 bytes longer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.string({ unit: 'binary' }), (content, name) => {
      const sealed = sealRecord(content, { key, name }, random);
      expect(sealed.length).toBe(content.length + 41);
      expect(openRecord(sealed, { key, name })).toEqual(content);
    }),
    { numRuns: 50 },
  );
});

test('it opens under no other name, with no other key, and not with any bit changed (T33)', () => {
  const sealed = sealRecord(random.bytes(40), place, random);
  expect(() => openRecord(sealed, { key, name: 'session/11.alice' })).toThrow(failing('cannot_open'));
  expect(() => openRecord(sealed, { ...place, key: random.bytes(32) })).toThrow(failing('cannot_open'));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = sealed.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => openRecord(changed, place)).toThrow(failing(bit < 8 ? 'malformed' : 'cannot_open'));
  }
});

test('cut records, other versions and keys of another length are refused', () => {
  const sealed = sealRecord(new Uint8Array(), place, random);
  expect(openRecord(sealed, place)).toEqual(new Uint8Array());
  for (let length = 0; length < sealed.length; length++)
    expect(() => openRecord(sealed.subarray(0, length), place)).toThrow(failing('malformed'));
  for (const length of [0, 16, 31, 33]) {
    const other = { ...place, key: new Uint8Array(length) };
    expect(() => sealRecord(new Uint8Array(), other, random)).toThrow(failing('malformed'));
    expect(() => openRecord(sealed, other)).toThrow(failing('malformed'));
  }
});

test('the same content is never sealed to the same bytes', () => {
  const content = random.bytes(16);
  expect(sealRecord(content, place, random)).not.toEqual(sealRecord(content, place, random));
});
