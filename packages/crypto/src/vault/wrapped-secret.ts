import { concat, lengthPrefixed, owned } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Random, Subtle, WebKey, WrapKey } from '../ports.ts';

const VERSION = 1;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

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
  const { subtle, random } = deps;
  const algorithm = (iv: Uint8Array, bound: Uint8Array) => ({ name: 'AES-GCM', iv, additionalData: bound });
  return {
    async wrap(bytes, bound) {
      const nonce = random.bytes(NONCE_LENGTH);
      return concat(nonce, new Uint8Array(await subtle.encrypt(algorithm(nonce, bound), key, owned(bytes))));
    },
    async unwrap(bytes, bound) {
      if (bytes.length < NONCE_LENGTH + TAG_LENGTH) throw new CryptoError('cannot_open');
      const by = algorithm(bytes.subarray(0, NONCE_LENGTH), bound);
      try {
        return new Uint8Array(await subtle.decrypt(by, key, owned(bytes.subarray(NONCE_LENGTH))));
      } catch (cause) {
        throw new CryptoError('cannot_open', { cause });
      }
    },
  };
}

function boundBy(id: string): Uint8Array {
  return lengthPrefixed('skerry/vault/1', id);
}
