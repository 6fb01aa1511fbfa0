import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createDataKey, openPayload, sealPayload, unwrapKey, wrapKey } from './payload.ts';

const random = createSeededRandom('payloads');
const { subtle } = globalThis.crypto;
const key = createDataKey(random);
const place = { session: 's-1', type: 'update', sequence: 7 };
const cannotOpen = { code: 'cannot_open' };

test('opens where it belongs; small content goes by XChaCha20-Poly1305, large by AES-256-GCM', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 8192 }), async (length) => {
      const content = random.bytes(length);
      const sealed = await sealPayload(content, { key, place }, { random, subtle });
      expect(sealed[0]).toBe(length < 4096 ? 1 : 2);
      expect(await openPayload(sealed, { key, place }, subtle)).toEqual(content);
    }),
    { numRuns: 30, examples: [[0], [4095], [4096]] },
  );
});

test.each([10, 5000])('of %i bytes opens at no other place, with no other key, and not changed', async (length) => {
  const sealed = await sealPayload(random.bytes(length), { key, place }, { random, subtle });
  for (const other of [{ session: 's-2' }, { type: 'ask' }, { sequence: 8 }, { sequence: 7 + 2 ** 32 }]) {
    await expect(openPayload(sealed, { key, place: { ...place, ...other } }, subtle)).rejects.toMatchObject(cannotOpen);
  }
  await expect(openPayload(sealed, { key: createDataKey(random), place }, subtle)).rejects.toMatchObject(cannotOpen);
  for (const at of [1, 30, sealed.length - 1]) {
    const changed = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte));
    await expect(openPayload(changed, { key, place }, subtle)).rejects.toMatchObject(cannotOpen);
  }
  // Said to be of the other kind, it is not opened as that either.
  const other = sealed.map((byte, i) => (i === 0 ? 3 - byte : byte));
  await expect(openPayload(other, { key, place }, subtle)).rejects.toMatchObject(cannotOpen);
});

test('refuses unknown kinds, cut payloads and places that are none', async () => {
  const malformed = { code: 'malformed' };
  for (const bytes of [[], [0], [3, ...new Uint8Array(50)], [1, ...new Uint8Array(39)], [2, ...new Uint8Array(27)]])
    await expect(openPayload(Uint8Array.from(bytes), { key, place }, subtle)).rejects.toMatchObject(malformed);
  for (const sequence of [-1, 0.5, 2 ** 53]) {
    const sealing = sealPayload(new Uint8Array(), { key, place: { ...place, sequence } }, { random, subtle });
    await expect(sealing).rejects.toMatchObject(malformed);
  }
});

test('a wrapped key is unwrapped by the same key for the same use only', () => {
  const under = { key: createDataKey(random), use: 'backup' };
  const wrapped = wrapKey(key, under, random);
  expect(unwrapKey(wrapped, under)).toEqual(key);
  const failing = [
    () => unwrapKey(wrapped, { ...under, use: 'vault' }),
    () => unwrapKey(wrapped, { ...under, key }),
    () => unwrapKey(wrapped.slice(1), under),
    () => unwrapKey(new Uint8Array(), under),
  ];
  for (const fail of failing) expect(fail).toThrow(expect.objectContaining(cannotOpen));
});
