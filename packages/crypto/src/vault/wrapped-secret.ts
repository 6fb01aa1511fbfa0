import { AES_NONCE_LENGTH, aesOpen, aesSeal } from '../aes-gcm.ts';
import { concat, lengthPrefixed } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Random, Subtle, WebKey, WrapKey } from '../ports.ts';

const VERSION = 1;

/**
 * A small secret (a master secret, the key of a store) under a key that stays with its keeper.
 * @param under.id the name of the record; it opens under no other one
 */
export async function wrapSecret(secret: Uint8Array, under: { id: string; key: WrapKey }): Promise<Uint8Array> {
  return concat(Uint8Array.of(VERSION), await under.key.wrap(secret, boundBy(under.id)));
}

/** @throws CryptoError `cannot_open` for another key or id, or changed bytes; `malformed` for another version */
export async function unwrapSecret(record: Uint8Array, under: { id: string; key: WrapKey }): Promise<Uint8Array> {
  if (record[0] !== VERSION) throw new CryptoError('malformed');
  return under.key.unwrap(record.subarray(1), boundBy(under.id));
}

/** AES-256-GCM by the platform, under a key that may be, and should be, non-extractable. Good for 2^32 records. */
export function webWrapKey(key: WebKey, deps: { subtle: Subtle; random: Random }): WrapKey {
  const aes = { key, subtle: deps.subtle };
  return {
    async wrap(bytes, bound) {
      const nonce = deps.random.bytes(AES_NONCE_LENGTH);
      return concat(nonce, await aesSeal(aes, { nonce, bound }, bytes));
    },
    unwrap: (bytes, bound) =>
      aesOpen(aes, { nonce: bytes.subarray(0, AES_NONCE_LENGTH), bound }, bytes.subarray(AES_NONCE_LENGTH)),
  };
}

function boundBy(id: string): Uint8Array {
  return lengthPrefixed('skerry/vault/1', id);
}
