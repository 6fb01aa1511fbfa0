import type { Address } from './address.ts';

/**
 * Where one device keeps its Signal state for one account on one server. Records are opaque bytes, so a store may
 * encrypt them. Stores are read one by one; what an operation changes is written by one commit, so that a crash
 * leaves all of it or nothing. A store knows neither servers nor other stores.
 */
export type SignalStores = {
  readonly identity: IdentityStore;
  readonly preKeys: PreKeyStore;
  readonly signedPreKeys: SignedPreKeyStore;
  readonly kyberPreKeys: KyberPreKeyStore;
  readonly sessions: SessionStore;
  readonly senderKeys: SenderKeyStore;
  /** Writes every change, or none: resolves once all of them would survive a crash. */
  commit(changes: readonly Change[]): Promise<void>;
};

/** This device's own identity, and the identities it knows others by. */
export interface IdentityStore {
  own(): Promise<Uint8Array | undefined>;
  of(address: Address): Promise<Uint8Array | undefined>;
}

/** One-time prekeys that nobody has used yet. */
export interface PreKeyStore {
  load(id: number): Promise<Uint8Array | undefined>;
  /** In ascending order. */
  ids(): Promise<readonly number[]>;
}

export interface SignedPreKeyStore {
  load(id: number): Promise<Uint8Array | undefined>;
  /** In ascending order. */
  ids(): Promise<readonly number[]>;
}

export interface KyberPreKeyStore {
  load(id: number): Promise<Uint8Array | undefined>;
  /** In ascending order. */
  ids(): Promise<readonly number[]>;
}

export interface SessionStore {
  load(address: Address): Promise<Uint8Array | undefined>;
}

/** The sending chain of a member's device in one group, under the id that its distribution message names. */
export interface SenderKeyStore {
  load(sender: Address, distributionId: string): Promise<Uint8Array | undefined>;
}

/** A record to write, or to delete where it is undefined. */
export type Change =
  | { readonly store: 'ownIdentity'; readonly record: Uint8Array | undefined }
  | { readonly store: 'identity' | 'session'; readonly address: Address; readonly record: Uint8Array | undefined }
  | {
      readonly store: 'preKey' | 'signedPreKey' | 'kyberPreKey';
      readonly id: number;
      readonly record: Uint8Array | undefined;
    }
  | {
      readonly store: 'senderKey';
      readonly sender: Address;
      readonly distributionId: string;
      readonly record: Uint8Array | undefined;
    };

/**
 * Takes what an operation made together with the changes that belong to it, and writes both. The result leaves the
 * operation only once this has resolved; if it rejects, nothing has happened.
 */
export type Settle<T> = (result: T, changes: readonly Change[]) => Promise<void>;
