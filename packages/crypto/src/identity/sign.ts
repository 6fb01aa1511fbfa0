import { ed25519 } from '@noble/curves/ed25519.js';
import { CryptoError } from '../errors.ts';
import type { KeyPair } from '../master/account-keys.ts';
import type { Curve, Random } from '../ports.ts';

const SEED_LENGTH = 32;
const POINT_LENGTH = 32;
const SIGNATURE_LENGTH = 64;

/** A device's own Ed25519 signing key, made on it and nowhere else. `secret` is the seed. */
export function createSigningKey(random: Random): KeyPair {
  return signingKeyOf(random.bytes(SEED_LENGTH));
}

/** The key pair of a seed that was kept. @throws CryptoError `malformed` for a seed of another length */
export function signingKeyOf(seed: Uint8Array): KeyPair {
  if (seed.length !== SEED_LENGTH) throw new CryptoError('malformed');
  return { secret: seed, publicKey: ed25519.getPublicKey(seed) };
}

/**
 * Ed25519 over bytes that say themselves what they are for: a label that nothing else has, and every field with its length.
 * @param key an account's sign key or a device's signing key
 */
export function signBytes(bytes: Uint8Array, key: KeyPair): Uint8Array {
  return ed25519.sign(bytes, key.secret);
}

/**
 * Whether the holder of the key signed these bytes; false for whatever isn't a signature or a key. Strict: by the equation
 * without the cofactor, every number in its one form, neither the key nor the signature's point of small order. So all
 * devices answer alike, and no signature fits bytes that its holder never saw.
 */
export async function verifyBytes(
  signed: { readonly bytes: Uint8Array; readonly signature: Uint8Array; readonly publicKey: Uint8Array },
  curve: Curve,
): Promise<boolean> {
  const { bytes, signature, publicKey } = signed;
  if (signature.length !== SIGNATURE_LENGTH || !isUsable(publicKey) || !isUsable(signature.subarray(0, POINT_LENGTH)))
    return false;
  return curve.verify(signature, bytes, publicKey);
}

/** Whether these bytes may be an Ed25519 key: a point of the curve in its one form, not of small order. */
function isUsable(point: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(point).isSmallOrder();
  } catch {
    return false;
  }
}
