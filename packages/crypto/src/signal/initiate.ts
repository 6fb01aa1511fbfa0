import { CryptoError } from '../errors.ts';
import type { Device } from './device.ts';
import { agreeAsInitiator } from './handshake.ts';
import { loadOwnIdentity } from './identity.ts';
import { createKeyPair } from './keys.ts';
import { encapsulate, isKyberPublicKey } from './kyber.ts';
import { stepRoot } from './ratchet.ts';
import type { SessionState } from './session-state.ts';
import type { PublicPreKey, SignedPublicPreKey } from './upkeep.ts';
import { verifyXeddsa } from './xeddsa.ts';

/** `preferred` makes do with X3DH where the other side has no Kyber key. */
export type PostQuantum = 'required' | 'preferred';

/** What the key directory says of a device: everything in it is checked before it is used. */
export type Bundle = {
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: SignedPublicPreKey;
  readonly preKey: PublicPreKey | undefined;
  readonly kyberPreKey: SignedPublicPreKey | undefined;
};

/**
 * A new session towards the device of the bundle, nothing of it stored yet.
 * @throws CryptoError `downgrade`, `signature_wrong`, `malformed`, `weak_key`, `no_identity`
 */
export async function beginSession(device: Device, bundle: Bundle, postQuantum: PostQuantum): Promise<SessionState> {
  const { signedPreKey, preKey, kyberPreKey } = bundle;
  if (kyberPreKey === undefined && postQuantum === 'required') throw new CryptoError('downgrade');
  await requireSigned(device, bundle.identityKey, signedPreKey);
  if (kyberPreKey !== undefined) {
    if (!isKyberPublicKey(kyberPreKey.publicKey)) throw new CryptoError('malformed');
    await requireSigned(device, bundle.identityKey, kyberPreKey);
  }
  const own = await loadOwnIdentity(device.stores.identity);
  const base = createKeyPair(device.random);
  const kyber = kyberPreKey === undefined ? undefined : encapsulate(kyberPreKey.publicKey, device.random);
  const { version, rootKey, chainKey } = await agreeAsInitiator(
    {
      identity: own,
      base,
      theirIdentity: bundle.identityKey,
      theirSignedPreKey: signedPreKey.publicKey,
      theirPreKey: preKey?.publicKey,
      kyberShared: kyber?.shared,
    },
    device.curve,
  );
  // The signed prekey is their first ratchet key: its chain is read, and ours begins with a turn against it.
  const ratchet = createKeyPair(device.random);
  const writing = await stepRoot(rootKey, { mine: ratchet.secret, theirs: signedPreKey.publicKey }, device.curve);
  return {
    version,
    localIdentity: own.publicKey,
    remoteIdentity: bundle.identityKey,
    baseKey: base.publicKey,
    rootKey: writing.rootKey,
    previousCounter: 0,
    sending: { ratchetSecret: ratchet.secret, ratchetKey: ratchet.publicKey, chainKey: writing.chainKey, index: 0 },
    receiving: [{ ratchetKey: signedPreKey.publicKey, chainKey, index: 0, skipped: [] }],
    pending: {
      preKeyId: preKey?.id,
      signedPreKeyId: signedPreKey.id,
      kyberPreKeyId: kyberPreKey?.id,
      kyberCiphertext: kyber?.ciphertext,
      since: device.clock.now(),
    },
    localRegistrationId: own.registrationId,
    remoteRegistrationId: bundle.registrationId,
  };
}

async function requireSigned({ curve }: Device, identityKey: Uint8Array, preKey: SignedPublicPreKey): Promise<void> {
  const signed = { message: preKey.publicKey, publicKey: identityKey };
  if (!(await verifyXeddsa(preKey.signature, signed, curve))) throw new CryptoError('signature_wrong');
}
