import type { AccountKeys } from '@skerry/crypto';
import { toBase64Url } from '@skerry/protocol';
import { wordsOf } from '../connection/proof.ts';
import { LocalError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import type { EntryId, StorageProblem } from '../views.ts';
import type { Forgetting, PassphraseRun, PersonHandle, PersonState, WordsEntered } from './face.ts';
import { findPerson, MOST_INDEX, type PersonRecord, writePerson } from './person-record.ts';
import { PERSON } from './person-slot.ts';

export type PersonDeps = {
  readonly platform: Pick<Platform, 'random' | 'crypto' | 'subtle'>;
  readonly vault: VaultStore;
  /** Entries of which something is kept under this person's keys. */
  readonly entries: () => readonly EntryId[];
  /** The list of servers, for a new device of the person: addresses and labels, nothing secret. */
  readonly servers: () => Promise<string>;
  readonly onProblem: (problem: StorageProblem) => void;
};

/** What a context may have of the person: keys of its own server, and what goes to another own device. */
export interface PersonSource {
  readonly state: Subscribable<PersonState>;
  /** The keys of the person's account on that server. @throws LocalError `forbidden` unless ready */
  accountKeys(serverId: string, index?: number): Promise<AccountKeys>;
  /** Which of the account keys is the present one there, as far as this device knows. */
  indexOf(serverId: string): number;
  noteIndex(serverId: string, index: number): Promise<void>;
  /** For an own device that the person approved, and no other. @throws LocalError `forbidden` unless ready */
  handOver(): Promise<HandedOver>;
  /** Came from an own device of that account: taken only once the person has compared the words. */
  offer(from: EntryId, handed: HandedOver): Promise<void>;
}

export type HandedOver = {
  readonly master: Uint8Array;
  readonly indexes: Readonly<Record<string, number>>;
  /** The list of servers, as `SkerryClient.importList` reads it. */
  readonly servers: string;
};

const PASSPHRASE_MIN = 8;
/** Of no server: ids of servers are UUIDs. The key that its words are made of signs nothing. */
const NOWHERE = 'person';

const load = () => import('./person-crypto.ts');
const phrases = () => import('@skerry/crypto/phrase');
const passphrases = () => import('@skerry/crypto/passphrase');

/**
 * The person's master secret: one for all servers, in the vault, beside no entry. It is the only reader and writer of that
 * record; what is done to it is done one after another.
 */
export class Person implements PersonHandle, PersonSource {
  readonly #deps: PersonDeps;
  readonly #state = new Value<PersonState>({ kind: 'loading' });
  #slot = '';
  #record: PersonRecord | undefined;
  /** Only while ready. */
  #master: Uint8Array | undefined;
  #offer: (HandedOver & { readonly words: readonly string[] }) | undefined;
  #handedServers: string | null = null;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: PersonDeps) {
    this.#deps = deps;
  }

  get state(): Subscribable<PersonState> {
    return this.#state;
  }

  /** Reads what is kept. Never rejects. */
  async load(): Promise<void> {
    const { vault, platform, onProblem } = this.#deps;
    if (platform.subtle === null) return this.#state.set({ kind: 'unavailable' });
    const found = await findPerson(vault).catch(() => ({ kind: 'locked' }) as const);
    if (found.kind === 'locked') return this.#state.set({ kind: 'locked', by: 'device' });
    this.#slot = found.slot;
    if (found.broken) onProblem({ where: 'vault', entryId: null, what: 'set_aside' });
    if (found.kind === 'absent') return this.#state.set({ kind: 'none' });
    this.#record = found.record;
    if (found.record.secret.kind === 'plain') this.#open(found.record.secret.master);
    else this.#state.set({ kind: 'locked', by: 'passphrase' });
  }

  create(): Promise<void> {
    return this.#alone(async () => {
      this.#needNone();
      const { createMasterSecret } = await load();
      await this.#adopt(createMasterSecret(this.#deps.platform.random), {});
    });
  }

  async words(): Promise<readonly string[]> {
    const master = this.#needReady();
    const { toPhrase } = await phrases();
    return toPhrase(master).split(' ');
  }

  async checkWords(asked: readonly { readonly position: number; readonly word: string }[]): Promise<boolean> {
    const words = await this.words();
    const isRight = ({ position, word }: { position: number; word: string }): boolean =>
      words[position - 1] === word.trim().toLowerCase();
    if (asked.length === 0 || !asked.every(isRight)) return false;
    await this.#alone(() => this.#change({ checked: true }));
    return true;
  }

  async enterWords(text: string): Promise<WordsEntered> {
    this.#needNone();
    const { readPhrase } = await phrases();
    const read = readPhrase(text);
    if (!read.ok) return { ok: false, fault: read.fault };
    await this.#alone(async () => {
      this.#needNone();
      // Whoever can type them in has them written down.
      await this.#adopt(read.master, {}, true);
    });
    return { ok: true };
  }

  async setPassphrase(passphrase: string, run: PassphraseRun = {}): Promise<void> {
    const master = this.#needReady();
    if ([...passphrase.normalize('NFKC')].length < PASSPHRASE_MIN)
      throw new LocalError('bad_request', `A passphrase has at least ${PASSPHRASE_MIN} characters.`);
    const { sealWithPassphrase } = await passphrases();
    const { random } = this.#deps.platform;
    const sealed = await sealWithPassphrase(master, { passphrase, id: PERSON }, { random, ...run });
    await this.#alone(async () => {
      // What was sealed is the secret that is still there.
      if (this.#master === master) await this.#change({ secret: { kind: 'passphrase', sealed } });
    });
  }

  removePassphrase(): Promise<void> {
    return this.#alone(() => this.#change({ secret: { kind: 'plain', master: this.#needReady() } }));
  }

  async unlock(passphrase: string, run: PassphraseRun = {}): Promise<boolean> {
    const record = this.#record;
    if (record?.secret.kind !== 'passphrase') return this.#master !== undefined;
    const [{ openWithPassphrase }, { CryptoError }] = await Promise.all([passphrases(), load()]);
    try {
      const master = await openWithPassphrase(record.secret.sealed, { passphrase, id: PERSON }, run);
      if (this.#record === record) this.#open(master);
      return true;
    } catch (error) {
      if (error instanceof CryptoError && (error.code === 'passphrase_wrong' || error.code === 'malformed'))
        return false;
      throw error;
    }
  }

  lock(): Promise<void> {
    return this.#alone(async () => {
      if (this.#record?.secret.kind !== 'passphrase')
        throw new LocalError('forbidden', 'There is no passphrase here to unlock it with again.');
      this.#close();
      this.#state.set({ kind: 'locked', by: 'passphrase' });
    });
  }

  forgetting(): Forgetting {
    return { entries: this.#deps.entries(), wordsChecked: this.#record?.checked ?? false };
  }

  forget(): Promise<void> {
    return this.#alone(async () => {
      await this.#deps.vault.delete(PERSON, this.#slot);
      this.#record = undefined;
      this.#close();
      this.#state.set({ kind: 'none' });
    });
  }

  startLinking(): Promise<void> {
    return this.#alone(async () => {
      this.#needNone();
      if (this.#state.get().kind === 'none') this.#state.set({ kind: 'linking' });
    });
  }

  stopLinking(): Promise<void> {
    return this.#alone(async () => {
      this.#offer = undefined;
      const { kind } = this.#state.get();
      if (kind === 'linking' || kind === 'offered') this.#state.set({ kind: 'none' });
    });
  }

  acceptOffered(): Promise<void> {
    return this.#alone(async () => {
      const offer = this.#offer;
      if (offer === undefined) throw new LocalError('forbidden', 'Nothing was handed over to this device.');
      this.#offer = undefined;
      this.#handedServers = offer.servers;
      await this.#adopt(offer.master, offer.indexes);
    });
  }

  refuseOffered(): Promise<void> {
    return this.#alone(async () => {
      this.#offer = undefined;
      if (this.#state.get().kind === 'offered') this.#state.set({ kind: 'linking' });
    });
  }

  async accountKeys(serverId: string, index = this.indexOf(serverId)): Promise<AccountKeys> {
    const { deriveAccountKeys } = await load();
    return deriveAccountKeys(this.#needReady(), { serverId, index });
  }

  indexOf(serverId: string): number {
    return this.#record?.indexes[serverId] ?? 0;
  }

  noteIndex(serverId: string, index: number): Promise<void> {
    return this.#alone(async () => {
      if (this.#record === undefined || this.indexOf(serverId) === index || index > MOST_INDEX) return;
      await this.#change({ indexes: { ...this.#record.indexes, [serverId]: index } });
    });
  }

  async handOver(): Promise<HandedOver> {
    this.#needReady();
    const servers = await this.#deps.servers();
    return { master: this.#needReady().slice(), indexes: this.#record?.indexes ?? {}, servers };
  }

  offer(from: EntryId, { master, indexes, servers }: HandedOver): Promise<void> {
    return this.#alone(async () => {
      if (this.#state.get().kind !== 'linking' || master.length !== 32) return;
      const words = await this.#wordsOf(master);
      this.#offer = { master: master.slice(), indexes, servers, words };
      this.#state.set({ kind: 'offered', words, entryId: from });
    });
  }

  get handedServers(): string | null {
    return this.#handedServers;
  }

  /** Ends all use of it. What is stored stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail;
    this.#close();
    this.#state.set({ kind: 'loading' });
  }

  /** Stores, then tells. */
  async #adopt(master: Uint8Array, indexes: Readonly<Record<string, number>>, checked = false): Promise<void> {
    const words = await this.#wordsOf(master);
    await this.#save({ secret: { kind: 'plain', master }, words, checked, indexes });
    this.#open(master);
  }

  async #change(changes: Partial<PersonRecord>): Promise<void> {
    this.#needReady();
    if (this.#record === undefined) return;
    await this.#save({ ...this.#record, ...changes });
    if (this.#master !== undefined) this.#open(this.#master);
  }

  async #save(record: PersonRecord): Promise<void> {
    await this.#deps.vault.set(PERSON, this.#slot, writePerson(record));
    this.#record = record;
  }

  #open(master: Uint8Array): void {
    this.#master = master;
    const { words = [], checked = false, secret } = this.#record ?? {};
    this.#state.set({ kind: 'ready', words, hasPassphrase: secret?.kind === 'passphrase', wordsChecked: checked });
  }

  #close(): void {
    this.#master?.fill(0);
    this.#master = undefined;
    this.#offer = undefined;
  }

  async #wordsOf(master: Uint8Array): Promise<readonly string[]> {
    const { deriveAccountKeys } = await load();
    const { publicKey } = deriveAccountKeys(master, { serverId: NOWHERE, index: 0 }).sign;
    return wordsOf(this.#deps.platform.crypto, toBase64Url(publicKey));
  }

  #needReady(): Uint8Array {
    if (this.#master === undefined) throw new LocalError('forbidden', 'Your keys are not open on this device.');
    return this.#master;
  }

  #needNone(): void {
    const { kind } = this.#state.get();
    if (kind !== 'none' && kind !== 'linking' && kind !== 'offered')
      throw new LocalError('forbidden', 'This device has your keys already, or they are locked.');
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
