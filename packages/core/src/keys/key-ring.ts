import {
  createQueues,
  type Curve,
  deriveAccountKeys,
  type Device,
  Groups,
  type SafetyNumber,
  safetyNumber,
  Sessions,
  verifyBytes,
  webCurve,
} from '@skerry/crypto';
import {
  type AccountId,
  fromBase64Url,
  type ListedDevice,
  type SessionId,
  SkerryError,
  toBase64Url,
} from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import { LocalError } from '../errors.ts';
import type { PersonSource } from '../identity/person.ts';
import { Lifetime } from '../lifetime.ts';
import type { Platform } from '../platform.ts';
import type { StateStore, VaultStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value } from '../value.ts';
import type { EntryId } from '../views.ts';
import { bundleOf, keyBytes } from './bundle.ts';
import { DeviceBook } from './device-book.ts';
import { readHandedOver } from './handed-over.ts';
import type { KeysApi } from './keys-api.ts';
import { OwnDevice } from './own-device.ts';
import { OwnDevices, withDevice } from './own-devices.ts';
import { OwnList } from './own-list.ts';
import {
  type DeviceAddress,
  type DeviceStatus,
  type Keys,
  type EverListed,
  type KeyStorage,
  type Listed,
  type Trust,
  TrustError,
} from './ports.ts';
import { publishPrekeys } from './prekeys.ts';
import { isWorthRetrying, NoKeyError, statusOf } from './settle-failure.ts';
import { createStorage, type Storage } from './storage.ts';
import { openStorageKey } from './storage-key.ts';

export type KeyRingDeps = {
  readonly entryId: EntryId;
  readonly serverId: string;
  readonly account: AccountId;
  readonly platform: Pick<Platform, 'clock' | 'random' | 'crypto' | 'subtle'>;
  readonly person: PersonSource;
  readonly vault: VaultStore;
  readonly state: StateStore;
  readonly api: KeysApi;
  /** The session the context is signed in by. @throws SignedOutError, and what a refresh throws */
  readonly session: () => Promise<SessionId>;
  /** The version of an account's list, as the stream told. */
  readonly newest: (account: AccountId) => number | undefined;
  readonly skew: Subscribable<number | null>;
  /** The session is another one to the server than when the socket opened. */
  readonly bound: () => void;
};

const UPKEEP_MS = 24 * 3_600_000;
const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 15 * 60_000;

/** The keys of one server context. See {@link Keys}. */
export class KeyRing implements Keys {
  readonly #deps: KeyRingDeps;
  readonly #lifetime = new Lifetime();
  readonly #curve: Curve;
  readonly #store: Storage;
  readonly #device: OwnDevice;
  readonly #book: DeviceBook;
  readonly #list: OwnList;
  readonly #status = new Value<DeviceStatus>({ kind: 'starting' });
  readonly #numbers = new Map<string, Promise<SafetyNumber>>();
  readonly sessions: Sessions;
  readonly own: OwnDevices;
  readonly #signal: Device;
  #groups: Groups | undefined;
  #groupsOf = 0;
  #settling: Promise<void> | undefined;
  #again = false;
  #isResting = false;
  #isWrapped = false;
  #cancelTimer: () => void = () => undefined;
  #retryMs = FIRST_RETRY_MS;

  private constructor(deps: KeyRingDeps, parts: { curve: Curve; store: Storage }) {
    this.#deps = deps;
    this.#curve = parts.curve;
    this.#store = parts.store;
    const { platform, serverId, account, state, api, person } = deps;
    const { clock, random } = platform;
    const { stores, storage } = parts.store;
    const signal: Device = { stores, exclusive: createQueues(), curve: parts.curve, random, clock };
    this.#signal = signal;
    this.sessions = new Sessions(signal, { postQuantum: 'required' });
    this.#device = new OwnDevice({ state, storage, signal, api, serverId, account });
    this.#book = new DeviceBook({
      serverId,
      state,
      storage,
      verify: (signed) => this.verifySignature(signed),
      digest: (bytes) => this.digest(bytes),
      fetch: (accounts, caller) => api.call('deviceLists', { body: { accounts: [...accounts] }, signal: caller }),
      newest: deps.newest,
      now: () => clock.now(),
    });
    const serverNow = (): number => this.#serverNow();
    const who = { api, person, serverId, account, serverNow };
    this.#list = new OwnList({ ...who, book: this.#book, clock, random });
    this.own = new OwnDevices({
      ...who,
      platform,
      list: this.#list,
      self: () => this.#device.number,
      sessions: this.sessions,
      ensureSession: (address, caller) => this.ensureSession(address, caller),
    });
  }

  /** Opens what is kept, or makes it; asks nobody. @throws StorageKeyError and others when it can't be opened */
  static async open(deps: KeyRingDeps): Promise<KeyRing> {
    const { platform, state } = deps;
    const key = await openStorageKey({ ...deps, random: platform.random });
    const curve = await webCurve(platform.subtle ?? undefined);
    const ring = new KeyRing(deps, { curve, store: createStorage(state, { key, random: platform.random }) });
    await ring.#device.load();
    await ring.#book.load();
    await ring.#standAsKept();
    return ring;
  }

  get status(): Subscribable<DeviceStatus> {
    return this.#status;
  }
  get serverId(): string {
    return this.#deps.serverId;
  }
  get storage(): KeyStorage {
    return this.#store.storage;
  }
  get trust(): Subscribable<ReadonlyMap<AccountId, Trust>> {
    return this.#book.trust;
  }
  /** The session that this device was last tied to. */
  get boundSession(): string | null {
    return this.#device.session;
  }

  get self(): DeviceAddress {
    const device = this.#device.number;
    if (device === null) throw new LocalError('no_device', 'This device is not known to the server yet.');
    return { name: this.#deps.account, device };
  }

  get groups(): Groups {
    const { self } = this;
    // A device that was revoked goes on as another one.
    if (this.#groups === undefined || this.#groupsOf !== self.device) {
      this.#groups = new Groups(this.#signal, self);
      this.#groupsOf = self.device;
    }
    return this.#groups;
  }

  sign(bytes: Uint8Array): Uint8Array {
    return this.#device.sign(bytes);
  }

  async verifySignature(signed: { bytes: Uint8Array; signature: string; publicKey: string }): Promise<boolean> {
    const signature = fromBase64Url(signed.signature);
    const publicKey = fromBase64Url(signed.publicKey);
    if (signature === undefined || publicKey === undefined) return false;
    return verifyBytes({ bytes: signed.bytes, signature, publicKey }, this.#curve);
  }

  async digest(bytes: Uint8Array): Promise<string> {
    return toBase64Url(await this.#deps.platform.crypto.sha256(bytes));
  }

  devicesOf(accounts: readonly AccountId[], signal: AbortSignal): Promise<ReadonlyMap<AccountId, Listed>> {
    return this.#book.devicesOf(accounts, this.#within(signal));
  }
  refresh(accounts: readonly AccountId[], signal: AbortSignal): Promise<ReadonlyMap<AccountId, Listed>> {
    return this.#book.refresh(accounts, this.#within(signal));
  }
  known(account: AccountId): Listed | undefined {
    return this.#book.known(account);
  }
  everListed(account: AccountId): readonly EverListed[] {
    return this.#book.everListed(account);
  }

  machines(): readonly ListedDevice[] {
    return this.#list.kept?.machines ?? [];
  }
  ownList(): { version: number; digest: string; accountKey: string } | undefined {
    return this.#list.kept;
  }
  async listMachine(machine: ListedDevice, signal: AbortSignal): Promise<void> {
    const within = this.#within(signal);
    await this.#list.look(within);
    await this.#list.changeMachines((machines) => withMachine(machines, machine), within);
    const listed = this.machines().find(({ device }) => device === machine.device);
    // Another machine of that number was listed before.
    if (listed?.signKey !== machine.signKey || listed.identityKey !== machine.identityKey)
      throw new TrustError(this.#deps.account, 'identity_differs');
  }
  async unlistMachine(device: number, signal: AbortSignal): Promise<void> {
    const within = this.#within(signal);
    await this.#list.look(within);
    await this.#list.changeMachines((machines) => machines.filter((one) => one.device !== device), within);
  }

  async ensureSession(address: DeviceAddress, signal: AbortSignal): Promise<void> {
    await this.#signal.exclusive.run(`begin/${address.device}.${address.name}`, async () => {
      const listed = await this.#listedDevice(address, signal);
      const known = await this.sessions.identityOf(address);
      // A number is one device for good, so another identity under it was never the list's.
      if (known !== undefined && toBase64Url(known.key) !== listed.identityKey)
        throw new TrustError(address.name, 'identity_differs');
      if (!(await this.sessions.has(address))) await this.#begin(address, listed, signal);
    });
  }

  async renewSession(address: DeviceAddress, signal: AbortSignal): Promise<void> {
    await this.#signal.exclusive.run(`begin/${address.device}.${address.name}`, async () => {
      await this.#begin(address, await this.#listedDevice(address, signal), signal);
    });
  }

  trustOf(account: AccountId): Subscribable<Trust> {
    return derived([this.trust], (all) => all.get(account) ?? UNKNOWN);
  }
  accept(account: AccountId, offered: string): Promise<void> {
    return this.#book.accept(account, offered, this.#lifetime.signal);
  }
  verify(account: AccountId, verified: boolean): Promise<void> {
    return this.#book.verify(account, verified);
  }
  seen(account: AccountId): Promise<void> {
    return this.#book.seen(account);
  }

  async safetyNumber(account: AccountId): Promise<SafetyNumber> {
    const { serverId, account: me } = this.#deps;
    const [mine, theirs] = [this.known(me)?.accountKey, this.known(account)?.accountKey];
    if (mine === undefined || theirs === undefined) throw new TrustError(mine === undefined ? me : account, 'no_keys');
    const name = `${mine} ${theirs} ${account}`;
    const made =
      this.#numbers.get(name) ??
      Promise.resolve().then(() =>
        safetyNumber({
          serverId,
          mine: { accountId: me, publicKey: keyBytes(mine) },
          theirs: { accountId: account, publicKey: keyBytes(theirs) },
        }),
      );
    this.#numbers.set(name, made);
    return made;
  }

  async personOffered(from: DeviceAddress, content: unknown): Promise<void> {
    const { person, account, entryId, serverId } = this.#deps;
    const handed = readHandedOver(content);
    if (from.name !== account || from.device === this.#device.number || handed === undefined) return;
    if (person.state.get().kind !== 'linking') return;
    // Only a device of the very list that the handed secret signs can have it: the words that the person compares say the rest.
    const signer = deriveAccountKeys(handed.master, { serverId, index: handed.indexes[serverId] ?? 0 }).sign;
    if (toBase64Url(signer.publicKey) !== this.#list.kept?.accountKey) return;
    await person.offer(entryId, handed);
  }

  // What the context and the person do with it.

  /**
   * Ties the session to this device, brings the list and the prekeys in order. One at a time; asked for while one runs, it
   * runs once more. Never rejects: what fails is tried again, and the status says where it stands.
   */
  settle(): Promise<void> {
    this.#isResting = false;
    if (this.#settling !== undefined) {
      this.#again = true;
      return this.#settling;
    }
    this.#settling = this.#settleAll().finally(() => (this.#settling = undefined));
    this.#lifetime.run(this.#settling);
    return this.#settling;
  }

  /** Ties the session to this device and does no more. @throws SkerryError */
  async bind(signal: AbortSignal): Promise<void> {
    const session = await this.#deps.session();
    if (await this.#device.bind(session, this.#within(signal))) this.#deps.bound();
  }

  /** Nothing is tried again by itself until the next {@link settle}. */
  rest(): void {
    this.#isResting = true;
    this.#cancelTimer();
    this.#cancelTimer = () => undefined;
  }

  /** The stream may name a newer list of one's own than the one that is known. */
  heard(): void {
    const { newest, account } = this.#deps;
    if ((newest(account) ?? 0) > (this.#list.kept?.version ?? 0)) void this.settle();
  }

  /** Of the first of the account's keys, so that a backup from before the key moved on opens as well. */
  async backupKey(): Promise<Uint8Array> {
    const { person, serverId } = this.#deps;
    return (await person.accountKeys(serverId, 0)).backup;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.rest();
    return this.#lifetime[Symbol.asyncDispose]();
  }

  async #settleAll(): Promise<void> {
    const { signal } = this.#lifetime;
    this.#cancelTimer();
    let failure: { readonly error: unknown } | undefined;
    do {
      this.#again = false;
      failure = await this.#settleOnce(signal).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
    } while (this.#again && !signal.aborted);
    if (signal.aborted) return;
    if (failure === undefined) {
      this.#retryMs = FIRST_RETRY_MS;
      return this.#later(UPKEEP_MS);
    }
    const status = statusOf(failure.error);
    if (status !== undefined) this.#status.set(status);
    if (!isWorthRetrying(failure.error)) return;
    this.#later(this.#retryMs);
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
  }

  async #settleOnce(signal: AbortSignal): Promise<void> {
    const { person, account } = this.#deps;
    await this.bind(signal);
    await this.#list.look(signal);
    // Before the list: whoever sees this device there may want to write to it at once.
    const { device } = this.self;
    const { devices: all } = await this.#deps.api.call('ownDevices', { signal });
    const own = all.find((one) => one.device === device);
    if (own !== undefined) await publishPrekeys({ signal: this.#signal, api: this.#deps.api, own }, signal);
    if (person.state.get().kind === 'ready') {
      await this.#wrap();
      const { signKey, identityKey } = this.#device.public;
      const known = this.#list.kept?.ever.find((one) => one.device === device);
      if (known !== undefined && known.signKey !== signKey) throw new TrustError(account, 'device_swapped');
      const isOn = this.#list.kept?.devices.some((one) => one.device === device) === true;
      // It was taken off by another device. Signing it back on would end the chain for everyone.
      if (known !== undefined && !isOn) throw new TrustError(account, 'device_returned');
      await this.#list
        .change(withDevice({ device, signKey, identityKey, addedAt: this.#serverNow() }), signal)
        .catch((error: unknown) => {
          // With no list before it, all that can be wrong with the first is that the account has no such key.
          const isRefused = error instanceof SkerryError && error.code === 'list_refused';
          throw isRefused && this.#list.kept === undefined ? new NoKeyError(device) : error;
        });
    }
    await this.own.show(all);
    await this.#stand();
  }

  /** The secret came after the storage key was made: from now on that opens with it alone. */
  async #wrap(): Promise<void> {
    if (this.#isWrapped) return;
    await openStorageKey({ ...this.#deps, random: this.#deps.platform.random });
    this.#isWrapped = true;
  }

  async #stand(): Promise<void> {
    const { device } = this.self;
    const isListed = this.#list.kept?.devices.some((one) => one.device === device) === true;
    if (isListed && (await this.#list.isOurs())) return this.#status.set({ kind: 'ready', device });
    this.#status.set({ kind: 'waiting', device, words: await this.own.words(this.#device.public) });
  }

  /** Without asking anybody: a device that was ready before reads and writes what is here, also while it is offline. */
  async #standAsKept(): Promise<void> {
    const device = this.#device.number;
    const { signKey } = this.#device.public;
    const listed = this.#list.kept?.devices.find((one) => one.device === device);
    if (device !== null && listed?.signKey === signKey && (await this.#list.isOurs()))
      this.#status.set({ kind: 'ready', device });
  }

  async #listedDevice(address: DeviceAddress, signal: AbortSignal): Promise<ListedDevice> {
    const listed = (await this.devicesOf([address.name], signal)).get(address.name);
    const found = listed?.devices.find(({ device }) => device === address.device);
    if (found === undefined) throw new LocalError('no_device', 'That device is no longer one of this person.');
    return found;
  }

  /** @throws TrustError `identity_differs` when the directory names another identity than the signed list */
  async #begin(address: DeviceAddress, listed: ListedDevice, signal: AbortSignal): Promise<void> {
    const { name: account, device } = address;
    const bundle = await this.#deps.api.call('claimPrekeys', {
      body: { account, device },
      signal: this.#within(signal),
    });
    if (bundle.identityKey !== listed.identityKey) throw new TrustError(account, 'identity_differs');
    await this.sessions.start(address, bundleOf(bundle));
  }

  #later(ms: number): void {
    this.#cancelTimer();
    if (this.#isResting) return;
    this.#cancelTimer = this.#deps.platform.clock.after(ms, () => void this.settle());
  }

  /** Unix milliseconds of the server, as far as it was measured. */
  #serverNow(): number {
    return this.#deps.platform.clock.now() + (this.#deps.skew.get() ?? 0);
  }

  #within(signal: AbortSignal): AbortSignal {
    return signal === this.#lifetime.signal ? signal : eitherSignal(signal, this.#lifetime.signal);
  }
}

function withMachine(machines: readonly ListedDevice[], machine: ListedDevice): readonly ListedDevice[] {
  return machines.some(({ device }) => device === machine.device) ? machines : [...machines, machine];
}

const UNKNOWN: Trust = { kind: 'unknown' };
