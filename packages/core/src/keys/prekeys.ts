import { type Device, type Publication, upkeepPreKeys } from '@skerry/crypto';
import { type OwnDevice, type PrekeyUpload, toBase64Url } from '@skerry/protocol';
import type { KeysApi } from './keys-api.ts';

export type PrekeyDeps = {
  readonly signal: Device;
  readonly api: KeysApi;
  /** This device, as the server has just described it. */
  readonly own: OwnDevice;
};

/**
 * Brings to the directory what it lacks of this device's prekeys. Safe to run at any time and again after a cut: the secrets
 * are kept before anything is published, and what the server has not got is offered until it has.
 * @throws SkerryError when the server refuses or can't be asked
 */
export async function publishPrekeys({ signal: device, api, own }: PrekeyDeps, signal: AbortSignal): Promise<void> {
  const publication = await upkeepPreKeys(device, {
    oneTime: own.oneTimeLeft,
    signedPreKeyId: own.signedPreKeyId ?? undefined,
    kyberPreKeyId: own.kyberPreKeyId ?? undefined,
  });
  if (publication !== undefined) await api.call('publishPrekeys', { body: uploadOf(publication), signal });
}

function uploadOf({ signedPreKey, kyberPreKey, preKeys }: Publication): PrekeyUpload {
  const plain = ({ id, publicKey }: { id: number; publicKey: Uint8Array }): PrekeyUpload['preKeys'][number] => ({
    id,
    publicKey: toBase64Url(publicKey),
  });
  const signed = (key: Publication['signedPreKey']): { id: number; publicKey: string; signature: string } | null =>
    key === undefined ? null : { ...plain(key), signature: toBase64Url(key.signature) };
  return { signedPreKey: signed(signedPreKey), kyberPreKey: signed(kyberPreKey), preKeys: preKeys.map(plain) };
}
