import { concat } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { decode, encode, maybe, one } from './codec.ts';
import type { Decoded, Schema } from './codec.ts';
import { coordinateOf, PUBLIC_KEY_LENGTH } from './keys.ts';
import { SIGNATURE_LENGTH } from './xeddsa.ts';

/** 3 is a session begun by X3DH, 4 one begun by PQXDH. */
export type SessionVersion = 3 | 4;

/** Larger messages are refused before anything else looks at them. */
const MAX_MESSAGE = 1 << 20;
const MAC_LENGTH = 8;
const UUID_LENGTH = 16;
const GROUP_VERSION = 0x33;

const SIGNAL_MESSAGE = {
  ratchetKey: one.bytes(1, PUBLIC_KEY_LENGTH),
  counter: one.uint32(2),
  previousCounter: maybe.uint32(3),
  ciphertext: one.bytes(4),
} satisfies Schema;

const PREKEY_MESSAGE = {
  preKeyId: maybe.uint32(1),
  baseKey: one.bytes(2, PUBLIC_KEY_LENGTH),
  identityKey: one.bytes(3, PUBLIC_KEY_LENGTH),
  message: one.bytes(4),
  registrationId: maybe.uint32(5),
  signedPreKeyId: one.uint32(6),
  kyberPreKeyId: maybe.uint32(7),
  kyberCiphertext: maybe.bytes(8),
} satisfies Schema;

const GROUP_MESSAGE = {
  distributionId: one.bytes(1, UUID_LENGTH),
  chainId: one.uint32(2),
  iteration: one.uint32(3),
  ciphertext: one.bytes(4),
} satisfies Schema;

const DISTRIBUTION = {
  distributionId: one.bytes(1, UUID_LENGTH),
  chainId: one.uint32(2),
  iteration: one.uint32(3),
  chainKey: one.bytes(4, 32),
  signingKey: one.bytes(5, PUBLIC_KEY_LENGTH),
} satisfies Schema;

export type SignalMessage = Decoded<typeof SIGNAL_MESSAGE>;
export type PreKeyMessage = Decoded<typeof PREKEY_MESSAGE>;
export type GroupMessage = Decoded<typeof GROUP_MESSAGE>;
export type Distribution = Decoded<typeof DISTRIBUTION>;

/** @param mac makes the authentication code over everything before it */
export function encodeSignalMessage(
  version: SessionVersion,
  message: SignalMessage,
  mac: (authenticated: Uint8Array) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const authenticated = concat(Uint8Array.of(version * 0x11), encode(SIGNAL_MESSAGE, message));
  return concat(authenticated, mac(authenticated).subarray(0, MAC_LENGTH));
}

export type ReadSignalMessage = {
  readonly version: SessionVersion;
  readonly message: SignalMessage;
  readonly authenticated: Uint8Array;
  readonly mac: Uint8Array;
};

/** @throws CryptoError `malformed` or, for a ratchet key that no honest device makes, `weak_key` */
export function decodeSignalMessage(bytes: Uint8Array): ReadSignalMessage {
  const version = versionOf(bytes, 1 + MAC_LENGTH);
  const end = bytes.length - MAC_LENGTH;
  const message = decode(SIGNAL_MESSAGE, bytes.subarray(1, end), 'skip');
  coordinateOf(message.ratchetKey);
  return { version, message, authenticated: bytes.slice(0, end), mac: bytes.slice(end) };
}

export function encodePreKeyMessage(version: SessionVersion, message: PreKeyMessage): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(version * 0x11), encode(PREKEY_MESSAGE, message));
}

/** @throws CryptoError `malformed` or `weak_key` */
export function decodePreKeyMessage(bytes: Uint8Array): { version: SessionVersion; message: PreKeyMessage } {
  const version = versionOf(bytes, 1);
  const message = decode(PREKEY_MESSAGE, bytes.subarray(1), 'skip');
  coordinateOf(message.baseKey);
  coordinateOf(message.identityKey);
  const isPostQuantum = message.kyberPreKeyId !== undefined && message.kyberCiphertext !== undefined;
  const isPlain = message.kyberPreKeyId === undefined && message.kyberCiphertext === undefined;
  if (version === 4 ? !isPostQuantum : !isPlain) throw new CryptoError('malformed');
  return { version, message };
}

export function encodeGroupMessage(
  message: GroupMessage,
  sign: (signed: Uint8Array) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const signed = concat(Uint8Array.of(GROUP_VERSION), encode(GROUP_MESSAGE, message));
  return concat(signed, sign(signed));
}

/** @throws CryptoError `malformed` */
export function decodeGroupMessage(bytes: Uint8Array): {
  message: GroupMessage;
  signed: Uint8Array;
  signature: Uint8Array;
} {
  if (versionOf(bytes, 1 + SIGNATURE_LENGTH) !== 3) throw new CryptoError('malformed');
  const end = bytes.length - SIGNATURE_LENGTH;
  const message = decode(GROUP_MESSAGE, bytes.subarray(1, end), 'skip');
  return { message, signed: bytes.slice(0, end), signature: bytes.slice(end) };
}

export function encodeDistribution(distribution: Distribution): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(GROUP_VERSION), encode(DISTRIBUTION, distribution));
}

/** @throws CryptoError `malformed` or `weak_key` */
export function decodeDistribution(bytes: Uint8Array): Distribution {
  if (versionOf(bytes, 1) !== 3) throw new CryptoError('malformed');
  const distribution = decode(DISTRIBUTION, bytes.subarray(1), 'skip');
  coordinateOf(distribution.signingKey);
  return distribution;
}

/** The upper half of the first byte is the version of the message, the lower the newest one its sender knows. */
function versionOf(bytes: Uint8Array, least: number): SessionVersion {
  const first = bytes[0] ?? 0;
  const version = first >> 4;
  if (bytes.length <= least || bytes.length > MAX_MESSAGE) throw new CryptoError('malformed');
  if ((version !== 3 && version !== 4) || (first & 15) < version) throw new CryptoError('malformed');
  return version;
}
