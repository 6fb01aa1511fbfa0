import * as z from 'zod/mini';
import { deviceLabel, username } from './accounts.ts';
import { accountId } from './ids.ts';
import { bytes64, deviceNumber, digest, identityKey } from './keys.ts';
import { MACHINE_LIMITS, machineText } from './machine-limits.ts';
import { count } from './route.ts';
import { nonce, origin, publicKey, signature } from './server.ts';

/** How a computer becomes a person's machine. SPEC M-3 to M-6 tell the order; signed.ts of machines what is signed. */

/** Raw X25519 public key, base64url. */
export const boxKey = publicKey;
/** Exactly 32 random bytes. */
export const pairingNonce = publicKey;
const registrationId = z.number().check(z.int(), z.minimum(1), z.maximum(16_380));

/** What a machine says of itself when it asks to be paired. Its signing key is what the code shows. */
export const pairingRequest = z.strictObject({
  key: publicKey,
  boxKey,
  identityKey,
  registrationId,
  /** SHA-256 of `encodePairingNonce`: the machine cannot choose its nonce once it has seen the other one. */
  commit: digest,
  label: deviceLabel,
  system: machineText(MACHINE_LIMITS.system),
  program: machineText(MACHINE_LIMITS.program),
  /** By `key`, over `encodePairingRequest`. */
  signature,
});
export type PairingRequest = z.infer<typeof pairingRequest>;

/** Shows that the caller holds the key of the code: by `key`, over `encodePairingStep`, with a nonce of the server's. */
export const pairingProof = { key: publicKey, origin, nonce, signature };

/** A person's device takes the request: from then on nobody else can. */
export const pairingClaim = z.strictObject({
  key: publicKey,
  commit: digest,
  nonce: pairingNonce,
  /** By the device's signing key, over `encodePairingClaim`. */
  signature,
});
export type PairingClaim = z.infer<typeof pairingClaim>;

export const pairingState = z.enum(['waiting', 'claimed', 'revealed', 'approved', 'denied']);
export type PairingState = z.infer<typeof pairingState>;

/** Who took the request, as the machine is told. It is the signature that counts, and the matching code. */
export const pairingTaker = z.object({
  account: accountId,
  username,
  device: deviceNumber,
  signKey: publicKey,
  nonce: pairingNonce,
  signature,
});
export type PairingTaker = z.infer<typeof pairingTaker>;

/** The person's yes. `sealed` opens with the machine's box key alone; see {@link pairingAnswer}. */
export const pairingApproval = z.strictObject({
  key: publicKey,
  sealed: bytes64(MACHINE_LIMITS.answerBytes),
  /** Unix milliseconds; not later than the request's own end. */
  expiry: count,
  /** By the device's signing key, over `encodePairingApproval`. */
  signature,
});
export type PairingApproval = z.infer<typeof pairingApproval>;

/** What `sealed` holds: JSON. From here the machine trusts this account key and what it signs. */
export const pairingAnswer = z.strictObject({
  v: z.literal(1),
  server: z.string().check(z.maxLength(64)),
  account: accountId,
  accountKey: publicKey,
  /** Version and digest of the newest list of the account's devices that the approving one knows. */
  list: z.strictObject({ version: count, digest }),
  device: deviceNumber,
  label: deviceLabel,
});
export type PairingAnswer = z.infer<typeof pairingAnswer>;

/** The request as the device that took it sees it. */
export const pairingView = z.object({
  request: pairingRequest,
  state: pairingState,
  askedAt: count,
  expiresAt: count,
  serverTime: count,
  /** The machine's nonce, once it was shown: its digest must be the commitment in the code. */
  nonce: z.nullable(pairingNonce),
});
export type PairingView = z.infer<typeof pairingView>;

/** The request as the machine sees it. */
export const pairingStatus = z.object({
  state: pairingState,
  expiresAt: count,
  serverTime: count,
  taker: z.nullable(pairingTaker),
  approval: z.nullable(z.object({ machine: deviceNumber, ...pairingApproval.shape })),
  /** For the next question. */
  nonce,
});
export type PairingStatus = z.infer<typeof pairingStatus>;

/** What every device of the person is told, whoever did it. */
export const pairingNotice = z.object({
  key: publicKey,
  label: deviceLabel,
  state: z.enum(['claimed', 'approved', 'denied', 'reported', 'withdrawn']),
  /** The device that took it. */
  device: deviceNumber,
  at: count,
  rev: count,
});
export type PairingNotice = z.infer<typeof pairingNotice>;

/** What the server seals to the machine's box key when it fetches its token: JSON. */
export const machineToken = z.strictObject({
  v: z.literal(1),
  server: z.string().check(z.maxLength(64)),
  account: accountId,
  device: deviceNumber,
  sessionId: z.string().check(z.maxLength(64)),
  accessToken: publicKey,
  accessExpiresIn: count,
  refreshToken: publicKey,
});
export type MachineToken = z.infer<typeof machineToken>;
