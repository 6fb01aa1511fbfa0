import type { Crypto } from '../../platform.ts';

/** Bytes as WebCrypto takes them: never on shared memory. */
type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Ed25519 and SHA-256 by WebCrypto. Where it is missing (a page on plain http) or knows no Ed25519 (older browsers), the same
 * from a small library that is loaded only then.
 */
export function browserCrypto(subtle: SubtleCrypto | undefined): Crypto {
  let lacksEd25519 = subtle === undefined;
  return {
    async verifyEd25519(key, signature, message) {
      if (key.length !== 32 || signature.length !== 64) return false;
      if (subtle !== undefined && !lacksEd25519) {
        try {
          const imported = await subtle.importKey('raw', key as Bytes, { name: 'Ed25519' }, false, ['verify']);
          return await subtle.verify({ name: 'Ed25519' }, imported, signature as Bytes, message as Bytes);
        } catch (error) {
          // A key that is no point of the curve is a DataError; only a missing algorithm leads on.
          if (!(error instanceof DOMException) || error.name !== 'NotSupportedError') return false;
          lacksEd25519 = true;
        }
      }
      const { ed25519 } = await import('@noble/curves/ed25519.js');
      try {
        return ed25519.verify(signature, message, key, { zip215: false });
      } catch {
        return false;
      }
    },
    async sha256(bytes) {
      if (subtle !== undefined) return new Uint8Array(await subtle.digest('SHA-256', bytes as Bytes));
      const { sha256 } = await import('@noble/hashes/sha2.js');
      return sha256(bytes);
    },
  };
}
