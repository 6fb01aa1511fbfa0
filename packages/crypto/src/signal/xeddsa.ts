import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat } from '../bytes.ts';
import { littleEndian, reduce } from '../curve/noble-curve.ts';
import type { Curve, Random } from '../ports.ts';
import { coordinateOf } from './keys.ts';

const { Point } = ed25519;
const { Fp, Fn } = Point;
export const SIGNATURE_LENGTH = 64;
const SIGN_BIT = 0x80;

/** 2^256 - 2 as little-endian bytes: what keeps this hash apart from that of plain Ed25519. */
const HASH1_HEAD = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xfe : 0xff));

/** A signature by an X25519 secret, as in the XEdDSA specification. */
export function signXeddsa(secret: Uint8Array, message: Uint8Array, random: Random): Uint8Array {
  const { a, A } = edwardsPair(secret);
  const r = reduce(sha512(concat(HASH1_HEAD, scalarBytes(a), message, random.bytes(64))));
  const R = Point.BASE.multiply(r).toBytes();
  const h = reduce(sha512(concat(R, A, message)));
  return concat(R, scalarBytes(Fn.add(r, Fn.mul(h, a))));
}

/**
 * Whether the holder of an X25519 key made this signature. Some signers don't choose the Edwards point with sign 0
 * but leave its sign in the highest bit of the signature.
 * @param publicKey as on the wire
 * @throws CryptoError `malformed` or `weak_key` for what isn't a key
 */
export async function verifyXeddsa(
  signature: Uint8Array,
  signed: { message: Uint8Array; publicKey: Uint8Array },
  curve: Curve,
): Promise<boolean> {
  const u = littleEndian(coordinateOf(signed.publicKey));
  if (signature.length !== SIGNATURE_LENGTH || u === Fp.ORDER - 1n) return false;
  const plain = signature.slice();
  const sign = (plain[63] ?? 0) & SIGN_BIT;
  plain[63] = (plain[63] ?? 0) & ~SIGN_BIT;
  const key = Fp.toBytes(Fp.div(Fp.sub(u, 1n), Fp.add(u, 1n)));
  key[31] = (key[31] ?? 0) | sign;
  return curve.verify(plain, signed.message, key);
}

/** The Edwards key pair of an X25519 secret whose point has sign 0. */
function edwardsPair(secret: Uint8Array): { a: bigint; A: Uint8Array } {
  const clamped = secret.slice();
  clamped[0] = (clamped[0] ?? 0) & 248;
  clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
  const k = littleEndian(clamped) % Fn.ORDER;
  const A = Point.BASE.multiply(k).toBytes();
  const isNegative = ((A[31] ?? 0) & SIGN_BIT) !== 0;
  A[31] = (A[31] ?? 0) & ~SIGN_BIT;
  return { a: isNegative ? Fn.neg(k) : k, A };
}

function scalarBytes(scalar: bigint): Uint8Array {
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++, scalar >>= 8n) out[i] = Number(scalar & 0xffn);
  return out;
}
