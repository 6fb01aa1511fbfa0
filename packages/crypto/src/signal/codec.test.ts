import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CryptoError } from '../errors.ts';
import { decode, encode, many, maybe, one } from './codec.ts';
import type { Schema } from './codec.ts';

const INNER = { id: one.uint32(1), name: maybe.bytes(2) } satisfies Schema;
const SCHEMA = {
  count: one.uint32(1),
  time: maybe.uint53(2),
  key: one.bytes(3, 4),
  tags: many.bytes(4),
  inner: maybe.record(5, INNER),
  list: many.record(16, INNER),
} satisfies Schema;

const bytes = fc.uint8Array({ maxLength: 300 });
const absent = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const inner = fc.record({ id: uint32, name: absent(bytes) });
const value = fc.record({
  count: uint32,
  time: absent(fc.maxSafeNat()),
  key: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  tags: fc.array(bytes, { maxLength: 3 }),
  inner: absent(inner),
  list: fc.array(inner, { maxLength: 3 }),
});
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('reads back what it wrote', () => {
  fc.assert(
    fc.property(value, (v) => {
      expect(decode(SCHEMA, encode(SCHEMA, v), 'refuse')).toEqual(v);
    }),
  );
});

test('writes as Protocol Buffers do', () => {
  const v = {
    count: 150,
    time: undefined,
    key: hex('01020304'),
    tags: [],
    inner: undefined,
    list: [{ id: 1, name: undefined }],
  };
  expect(Buffer.from(encode(SCHEMA, v)).toString('hex')).toBe('0896011a040102030482010' + '20801');
});

test.each([
  ['a cut number', '0896'],
  ['cut bytes', '0801 1a040102'],
  ['a missing field', '0801'],
  ['a single field twice', '0801 0801 1a0401020304'],
  ['a field of another type', '0a0101 1a0401020304'],
  ['bytes of another length', '0801 1a03010203'],
  ['a number beyond 32 bits', '088080808010 1a0401020304'],
  ['a number with needless bytes', '088100 1a0401020304'],
  ['a number without end', '08ffffffffffffffffffffffff01 1a0401020304'],
  ['field number zero', '0001 0801 1a0401020304'],
  ['a group', '0801 1a0401020304 9b06 9c06'],
  ['an unknown number without end', '0801 1a0401020304 9806ffffffffffffffffffffffff01'],
  ['a record with a wrong one inside', '0801 1a0401020304 2a020a00'],
])('refuses %s', (_, text) => {
  expect(() => decode(SCHEMA, hex(text), 'skip')).toThrow(expect.objectContaining({ code: 'malformed' }));
});

test('skips what a newer peer adds, but refuses a record of our own that it would shorten', () => {
  const more = hex('0801 1a0401020304 9806ac02 a1060102030405060708 a2060161 a50601020304');
  expect(decode(SCHEMA, more, 'skip')).toMatchObject({ count: 1, key: hex('01020304') });
  expect(() => decode(SCHEMA, more, 'refuse')).toThrow(CryptoError);
});

test('whatever bytes come, it answers with a value that it would write again, or refuses with its own error', () => {
  const near = fc.tuple(value, fc.nat(), fc.nat(255)).map(([v, at, byte]) => {
    const out = encode(SCHEMA, v);
    out[at % out.length] = byte;
    return out;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), near), (anything) => {
      try {
        const read = decode(SCHEMA, anything, 'refuse');
        expect(decode(SCHEMA, encode(SCHEMA, read), 'refuse')).toEqual(read);
      } catch (error) {
        if (!(error instanceof CryptoError)) throw error;
        expect(error.code).toBe('malformed');
      }
    }),
    { numRuns: 2000 },
  );
});
