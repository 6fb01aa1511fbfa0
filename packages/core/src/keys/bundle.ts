import type { Bundle } from '@skerry/crypto';
import { fromBase64Url, type PrekeyBundle, SkerryError } from '@skerry/protocol';

type Signed = Bundle['signedPreKey'];

/** What the directory answered about a device, for `Sessions.start`, which checks all of it. */
export function bundleOf(bundle: PrekeyBundle): Bundle {
  const { registrationId, identityKey, signedPreKey, kyberPreKey, preKey } = bundle;
  return {
    registrationId,
    identityKey: keyBytes(identityKey),
    signedPreKey: signed(signedPreKey),
    kyberPreKey: signed(kyberPreKey),
    preKey: preKey === null ? undefined : { id: preKey.id, publicKey: keyBytes(preKey.publicKey) },
  };
}

function signed({ id, publicKey, signature }: PrekeyBundle['signedPreKey']): Signed {
  return { id, publicKey: keyBytes(publicKey), signature: keyBytes(signature) };
}

/** A key that a schema let through. @throws SkerryError `bad_request` for bits that no encoding sets */
export function keyBytes(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw new SkerryError('bad_request');
  return bytes;
}
