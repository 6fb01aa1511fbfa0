import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomInt,
  sign,
  verify,
} from 'node:crypto';
import { fromBase64Url, toBase64Url } from '@skerry/protocol';

/** What is secret of a machine on one server. Raw keys, base64url. */
export type MachineSecrets = {
  /** Ed25519 seed: what signs. */
  readonly signing: string;
  /** Curve25519: its Signal identity. */
  readonly identity: string;
  /** Trades for its successor. */
  readonly refreshToken: string;
};

/** A pair of keys of a machine, the public half as it is written everywhere. */
export type KeyPair = { readonly publicKey: string; readonly secret: string };

const part = (key: KeyObject, name: 'x' | 'd'): string => String(key.export({ format: 'jwk' })[name]);

export function newSigningKey(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { publicKey: part(publicKey, 'x'), secret: part(privateKey, 'd') };
}

export function newBoxKey(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: part(publicKey, 'x'), secret: part(privateKey, 'd') };
}

/** Signal writes the kind of a key before it. */
export function newIdentityKey(): KeyPair {
  const { publicKey, secret } = newBoxKey();
  return { publicKey: toBase64Url(Buffer.concat([Buffer.of(5), bytesOf(publicKey)])), secret };
}

export const newRegistrationId = (): number => randomInt(1, 16_381);

export function signWith({ publicKey, secret }: KeyPair, bytes: Uint8Array): string {
  const key = createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: publicKey, d: secret } });
  return sign(null, bytes, key).toString('base64url');
}

export function isSignedBy(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: publicKey } });
  return verify(null, bytes, key, bytesOf(signature));
}

/**
 * Opens what was sealed to a box key: 32 bytes of a one-time X25519 key, 12 of nonce, ciphertext, 16 of tag.
 * @param bound what it is for; info and associated data
 * @returns undefined when it is not for this key and use
 */
export function openSealed(sealed: string, box: KeyPair, bound: Uint8Array): string | undefined {
  const bytes = bytesOf(sealed);
  if (bytes.length < 60) return undefined;
  const once = bytes.subarray(0, 32);
  try {
    const privateKey = createPrivateKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'X25519', x: box.publicKey, d: box.secret },
    });
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: toBase64Url(once) } });
    const shared = diffieHellman({ privateKey, publicKey });
    const salt = Buffer.concat([once, bytesOf(box.publicKey)]);
    const opened = createDecipheriv(
      'aes-256-gcm',
      Buffer.from(hkdfSync('sha256', shared, salt, bound, 32)),
      bytes.subarray(32, 44),
    );
    opened.setAAD(bound).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([opened.update(bytes.subarray(44, -16)), opened.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function bytesOf(text: string): Uint8Array {
  return fromBase64Url(text) ?? new Uint8Array();
}
