import { sha256 } from '@noble/hashes/sha2.js';
import { CryptoError } from './errors.ts';

const BLOCK = 64;
const LENGTH = 32;

// A message takes seven of these and most of their time would go into making hash objects, so two are used over and over.
// Nothing here waits for anything, so no call can meet another one halfway.
const fresh = sha256.create();
const inner = sha256.create();
const outer = sha256.create();
const block = new Uint8Array(BLOCK);
const digest = new Uint8Array(LENGTH);

/** HMAC-SHA256 (RFC 2104) over the parts one after another. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  block.fill(0);
  block.set(key.length > BLOCK ? sha256(key) : key);
  for (let i = 0; i < BLOCK; i++) block[i] = (block[i] ?? 0) ^ 0x36;
  fresh._cloneInto(inner).update(block);
  for (const part of parts) inner.update(part);
  inner.digestInto(digest);
  for (let i = 0; i < BLOCK; i++) block[i] = (block[i] ?? 0) ^ (0x36 ^ 0x5c);
  const out = new Uint8Array(LENGTH);
  fresh._cloneInto(outer).update(block).update(digest).digestInto(out);
  // Wipes what they hold; being given a fresh state, they work again.
  inner.destroy();
  outer.destroy();
  block.fill(0);
  digest.fill(0);
  return out;
}

/** HKDF-SHA256 (RFC 5869). @throws CryptoError `malformed` for more than 255 times 32 bytes */
export function hkdf(
  material: Uint8Array,
  use: { salt: Uint8Array; info: Uint8Array },
  length: number,
): Uint8Array<ArrayBuffer> {
  if (length > 255 * LENGTH) throw new CryptoError('malformed');
  const key = hmac(use.salt, material);
  const out = new Uint8Array(Math.ceil(length / LENGTH) * LENGTH);
  let last = new Uint8Array();
  for (let i = 0; i * LENGTH < length; i++) {
    last = hmac(key, last, use.info, Uint8Array.of(i + 1));
    out.set(last, i * LENGTH);
  }
  key.fill(0);
  return out.subarray(0, length);
}
