import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, uint32 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { decode, encode, many, one } from './codec.ts';
import type { Decoded, Schema } from './codec.ts';
import { PUBLIC_KEY_LENGTH, SECRET_KEY_LENGTH } from './keys.ts';
import { KYBER_SECRET_LENGTH } from './kyber.ts';
import type { SignalStores } from './stores.ts';
import { SIGNATURE_LENGTH } from './xeddsa.ts';

const USE_LENGTH = 16;
/** A Kyber key that began this many sessions begins no more; upkeep replaces it long before. */
const MAX_USES = 4096;

const PREKEY = {
  secret: one.bytes(1, SECRET_KEY_LENGTH),
  publicKey: one.bytes(2, PUBLIC_KEY_LENGTH),
} satisfies Schema;

const SIGNED_PREKEY = {
  secret: one.bytes(1, SECRET_KEY_LENGTH),
  publicKey: one.bytes(2, PUBLIC_KEY_LENGTH),
  signature: one.bytes(3, SIGNATURE_LENGTH),
  createdAt: one.uint53(4),
} satisfies Schema;

const KYBER_PREKEY = {
  secret: one.bytes(1, KYBER_SECRET_LENGTH),
  publicKey: one.bytes(2),
  signature: one.bytes(3, SIGNATURE_LENGTH),
  createdAt: one.uint53(4),
  /** The first messages it was used for, so that none of them begins a second session. */
  uses: many.bytes(5, USE_LENGTH),
} satisfies Schema;

export type PreKeyRecord = Decoded<typeof PREKEY>;
export type SignedPreKeyRecord = Decoded<typeof SIGNED_PREKEY>;
export type KyberPreKeyRecord = Decoded<typeof KYBER_PREKEY>;

export const encodePreKey = (record: PreKeyRecord) => encode(PREKEY, record);
export const encodeSignedPreKey = (record: SignedPreKeyRecord) => encode(SIGNED_PREKEY, record);
export const encodeKyberPreKey = (record: KyberPreKeyRecord) => encode(KYBER_PREKEY, record);

/** @throws CryptoError `prekey_missing` */
export async function loadPreKey({ preKeys }: SignalStores, id: number): Promise<PreKeyRecord> {
  return decode(PREKEY, present(await preKeys.load(id)), 'refuse');
}

/** @throws CryptoError `prekey_missing` */
export async function loadSignedPreKey({ signedPreKeys }: SignalStores, id: number): Promise<SignedPreKeyRecord> {
  return decode(SIGNED_PREKEY, present(await signedPreKeys.load(id)), 'refuse');
}

/** @throws CryptoError `prekey_missing` */
export async function loadKyberPreKey({ kyberPreKeys }: SignalStores, id: number): Promise<KyberPreKeyRecord> {
  return decode(KYBER_PREKEY, present(await kyberPreKeys.load(id)), 'refuse');
}

/**
 * Notes that a Kyber prekey was used for a first message.
 * @throws CryptoError `replayed` when it was used for the same one before; `prekey_missing` when it is used up
 */
export function noteUse(record: KyberPreKeyRecord, by: { signedPreKeyId: number; baseKey: Uint8Array }): void {
  const use = sha256(concat(uint32(by.signedPreKeyId), by.baseKey)).slice(0, USE_LENGTH);
  if (record.uses.some((other) => equalBytes(other, use))) throw new CryptoError('replayed');
  if (record.uses.length >= MAX_USES) throw new CryptoError('prekey_missing');
  record.uses.push(use);
}

function present(record: Uint8Array | undefined): Uint8Array {
  if (record === undefined) throw new CryptoError('prekey_missing');
  return record;
}
