import {
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { encodeRunnerSeal, fromBase64Url, toBase64Url } from '@skerry/protocol';

export type RunnerSeal = Parameters<typeof encodeRunnerSeal>[0] & {
  /** The runner's X25519 key, raw, base64url. */
  readonly boxKey: string;
};

/**
 * Seals a token so that one runner alone reads it: a one-time X25519 key, HKDF-SHA256 with both public keys as salt and
 * what it is bound to as info, AES-256-GCM with the same as associated data. SPEC A-4
 * @returns base64url of 32 bytes of the one-time key, 12 of nonce, ciphertext, 16 of tag
 */
export function sealForRunner(secret: string, seal: RunnerSeal): string {
  const bound = encodeRunnerSeal(seal);
  const once = generateKeyPairSync('x25519');
  const onceRaw = fromBase64Url(once.publicKey.export({ format: 'jwk' }).x ?? '') ?? new Uint8Array();
  const theirs = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: seal.boxKey } });
  const shared = diffieHellman({ privateKey: once.privateKey, publicKey: theirs });
  const salt = Buffer.concat([onceRaw, fromBase64Url(seal.boxKey) ?? new Uint8Array()]);
  const key = Buffer.from(hkdfSync('sha256', shared, salt, bound, 32));
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(bound);
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return toBase64Url(Buffer.concat([onceRaw, iv, text, cipher.getAuthTag()]));
}

/** Whether a token could be sealed to this: no key of small order, with which everybody would know the secret. */
export function isBoxKey(boxKey: string): boolean {
  try {
    sealForRunner('', { serverId: '', runner: '', account: '', token: '', boxKey });
    return true;
  } catch {
    return false;
  }
}
