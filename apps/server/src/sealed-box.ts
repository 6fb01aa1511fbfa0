import {
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { fromBase64Url, toBase64Url } from '@skerry/protocol';

/**
 * Seals a text so that the holder of an X25519 key alone reads it, bound to `bound`: the format of A-4.
 * @param to.boxKey raw, base64url
 * @returns base64url of 32 bytes of a one-time key, 12 of nonce, ciphertext, 16 of tag
 * @throws Error for a key of small order, with which everybody would know the secret
 */
export function sealTo(text: string, to: { readonly boxKey: string; readonly bound: Uint8Array }): string {
  const once = generateKeyPairSync('x25519');
  const onceRaw = fromBase64Url(once.publicKey.export({ format: 'jwk' }).x ?? '') ?? new Uint8Array();
  const theirs = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: to.boxKey } });
  const shared = diffieHellman({ privateKey: once.privateKey, publicKey: theirs });
  const salt = Buffer.concat([onceRaw, fromBase64Url(to.boxKey) ?? new Uint8Array()]);
  const iv = randomBytes(12);
  const key = Buffer.from(hkdfSync('sha256', shared, salt, to.bound, 32));
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(to.bound);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return toBase64Url(Buffer.concat([onceRaw, iv, sealed, cipher.getAuthTag()]));
}

/** Whether something could be sealed to this key. */
export function isBoxKey(boxKey: string): boolean {
  try {
    sealTo('', { boxKey, bound: new Uint8Array() });
    return true;
  } catch {
    return false;
  }
}
