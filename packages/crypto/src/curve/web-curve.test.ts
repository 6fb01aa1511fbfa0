import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Curve, Subtle } from '../ports.ts';
import { nobleCurve } from './noble-curve.ts';
import { webCurve } from './web-curve.ts';

const subtle: Subtle = globalThis.crypto.subtle;
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('is served by this platform, for both operations', async () => {
  const curve = await webCurve(subtle);
  expect(curve.agree).not.toBe(nobleCurve.agree);
  expect(curve.verify).not.toBe(nobleCurve.verify);
});

test('agrees with JavaScript on shared secrets, also for points nobody made on purpose', async () => {
  const curve = await webCurve(subtle);
  const answer = (by: Curve, secret: Uint8Array, point: Uint8Array) =>
    by.agree(secret, point).then((shared) => Buffer.from(shared).toString('hex'), String);
  await fc.assert(
    fc.asyncProperty(key, key, async (secret, other) => {
      expect(await answer(curve, secret, other)).toBe(await answer(nobleCurve, secret, other));
      const honest = x25519.getPublicKey(other);
      expect(await answer(curve, secret, honest)).toBe(await answer(nobleCurve, secret, honest));
    }),
    { numRuns: 50 },
  );
});

test('makes the public keys that JavaScript makes', async () => {
  const curve = await webCurve(subtle);
  expect(curve.publicKey).not.toBe(nobleCurve.publicKey);
  await fc.assert(
    fc.asyncProperty(key, async (secret) => {
      expect(await curve.publicKey(secret)).toEqual(await nobleCurve.publicKey(secret));
    }),
    { numRuns: 30 },
  );
});

test('a secret that is written over in place is another secret', async () => {
  const curve = await webCurve(subtle);
  const secret = new Uint8Array(32).fill(1);
  expect(await curve.publicKey(secret)).toEqual(x25519.getPublicKey(secret));
  secret.fill(2);
  expect(await curve.publicKey(secret)).toEqual(x25519.getPublicKey(new Uint8Array(32).fill(2)));
});

test('agrees with JavaScript on signatures, good, changed and made up', async () => {
  const curve = await webCurve(subtle);
  await fc.assert(
    fc.asyncProperty(key, fc.uint8Array({ maxLength: 60 }), fc.nat(511), async (seed, message, bit) => {
      const publicKey = ed25519.getPublicKey(seed);
      const good = ed25519.sign(message, seed);
      const changed = good.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await curve.verify(good, message, publicKey)).toBe(true);
      expect(await curve.verify(changed, message, publicKey)).toBe(false);
      expect(await curve.verify(good, message, seed)).toBe(await nobleCurve.verify(good, message, seed));
    }),
    { numRuns: 50 },
  );
});

test('without WebCrypto, JavaScript does it', async () => {
  expect(await webCurve(undefined)).toBe(nobleCurve);
});

const failingAtBase: Subtle['importKey'] = async (...of) => {
  const [, bytes] = of;
  if (bytes.length === 32 && bytes[0] === 9 && bytes.subarray(1).every((byte) => byte === 0)) throw new Error('no');
  return subtle.importKey(...of);
};

test.each<[string, Partial<Subtle>, { agree: boolean; verify: boolean }]>([
  [
    'knows no such keys',
    { importKey: () => Promise.reject(new Error('NotSupportedError')) },
    { agree: false, verify: false },
  ],
  ['gives a wrong secret', { deriveBits: async () => new ArrayBuffer(32) }, { agree: false, verify: true }],
  ['fails at the base point', { importKey: failingAtBase }, { agree: false, verify: true }],
  ['takes every signature', { verify: async () => true }, { agree: true, verify: false }],
  ['takes no signature', { verify: async () => false }, { agree: true, verify: false }],
])('a platform that %s is not used for that', async (_, lie, used) => {
  const lying: Subtle = {
    importKey: subtle.importKey.bind(subtle),
    deriveBits: subtle.deriveBits.bind(subtle),
    verify: subtle.verify.bind(subtle),
    encrypt: subtle.encrypt.bind(subtle),
    decrypt: subtle.decrypt.bind(subtle),
    digest: subtle.digest.bind(subtle),
    ...lie,
  };
  const curve = await webCurve(lying);
  expect({ agree: curve.agree !== nobleCurve.agree, verify: curve.verify !== nobleCurve.verify }).toEqual(used);
});
