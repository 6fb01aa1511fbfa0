import * as z from 'zod/mini';
import { accountId, blobId, channelId, messageId } from './ids.ts';
import { bytes64, deviceNumber, digest } from './keys.ts';
import { LIMITS } from './limits.ts';
import { publicKey, signature } from './server.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

/** Conversations the server cannot read: between two people, each device by itself; or of a group, by sender keys. */
export const sealedKind = z.enum(['direct', 'group']);
export type SealedKind = z.infer<typeof sealedKind>;

/**
 * `post` is something new and counts as unread; `change` alters what it names (an edit, a reaction); `delete` makes the
 * server erase what it names. What exactly is meant stands inside, encrypted. SPEC E-6.
 */
export const sealedOp = z.enum(['post', 'change', 'delete']);
export type SealedOp = z.infer<typeof sealedOp>;

/** Something said in an encrypted conversation, as the server sees it. */
export const sealedMessage = z.object({
  id: messageId,
  channel: channelId,
  /** Its place in the channel's stream. It never changes; only `body` may become null when it is erased. */
  n: count,
  author: accountId,
  device: deviceNumber,
  at: count,
  op: sealedOp,
  target: z.nullable(messageId),
  /** A group's ciphertext. Null in a direct conversation, where each device has its own, and when erased. */
  body: z.nullable(bytes64(LIMITS.sealedBytes)),
  erased: z.boolean(),
});
export type SealedMessage = z.infer<typeof sealedMessage>;

export const sealedPage = z.object({
  head: count,
  /** In ascending order of their numbers. */
  messages: z.array(sealedMessage).check(z.maxLength(LIMITS.page)),
  more: z.boolean(),
});

/** What is for one device. The first byte of the body says what kind of Signal message follows. SPEC E-8. */
export const envelope = z.strictObject({
  account: accountId,
  device: deviceNumber,
  body: bytes64(LIMITS.sealedBytes),
});
export type Envelope = z.infer<typeof envelope>;

/** An item of a device's queue. It stays until it is acknowledged. */
export const toDeviceItem = z.object({
  n: count,
  from: accountId,
  fromDevice: deviceNumber,
  at: count,
  /** The message of a direct conversation that this is, for this device. */
  message: z.nullable(sealedMessage),
  body: bytes64(LIMITS.sealedBytes),
});
export type ToDeviceItem = z.infer<typeof toDeviceItem>;

export const toDevicePage = z.object({
  /** The first number that is still kept: what lay before it was acknowledged, or dropped for its age. */
  first: count,
  head: count,
  items: z.array(toDeviceItem).check(z.maxLength(LIMITS.page)),
});

/**
 * One change of a group's membership, signed by the device that makes it. Each names the digest of the one before, so
 * the server can neither add nor hide a member. Version 1 adds its author. SPEC E-9.
 */
export const groupBlock = z.strictObject({
  channel: channelId,
  version: z.number().check(z.int(), z.minimum(1), z.maximum(1_000_000)),
  previous: z.nullable(digest),
  at: count,
  author: accountId,
  device: deviceNumber,
  add: z.array(z.strictObject({ account: accountId, accountKey: publicKey })).check(z.maxLength(LIMITS.groupMembers)),
  remove: z.array(accountId).check(z.maxLength(LIMITS.groupMembers)),
  signature,
});
export type GroupBlock = z.infer<typeof groupBlock>;

export const sealedSend = {
  channel: channelId,
  op: sealedOp,
  target: z.nullable(messageId),
  /** `encodeRoster` of those it was encrypted for: another answer is `devices_changed`, and nothing is recorded. */
  roster: digest,
  body: z.nullable(bytes64(LIMITS.sealedBytes)),
  envelopes: z.array(envelope).check(z.maxLength(LIMITS.envelopesPerSend)),
  /** Attachments that live as long as this message. */
  blobs: z.array(blobId).check(z.maxLength(LIMITS.blobsPerMessage)),
};
