import type { Change, Groups, SafetyNumber, Sessions } from '@skerry/crypto';
import type { AccountId, ListedDevice } from '@skerry/protocol';
import { LocalError } from '../errors.ts';
import type { Expect, Key, Write } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';

/** One device of one account on this context's server. As an address of `@skerry/crypto`, `name` is the account's id. */
export type DeviceAddress = { readonly name: AccountId; readonly device: number };

/** What was verified of an account's devices: its newest list. */
export type Listed = {
  readonly account: AccountId;
  /** Of the list; what a roster names. */
  readonly version: number;
  /** Ed25519, base64url. */
  readonly accountKey: string;
  readonly devices: readonly ListedDevice[];
};

/** A device that is or was on a verified list. `removedAt`: when its account says to have taken it off. */
export type EverListed = ListedDevice & { readonly removedAt?: number | undefined };

/** Why a list of devices is not taken. Nothing that was kept changes by any of these. SPEC E-3, E-4. */
export type ListRefusal =
  /** It names another account than was asked for. */
  | 'wrong_account'
  /** Its version isn't one more than the last one's. */
  | 'wrong_version'
  /** It doesn't name the digest of the one before: there are two that claim the same place, or one was changed. */
  | 'forked'
  /** The signature isn't the account key's. */
  | 'signature_wrong'
  /** Another account key signed it, with no word of the old one. A person may accept it. */
  | 'key_without_succession'
  /** The word of the old key isn't one. */
  | 'succession_wrong'
  /** Devices out of order or named twice, or one key for two of them. */
  | 'devices_malformed'
  /** A device has other keys under its old number. */
  | 'device_swapped'
  /** A device is back that was taken off before. */
  | 'device_returned'
  /** The server says there is a newer list than it hands out. */
  | 'withheld'
  /** The server names an older list than was verified before. */
  | 'rolled_back';

export type TrustReason =
  | ListRefusal
  /** The account has no list, so nothing can be encrypted for it. */
  | 'no_keys'
  /** The directory named another identity for a device than the list does. */
  | 'identity_differs'
  /** A person has to look at the new key first: {@link Keys.accept}. */
  | 'held_back';

/** Sending to an account stopped, and what was kept of it is as before. */
export class TrustError extends LocalError {
  readonly account: AccountId;
  readonly reason: TrustReason;
  constructor(account: AccountId, reason: TrustReason) {
    super('forbidden', SENTENCES[reason]);
    this.name = 'TrustError';
    this.account = account;
    this.reason = reason;
  }
}

const CHANGED = 'The server shows devices for this person that they have not signed. Nothing was sent.';
const SENTENCES: Record<TrustReason, string> = {
  wrong_account: CHANGED,
  wrong_version: CHANGED,
  forked: CHANGED,
  signature_wrong: CHANGED,
  key_without_succession: 'This person shows another key than before. Compare the safety number before you go on.',
  succession_wrong: CHANGED,
  devices_malformed: CHANGED,
  device_swapped: CHANGED,
  device_returned: CHANGED,
  withheld: "The server keeps back this person's newest devices. Nothing was sent.",
  rolled_back: 'The server shows older devices of this person than it did before. Nothing was sent.',
  no_keys: 'This person has no keys yet, so nothing can be encrypted.',
  identity_differs: 'The server shows another key for a device than this person has signed. Nothing was sent.',
  held_back: 'This person shows another key than before. Compare the safety number before you go on.',
};

/** An account's key moved to another one. Kept until {@link Keys.seen}. */
export type KeyChange = {
  readonly from: string;
  readonly to: string;
  /** Device time. */
  readonly at: number;
  /** `succession`: the old key vouched for it; `accepted`: a person did. */
  readonly by: 'succession' | 'accepted';
};

/** What is known of an account's keys. `unknown`: none was ever seen. */
export type Trust =
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'known';
      readonly accountKey: string;
      readonly devices: number;
      /** A person compared the safety number of this very key. */
      readonly verified: boolean;
      readonly change: KeyChange | null;
      /** Device time at which its first list was seen. */
      readonly since: number;
    }
  /** Sending has stopped. `offered` is the key to judge, where a person may accept one. */
  | {
      readonly kind: 'stopped';
      readonly reason: TrustReason;
      readonly accountKey: string;
      readonly offered: string | null;
      readonly verified: boolean;
    };

/** Where this device stands on its server. */
export type DeviceStatus =
  /** Nothing could be asked yet. */
  | { readonly kind: 'starting' }
  /** Bound, and on the account's newest list: encrypted conversations work. */
  | { readonly kind: 'ready'; readonly device: number }
  /** Bound; another own device, which holds the master secret, has to list it. `words` are shown there, too. */
  | { readonly kind: 'waiting'; readonly device: number; readonly words: readonly string[] }
  /** The account was made with a password and has no key yet: `addKey`. */
  | { readonly kind: 'noKey'; readonly device: number }
  /** The server has no directory of keys: it is too old. */
  | { readonly kind: 'unsupported' }
  /** The account's key belongs to another master secret than this person's. */
  | { readonly kind: 'otherPerson'; readonly accountKey: string }
  /** The own list can't be trusted, or the records of this device can't be opened. */
  | { readonly kind: 'broken'; readonly reason: TrustReason | 'storage' };

/**
 * The key side of one server context: this device, what is known of everyone else's devices, and the store of both. Whoever
 * builds encrypted conversations builds them on this. Made only where the person has keys; disposed with the context, before
 * its store.
 */
export interface Keys extends AsyncDisposable {
  readonly serverId: string;
  readonly status: Subscribable<DeviceStatus>;
  /** This device. @throws LocalError `no_device` before it is bound */
  readonly self: DeviceAddress;
  readonly sessions: Sessions;
  /** Made for {@link self}, so there is none before the device is bound. @throws LocalError `no_device` */
  readonly groups: Groups;
  /** Ed25519 by this device's own signing key, over bytes that name what they are for. */
  sign(bytes: Uint8Array): Uint8Array;
  /**
   * Ed25519, strict. Signatures of others: of a group's blocks, by the signing keys of {@link devicesOf}.
   * @param signed.signature base64url, as is the key
   */
  verifySignature(signed: { bytes: Uint8Array; signature: string; publicKey: string }): Promise<boolean>;
  /** SHA-256, base64url. */
  digest(bytes: Uint8Array): Promise<string>;

  /**
   * The newest verified lists of these accounts, the own one among them if it is asked for. What the stream says is newer is
   * fetched first, all of it in few requests.
   * @throws TrustError for the first account that may not be sent to; SkerryError when the server can't be asked
   */
  devicesOf(accounts: readonly AccountId[], signal: AbortSignal): Promise<ReadonlyMap<AccountId, Listed>>;
  /** As {@link devicesOf}, from what was kept, asking nobody. */
  known(account: AccountId): Listed | undefined;
  /**
   * Every device that was ever on a verified list of the account, also one that was taken off since: whose signature an old
   * block of a group's chain, or an old message, bears.
   */
  everListed(account: AccountId): readonly EverListed[];
  /** The own machines that the newest verified list names. SPEC M-2 */
  machines(): readonly ListedDevice[];
  /** The newest verified list of one's own; undefined before there is one. */
  ownList(): { readonly version: number; readonly digest: string; readonly accountKey: string } | undefined;
  /** Signs a list that names this machine too. @throws OtherPersonError, TrustError, SkerryError */
  listMachine(machine: ListedDevice, signal: AbortSignal): Promise<void>;
  /** Signs a list without it, which ends it on the server. @throws as {@link listMachine} */
  unlistMachine(device: number, signal: AbortSignal): Promise<void>;
  /** After `devices_changed`: fetches these anew, whatever the stream has said. @throws as {@link devicesOf} */
  refresh(accounts: readonly AccountId[], signal: AbortSignal): Promise<ReadonlyMap<AccountId, Listed>>;
  /**
   * A session with a listed device: the one there is, else claimed prekeys that name the list's identity and begin one.
   * @throws TrustError `identity_differs`, and as {@link devicesOf}; CryptoError, SkerryError
   */
  ensureSession(address: DeviceAddress, signal: AbortSignal): Promise<void>;
  /** As {@link ensureSession}, with a fresh session whatever there was: to heal one that can't be read. */
  renewSession(address: DeviceAddress, signal: AbortSignal): Promise<void>;

  /** Every account of which a list was ever seen. */
  readonly trust: Subscribable<ReadonlyMap<AccountId, Trust>>;
  trustOf(account: AccountId): Subscribable<Trust>;
  /** A person goes on with the key that was {@link Trust} `offered`. @throws LocalError `bad_request` for another one */
  accept(account: AccountId, offered: string): Promise<void>;
  /** A person compared the safety number of the present key (or takes that back). @throws LocalError `bad_request` */
  verify(account: AccountId, verified: boolean): Promise<void>;
  /** A person has seen that the key changed. */
  seen(account: AccountId): Promise<void>;
  /** Over both account keys. Takes a tenth of a second, once per pair of keys. @throws TrustError `no_keys` */
  safetyNumber(account: AccountId): Promise<SafetyNumber>;

  readonly storage: KeyStorage;

  /**
   * An own device handed over the master secret: content `person` of an envelope that belongs to no message. Kept until the
   * person compares the words. Ignored from other accounts or when this device has the person already.
   */
  personOffered(from: DeviceAddress, content: unknown): Promise<void>;
}

/**
 * Records at rest, under a key that lies in the vault. Names within the entry's State store: it knows no server. The record of
 * a row is named by {@link rowName}, so that a backup can carry it over to another storage key.
 */
export interface KeyStorage {
  /** @param name where it is kept: opens under no other one, such as `sealed/<channel>/<n>` */
  seal(name: string, content: Uint8Array): Uint8Array<ArrayBuffer>;
  /** @throws CryptoError `cannot_open`, `malformed` */
  open(name: string, sealed: Uint8Array): Uint8Array;
  /** JSON by the two above. */
  sealJson(name: string, value: unknown): Uint8Array<ArrayBuffer>;
  openJson(name: string, sealed: Uint8Array): unknown;
  /**
   * ONE commit of the State store: what a Signal operation changed (handed to `settle`) together with other rows.
   * @throws StoreConflict, StoreFull, StoreBroken
   */
  commit(changes: readonly Change[], writes?: readonly Write[], expect?: readonly Expect[]): Promise<void>;
}

/** The name a row of the State store is sealed under. */
export function rowName(table: string, key: Key): string {
  return `${table}/${typeof key === 'object' ? key.join('/') : key}`;
}
