import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { AES_NONCE_LENGTH, aesOpen, aesSeal, importAes } from '../aes-gcm.ts';
import { concat, lengthPrefixed, uint32 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Random, Subtle } from '../ports.ts';

/** The first byte of a payload says how it was encrypted. */
const XCHACHA20_POLY1305 = 1;
const AES_256_GCM = 2;

const NONCE_LENGTH = { [XCHACHA20_POLY1305]: 24, [AES_256_GCM]: AES_NONCE_LENGTH };
const TAG_LENGTH = 16;
const DATA_KEY_LENGTH = 32;
/** From here on the platform's AES outruns everything in JavaScript. */
const LARGE = 4096;

/** What a payload belongs to. It opens nowhere else: not in another session, of another type, or at another place. */
export type PayloadPlace = { readonly session: string; readonly type: string; readonly sequence: number };

export type PayloadDeps = { readonly random: Random; readonly subtle: Subtle };

/** A random key for the payloads of one session. Good for 2^32 of them. */
export function createDataKey(random: Random): Uint8Array {
  return random.bytes(DATA_KEY_LENGTH);
}

/** Encrypts and authenticates: AES-256-GCM by the platform for large content, XChaCha20-Poly1305 otherwise. */
export async function sealPayload(
  content: Uint8Array,
  with_: { key: Uint8Array; place: PayloadPlace },
  { random, subtle }: PayloadDeps,
): Promise<Uint8Array> {
  const bound = placeBytes(with_.place);
  if (content.length >= LARGE) {
    const nonce = random.bytes(AES_NONCE_LENGTH);
    const sealed = await aesSeal(await importAes(subtle, with_.key), { nonce, bound }, content);
    return concat(Uint8Array.of(AES_256_GCM), nonce, sealed);
  }
  const nonce = random.bytes(NONCE_LENGTH[XCHACHA20_POLY1305]);
  const sealed = xchacha20poly1305(with_.key, nonce, bound).encrypt(content);
  return concat(Uint8Array.of(XCHACHA20_POLY1305), nonce, sealed);
}

/** @throws CryptoError `cannot_open` for another key or place, or changed bytes; `malformed` for an unknown kind */
export async function openPayload(
  sealed: Uint8Array,
  with_: { key: Uint8Array; place: PayloadPlace },
  subtle: Subtle,
): Promise<Uint8Array> {
  const kind = sealed[0];
  if (kind !== XCHACHA20_POLY1305 && kind !== AES_256_GCM) throw new CryptoError('malformed');
  const from = 1 + NONCE_LENGTH[kind];
  if (sealed.length < from + TAG_LENGTH) throw new CryptoError('malformed');
  const nonce = sealed.slice(1, from);
  const rest = sealed.slice(from);
  const bound = placeBytes(with_.place);
  if (kind === AES_256_GCM) return aesOpen(await importAes(subtle, with_.key), { nonce, bound }, rest);
  try {
    return xchacha20poly1305(with_.key, nonce, bound).decrypt(rest);
  } catch (cause) {
    throw new CryptoError('cannot_open', { cause });
  }
}

/** A key encrypted under another one, for a stated use. */
export function wrapKey(key: Uint8Array, under: { key: Uint8Array; use: string }, random: Random): Uint8Array {
  const nonce = random.bytes(24);
  return concat(nonce, xchacha20poly1305(under.key, nonce, lengthPrefixed('skerry/wrap/1', under.use)).encrypt(key));
}

/** @throws CryptoError `cannot_open` for another key or use, or changed bytes */
export function unwrapKey(wrapped: Uint8Array, under: { key: Uint8Array; use: string }): Uint8Array {
  try {
    const bound = lengthPrefixed('skerry/wrap/1', under.use);
    return xchacha20poly1305(under.key, wrapped.subarray(0, 24), bound).decrypt(wrapped.subarray(24));
  } catch (cause) {
    throw new CryptoError('cannot_open', { cause });
  }
}

function placeBytes({ session, type, sequence }: PayloadPlace): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw new CryptoError('malformed');
  const high = Math.floor(sequence / 2 ** 32);
  return lengthPrefixed('skerry/payload/1', session, type, concat(uint32(high), uint32(sequence % 2 ** 32)));
}
