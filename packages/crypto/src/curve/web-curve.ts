import { x25519 } from '@noble/curves/ed25519.js';
import { concat, equalBytes, toHex } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Curve, Subtle, WebKey } from '../ports.ts';
import { KNOWN_VERDICTS, PUBLIC_KEY, SECRET, WEAK_KEYS } from './known-answers.ts';
import { nobleCurve } from './noble-curve.ts';
import { webKem } from './web-kem.ts';

const X25519 = { name: 'X25519' };
const ED25519 = { name: 'Ed25519' };
/** What stands before the 32 bytes of an X25519 secret in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];
const KEPT_KEYS = 256;

/**
 * Curve25519 by WebCrypto for each operation that the platform has and that answers every known question as
 * JavaScript does; by JavaScript for the others. Platforms differ at the edges, and two devices that disagree on
 * whether a signature is good would see different conversations.
 */
export async function webCurve(subtle: Subtle | undefined): Promise<Curve> {
  if (subtle === undefined) return nobleCurve;
  const agree = agreeBy(subtle);
  const verify = verifyBy(subtle);
  const publicKey: Curve['publicKey'] = (secret) => agree(secret, x25519.GuBytes);
  const agrees = await agreesAsKnown({ agree, publicKey });
  return {
    publicKey: agrees ? publicKey : nobleCurve.publicKey,
    agree: agrees ? agree : nobleCurve.agree,
    verify: (await verifiesAsKnown(verify)) ? verify : nobleCurve.verify,
    encapsulate: webKem(subtle),
  };
}

function agreeBy(subtle: Subtle): Curve['agree'] {
  const imported = keepImports((key) => subtle.importKey('raw', key, X25519, false, []));
  const importedSecret = keepSecrets(async (secret) => {
    const pkcs8 = concat(Uint8Array.from(PKCS8_HEAD), secret);
    const key = await subtle.importKey('pkcs8', pkcs8, X25519, false, ['deriveBits']);
    pkcs8.fill(0);
    return key;
  });
  return async (secret, publicKey) => {
    const [key, other] = await Promise.all([importedSecret(secret), imported(publicKey)]);
    let shared: Uint8Array;
    try {
      shared = new Uint8Array(await subtle.deriveBits({ ...X25519, public: other }, key, 256));
    } catch (cause) {
      throw new CryptoError('weak_key', { cause });
    }
    if (shared.every((byte) => byte === 0)) throw new CryptoError('weak_key');
    return shared;
  };
}

function verifyBy(subtle: Subtle): Curve['verify'] {
  const imported = keepImports((key) => subtle.importKey('raw', key, ED25519, false, ['verify']));
  return async (signature, message, publicKey) => {
    try {
      const key = await imported(publicKey);
      return await subtle.verify(ED25519, key, Uint8Array.from(signature), Uint8Array.from(message));
    } catch {
      return false;
    }
  };
}

/** Public keys come again and again, and importing one takes about as long as using it. */
function keepImports(importKey: (publicKey: Uint8Array<ArrayBuffer>) => Promise<WebKey>) {
  const kept = new Map<string, Promise<WebKey>>();
  return (publicKey: Uint8Array) => {
    const name = toHex(publicKey);
    let key = kept.get(name);
    if (key === undefined) {
      key = importKey(Uint8Array.from(publicKey));
      kept.set(name, key);
      const [oldest] = kept.keys();
      if (kept.size > KEPT_KEYS && oldest !== undefined) kept.delete(oldest);
    }
    return key;
  };
}

/** A handshake uses one secret up to four times. What is kept goes with the bytes it was made of, and fits only them. */
function keepSecrets(importKey: (secret: Uint8Array) => Promise<WebKey>) {
  const kept = new WeakMap<Uint8Array, { readonly copy: Uint8Array; readonly key: Promise<WebKey> }>();
  return (secret: Uint8Array) => {
    const there = kept.get(secret);
    if (there !== undefined && equalBytes(there.copy, secret)) return there.key;
    const key = importKey(secret);
    kept.set(secret, { copy: secret.slice(), key });
    return key;
  };
}

async function agreesAsKnown({ agree, publicKey }: Pick<Curve, 'agree' | 'publicKey'>): Promise<boolean> {
  for (const key of WEAK_KEYS) {
    const refusal = await agree(SECRET, key).catch((error: unknown) => error);
    if (!(refusal instanceof CryptoError && refusal.code === 'weak_key')) return false;
  }
  try {
    const [shared, made] = [await agree(SECRET, PUBLIC_KEY), await publicKey(SECRET)];
    return (
      equalBytes(shared, await nobleCurve.agree(SECRET, PUBLIC_KEY)) &&
      equalBytes(made, await nobleCurve.publicKey(SECRET))
    );
  } catch {
    return false;
  }
}

async function verifiesAsKnown(verify: Curve['verify']): Promise<boolean> {
  for (const { signature, message, publicKey, good } of KNOWN_VERDICTS) {
    if ((await verify(signature, message, publicKey)) !== good) return false;
  }
  return true;
}
