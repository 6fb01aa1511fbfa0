import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Subtle } from '../ports.ts';
import { createKyberKeyPair, decapsulate, encapsulate } from '../signal/kyber.ts';
import { nobleCurve } from './noble-curve.ts';
import { webKem } from './web-kem.ts';

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };

/** ML-KEM in the shape in which browsers have it; tests/browser/storage.test.ts meets a real one. */
function platform({ isRight = true } = {}) {
  let used = 0;
  const subtle = {
    importKey: async (_format: string, bytes: Uint8Array) => bytes,
    encapsulateBits: async (_: unknown, bytes: Uint8Array) => {
      used++;
      const { cipherText, sharedSecret } = ml_kem1024.encapsulate(bytes);
      if (!isRight) sharedSecret[0]! ^= 1;
      return { ciphertext: cipherText.slice().buffer, sharedKey: sharedSecret.slice().buffer };
    },
  };
  return { curve: { ...nobleCurve, encapsulate: webKem(subtle as unknown as Subtle) }, used: () => used };
}

test('what a platform seals, JavaScript opens', async () => {
  const { curve, used } = platform();
  const { secret, publicKey } = createKyberKeyPair(random);
  for (const uses of [2, 3]) {
    const { ciphertext, shared } = await encapsulate(publicKey, { curve, random });
    expect(decapsulate(secret, ciphertext)).toEqual(shared);
    expect(used()).toBe(uses);
  }
  const bent = publicKey.slice().fill(0xff, 1, 100);
  await expect(encapsulate(bent, { curve, random })).rejects.toMatchObject({ code: 'malformed' });
});

test('JavaScript does it where the platform has none, or one that answers otherwise', async () => {
  const { secret, publicKey } = createKyberKeyPair(random);
  const other = platform({ isRight: false });
  const none = { ...nobleCurve, encapsulate: webKem(globalThis.crypto.subtle) };
  for (const curve of [other.curve, none]) {
    expect(await curve.encapsulate(publicKey.slice(1))).toBeUndefined();
    const { ciphertext, shared } = await encapsulate(publicKey, { curve, random });
    expect(decapsulate(secret, ciphertext)).toEqual(shared);
  }
  expect(other.used()).toBe(1);
});
