import { x25519 } from '@noble/curves/ed25519.js';
import { concat, toHex } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Curve, Random } from '../ports.ts';

/** In front of a Curve25519 public key on the wire. */
const CURVE25519 = 0x05;
export const PUBLIC_KEY_LENGTH = 33;
export const SECRET_KEY_LENGTH = 32;

/** `publicKey` is as on the wire: the type byte and the Montgomery coordinate. */
export type SignalKeyPair = { readonly secret: Uint8Array; readonly publicKey: Uint8Array };

/** The key pair of a secret, its public key made by the curve. */
export async function keyPairBy(curve: Curve, secret: Uint8Array): Promise<SignalKeyPair> {
  return { secret, publicKey: typed(await curve.publicKey(secret)) };
}

export function createKeyPair(random: Random): SignalKeyPair {
  return keyPairOf(random.bytes(SECRET_KEY_LENGTH));
}

export function keyPairOf(secret: Uint8Array): SignalKeyPair {
  return { secret, publicKey: typed(x25519.getPublicKey(secret)) };
}

function typed(coordinate: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(CURVE25519), coordinate);
}

/**
 * The Montgomery coordinate of a key that came from outside.
 * @throws CryptoError `malformed` for another type or length or a coordinate not in its one form; `weak_key` for
 * points of small order
 */
export function coordinateOf(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== PUBLIC_KEY_LENGTH || publicKey[0] !== CURVE25519) throw new CryptoError('malformed');
  const u = publicKey.slice(1);
  if (!isReduced(u)) throw new CryptoError('malformed');
  if (SMALL_ORDER.has(toHex(u))) throw new CryptoError('weak_key');
  return u;
}

/** Below 2^255 - 19, so that no two keys are the same point. */
function isReduced(u: Uint8Array): boolean {
  const top = u[31] ?? 0;
  if (top !== 0x7f) return top < 0x7f;
  return (u[0] ?? 0) < 0xed || u.subarray(1, 31).some((byte) => byte !== 0xff);
}

/** The coordinates of the points of order 1, 2, 4 and 8, on the curve and on its twist. */
const SMALL_ORDER = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
]);
