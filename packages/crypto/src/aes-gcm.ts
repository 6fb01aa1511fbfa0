import { owned } from './bytes.ts';
import { CryptoError } from './errors.ts';
import type { Subtle, WebKey } from './ports.ts';

/** A key of AES-256-GCM and the platform that uses it. */
export type AesKey = { readonly key: WebKey; readonly subtle: Subtle };
/** A nonce of 12 bytes, never used twice with one key, and what is authenticated with the content. */
export type AesPlace = { readonly nonce: Uint8Array; readonly bound: Uint8Array };

export const AES_NONCE_LENGTH = 12;

export async function importAes(subtle: Subtle, key: Uint8Array): Promise<AesKey> {
  const imported = subtle.importKey('raw', owned(key), { name: 'AES-GCM' }, false, ['encrypt', 'decrypt']);
  return { key: await imported, subtle };
}

export async function aesSeal({ key, subtle }: AesKey, place: AesPlace, content: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await subtle.encrypt(by(place), key, owned(content)));
}

/** @throws CryptoError `cannot_open` for another key or place, or changed bytes */
export async function aesOpen({ key, subtle }: AesKey, place: AesPlace, sealed: Uint8Array): Promise<Uint8Array> {
  try {
    return new Uint8Array(await subtle.decrypt(by(place), key, owned(sealed)));
  } catch (cause) {
    throw new CryptoError('cannot_open', { cause });
  }
}

function by({ nonce, bound }: AesPlace) {
  return { name: 'AES-GCM', iv: nonce, additionalData: bound };
}
