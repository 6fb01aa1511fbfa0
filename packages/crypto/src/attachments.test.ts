import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_ATTACHMENT, openAttachment, sealAttachment } from './attachments.ts';
import { CryptoError } from './errors.ts';
import type { Subtle } from './ports.ts';
import { createSeededRandom } from './testing/seeded-random.ts';

const random = createSeededRandom('attachments');
const subtle: Subtle = globalThis.crypto.subtle;
const deps = { random, subtle };

test('a file of any length opens to the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 200_000 }), async (length) => {
      const file = random.bytes(length);
      const { sealed, ...of } = await sealAttachment(file, deps);
      expect(of.size).toBe(length);
      expect(Buffer.compare(await openAttachment(sealed, of, subtle), file)).toBe(0);
    }),
    { numRuns: 30, examples: [[0], [1], [1023], [1024], [1025]] },
  );
});

test('the sealed length says little: at most a sixteenth more, in few steps, and 1 KiB at least', async () => {
  const seen = new Set<number>();
  for (let length = 0; length < 70_000; length += 97) {
    const { sealed } = await sealAttachment(new Uint8Array(length), deps);
    const padded = sealed.length - 28;
    expect(padded).toBeGreaterThanOrEqual(Math.max(1024, length));
    expect(padded).toBeLessThanOrEqual(Math.max(1024, Math.ceil(length * 1.0625)));
    seen.add(padded);
  }
  expect(seen.size).toBeLessThan(110);
});

test('25 MiB is taken, one byte more is not, and what is sealed stays below 25 MiB and 28 bytes', async () => {
  const file = new Uint8Array(MAX_ATTACHMENT);
  const { sealed, ...of } = await sealAttachment(file, deps);
  expect(sealed.length).toBe(MAX_ATTACHMENT + 28);
  expect((await openAttachment(sealed, of, subtle)).length).toBe(MAX_ATTACHMENT);
  // Not the promise itself: a failure would print what was sealed.
  const outcome = await sealAttachment(new Uint8Array(MAX_ATTACHMENT + 1), deps).then(
    () => 'sealed',
    (error: unknown) => (error instanceof CryptoError ? error.code : 'another error'),
  );
  expect(outcome).toBe('too_large');
});

test('bytes that are not those of the digest are refused before anything is decrypted', async () => {
  let decrypted = 0;
  const counting: Subtle = {
    importKey: (...of) => subtle.importKey(...of),
    deriveBits: (...of) => subtle.deriveBits(...of),
    verify: (...of) => subtle.verify(...of),
    encrypt: (...of) => subtle.encrypt(...of),
    digest: (...of) => subtle.digest(...of),
    decrypt: (...of) => {
      decrypted += 1;
      return subtle.decrypt(...of);
    },
  };
  const file = random.bytes(3000);
  const { sealed, ...of } = await sealAttachment(file, deps);
  for (const at of [0, 11, 12, 1500, sealed.length - 1]) {
    const changed = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte));
    await expect(openAttachment(changed, of, counting)).rejects.toMatchObject({ code: 'cannot_open' });
  }
  for (const cut of [sealed.subarray(1), sealed.subarray(0, -1), new Uint8Array(), Uint8Array.from([...sealed, 0])])
    await expect(openAttachment(cut, of, counting)).rejects.toMatchObject({ code: 'cannot_open' });
  const other = await sealAttachment(file, deps);
  await expect(openAttachment(other.sealed, of, counting)).rejects.toMatchObject({ code: 'cannot_open' });
  expect(decrypted).toBe(0);
  expect(await openAttachment(sealed, of, counting)).toEqual(file);
  expect(decrypted).toBe(1);
});

test('a digest that was made to fit other bytes, or another key, does not open them', async () => {
  const { sealed, ...of } = await sealAttachment(random.bytes(100), deps);
  const changed = sealed.map((byte, i) => (i === 500 ? byte ^ 1 : byte));
  const digest = new Uint8Array(await subtle.digest('SHA-256', changed));
  await expect(openAttachment(changed, { ...of, digest }, subtle)).rejects.toMatchObject({ code: 'cannot_open' });
  await expect(openAttachment(sealed, { ...of, key: random.bytes(32) }, subtle)).rejects.toMatchObject({
    code: 'cannot_open',
  });
});

test('a description that speaks of a longer or much shorter file does not open it', async () => {
  const { sealed, ...of } = await sealAttachment(random.bytes(2000), deps);
  for (const size of [0, 1000, 5000])
    await expect(openAttachment(sealed, { ...of, size }, subtle)).rejects.toMatchObject({ code: 'cannot_open' });
});

test('descriptions that fit no file are refused', async () => {
  const { sealed, ...of } = await sealAttachment(random.bytes(100), deps);
  const odd = [
    ...[-1, 0.5, Number.NaN, MAX_ATTACHMENT + 1].map((size) => ({ ...of, size })),
    { ...of, key: of.key.subarray(1) },
    { ...of, digest: of.digest.subarray(1) },
  ];
  for (const one of odd) await expect(openAttachment(sealed, one, subtle)).rejects.toMatchObject({ code: 'malformed' });
});

test('two files never have a key in common', async () => {
  const file = random.bytes(10);
  const [a, b] = [await sealAttachment(file, deps), await sealAttachment(file, deps)];
  expect(a.key).not.toEqual(b.key);
  expect(a.digest).not.toEqual(b.digest);
});
