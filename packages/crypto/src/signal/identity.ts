import { equalBytes } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Address } from './address.ts';
import { decode, encode, one } from './codec.ts';
import type { Decoded, Schema } from './codec.ts';
import { PREKEYS } from './device.ts';
import type { Device } from './device.ts';
import { coordinateOf, createKeyPair, keyPairOf, PUBLIC_KEY_LENGTH, SECRET_KEY_LENGTH } from './keys.ts';
import type { Change, IdentityStore } from './stores.ts';

const OWN = {
  secret: one.bytes(1, SECRET_KEY_LENGTH),
  publicKey: one.bytes(2, PUBLIC_KEY_LENGTH),
  registrationId: one.uint32(3),
  nextPreKeyId: one.uint32(4),
} satisfies Schema;

const KNOWN = { key: one.bytes(1, PUBLIC_KEY_LENGTH), since: one.uint53(2) } satisfies Schema;

const REGISTRATION_IDS = 16_380;
export const PREKEY_IDS = 0xffffff;

export type OwnIdentity = Decoded<typeof OWN>;
export type PublicIdentity = { readonly identityKey: Uint8Array; readonly registrationId: number };

/** Makes this device's identity, once: later calls answer with the one that is there. */
export async function createIdentity({ stores, exclusive, random }: Device): Promise<PublicIdentity> {
  return exclusive.run(PREKEYS, async () => {
    const there = await stores.identity.own();
    const own = there === undefined ? newIdentity() : decode(OWN, there, 'refuse');
    if (there === undefined) await stores.commit([ownIdentityChange(own)]);
    return { identityKey: own.publicKey, registrationId: own.registrationId };
  });

  function newIdentity(): OwnIdentity {
    const bytes = random.bytes(5);
    const [a = 0, b = 0] = bytes;
    const registrationId = (((a << 8) | b) % REGISTRATION_IDS) + 1;
    return { ...createKeyPair(random), registrationId, nextPreKeyId: preKeyIdOf(bytes.subarray(2)) };
  }
}

/**
 * Begins with an identity that was made before there was a store, once: of a pairing.
 * @param made.secret 32 bytes, Curve25519
 * @throws CryptoError `identity_changed` when the store is another one's
 */
export async function adoptIdentity(
  { stores, exclusive, random }: Device,
  made: { readonly secret: Uint8Array; readonly registrationId: number },
): Promise<PublicIdentity> {
  if (made.secret.length !== SECRET_KEY_LENGTH) throw new CryptoError('malformed');
  return exclusive.run(PREKEYS, async () => {
    const pair = keyPairOf(made.secret);
    const there = await stores.identity.own();
    const own = there && decode(OWN, there, 'refuse');
    if (own !== undefined && !equalBytes(own.secret, made.secret))
      throw new CryptoError('identity_changed', { offered: pair.publicKey });
    const { registrationId } = made;
    if (own === undefined)
      await stores.commit([ownIdentityChange({ ...pair, registrationId, nextPreKeyId: preKeyIdOf(random.bytes(3)) })]);
    return { identityKey: pair.publicKey, registrationId: own?.registrationId ?? registrationId };
  });
}

function preKeyIdOf([a = 0, b = 0, c = 0]: Uint8Array): number {
  return (((a << 16) | (b << 8) | c) % PREKEY_IDS) + 1;
}

/** @throws CryptoError `no_identity` */
export async function loadOwnIdentity(identity: IdentityStore): Promise<OwnIdentity> {
  const record = await identity.own();
  if (record === undefined) throw new CryptoError('no_identity');
  return decode(OWN, record, 'refuse');
}

export function ownIdentityChange(own: OwnIdentity): Change {
  return { store: 'ownIdentity', record: encode(OWN, own) };
}

export type KnownIdentity = { readonly key: Uint8Array; readonly since: number };

export async function knownIdentity(identity: IdentityStore, address: Address): Promise<KnownIdentity | undefined> {
  const record = await identity.of(address);
  return record === undefined ? undefined : decode(KNOWN, record, 'refuse');
}

export function identityChange(address: Address, known: KnownIdentity): Change {
  coordinateOf(known.key);
  return { store: 'identity', address, record: encode(KNOWN, known) };
}

/**
 * The first identity seen of a device is kept; another one is refused until a person has accepted it.
 * @returns what to write beside whatever relied on the identity
 * @throws CryptoError `identity_changed`
 */
export async function requireIdentity({ stores, clock }: Device, address: Address, key: Uint8Array): Promise<Change[]> {
  const known = await knownIdentity(stores.identity, address);
  if (known === undefined) return [identityChange(address, { key, since: clock.now() })];
  if (!equalBytes(known.key, key)) throw new CryptoError('identity_changed', { offered: key });
  return [];
}
