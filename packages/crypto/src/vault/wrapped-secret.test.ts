import { expect, test } from 'vitest';
import type { Subtle, WrapKey } from '../ports.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { unwrapSecret, webWrapKey, wrapSecret } from './wrapped-secret.ts';

const random = createSeededRandom('wrapped secrets');
const subtle: Subtle = globalThis.crypto.subtle;
const secret = random.bytes(32);
const id = 'master';

/** Made as a browser would make it: it can't be taken out, only used. */
const createKey = async () => {
  const made = await globalThis.crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  expect(made.extractable).toBe(false);
  return webWrapKey(made, { subtle, random });
};

test('a secret opens under the same key and record id only, and not with any bit changed', async () => {
  const key = await createKey();
  const record = await wrapSecret(secret, { id, key });
  expect(Buffer.from(record).includes(Buffer.from(secret))).toBe(false);
  expect(await unwrapSecret(record, { id, key })).toEqual(secret);
  const cannotOpen = { code: 'cannot_open' };
  await expect(unwrapSecret(record, { id: 'masters', key })).rejects.toMatchObject(cannotOpen);
  await expect(unwrapSecret(record, { id, key: await createKey() })).rejects.toMatchObject(cannotOpen);
  for (let bit = 0; bit < record.length * 8; bit += 3) {
    const changed = record.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const code = bit < 8 ? 'malformed' : 'cannot_open';
    await expect(unwrapSecret(changed, { id, key })).rejects.toMatchObject({ code });
  }
  for (let length = 0; length < record.length; length++) {
    const code = length === 0 ? 'malformed' : 'cannot_open';
    await expect(unwrapSecret(record.subarray(0, length), { id, key })).rejects.toMatchObject({ code });
  }
});

test('a keeper that is locked says so itself: that is not a changed record', async () => {
  const locked = new Error('the keychain is locked');
  const key: WrapKey = { wrap: () => Promise.reject(locked), unwrap: () => Promise.reject(locked) };
  await expect(wrapSecret(secret, { id, key })).rejects.toBe(locked);
  await expect(unwrapSecret(Uint8Array.of(1, 2, 3), { id, key })).rejects.toBe(locked);
});

test('the same secret is never wrapped to the same bytes', async () => {
  const key = await createKey();
  expect(await wrapSecret(secret, { id, key })).not.toEqual(await wrapSecret(secret, { id, key }));
});
