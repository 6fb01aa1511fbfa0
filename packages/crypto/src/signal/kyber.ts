import { shake256, sha3_256 } from '@noble/hashes/sha3.js';
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { concat } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Curve, Random } from '../ports.ts';

/** In front of a key or ciphertext of Kyber1024 as it was in round 3 of the contest. */
const KYBER1024 = 0x08;
const { publicKey: PUBLIC = 0, cipherText: CIPHERTEXT = 0, secretKey: SECRET = 0, seed: SEED = 0 } = ml_kem1024.lengths;
export const KYBER_SECRET_LENGTH = SECRET;

export type KyberKeyPair = { readonly secret: Uint8Array; readonly publicKey: Uint8Array };

/** Both keys are without and with the type byte respectively, as stored and as on the wire. */
export function createKyberKeyPair(random: Random): KyberKeyPair {
  const { secretKey, publicKey } = ml_kem1024.keygen(random.bytes(SEED));
  return { secret: secretKey, publicKey: concat(Uint8Array.of(KYBER1024), publicKey) };
}

/**
 * A secret for the holder of the key. Round 3 differs from FIPS 203 in two places: the random message is hashed
 * first, and the shared secret is bound to the ciphertext by one more hash. The first guards against poor chance and cannot
 * be told from outside, so a platform's own ML-KEM serves as well.
 * @throws CryptoError `malformed` for what isn't a key
 */
export async function encapsulate(
  publicKey: Uint8Array,
  { curve, random }: { readonly curve: Curve; readonly random: Random },
): Promise<{ ciphertext: Uint8Array; shared: Uint8Array }> {
  const body = bodyOf(publicKey, PUBLIC);
  try {
    const { cipherText, sharedSecret } =
      (await curve.encapsulate?.(body)) ?? ml_kem1024.encapsulate(body, sha3_256(random.bytes(32)));
    return { ciphertext: concat(Uint8Array.of(KYBER1024), cipherText), shared: bind(sharedSecret, cipherText) };
  } catch (cause) {
    throw new CryptoError('malformed', { cause });
  }
}

/** A ciphertext made for another key gives another secret; only what is encrypted with it tells. */
export function decapsulate(secret: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const body = bodyOf(ciphertext, CIPHERTEXT);
  return bind(ml_kem1024.decapsulate(body, secret), body);
}

export function isKyberPublicKey(publicKey: Uint8Array): boolean {
  return publicKey[0] === KYBER1024 && publicKey.length === PUBLIC + 1;
}

function bodyOf(typed: Uint8Array, length: number): Uint8Array {
  if (typed[0] !== KYBER1024 || typed.length !== length + 1) throw new CryptoError('malformed');
  return typed.slice(1);
}

function bind(shared: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return shake256(concat(shared, sha3_256(ciphertext)), { dkLen: 32 });
}
