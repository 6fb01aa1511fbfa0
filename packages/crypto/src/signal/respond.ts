import { CryptoError } from '../errors.ts';
import type { Device } from './device.ts';
import { agreeAsResponder } from './handshake.ts';
import type { OwnIdentity } from './identity.ts';
import { decapsulate } from './kyber.ts';
import { encodeKyberPreKey, loadKyberPreKey, loadPreKey, loadSignedPreKey, noteUse } from './prekeys.ts';
import type { SessionState } from './session-state.ts';
import type { Change } from './stores.ts';
import type { PreKeyMessage, SessionVersion } from './wire.ts';

/**
 * The session that a first message begins, and what of our prekeys it uses up. Whether the message is good, only
 * decrypting it tells; until then nothing may be kept.
 * @throws CryptoError `prekey_missing`, `replayed`, `weak_key`, `malformed`
 */
export async function acceptSession(
  { stores, curve }: Device,
  own: OwnIdentity,
  first: { version: SessionVersion; message: PreKeyMessage },
): Promise<{ state: SessionState; changes: Change[] }> {
  const { version, message } = first;
  const { preKeyId, signedPreKeyId, kyberPreKeyId, kyberCiphertext, baseKey, identityKey } = message;
  const changes: Change[] = [];
  const signedPreKey = await loadSignedPreKey(stores, signedPreKeyId);

  let kyber: (() => Uint8Array) | undefined;
  if (kyberPreKeyId !== undefined && kyberCiphertext !== undefined) {
    const kyberPreKey = await loadKyberPreKey(stores, kyberPreKeyId);
    noteUse(kyberPreKey, { signedPreKeyId, baseKey });
    kyber = () => decapsulate(kyberPreKey.secret, kyberCiphertext);
    changes.push({ store: 'kyberPreKey', id: kyberPreKeyId, record: encodeKyberPreKey(kyberPreKey) });
  }
  const preKey = preKeyId === undefined ? undefined : await loadPreKey(stores, preKeyId);
  if (preKeyId !== undefined) changes.push({ store: 'preKey', id: preKeyId, record: undefined });

  const agreed = await agreeAsResponder(
    { identity: own, signedPreKey, preKey, theirIdentity: identityKey, theirBase: baseKey, kyber },
    curve,
  );
  if (agreed.version !== version) throw new CryptoError('malformed');
  const state: SessionState = {
    version,
    localIdentity: own.publicKey,
    remoteIdentity: identityKey,
    baseKey,
    rootKey: agreed.rootKey,
    previousCounter: 0,
    sending: {
      ratchetSecret: signedPreKey.secret,
      ratchetKey: signedPreKey.publicKey,
      chainKey: agreed.chainKey,
      index: 0,
    },
    receiving: [],
    pending: undefined,
    localRegistrationId: own.registrationId,
    remoteRegistrationId: message.registrationId ?? 0,
  };
  return { state, changes };
}
