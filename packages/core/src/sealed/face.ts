import type { AccountId, BlobId, ChannelId, Message, MessageId, SealedKind } from '@skerry/protocol';
import type { Subscribable } from '../subscribable.ts';

/**
 * `off`: this device has no keys for this server (nobody set them up here, or the server offers none); `locked`: a
 * passphrase has to be entered; `loading`: on its way; `failed`: what is stored of the keys cannot be read.
 */
export type SealedState = 'off' | 'locked' | 'loading' | 'ready' | 'failed';

/**
 * What is wrong with a message of an encrypted conversation. `waitingForKeys`: it came and cannot be read yet, its sender
 * was asked; `lost`: it cannot be had back; `serverErased`: the server dropped it, nobody of the conversation said so;
 * `unverified`: it came from a device its author has not signed, and is not shown.
 */
export type SealedMark = 'waitingForKeys' | 'lost' | 'serverErased' | 'unverified';

/** A line of the conversation itself. It stands between the messages and has no text of its own. */
export type SystemLine =
  /** What was said before is not readable on this device. */
  | { readonly kind: 'readsSince' }
  | { readonly kind: 'founded'; readonly by: AccountId }
  | { readonly kind: 'joined' | 'removed'; readonly account: AccountId; readonly by: AccountId }
  | { readonly kind: 'left'; readonly account: AccountId }
  | { readonly kind: 'named'; readonly by: AccountId; readonly name: string }
  | { readonly kind: 'keysChanged'; readonly account: AccountId };

/** A file of a message. Its bytes are fetched and decrypted when asked for. Name and type are its sender's words. */
export type AttachmentView = {
  readonly blob: BlobId;
  readonly name: string;
  /** A media type. Never to be trusted for showing something in the page. */
  readonly type: string;
  /** Bytes of the file itself. */
  readonly size: number;
};

/** What an encrypted conversation adds to a message of its timeline. */
export type SealedPart = {
  readonly mark: SealedMark | null;
  /** Set: not a message but a line; `message` has only place, time and author then, and an id of no message. */
  readonly system: SystemLine | null;
  readonly attachments: readonly AttachmentView[];
};

/** How far an account's keys are known. `changed`: held back until the person decides; nothing is sent to it. */
export type MemberTrust = 'none' | 'unknown' | 'known' | 'verified' | 'changed' | 'refused';

export type MemberView = {
  readonly account: AccountId;
  readonly trust: MemberTrust;
  /** Devices on the newest list that was verified: these can read. 0 while none is known. */
  readonly devices: number;
  /** May remove others. Of a direct conversation nobody is. */
  readonly founder: boolean;
};

/** An encrypted conversation as this device has verified it, not as the server tells it. */
export type ConversationView = {
  readonly channel: ChannelId;
  readonly kind: SealedKind;
  /** The other person's name, or the group's decrypted one; empty while it is not known. */
  readonly title: string;
  readonly members: readonly MemberView[];
  /** The other person of a direct conversation. */
  readonly peer: AccountId | null;
  /** The number up to which the other person says to have read. Direct conversations only. */
  readonly peerReadN: number | null;
  /**
   * What keeps messages from leaving. `keysChanged`: accept or compare that account's keys; `keysRefused`: the server
   * shows keys that the account has not signed; `chainRefused`: it shows a membership that the members have not signed.
   */
  readonly problem:
    | { readonly kind: 'keysChanged' | 'keysRefused'; readonly account: AccountId }
    | { readonly kind: 'chainRefused'; readonly reason: string }
    | null;
};

/** What a person compares with the other one, by reading it out or by scanning. */
export type SafetyNumberView = {
  /** Twelve groups of five digits, the same on both sides. */
  readonly digits: readonly string[];
  /** Bytes for a QR code. */
  readonly scannable: Uint8Array;
};
export type ScanResult = 'match' | 'mismatch' | 'other_people' | 'other_version' | 'malformed';

/** A file on its way to the server. It goes with a message by its `id` once it is `ready`. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly state: Subscribable<UploadState>;
  /** Takes it back; what the server has of it is dropped by it after a day. */
  cancel(): void;
  /** Begins anew after `failed`. */
  retry(): void;
}
export type UploadState =
  | { readonly kind: 'encrypting' }
  | { readonly kind: 'uploading'; readonly sent: number; readonly total: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'cancelled' };

export type SealedFound = {
  /** Newest first. */
  readonly messages: readonly Message[];
  /** Give it back to go on; null when everything was looked at. */
  readonly next: number | null;
};

/**
 * What the interface does with the encrypted conversations of one server beyond what `ServerHandle` offers for every
 * channel: `timeline`, `send`, `edit`, `delete`, `react`, `draft`, `takeBack`, `retry` and `setInbox` work for encrypted
 * channels as they are. All of these wait until the keys are loaded.
 * @throws SkerryError `unavailable` where `state` is `off`, `locked` or `failed`
 */
export interface SealedHandle {
  readonly state: Subscribable<SealedState>;
  /** Undefined for a channel that is not encrypted, or while the keys are not loaded. */
  conversation(channel: ChannelId): Subscribable<ConversationView | undefined>;
  /** The conversation with that person, made if there is none yet. @throws SkerryError `peer_without_keys`, TrustError */
  startDirect(account: AccountId): Promise<ChannelId>;
  /** @param group.members without oneself, at most 63 @throws SkerryError `peer_without_keys`, TrustError */
  createGroup(group: { name: string; members: readonly AccountId[] }): Promise<ChannelId>;
  addMembers(channel: ChannelId, accounts: readonly AccountId[]): Promise<void>;
  /** The founder may. @throws SkerryError `forbidden` */
  removeMember(channel: ChannelId, account: AccountId): Promise<void>;
  leaveGroup(channel: ChannelId): Promise<void>;
  renameGroup(channel: ChannelId, name: string): Promise<void>;

  /** Undefined while nobody's keys are known. */
  safetyNumber(account: AccountId): Promise<SafetyNumberView | undefined>;
  /** Holds what the camera read against the own number; `match` makes the account verified. */
  compareScanned(account: AccountId, scanned: Uint8Array): Promise<ScanResult>;
  /** The person compared the digits. */
  markVerified(account: AccountId, verified: boolean): Promise<void>;
  /** The person takes the keys that were held back; what was parked for them is tried again. */
  acceptKeys(account: AccountId): Promise<void>;

  /** Encrypts and uploads a file. @throws SkerryError `too_large` above 25 MiB */
  attach(channel: ChannelId, file: { name: string; type: string; bytes: Uint8Array }): Upload;
  /** With files that are `ready`; the text may be empty then. `ServerHandle.send` is this without files. */
  send(message: {
    channel: ChannelId;
    text: string;
    replyTo: MessageId | null;
    uploads: readonly string[];
  }): Promise<MessageId>;
  /** Downloads, checks and decrypts. @throws SkerryError `not_found` when it is gone, `bad_request` when it is not what was sent */
  open(
    message: MessageId,
    blob: BlobId,
    options?: { signal?: AbortSignal; onProgress?: (received: number, total: number) => void },
  ): Promise<Uint8Array>;

  /** Looks through what this device has decrypted; every word must occur. @param before from `next` */
  search(channel: ChannelId, words: string, before?: number): Promise<SealedFound>;

  /** Whether others are told what was read. */
  readonly receipts: Subscribable<boolean>;
  setReceipts(on: boolean): Promise<void>;
}
