import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concat, lengthPrefixed } from './bytes.ts';
import { CryptoError } from './errors.ts';
import type { Random } from './ports.ts';

/** The first byte of a sealed record; a later form gets another one. */
const VERSION = 1;
const NONCE_END = 25;
const TAG_LENGTH = 16;
const KEY_LENGTH = 32;

/** Where a record is kept. It opens under no other name, so records can't be exchanged for one another. */
export type RecordPlace = { readonly key: Uint8Array; readonly name: string };

/**
 * A small record as it lies on a disk: XChaCha20-Poly1305 under a 32-byte storage key, 41 bytes longer than its content.
 * Synchronous, since a transaction of a browser's storage ends when something is awaited. It does not show that a whole
 * store was put back to an earlier state.
 * @throws CryptoError `malformed` for a key of another length
 */
export function sealRecord(content: Uint8Array, place: RecordPlace, random: Random): Uint8Array<ArrayBuffer> {
  const nonce = random.bytes(NONCE_END - 1);
  return concat(Uint8Array.of(VERSION), nonce, cipher(place, nonce).encrypt(content));
}

/** @throws CryptoError `cannot_open` for another key or name, or changed bytes; `malformed` for what is no record */
export function openRecord(sealed: Uint8Array, place: RecordPlace): Uint8Array {
  if (sealed[0] !== VERSION || sealed.length < NONCE_END + TAG_LENGTH) throw new CryptoError('malformed');
  const opening = cipher(place, sealed.subarray(1, NONCE_END));
  try {
    return opening.decrypt(sealed.subarray(NONCE_END));
  } catch (cause) {
    throw new CryptoError('cannot_open', { cause });
  }
}

function cipher({ key, name }: RecordPlace, nonce: Uint8Array) {
  if (key.length !== KEY_LENGTH) throw new CryptoError('malformed');
  return xchacha20poly1305(key, nonce, lengthPrefixed('skerry/record/1', name));
}
