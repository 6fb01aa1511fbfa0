import { concat } from '../bytes.ts';
import type { Curve } from '../ports.ts';
import { derive } from './kdf.ts';
import { coordinateOf } from './keys.ts';
import type { SignalKeyPair } from './keys.ts';
import type { SessionVersion } from './wire.ts';

type Initiator = {
  readonly identity: SignalKeyPair;
  readonly baseSecret: Uint8Array;
  readonly theirIdentity: Uint8Array;
  readonly theirSignedPreKey: Uint8Array;
  readonly theirPreKey: Uint8Array | undefined;
  /** Encapsulates a secret for their Kyber key; without one the session begins by X3DH. */
  readonly kyber: (() => Uint8Array | Promise<Uint8Array>) | undefined;
};

type Responder = {
  readonly identity: SignalKeyPair;
  readonly signedPreKey: SignalKeyPair;
  readonly preKey: SignalKeyPair | undefined;
  readonly theirIdentity: Uint8Array;
  readonly theirBase: Uint8Array;
  readonly kyber: (() => Uint8Array | Promise<Uint8Array>) | undefined;
};

/** What both sides know after the handshake: the first root, and the first chain of the responder. */
export type Agreed = { readonly version: SessionVersion; readonly rootKey: Uint8Array; readonly chainKey: Uint8Array };

/** X3DH or PQXDH as the side that begins. @throws CryptoError `weak_key` or `malformed` for keys not to be used */
export async function agreeAsInitiator(mine: Initiator, curve: Curve): Promise<Agreed> {
  const identity = coordinateOf(mine.theirIdentity);
  const signedPreKey = coordinateOf(mine.theirSignedPreKey);
  const preKey = mine.theirPreKey === undefined ? undefined : coordinateOf(mine.theirPreKey);
  const secret = mine.baseSecret;
  return agreed(mine.kyber, [
    curve.agree(mine.identity.secret, signedPreKey),
    curve.agree(secret, identity),
    curve.agree(secret, signedPreKey),
    ...(preKey === undefined ? [] : [curve.agree(secret, preKey)]),
  ]);
}

/** X3DH or PQXDH as the side whose prekeys were used. @throws CryptoError `weak_key` or `malformed` */
export async function agreeAsResponder(mine: Responder, curve: Curve): Promise<Agreed> {
  const identity = coordinateOf(mine.theirIdentity);
  const base = coordinateOf(mine.theirBase);
  return agreed(mine.kyber, [
    curve.agree(mine.signedPreKey.secret, identity),
    curve.agree(mine.identity.secret, base),
    curve.agree(mine.signedPreKey.secret, base),
    ...(mine.preKey === undefined ? [] : [curve.agree(mine.preKey.secret, base)]),
  ]);
}

async function agreed(
  kyber: (() => Uint8Array | Promise<Uint8Array>) | undefined,
  agreeing: Promise<Uint8Array>[],
): Promise<Agreed> {
  // Kyber is JavaScript's work; by now the platform may be at the others.
  const [kyberShared, ...shared] = await Promise.all([(async () => kyber?.())(), ...agreeing]);
  const start = new Uint8Array(32).fill(0xff);
  if (kyberShared === undefined) {
    const [rootKey, chainKey] = derive(concat(start, ...shared), { info: 'WhisperText' }, [32, 32]);
    return { version: 3, rootKey, chainKey };
  }
  // A third key belongs to a post-quantum ratchet, which this package does not have.
  const info = 'WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024';
  const [rootKey, chainKey] = derive(concat(start, ...shared, kyberShared), { info }, [32, 32, 32]);
  return { version: 4, rootKey, chainKey };
}
