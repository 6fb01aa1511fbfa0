import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { lengthPrefixed } from '../bytes.ts';
import { nobleCurve } from '../curve/noble-curve.ts';
import { webCurve } from '../curve/web-curve.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createSigningKey, signBytes, signingKeyOf, verifyBytes } from './sign.ts';

const random = createSeededRandom('signing keys');
const key = createSigningKey(random);
const bytes = lengthPrefixed('skerry/devices/1', 'harbour', random.bytes(100));
const signature = signBytes(bytes, key);
const torsion = ED25519_TORSION_SUBGROUP.map((point) => Uint8Array.from(Buffer.from(point, 'hex')));

test('signs as the platform does, and either one accepts what the other has signed', async () => {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key.secret]);
  const theirs = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  expect(Uint8Array.from(sign(null, bytes, theirs))).toEqual(signature);
  expect(verify(null, bytes, createPublicKey(theirs), signature)).toBe(true);
});

test('a kept seed gives the same key, and one of another length is refused', () => {
  expect(signingKeyOf(key.secret)).toEqual(key);
  for (const length of [0, 31, 33, 64])
    expect(() => signingKeyOf(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'malformed' }));
});

describe.each([
  { by: 'JavaScript', curve: async () => nobleCurve },
  { by: 'the platform where it agrees', curve: () => webCurve(globalThis.crypto.subtle) },
])('checked by $by', ({ curve: make }) => {
  test('only these bytes, this key and this signature are good', async () => {
    const curve = await make();
    expect(await verifyBytes({ bytes, signature, publicKey: key.publicKey }, curve)).toBe(true);
    const other = createSigningKey(random).publicKey;
    expect(await verifyBytes({ bytes, signature, publicKey: other }, curve)).toBe(false);
    expect(await verifyBytes({ bytes: bytes.subarray(1), signature, publicKey: key.publicKey }, curve)).toBe(false);
    for (let i = 0; i < 64; i++) {
      const changed = signature.map((byte, at) => (at === i ? byte ^ (1 << (i % 8)) : byte));
      expect(await verifyBytes({ bytes, signature: changed, publicKey: key.publicKey }, curve)).toBe(false);
    }
    for (const length of [0, 63, 65]) {
      const cut = { bytes, signature: new Uint8Array(length), publicKey: key.publicKey };
      expect(await verifyBytes(cut, curve)).toBe(false);
    }
    for (const length of [0, 31, 33])
      expect(await verifyBytes({ bytes, signature, publicKey: new Uint8Array(length) }, curve)).toBe(false);
  });

  test('keys and points of small order are refused, though the equation would hold for them (T35)', async () => {
    const curve = await make();
    const zero = new Uint8Array(32);
    let wouldHold = 0;
    for (const publicKey of torsion) {
      for (const r of torsion) {
        // With s = 0 the equation asks for R = -hA, which is one of eight points: some bytes are good for each pair.
        for (let nonce = 0; nonce < 4; nonce++) {
          const forged = { bytes: Uint8Array.of(nonce), signature: Uint8Array.from([...r, ...zero]), publicKey };
          if (await nobleCurve.verify(forged.signature, forged.bytes, publicKey)) wouldHold += 1;
          expect(await verifyBytes(forged, curve)).toBe(false);
        }
      }
    }
    expect(torsion.length).toBe(8);
    expect(wouldHold).toBeGreaterThan(10);
  });

  test('a key of small order is refused, also with a point in the signature that is none', async () => {
    const curve = await make();
    const scalar = 12_345_678_901_234_567_890n;
    // Under the neutral point as key, whoever knows no secret at all could sign everything.
    const { Point } = ed25519;
    const forged = Uint8Array.from([...Point.BASE.multiply(scalar).toBytes(), ...Point.Fn.toBytes(scalar)]);
    const publicKey = Point.ZERO.toBytes();
    expect(await nobleCurve.verify(forged, bytes, publicKey)).toBe(true);
    expect(await verifyBytes({ bytes, signature: forged, publicKey }, curve)).toBe(false);
  });

  test('a point of small order in the signature alone is refused', async () => {
    const curve = await make();
    // Whoever holds the key can make one: with R the neutral point, s is hA's scalar.
    const { scalar } = ed25519.utils.getExtendedPublicKey(key.secret);
    const r = ed25519.Point.ZERO.toBytes();
    const { sha512 } = await import('@noble/hashes/sha2.js');
    const h = BigInt(`0x${Buffer.from(sha512(Buffer.concat([r, key.publicKey, bytes])).toReversed()).toString('hex')}`);
    const s = (h * scalar) % ed25519.Point.Fn.ORDER;
    const made = Uint8Array.from([...r, ...ed25519.Point.Fn.toBytes(s)]);
    expect(await nobleCurve.verify(made, bytes, key.publicKey)).toBe(true);
    expect(await verifyBytes({ bytes, signature: made, publicKey: key.publicKey }, curve)).toBe(false);
  });

  test('coordinates beyond the field are refused', async () => {
    const curve = await make();
    for (let low = 0xed; low <= 0xff; low++) {
      for (const high of [0x7f, 0xff]) {
        const publicKey = new Uint8Array(32).fill(0xff);
        publicKey[0] = low;
        publicKey[31] = high;
        expect(await verifyBytes({ bytes, signature, publicKey }, curve)).toBe(false);
        const r = Uint8Array.from([...publicKey, ...signature.subarray(32)]);
        expect(await verifyBytes({ bytes, signature: r, publicKey: key.publicKey }, curve)).toBe(false);
      }
    }
  });
});
