import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  encodeKeyRotation,
  encodeProof,
  fromBase64Url,
  toBase64Url,
  type KeyRotation,
  type Proof,
  type ServerId,
} from '@skerry/protocol';
import { sixWords } from '@skerry/protocol/words';

/** What a server is: its id and the key that certifies it. Two fixtures may share one. */
export type Identity = {
  readonly serverId: ServerId;
  readonly privateKey: KeyObject;
  readonly key: string;
  readonly words: readonly string[];
};

/** The bytes before a raw 32-byte seed in the PKCS #8 form of an Ed25519 key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** @param seed 32 bytes for a key that is the same each time; a fresh key without it */
export function makeIdentity(serverId: ServerId, seed?: Uint8Array): Identity {
  const privateKey =
    seed === undefined
      ? generateKeyPairSync('ed25519').privateKey
      : createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const raw = rawPublicKey(privateKey);
  return {
    serverId,
    privateKey,
    key: toBase64Url(raw),
    words: sixWords(createHash('sha256').update(raw).digest()),
  };
}

/** The proof an honest server gives for this nonce and origin. */
export function proveIdentity(
  identity: Identity,
  asked: { nonce: string; origin: string },
  rotations: readonly KeyRotation[] = [],
): Proof {
  const bytes = encodeProof({ ...asked, serverId: identity.serverId });
  return {
    serverId: identity.serverId,
    key: identity.key,
    signature: toBase64Url(sign(null, bytes, identity.privateKey)),
    rotations: [...rotations],
  };
}

/** The step with which the old key vouches for the new one. */
export function rotateKey(from: Identity, to: Identity): KeyRotation {
  const bytes = encodeKeyRotation({ serverId: from.serverId, from: raw(from.key), to: raw(to.key) });
  return { from: from.key, to: to.key, signature: toBase64Url(sign(null, bytes, from.privateKey)) };
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return raw(x ?? '');
}

function raw(key: string): Uint8Array {
  const bytes = fromBase64Url(key);
  if (bytes?.length !== 32) throw new RangeError('not a raw Ed25519 key');
  return bytes;
}
