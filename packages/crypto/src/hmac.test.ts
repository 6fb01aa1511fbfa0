import fc from 'fast-check';
import { createHmac, hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { hkdf, hmac } from './hmac.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

test.each([
  ['1', '0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '2',
    '4a656665',
    '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    '6',
    'aa'.repeat(131),
    '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('HMAC is that of RFC 4231, test case %s', (_, key, data, expected) => {
  expect(hmac(hex(key), hex(data))).toEqual(hex(expected));
});

test('HKDF is that of RFC 5869, test cases 1 and 2', () => {
  const first = hkdf(
    new Uint8Array(22).fill(0x0b),
    { salt: hex('000102030405060708090a0b0c'), info: hex('f0f1f2f3f4f5f6f7f8f9') },
    42,
  );
  expect(Buffer.from(first).toString('hex')).toBe(
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  );
  const upTo = (from: number) => Uint8Array.from({ length: 80 }, (_, i) => from + i);
  expect(Buffer.from(hkdf(upTo(0), { salt: upTo(0x60), info: upTo(0xb0) }, 82)).toString('hex')).toBe(
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09' +
      'da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  );
});

test('both are the platform’s for keys, contents and lengths of any size, however the content is cut', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, fc.array(bytes, { maxLength: 4 }), (key, parts) => {
      expect(hmac(key, ...parts)).toEqual(
        Uint8Array.from(createHmac('sha256', key).update(Buffer.concat(parts)).digest()),
      );
    }),
  );
  fc.assert(
    fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 255 * 32 }), (material, salt, info, length) => {
      expect(
        Buffer.compare(
          hkdf(material, { salt, info }, length),
          Buffer.from(hkdfSync('sha256', material, salt, info, length)),
        ),
      ).toBe(0);
    }),
    { numRuns: 30 },
  );
  expect(() => hkdf(new Uint8Array(32), { salt: new Uint8Array(), info: new Uint8Array() }, 255 * 32 + 1)).toThrow(
    expect.objectContaining({ code: 'malformed' }),
  );
});

test('a call that fails halfway leaves nothing behind for the next one', () => {
  const [long, short] = [new Uint8Array(64).fill(9), Uint8Array.of(1)];
  const expected = hmac(short, short);
  expect(() => hmac(long, short, 'text' as unknown as Uint8Array)).toThrow();
  expect(hmac(short, short)).toEqual(expected);
  expect(expected).toEqual(Uint8Array.from(createHmac('sha256', short).update(short).digest()));
});
