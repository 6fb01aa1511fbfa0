import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { createHmac, hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { derive, stepChain } from './kdf.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

test('HKDF gives the keys of RFC 5869, test cases 1 and 3', () => {
  const ikm = new Uint8Array(22).fill(0x0b);
  const first = hkdf(sha256, ikm, hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'), 42);
  expect(Buffer.from(first).toString('hex')).toBe(
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  );
  // Without a salt, RFC 5869 takes as many zeros as the hash is long.
  const [third] = derive(ikm, { info: '' }, [42]);
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
