import type { Subscribable } from '../subscribable.ts';
import type { EntryId } from '../views.ts';

/** Where the person's master secret stands on this device. There is one for all servers. */
export type PersonState =
  | { readonly kind: 'loading' }
  /** There is none here: {@link PersonHandle.create}, `enterWords` or `startLinking`. */
  | { readonly kind: 'none' }
  /** `passphrase`: `unlock` opens it; `device`: the storage for secrets can't be opened now. Nothing is lost by either. */
  | { readonly kind: 'locked'; readonly by: 'passphrase' | 'device' }
  /** This device waits on each server for an own device that has the secret. */
  | { readonly kind: 'linking' }
  /** An own device handed it over: the person compares these words with the ones shown there. */
  | { readonly kind: 'offered'; readonly words: readonly string[]; readonly entryId: EntryId }
  | {
      readonly kind: 'ready';
      /** Six words that tell this secret from another; not secret, the same on all devices of the person. */
      readonly words: readonly string[];
      readonly hasPassphrase: boolean;
      /** The person has shown that the 24 words are written down. */
      readonly wordsChecked: boolean;
    }
  /** A page over plain http has no WebCrypto: no keys here. */
  | { readonly kind: 'unavailable' };

/** What is wrong with the words a person typed. Positions count from 1. */
export type WordsFault =
  | { readonly kind: 'count'; readonly words: number }
  | { readonly kind: 'unknown_word'; readonly position: number }
  /** Each is a word of the list; one is another one than was written down, or two changed places. */
  | { readonly kind: 'checksum' };

export type WordsEntered = { readonly ok: true } | { readonly ok: false; readonly fault: WordsFault };

/** A passphrase takes a second or more to try. */
export type PassphraseRun = { readonly signal?: AbortSignal; readonly onProgress?: (share: number) => void };

/** What goes with the master secret when it is forgotten here. */
export type Forgetting = {
  /** Entries whose encrypted conversations can't be read here any more until the same words are entered again. */
  readonly entries: readonly EntryId[];
  /** Nobody showed that the 24 words are written down: if no other device has them, they are gone for good. */
  readonly wordsChecked: boolean;
};

/** The person's master secret on this device: it never leaves the core but as 24 words on the screen. */
export interface PersonHandle {
  readonly state: Subscribable<PersonState>;
  /** Makes a new one. @throws LocalError `forbidden` when there is one already */
  create(): Promise<void>;
  /** The 24 words. @throws LocalError `forbidden` unless ready */
  words(): Promise<readonly string[]>;
  /** Whether these are the words at these positions (from 1); if so, `wordsChecked` is remembered. */
  checkWords(asked: readonly { readonly position: number; readonly word: string }[]): Promise<boolean>;
  /** Brings the secret to this device. @throws LocalError `forbidden` when there is one already */
  enterWords(text: string): Promise<WordsEntered>;
  /**
   * From now on the secret is sealed with the passphrase and has to be unlocked at each start.
   * @throws LocalError `forbidden` unless ready, `bad_request` for fewer than 8 characters; the signal's reason
   */
  setPassphrase(passphrase: string, run?: PassphraseRun): Promise<void>;
  /** @throws LocalError `forbidden` unless ready */
  removePassphrase(): Promise<void>;
  /** False for a wrong passphrase. @throws the signal's reason */
  unlock(passphrase: string, run?: PassphraseRun): Promise<boolean>;
  /** Forgets it in memory. @throws LocalError `forbidden` when there is no passphrase to unlock it with again */
  lock(): Promise<void>;
  forgetting(): Forgetting;
  /** Deletes it here. See {@link forgetting}. */
  forget(): Promise<void>;
  /**
   * This device shows itself to the person's others on every server it is signed in to (`ServerHandle.keys.state` is then
   * `waiting`, with words to compare). @throws LocalError `forbidden` when there is a secret already
   */
  startLinking(): Promise<void>;
  stopLinking(): Promise<void>;
  /** The words of the offer were the same on the other device. */
  acceptOffered(): Promise<void>;
  /** After `acceptOffered`: the other device's list of servers, as `SkerryClient.importList` reads it. */
  readonly handedServers: string | null;
  /** They were not: the offer is dropped, and this device goes on waiting. */
  refuseOffered(): Promise<void>;
}
