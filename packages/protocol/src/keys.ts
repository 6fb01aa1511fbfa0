import * as z from 'zod/mini';
import { deviceLabel } from './accounts.ts';
import { accountId, sessionId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { nonce, origin, publicKey, signature } from './server.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

/** At most `max` bytes as unpadded base64url. */
export const bytes64 = (max: number) =>
  z.string().check(z.maxLength(Math.ceil((max * 4) / 3)), z.regex(/^[A-Za-z0-9_-]*$/));

/** SHA-256, base64url. */
export const digest = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));

/** A device of one account on one server: given by the server, counted from 1, never given again. SPEC E-2. */
export const deviceNumber = z.number().check(z.int(), z.minimum(1), z.maximum(65_535));
/** A device's Signal identity: the byte 5 and a Curve25519 coordinate. */
export const identityKey = z.string().check(z.regex(/^[A-Za-z0-9_-]{44}$/));
const registrationId = z.number().check(z.int(), z.minimum(1), z.maximum(16_380));
const preKeyId = z.number().check(z.int(), z.minimum(0), z.maximum(0xff_ff_ff));

const preKey = z.strictObject({ id: preKeyId, publicKey: identityKey });
const signedPreKey = z.strictObject({ id: preKeyId, publicKey: identityKey, signature });
/** 1,569 bytes: the byte 8 and a Kyber1024 public key. */
const kyberPreKey = z.strictObject({
  id: preKeyId,
  publicKey: z.string().check(z.regex(/^[A-Za-z0-9_-]{2092}$/)),
  signature,
});

/** Who holds an account's key shows it by signing a challenge of this server. SPEC P-29. */
export const keyProof = z.strictObject({ publicKey, origin, nonce, expiry: count, signature });
export type KeyProof = z.infer<typeof keyProof>;

export const challenge = z.object({ nonce, expiresAt: count });

/**
 * Ties a session to a device. The signature is the device's own, over `encodeDeviceBinding`. `device` is null the
 * first time; the same signing key gets the same number again.
 */
export const deviceBinding = z.strictObject({
  device: z.nullable(deviceNumber),
  signKey: publicKey,
  identityKey,
  registrationId,
  signature,
});
export type DeviceBinding = z.infer<typeof deviceBinding>;

/** What a device puts into the key directory. What is null stays as it is. */
export const prekeyUpload = z.strictObject({
  signedPreKey: z.nullable(signedPreKey),
  kyberPreKey: z.nullable(kyberPreKey),
  preKeys: z.array(preKey).check(z.maxLength(LIMITS.prekeysPerUpload)),
});
export type PrekeyUpload = z.infer<typeof prekeyUpload>;

/** What begins a session with a device. The one-time prekey was never handed out before; null when none is left. */
export const prekeyBundle = z.strictObject({
  registrationId,
  identityKey,
  signedPreKey,
  kyberPreKey,
  preKey: z.nullable(preKey),
});
export type PrekeyBundle = z.infer<typeof prekeyBundle>;

/** One of the account's own devices, as the server knows it. Whether it is to be trusted, only the signed list says. */
export const ownDevice = z.object({
  device: deviceNumber,
  label: deviceLabel,
  /** A computer that runs agents; missing on what a person reads and writes with. */
  machine: z.optional(z.literal(true)),
  sessionId: z.nullable(sessionId),
  signKey: publicKey,
  identityKey,
  registrationId,
  createdAt: count,
  lastSeenAt: count,
  oneTimeLeft: count,
  signedPreKeyId: z.nullable(preKeyId),
  kyberPreKeyId: z.nullable(preKeyId),
});
export type OwnDevice = z.infer<typeof ownDevice>;

export const listedDevice = z.strictObject({ device: deviceNumber, signKey: publicKey, identityKey, addedAt: count });
export type ListedDevice = z.infer<typeof listedDevice>;

/**
 * The devices of an account, signed by its account key: each version names the digest of the one before. A list under
 * another account key also carries the old key's word for the new one. SPEC E-3, E-4.
 */
export const deviceList = z.strictObject({
  account: accountId,
  accountKey: publicKey,
  version: z.number().check(z.int(), z.minimum(1), z.maximum(1_000_000)),
  previous: z.nullable(digest),
  at: count,
  /** In ascending order of their numbers. */
  devices: z.array(listedDevice).check(z.maxLength(LIMITS.devicesPerAccount)),
  /** Computers that run agents for this person, likewise. Nothing of a conversation is ever encrypted for them. SPEC M-2. */
  machines: z.optional(z.array(listedDevice).check(z.minLength(1), z.maxLength(LIMITS.machinesPerAccount))),
  signature,
  succession: z.nullable(z.strictObject({ from: publicKey, signature })),
});
export type DeviceList = z.infer<typeof deviceList>;
