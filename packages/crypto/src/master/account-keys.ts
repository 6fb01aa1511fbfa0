import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { lengthPrefixed, uint32, utf8 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { hkdf } from '../hmac.ts';
import { MASTER_SECRET_LENGTH } from './master-secret.ts';

export type KeyPair = { readonly secret: Uint8Array; readonly publicKey: Uint8Array };

export type AccountKeys = {
  /** Ed25519; `secret` is the seed. Signs logins and the list of the account's devices. */
  readonly sign: KeyPair;
  /** X25519. What is sealed to the account is opened with it. */
  readonly box: KeyPair;
  /** Symmetric. Encrypts what a device keeps for this account. */
  readonly vault: Uint8Array;
  /** Symmetric. Encrypts the backup that the server keeps. */
  readonly backup: Uint8Array;
};

/**
 * The keys of one account on one server. Two servers can't tell from the keys that they know the same person, and
 * the secrets of one account say nothing about those of another.
 * @param account index of the account on that server, from 0
 */
export function deriveAccountKeys(master: Uint8Array, account: { serverId: string; index: number }): AccountKeys {
  const { serverId, index } = account;
  if (master.length !== MASTER_SECRET_LENGTH || serverId === '') throw new CryptoError('malformed');
  if (!Number.isInteger(index) || index < 0 || index > 0xffffffff) throw new CryptoError('malformed');
  const derive = (label: string) =>
    hkdf(master, { salt: utf8(serverId), info: lengthPrefixed(`skerry/account/${label}/1`, uint32(index)) }, 32);
  const sign = derive('sign');
  const box = derive('box');
  return {
    sign: { secret: sign, publicKey: ed25519.getPublicKey(sign) },
    box: { secret: box, publicKey: x25519.getPublicKey(box) },
    vault: derive('vault'),
    backup: derive('backup'),
  };
}
