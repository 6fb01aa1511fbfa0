import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nobleCurve } from '../curve/noble-curve.ts';
import { webCurve } from '../curve/web-curve.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createKeyPair, keyPairOf } from './keys.ts';
import { signXeddsa, verifyXeddsa } from './xeddsa.ts';

const random = createSeededRandom('xeddsa');
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('what a key signs is its own, for this message, with every bit as it is', async () => {
  const web = await webCurve(globalThis.crypto.subtle);
  await fc.assert(
    fc.asyncProperty(secret, fc.uint8Array({ maxLength: 80 }), fc.nat(511), async (key, message, bit) => {
      const { publicKey } = keyPairOf(key);
      const signature = signXeddsa(key, message, random);
      const changed = signature.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      for (const curve of [nobleCurve, web]) {
        expect(await verifyXeddsa(signature, { message, publicKey }, curve)).toBe(true);
        expect(await verifyXeddsa(changed, { message, publicKey }, curve)).toBe(false);
        const longer = Uint8Array.from([...message, 0]);
        expect(await verifyXeddsa(signature, { message: longer, publicKey }, curve)).toBe(false);
        const { publicKey: other } = createKeyPair(random);
        expect(await verifyXeddsa(signature, { message, publicKey: other }, curve)).toBe(false);
      }
    }),
    { numRuns: 30 },
  );
});

test('two signatures of the same message differ, since each takes fresh random bytes', () => {
  const { secret: key } = createKeyPair(random);
  const message = Uint8Array.of(1);
  expect(signXeddsa(key, message, random)).not.toEqual(signXeddsa(key, message, random));
});

test('a signature of another length is none, and a key that is none is refused', async () => {
  const { secret: key, publicKey } = createKeyPair(random);
  const message = Uint8Array.of(1);
  const signature = signXeddsa(key, message, random);
  expect(await verifyXeddsa(signature.slice(1), { message, publicKey }, nobleCurve)).toBe(false);
  const weak = { message, publicKey: Uint8Array.from([5, ...new Uint8Array(32)]) };
  await expect(verifyXeddsa(signature, weak, nobleCurve)).rejects.toMatchObject({ code: 'weak_key' });
});
