import { createRequire } from 'node:module';
import {
  deriveAccountKeys,
  encodeLogin,
  openPayload,
  openSealed,
  sealPayload,
  sealTo,
  signLogin,
} from '@skerry/crypto';
import { createSeededRandom, nobleCurve } from '@skerry/crypto/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seed } from './seed.ts';

/** The part of libsodium's documented interface that is used here. */
type Sodium = {
  readonly ready: Promise<void>;
  crypto_box_keypair(): { publicKey: Uint8Array; privateKey: Uint8Array };
  crypto_box_seal(message: Uint8Array, publicKey: Uint8Array): Uint8Array;
  crypto_box_seal_open(sealed: Uint8Array, publicKey: Uint8Array, privateKey: Uint8Array): Uint8Array;
  crypto_scalarmult_base(secret: Uint8Array): Uint8Array;
  crypto_sign_seed_keypair(seed: Uint8Array): { publicKey: Uint8Array };
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  crypto_aead_xchacha20poly1305_ietf_decrypt(...parts: (Uint8Array | null)[]): Uint8Array;
  crypto_aead_xchacha20poly1305_ietf_encrypt(...parts: (Uint8Array | null)[]): Uint8Array;
};

const RUNS = 80;
const LEAST_CHECKS = 400;
const plain = (bytes: Uint8Array) => Uint8Array.from(bytes);

describe(`libsodium, seed ${seed}`, () => {
  const random = createSeededRandom(`${seed}/libsodium`);
  const subtle = globalThis.crypto.subtle;
  let sodium: Sodium;
  let checks = 0;
  beforeAll(async () => {
    sodium = createRequire(import.meta.url)('libsodium-wrappers') as Sodium;
    await sodium.ready;
  });
  afterAll(() => {
    process.stdout.write(`libsodium, seed ${seed}: ${String(checks)} checks\n`);
  });
  const account = () => deriveAccountKeys(random.bytes(32), { serverId: 'harbour', index: random.below(10) });

  test('it opens the boxes that we seal', async () => {
    for (let i = 0; i < RUNS; i++) {
      const { publicKey, privateKey } = sodium.crypto_box_keypair();
      const content = random.bytes(random.below(1000));
      const sealed = await sealTo(publicKey, content, { random, curve: nobleCurve });
      expect(plain(sodium.crypto_box_seal_open(sealed, publicKey, privateKey))).toEqual(content);
      checks += 1;
    }
  });

  test('we open the boxes that it seals, and refuse them when one bit is changed', async () => {
    for (let i = 0; i < RUNS; i++) {
      const { box } = account();
      const content = random.bytes(random.below(1000));
      const sealed = plain(sodium.crypto_box_seal(content, box.publicKey));
      expect(await openSealed(box, sealed, nobleCurve)).toEqual(content);
      const at = random.below(sealed.length * 8);
      sealed[at >> 3] = (sealed[at >> 3] ?? 0) ^ (1 << (at & 7));
      await expect(openSealed(box, sealed, nobleCurve)).rejects.toMatchObject({ code: 'cannot_open' });
      checks += 2;
    }
  });

  test('it opens small payloads, and we open those that it encrypts', async () => {
    for (let i = 0; i < RUNS; i++) {
      const key = random.bytes(32);
      const content = random.bytes(random.below(2000));
      const place = { session: 's', type: 't', sequence: i };
      const sealed = await sealPayload(content, { key, place }, { random, subtle });
      const bound = placeBytes(i);
      const nonce = sealed.slice(1, 25);
      const opened = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed.slice(25), bound, nonce, key);
      expect(plain(opened)).toEqual(content);
      const theirs = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(content, bound, null, nonce, key);
      const framed = Uint8Array.from([1, ...nonce, ...theirs]);
      expect(await openPayload(framed, { key, place }, subtle)).toEqual(content);
      checks += 2;
    }
  });

  test('it derives the same public keys and accepts our login signatures', () => {
    for (let i = 0; i < RUNS; i++) {
      const { sign, box } = account();
      expect(plain(sodium.crypto_scalarmult_base(box.secret))).toEqual(plain(box.publicKey));
      expect(plain(sodium.crypto_sign_seed_keypair(sign.secret).publicKey)).toEqual(plain(sign.publicKey));
      const challenge = { serverId: 'harbour', origin: 'https://harbour.example', nonce: String(i), expiry: 2000 };
      const signature = signLogin(challenge, sign, { now: () => 1000 });
      const signed = encodeLogin(challenge, sign.publicKey);
      expect(sodium.crypto_sign_verify_detached(signature, signed, sign.publicKey)).toBe(true);
      checks += 3;
    }
  });

  test(`at least ${String(LEAST_CHECKS)} checks were made`, () => {
    expect(checks).toBeGreaterThanOrEqual(LEAST_CHECKS);
  });
});

/** The bytes a payload's place is bound by, written out a second time: length, field, and so on. */
function placeBytes(sequence: number): Uint8Array {
  const fields = [Buffer.from('skerry/payload/1'), Buffer.from('s'), Buffer.from('t'), Buffer.alloc(8)];
  fields[3]?.writeUInt32BE(sequence, 4);
  return Uint8Array.from(
    Buffer.concat(
      fields.flatMap((field) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(field.length);
        return [length, field];
      }),
    ),
  );
}
