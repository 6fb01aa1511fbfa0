import {
  type Bundle,
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
  type Answer,
  type CommandId,
  fromBase64Url,
  type ListedDevice,
  type OwnDevice as OwnDeviceAnswer,
  type SessionId,
  SkerryError,
  toBase64Url,
  uuidv7,
} from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import type { Api } from '../api/api.ts';
import { LocalError } from '../errors.ts';
import type { PersonSource } from '../identity/person.ts';
import { Lifetime } from '../lifetime.ts';
import type { Platform } from '../platform.ts';
import { encodeNote } from '../sealed/content.ts';
import type { StateStore, VaultStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value } from '../value.ts';
import type { EntryId } from '../views.ts';
import { DeviceBook } from './device-book.ts';
import { deviceWords } from './device-words.ts';
import { envelopeBody } from './envelope.ts';
import type { OwnDeviceView } from './face.ts';
import { readHandedOver, writeHandedOver } from './handed-over.ts';
import { OwnDevice } from './own-device.ts';
import { OtherPersonError, OwnList } from './own-list.ts';
import {
  type DeviceAddress,
  type DeviceStatus,
  type Keys,
  type KeyStorage,
  type Listed,
  type Trust,
  TrustError,
} from './ports.ts';
import { publishPrekeys } from './prekeys.ts';
import { createStorage, type Storage } from './storage.ts';
import { openStorageKey, StorageKeyError } from './storage-key.ts';

export type KeyRingDeps = {
  readonly entryId: EntryId;
  readonly serverId: string;
  readonly account: AccountId;
  readonly platform: Pick<Platform, 'clock' | 'random' | 'crypto' | 'subtle'>;
  readonly person: PersonSource;
  readonly vault: VaultStore;
  readonly state: StateStore;
  readonly api: Api;
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
  readonly #devices = new Value<readonly OwnDeviceView[]>([]);
  readonly #numbers = new Map<string, Promise<SafetyNumber>>();
  readonly sessions: Sessions;
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
    this.#list = new OwnList({
      book: this.#book,
      api,
      person,
      serverId,
      account,
      clock,
      random,
      serverNow: () => clock.now() + (deps.skew.get() ?? 0),
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
    ring.#standAsKept();
    return ring;
  }

  get status(): Subscribable<DeviceStatus> {
    return this.#status;
  }
  get devices(): Subscribable<readonly OwnDeviceView[]> {
    return this.#devices;
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
  everListed(account: AccountId): readonly ListedDevice[] {
    return this.#book.everListed(account);
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
          mine: { accountId: me, publicKey: bytesOf(mine) },
          theirs: { accountId: account, publicKey: bytesOf(theirs) },
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

  async reload(signal: AbortSignal): Promise<void> {
    await this.#list.look(this.#within(signal));
    await this.#show((await this.#deps.api.call('ownDevices', { signal: this.#within(signal) })).devices);
  }

  async #show(devices: readonly OwnDeviceAnswer[]): Promise<void> {
    const views = await Promise.all(devices.map((one) => this.#viewOf(one)));
    this.#devices.set(views.sort((a, b) => Number(b.isThis) - Number(a.isThis) || a.device - b.device));
  }

  async approve(device: number, words: readonly string[]): Promise<void> {
    const { signal } = this.#lifetime;
    const { account, serverId, person, clock, random, api } = { ...this.#deps, ...this.#deps.platform };
    const handed = await person.handOver();
    const one = await this.#ownDevice(device);
    const shown = await this.#wordsOf(one);
    if (shown.length !== words.length || shown.some((word, index) => word !== words[index]))
      throw new LocalError('bad_request', 'That device has other keys by now. Compare the words again.');
    const { signKey, identityKey } = one;
    const addedAt = clock.now() + (this.#deps.skew.get() ?? 0);
    await this.#list.look(signal);
    await this.#list.change(
      (devices) =>
        devices.some((other) => other.device === device)
          ? devices
          : [...devices, { device, signKey, identityKey, addedAt }],
      signal,
    );
    const address: DeviceAddress = { name: account, device };
    const listed = this.known(account)?.devices.find((other) => other.device === device);
    if (listed?.signKey !== signKey || listed.identityKey !== identityKey)
      throw new TrustError(account, 'identity_differs');
    await this.ensureSession(address, signal);
    const note = encodeNote({ server: serverId, what: 'person', rest: writeHandedOver(handed) });
    const envelope = await this.sessions.encrypt(address, note);
    const id = uuidv7<CommandId>(clock.now(), random.bytes(10));
    const body = envelopeBody(envelope);
    await api.call('command', {
      body: { id, command: { kind: 'envelopes.send', envelopes: [{ account, device, body }] } },
      signal,
    });
    await this.reload(signal);
  }

  async revoke(device: number, how: { stolen: boolean }): Promise<void> {
    if (device === this.#device.number) throw new LocalError('forbidden', 'To take this device off, sign out on it.');
    const { signal } = this.#lifetime;
    await this.#list.look(signal);
    const without = (devices: readonly ListedDevice[]): readonly ListedDevice[] =>
      devices.filter((one) => one.device !== device);
    const isListed = this.#list.kept?.devices.some((one) => one.device === device) === true;
    if (how.stolen) await this.#list.succeed(without, signal);
    else if (isListed) await this.#list.change(without, signal);
    const { devices } = await this.#deps.api.call('ownDevices', { signal });
    const session = devices.find((one) => one.device === device)?.sessionId ?? null;
    // The list ends the sessions of what it no longer names; one that never was on it has to be ended.
    if (session !== null)
      await this.#deps.api.call('revokeSession', { params: { sessionId: session }, signal }).catch((error: unknown) => {
        if (!(error instanceof SkerryError) || error.code !== 'not_found') throw error;
      });
    await this.reload(signal);
  }

  /** This device goes for good. @returns false when it isn't listed, or would leave an empty list. @throws SkerryError */
  async leave(signal: AbortSignal): Promise<boolean> {
    const device = this.#device.number;
    if (device === null || this.#deps.person.state.get().kind !== 'ready') return false;
    return this.#list.leave(device, this.#within(signal));
  }

  async rename(device: number, label: string): Promise<void> {
    const { signal } = this.#lifetime;
    await this.#deps.api.call('renameDevice', { params: { device }, body: { label }, signal });
    await this.reload(signal);
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
    const { person, account, clock } = { ...this.#deps, ...this.#deps.platform };
    await this.bind(signal);
    await this.#list.look(signal);
    // Before the list: whoever sees this device there may want to write to it at once.
    const { device } = this.self;
    const { devices: all } = await this.#deps.api.call('ownDevices', { signal });
    const own = all.find((one) => one.device === device);
    if (own !== undefined) await publishPrekeys({ signal: this.#signal, api: this.#deps.api, own }, signal);
    if (person.state.get().kind === 'ready') {
      await this.#wrap();
      const known = this.#list.kept?.ever.find((one) => one.device === device);
      const { signKey, identityKey } = this.#device.public;
      if (known !== undefined && known.signKey !== signKey) throw new TrustError(account, 'device_swapped');
      const addedAt = clock.now() + (this.#deps.skew.get() ?? 0);
      await this.#list
        .change(
          (devices) =>
            devices.some((one) => one.device === device)
              ? devices
              : [...devices, { device, signKey, identityKey, addedAt }],
          signal,
        )
        .catch((error: unknown) => {
          // With no list before it, all that can be wrong with the first is that the account has no such key.
          const isRefused = error instanceof SkerryError && error.code === 'list_refused';
          throw isRefused && this.#list.kept === undefined ? new NoKeyError(device) : error;
        });
    }
    await this.#show(all);
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
    if (isListed) return this.#status.set({ kind: 'ready', device });
    this.#status.set({ kind: 'waiting', device, words: await this.#wordsOf(this.#device.public) });
  }

  /** Without asking anybody: a device that was ready before reads and writes what is here, also while it is offline. */
  #standAsKept(): void {
    const device = this.#device.number;
    const { signKey } = this.#device.public;
    const listed = this.#list.kept?.devices.find((one) => one.device === device);
    if (device !== null && listed?.signKey === signKey) this.#status.set({ kind: 'ready', device });
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

  async #ownDevice(device: number): Promise<OwnDeviceAnswer> {
    const { devices } = await this.#deps.api.call('ownDevices', { signal: this.#lifetime.signal });
    const one = devices.find((other) => other.device === device);
    if (one === undefined) throw new LocalError('not_found', 'That device is no longer signed in.');
    return one;
  }

  async #viewOf(one: OwnDeviceAnswer): Promise<OwnDeviceView> {
    const { device, label, createdAt, lastSeenAt, signKey, identityKey } = one;
    const listed = this.#list.kept?.devices.find((other) => other.device === device);
    // What the server says of a listed device counts only with the keys that were signed.
    const isListed = listed !== undefined && listed.signKey === signKey && listed.identityKey === identityKey;
    return {
      device,
      label,
      isThis: device === this.#device.number,
      standing: isListed ? 'listed' : 'wantsIn',
      words: await this.#wordsOf(one),
      signedIn: one.sessionId !== null,
      createdAt,
      lastSeenAt,
    };
  }

  #wordsOf({ signKey, identityKey }: { signKey: string; identityKey: string }): Promise<readonly string[]> {
    const { serverId, account, platform } = this.#deps;
    return deviceWords(platform.crypto, { serverId, account, signKey, identityKey });
  }

  #later(ms: number): void {
    this.#cancelTimer();
    if (this.#isResting) return;
    this.#cancelTimer = this.#deps.platform.clock.after(ms, () => void this.settle());
  }

  #within(signal: AbortSignal): AbortSignal {
    return signal === this.#lifetime.signal ? signal : eitherSignal(signal, this.#lifetime.signal);
  }
}

const UNKNOWN: Trust = { kind: 'unknown' };

/** What a failure says about this device. Undefined for those that only say that nothing could be asked. */
function statusOf(error: unknown): DeviceStatus | undefined {
  if (error instanceof OtherPersonError) return { kind: 'otherPerson', accountKey: error.accountKey };
  if (error instanceof TrustError) return { kind: 'broken', reason: error.reason };
  if (error instanceof StorageKeyError) return { kind: 'broken', reason: 'storage' };
  if (error instanceof NoKeyError) return { kind: 'noKey', device: error.device };
  return error instanceof SkerryError && error.code === 'not_found' ? { kind: 'unsupported' } : undefined;
}

/** Something may have changed by the next connection; until then only what the network or a busy server failed is tried. */
function isWorthRetrying(error: unknown): boolean {
  if (error instanceof TrustError) return true;
  return !(error instanceof SkerryError) || error.retry === 'later';
}

class NoKeyError extends Error {
  override readonly name = 'NoKeyError';
  readonly device: number;
  constructor(device: number) {
    super('no key');
    this.device = device;
  }
}

function bundleOf(bundle: Answer<'claimPrekeys'>): Bundle {
  const plain = (key: { id: number; publicKey: string }): { id: number; publicKey: Uint8Array } => ({
    id: key.id,
    publicKey: bytesOf(key.publicKey),
  });
  const signed = (key: { id: number; publicKey: string; signature: string }): Bundle['signedPreKey'] => ({
    ...plain(key),
    signature: bytesOf(key.signature),
  });
  return {
    registrationId: bundle.registrationId,
    identityKey: bytesOf(bundle.identityKey),
    signedPreKey: signed(bundle.signedPreKey),
    kyberPreKey: signed(bundle.kyberPreKey),
    preKey: bundle.preKey === null ? undefined : plain(bundle.preKey),
  };
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw new SkerryError('internal');
  return bytes;
}
