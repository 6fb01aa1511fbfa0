import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Crypto } from '../../platform.ts';

/** What stands before the 32 bytes of a raw key in its SubjectPublicKeyInfo form (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const nodeCrypto: Crypto = {
  verifyEd25519: async (key, signature, message) => {
    if (key.length !== 32 || signature.length !== 64) return false;
    try {
      const spki = createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' });
      return verify(null, message, spki, signature);
    } catch {
      return false;
    }
  },
  sha256: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
};
