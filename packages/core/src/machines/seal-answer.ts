import { x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Subtle } from '../keys/subtle.ts';
import type { Random } from '../platform.ts';

const KEY = 32;
const NONCE = 12;

/**
 * Seals a text so that the holder of an X25519 key alone reads it, bound to `bound`: a one-time key, a nonce, AES-256-GCM.
 * SPEC A-4.
 * @throws Error for a key of small order, with which everybody would know the secret
 */
export async function sealAnswer(
  text: string,
  to: { readonly boxKey: Uint8Array; readonly bound: Uint8Array },
  by: { readonly subtle: Subtle; readonly random: Random },
): Promise<Uint8Array> {
  const secret = by.random.bytes(KEY);
  const once = x25519.getPublicKey(secret);
  const shared = x25519.getSharedSecret(secret, to.boxKey);
  const salt = new Uint8Array(2 * KEY);
  salt.set(once);
  salt.set(to.boxKey, KEY);
  const raw = Uint8Array.from(hkdf(sha256, shared, salt, to.bound, KEY));
  const key = await by.subtle.importKey('raw', raw, { name: 'AES-GCM' }, false, ['encrypt']);
  const iv = Uint8Array.from(by.random.bytes(NONCE));
  const content = Uint8Array.from(new TextEncoder().encode(text));
  const additionalData = Uint8Array.from(to.bound);
  const sealed = new Uint8Array(await by.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, content));
  const out = new Uint8Array(KEY + NONCE + sealed.length);
  out.set(once);
  out.set(iv, KEY);
  out.set(sealed, KEY + NONCE);
  return out;
}
