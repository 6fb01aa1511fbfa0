import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, toHex } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Curve } from '../ports.ts';

const { Point } = ed25519;

/** Curve25519 in plain JavaScript: works everywhere, and is what every other Curve is measured against. */
export const nobleCurve: Curve = {
  async publicKey(secret) {
    return x25519.getPublicKey(secret);
  },

  async agree(secret, publicKey) {
    let shared: Uint8Array;
    try {
      shared = x25519.scalarMult(secret, publicKey);
    } catch (cause) {
      throw new CryptoError('weak_key', { cause });
    }
    if (shared.every((byte) => byte === 0)) throw new CryptoError('weak_key');
    return shared;
  },

  async verify(signature, message, publicKey) {
    if (signature.length !== 64) return false;
    const r = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32));
    if (s >= Point.Fn.ORDER) return false;
    try {
      const key = Point.fromBytes(publicKey);
      const h = reduce(sha512(concat(r, publicKey, message)));
      // R = sB - hA. Nothing here is secret, so the faster multiplication is fine.
      const expected = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(h));
      return equalBytes(expected.toBytes(), r);
    } catch {
      return false;
    }
  },
};

/** A hash read as a little-endian number, modulo the order of the group. */
export function reduce(hash: Uint8Array): bigint {
  return littleEndian(hash) % Point.Fn.ORDER;
}

export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`);
}
