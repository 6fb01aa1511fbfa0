import { CryptoError } from '../errors.ts';
import type { Device } from './device.ts';
import { agreeAsInitiator } from './handshake.ts';
import { loadOwnIdentity } from './identity.ts';
import { coordinateOf, keyPairBy, SECRET_KEY_LENGTH } from './keys.ts';
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
  if (kyberPreKey !== undefined && !isKyberPublicKey(kyberPreKey.publicKey)) throw new CryptoError('malformed');
  const signed = kyberPreKey === undefined ? [signedPreKey] : [signedPreKey, kyberPreKey];
  await Promise.all(signed.map((one) => requireSigned(device, bundle.identityKey, one)));
  const own = await loadOwnIdentity(device.stores.identity);
  const { curve, random } = device;
  const theirRatchet = coordinateOf(signedPreKey.publicKey);
  const baseSecret = random.bytes(SECRET_KEY_LENGTH);
  const ratchetSecret = random.bytes(SECRET_KEY_LENGTH);
  let kyberCiphertext: Uint8Array | undefined;
  const encapsulateFor = (publicKey: Uint8Array) => async () => {
    const { ciphertext, shared } = await encapsulate(publicKey, device);
    kyberCiphertext = ciphertext;
    return shared;
  };
  const [base, ratchet, toWrite, { version, rootKey, chainKey }] = await Promise.all([
    keyPairBy(curve, baseSecret),
    keyPairBy(curve, ratchetSecret),
    curve.agree(ratchetSecret, theirRatchet),
    agreeAsInitiator(
      {
        identity: own,
        baseSecret,
        theirIdentity: bundle.identityKey,
        theirSignedPreKey: signedPreKey.publicKey,
        theirPreKey: preKey?.publicKey,
        kyber: kyberPreKey === undefined ? undefined : encapsulateFor(kyberPreKey.publicKey),
      },
      curve,
    ),
  ]);
  // The signed prekey is their first ratchet key: its chain is read, and ours begins with a turn against it.
  const writing = stepRoot(rootKey, toWrite);
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
      kyberCiphertext,
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
