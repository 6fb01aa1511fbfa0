import { createHmac, hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { derive, stepChain } from './kdf.ts';

test('without a salt, takes as many zeros as the hash is long (RFC 5869, test case 3)', () => {
  const [third] = derive(new Uint8Array(22).fill(0x0b), { info: '' }, [42]);
  expect(Buffer.from(third).toString('hex')).toBe(
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  );
});

test('cuts what it derives into the pieces asked for', () => {
  const material = new Uint8Array(32).fill(7);
  const salt = new Uint8Array(32).fill(9);
  const whole = new Uint8Array(hkdfSync('sha256', material, salt, 'WhisperRatchet', 64));
  expect(derive(material, { info: 'WhisperRatchet', salt }, [32, 20, 12])).toEqual([
    whole.slice(0, 32),
    whole.slice(32, 52),
    whole.slice(52),
  ]);
});

test('a chain moves on by HMAC over 2, its messages come from HMAC over 1', () => {
  const chain = new Uint8Array(32).fill(3);
  const hmac = (byte: number) => Uint8Array.from(createHmac('sha256', chain).update(Uint8Array.of(byte)).digest());
  expect(stepChain(chain)).toEqual({ seed: hmac(1), next: hmac(2) });
});
