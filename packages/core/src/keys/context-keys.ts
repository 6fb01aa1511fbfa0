import type { AccountId, SessionId } from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import type { Api } from '../api/api.ts';
import { LocalError } from '../errors.ts';
import type { PersonSource } from '../identity/person.ts';
import type { Platform } from '../platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Entry } from '../sync/entry.ts';
import { constant, derived, followed, Value } from '../value.ts';
import type { EntryId, ServerEntry } from '../views.ts';
import type { BackupInfo, BackupRun, KeysHandle, KeysState, OwnDeviceView, Restored } from './face.ts';
import type { Backups } from './backups.ts';
import type { KeyLogin } from './key-login.ts';
import { KeyRing } from './key-ring.ts';
import { keysApi, type KeysApi } from './keys-api.ts';
import type { Keys } from './ports.ts';

export type ContextKeysDeps = {
  readonly platform: Platform;
  readonly person: PersonSource;
  readonly vault: VaultStore;
  readonly api: Api;
  readonly entry: Subscribable<ServerEntry>;
  readonly kept: Subscribable<Entry>;
  /** @throws SignedOutError, and what a refresh throws */
  readonly session: () => Promise<SessionId>;
  /** The session in memory; undefined until it was renewed once since the start. */
  readonly knownSession: () => SessionId | undefined;
  /** The socket was opened before the session was tied to its device: a new one learns what waits for that. */
  readonly redial: () => void;
};

const NONE: readonly never[] = [];

type Place = { readonly id: EntryId; readonly serverId: string; readonly account: AccountId; readonly entry: Entry };

/**
 * The keys of one server entry: opened while the person has a master secret (or waits for one) and the entry an account,
 * closed before its store is. S4.24, S4.25, S4.29.
 */
export class ContextKeys implements KeysHandle, AsyncDisposable {
  readonly #deps: ContextKeysDeps;
  readonly #api: KeysApi;
  readonly #ring = new Value<KeyRing | undefined>(undefined);
  readonly #failed = new Value(false);
  readonly #ends: (() => void)[];
  #opened: Place | undefined;
  #endLive: () => void = () => undefined;
  #tail: Promise<void> = Promise.resolve();
  #isHeld = 0;
  #wasPerson = false;
  readonly #abort = new AbortController();
  #isDisposed = false;
  readonly state: Subscribable<KeysState>;
  readonly devices: Subscribable<readonly OwnDeviceView[]>;

  constructor(deps: ContextKeysDeps) {
    this.#deps = deps;
    this.#api = keysApi(deps.api);
    const noDevices = constant<readonly OwnDeviceView[]>(NONE);
    const status = followed(this.#ring, (ring): Subscribable<KeysState | undefined> => ring?.status ?? NOT_OPEN);
    this.devices = followed(this.#ring, (ring) => ring?.own.views ?? noDevices);
    this.state = derived([deps.person.state, status, this.#failed], ({ kind }, open, failed): KeysState => {
      if (open !== undefined) return open;
      if (kind === 'locked') return LOCKED;
      if (kind === 'none' || kind === 'unavailable') return OFF;
      return failed ? BROKEN : STARTING;
    });
    const check = (): void => this.#check();
    this.#ends = [deps.person.state.subscribe(check), deps.entry.subscribe(check), deps.kept.subscribe(check)];
    check();
  }

  /** What encrypted conversations are built on; undefined while there are no keys here. */
  get ring(): Subscribable<Keys | undefined> {
    return this.#ring;
  }

  /** The session is tied to its device. @throws what that throws */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#wanted() === undefined) return;
    await this.#tail;
    const ring = this.#ring.get();
    if (ring === undefined) return;
    const session = this.#deps.knownSession();
    // After a start the session is most likely the one before; if not, it is tied anew once the server is live.
    if (ring.boundSession !== null && (session === undefined || session === ring.boundSession)) return;
    await ring.bind(signal);
  }

  /** The session is another one: its device has to be told anew. */
  signedIn(): void {
    void this.#ring.get()?.settle();
  }

  /** Takes this device off the list, where another one stays on it. Never rejects. @returns whether it did */
  async leave(signal: AbortSignal): Promise<boolean> {
    const ring = this.#ring.get();
    return ring === undefined ? false : ring.own.leave(signal).catch(() => false);
  }

  /** Runs while no keys are open, and opens them again after it: for whoever deletes what they keep. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    this.#isHeld++;
    try {
      this.#check();
      await this.#tail;
      return await work();
    } finally {
      this.#isHeld--;
      this.#check();
    }
  }

  async reload(signal?: AbortSignal): Promise<void> {
    const ring = await this.#needRing();
    await ring.own.reload(this.#aborted(signal));
  }

  async addKey(password: string): Promise<void> {
    const ring = await this.#needRing();
    const { addKey } = await import('./key-login.ts');
    await addKey(this.#login(), { password, signal: this.#abort.signal });
    await ring.settle();
  }

  async rename(device: number, label: string): Promise<void> {
    await (await this.#needRing()).own.rename(device, label, this.#abort.signal);
  }
  async approve(device: number, words: readonly string[]): Promise<void> {
    await (await this.#needRing()).own.approve(device, words, this.#abort.signal);
  }
  async revoke(device: number): Promise<void> {
    await (await this.#needRing()).own.revoke(device, { stolen: false }, this.#abort.signal);
  }
  async revokeAsStolen(device: number): Promise<void> {
    await (await this.#needRing()).own.revoke(device, { stolen: true }, this.#abort.signal);
  }

  async backupInfo(signal?: AbortSignal): Promise<BackupInfo | null> {
    const { backup } = await this.#api.call('backupInfo', { signal: signal ?? this.#abort.signal });
    return backup;
  }
  async saveBackup(run: BackupRun = {}): Promise<BackupInfo> {
    return (await this.#backups()).save(this.#within(run));
  }
  async restoreBackup(run: BackupRun = {}): Promise<Restored> {
    return this.#afresh((backups) => backups.restore(this.#within(run)));
  }
  async dropBackup(): Promise<void> {
    await this.#api.call('dropBackup', { signal: this.#abort.signal });
  }
  async exportBackup(run: BackupRun = {}): Promise<Uint8Array> {
    return (await this.#backups()).export(this.#within(run));
  }
  async importBackup(file: Uint8Array, run: BackupRun = {}): Promise<Restored> {
    return this.#afresh((backups) => backups.import(file, this.#within(run)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#abort.abort(new Error('disposed'));
    for (const end of this.#ends) end();
    this.#check();
    await this.#tail;
  }

  #wanted(): Place | undefined {
    const { person, entry, kept } = this.#deps;
    const { kind } = person.state.get();
    const { id, serverId, account } = entry.get();
    const hasKeys = kind === 'ready' || kind === 'linking' || kind === 'offered';
    if (this.#isDisposed || this.#isHeld > 0 || !hasKeys || account === null || serverId === '') return undefined;
    return { id, serverId, account: account.id, entry: kept.get() };
  }

  /** Opens, closes, or opens anew, one after another. */
  #check(): void {
    this.#tail = this.#tail.then(() => this.#match()).catch(() => undefined);
  }

  async #match(): Promise<void> {
    const wanted = this.#wanted();
    const opened = this.#opened;
    const isSame =
      wanted?.entry === opened?.entry && wanted?.account === opened?.account && wanted?.serverId === opened?.serverId;
    const isPerson = this.#deps.person.state.get().kind === 'ready';
    if (isSame) {
      // The secret has come: now the device can list itself.
      if (isPerson && !this.#wasPerson) void this.#ring.get()?.settle();
      this.#wasPerson = isPerson;
      return;
    }
    await this.#close();
    this.#wasPerson = isPerson;
    if (wanted !== undefined) await this.#open(wanted);
  }

  async #open(place: Place): Promise<void> {
    const { platform, person, vault, session, redial } = this.#deps;
    this.#opened = place;
    this.#failed.set(false);
    await place.entry.ready;
    try {
      const ring = await KeyRing.open({
        entryId: place.id,
        serverId: place.serverId,
        account: place.account,
        platform,
        person,
        vault,
        state: place.entry.state,
        api: this.#api,
        session,
        newest: (account) => place.entry.accounts.get().get(account)?.devices,
        skew: place.entry.skew,
        bound: redial,
      });
      this.#ring.set(ring);
      this.#follow(place.entry, ring);
    } catch {
      // What is stored stays as it is: it is opened again by the next start, or with the right words.
      this.#failed.set(true);
    }
  }

  /** Whenever the server is live things are brought in order; while it isn't, nothing is tried. */
  #follow({ live, notices, accounts }: Entry, ring: KeyRing): void {
    const whenLive = (): void => {
      if (live.get()) void ring.settle();
      else ring.rest();
    };
    const whenLow = (): void => {
      if (notices.prekeys.get() !== null) void ring.settle();
    };
    const whenHeard = (): void => {
      if (live.get()) ring.heard();
    };
    const ends = [live.subscribe(whenLive), notices.prekeys.subscribe(whenLow), accounts.subscribe(whenHeard)];
    this.#endLive = () => ends.forEach((end) => end());
    if (live.get()) whenLive();
  }

  async #close(): Promise<void> {
    this.#endLive();
    this.#endLive = () => undefined;
    const ring = this.#ring.get();
    this.#opened = undefined;
    // Whoever builds on it is told first, and ends while it still works.
    this.#ring.set(undefined);
    this.#failed.set(false);
    await ring?.[Symbol.asyncDispose]();
  }

  async #needRing(): Promise<KeyRing> {
    await this.#tail;
    const ring = this.#ring.get();
    if (ring === undefined) throw new LocalError('forbidden', 'Your keys are not open on this device.');
    return ring;
  }

  #login(): KeyLogin {
    const { api, person, entry, platform, kept } = this.#deps;
    const serverNow = (): number => platform.clock.now() + (kept.get().skew.get() ?? 0);
    return {
      api,
      person,
      serverId: () => Promise.resolve(entry.get().serverId),
      serverNow: () => Promise.resolve(serverNow()),
    };
  }

  async #backups(): Promise<Backups> {
    const ring = await this.#needRing();
    const { Backups: Made } = await import('./backups.ts');
    const { platform, kept } = this.#deps;
    const { serverId, account } = this.#opened ?? {};
    if (serverId === undefined || account === undefined || platform.subtle === null)
      throw new LocalError('forbidden', 'Your keys are not open on this device.');
    const { random, subtle, clock } = platform;
    return new Made({ ring, api: this.#api, state: kept.get().state, serverId, account, random, subtle, clock });
  }

  /** What came back is read by opening everything once more. */
  async #afresh(bring: (backups: Backups) => Promise<Restored>): Promise<Restored> {
    const restored = await bring(await this.#backups());
    await this.without(() => Promise.resolve());
    await this.#tail;
    return restored;
  }

  #within(run: BackupRun): BackupRun & { readonly signal: AbortSignal } {
    return { ...run, signal: this.#aborted(run.signal) };
  }

  #aborted(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#abort.signal : eitherSignal(signal, this.#abort.signal);
  }
}

const LOCKED: KeysState = { kind: 'locked' };
const OFF: KeysState = { kind: 'off' };
const STARTING: KeysState = { kind: 'starting' };
const BROKEN: KeysState = { kind: 'broken', reason: 'storage' };
const NOT_OPEN = constant<undefined>(undefined);
