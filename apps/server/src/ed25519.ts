import { createPublicKey, verify } from 'node:crypto';
import { fromBase64Url } from '@skerry/protocol';

/** A signature over bytes that say themselves what they are for. Key and signature as base64url. */
export type Signed = { readonly bytes: Uint8Array; readonly signature: string; readonly publicKey: string };

/**
 * Whether the holder of the key signed these bytes; false for what is no key or no signature. As strict as clients are:
 * one form for every key, point and number, nothing of small order, so no signature fits bytes its holder never saw.
 */
export function isSigned({ bytes, signature, publicKey }: Signed): boolean {
  const key = fromBase64Url(publicKey);
  const signed = fromBase64Url(signature);
  if (key === undefined || signed?.length !== 64 || !isUsable(key) || !isUsable(signed.subarray(0, 32))) return false;
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey };
    return verify(null, bytes, createPublicKey({ format: 'jwk', key: jwk }), signed);
  } catch {
    // A coordinate that no point has.
    return false;
  }
}

/** 32 bytes whose coordinate is in its one form and not that of a point of small order. */
function isUsable(point: Uint8Array): boolean {
  if (point.length !== 32) return false;
  const y = Buffer.from(point);
  y[31] = (y[31] ?? 0) & 0x7f;
  const isReduced = y[31] !== 0x7f || (y[0] ?? 0) < 0xed || y.subarray(1, 31).some((byte) => byte !== 0xff);
  return isReduced && !SMALL_ORDER.has(y.toString('hex'));
}

/** The coordinates of the points of order 1, 2, 4 and 8, without their sign. */
const SMALL_ORDER = new Set([
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);
