import { createKeyPair, createSeededRandom, nobleCurve, signXeddsa, verifyXeddsa } from '@skerry/crypto/testing';
import { describe, expect, test } from 'vitest';
import { loadLibsignal } from './libsignal.ts';
import type { Version } from './libsignal.ts';
import { seed } from './seed.ts';

const RUNS = 60;

describe.each<Version>(['0.86.16', '0.67.3'])(
  `XEdDSA and X25519 against libsignal-client %s, seed ${seed}`,
  (version) => {
    const random = createSeededRandom(`${seed}/${version}/xeddsa`);

    test('it accepts what we sign, and refuses it for another message', async () => {
      const lib = await loadLibsignal(version);
      for (let i = 0; i < RUNS; i++) {
        const { secret, publicKey } = createKeyPair(random);
        const message = random.bytes(random.below(200));
        const signature = Buffer.from(signXeddsa(secret, message, random));
        const key = lib.PublicKey.deserialize(Buffer.from(publicKey));
        expect(key.verify(Buffer.from(message), signature)).toBe(true);
        expect(key.verify(Buffer.concat([message, Buffer.of(0)]), signature)).toBe(false);
      }
    });

    test('we accept what it signs, whichever sign its point has, and refuse it when one bit is changed', async () => {
      const lib = await loadLibsignal(version);
      const signs = new Set<number>();
      for (let i = 0; i < RUNS; i++) {
        const key = lib.PrivateKey.generate();
        const publicKey = Uint8Array.from(key.getPublicKey().serialize());
        const message = random.bytes(random.below(200));
        const signature = Uint8Array.from(key.sign(Buffer.from(message)));
        signs.add((signature[63] ?? 0) & 0x80);
        expect(await verifyXeddsa(signature, { message, publicKey }, nobleCurve)).toBe(true);
        const at = random.below(512);
        signature[at >> 3] = (signature[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(await verifyXeddsa(signature, { message, publicKey }, nobleCurve)).toBe(false);
      }
      expect(signs).toEqual(new Set([0, 0x80]));
    });

    test('both agree on the same secret', async () => {
      const lib = await loadLibsignal(version);
      for (let i = 0; i < RUNS; i++) {
        const ours = createKeyPair(random);
        const theirs = lib.PrivateKey.generate();
        const shared = theirs.agree(lib.PublicKey.deserialize(Buffer.from(ours.publicKey)));
        const other = Uint8Array.from(theirs.getPublicKey().serialize()).slice(1);
        expect(await nobleCurve.agree(ours.secret, other)).toEqual(Uint8Array.from(shared));
      }
    });
  },
);
