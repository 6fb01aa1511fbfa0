import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { u32, u8 } from '@noble/ciphers/utils.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { concat, utf8 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Curve, Random } from '../ports.ts';
import type { KeyPair } from './account-keys.ts';
import { blake2b } from './blake2b.ts';

const KEY_LENGTH = 32;
const TAG_LENGTH = 16;
const SIGMA = u32(utf8('expand 32-byte k'));

/** Content for the holder of one X25519 key, in libsodium's `crypto_box_seal` format. Says nothing about who sealed it. */
export async function sealTo(
  publicKey: Uint8Array,
  content: Uint8Array,
  deps: { random: Random; curve: Curve },
): Promise<Uint8Array> {
  const secret = deps.random.bytes(KEY_LENGTH);
  const ephemeral = x25519.getPublicKey(secret);
  const shared = await deps.curve.agree(secret, publicKey);
  return concat(ephemeral, box({ shared, ephemeral, publicKey }).encrypt(content));
}

/** @throws CryptoError `cannot_open` for another key's box or changed bytes */
export async function openSealed(box_: KeyPair, sealed: Uint8Array, curve: Curve): Promise<Uint8Array> {
  if (sealed.length < KEY_LENGTH + TAG_LENGTH) throw new CryptoError('cannot_open');
  const ephemeral = sealed.subarray(0, KEY_LENGTH);
  try {
    const shared = await curve.agree(box_.secret, ephemeral);
    return box({ shared, ephemeral, publicKey: box_.publicKey }).decrypt(sealed.subarray(KEY_LENGTH));
  } catch (cause) {
    throw new CryptoError('cannot_open', { cause });
  }
}

function box(keys: { shared: Uint8Array; ephemeral: Uint8Array; publicKey: Uint8Array }) {
  const nonce = blake2b(concat(keys.ephemeral, keys.publicKey), 24);
  const key = new Uint32Array(8);
  hsalsa(SIGMA, u32(keys.shared.slice()), new Uint32Array(4), key);
  return xsalsa20poly1305(u8(key), nonce);
}
