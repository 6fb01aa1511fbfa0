import { type AccountKeys, signBytes } from '@skerry/crypto';
import {
  type AccountId,
  type CommandId,
  encodeDeviceList,
  encodeSuccession,
  LIMITS,
  type ListedDevice,
  SkerryError,
  toBase64Url,
  uuidv7,
} from '@skerry/protocol';
import { LocalError } from '../errors.ts';
import type { PersonSource } from '../identity/person.ts';
import type { Clock, Random } from '../platform.ts';
import type { DeviceBook } from './device-book.ts';
import type { KeysApi } from './keys-api.ts';
import { type KeptList, wrongDevices } from './list-chain.ts';
import { TrustError } from './ports.ts';

export type OwnListDeps = {
  readonly book: DeviceBook;
  readonly api: KeysApi;
  readonly person: PersonSource;
  readonly serverId: string;
  readonly account: AccountId;
  readonly clock: Clock;
  readonly random: Random;
  /** Unix milliseconds of the server, as far as it was measured. */
  readonly serverNow: () => number;
};

/** Own lists are fetched and signed again this often when another device was quicker. */
const TRIES = 4;
/** An account was moved on by "revoke as stolen" on another device: so many keys are tried to find the present one. */
const LOOK_AHEAD = 8;

/** What is to be of the list: the devices on it, from those that were. */
export type ListChange = (devices: readonly ListedDevice[]) => readonly ListedDevice[];

export class OtherPersonError extends LocalError {
  readonly accountKey: string;
  constructor(accountKey: string) {
    super('forbidden', "This account's key was made from other words than yours.");
    this.name = 'OtherPersonError';
    this.accountKey = accountKey;
  }
}

/** The signed list of the person's own devices. Only who holds the master secret changes it. SPEC E-3, E-4. */
export class OwnList {
  readonly #deps: OwnListDeps;

  constructor(deps: OwnListDeps) {
    this.#deps = deps;
  }

  get kept(): KeptList | undefined {
    return this.#deps.book.kept(this.#deps.account);
  }

  /** @throws TrustError when what the server shows isn't what was signed; SkerryError when it can't be asked */
  async look(signal: AbortSignal): Promise<void> {
    const { book, account } = this.#deps;
    await book.look(account, signal);
    const trust = book.trust.get().get(account);
    if (trust?.kind === 'stopped') throw new TrustError(account, trust.reason);
  }

  /**
   * The person's keys that sign the list now.
   * @throws OtherPersonError when none of theirs does
   */
  async keys(): Promise<AccountKeys> {
    const { person, serverId } = this.#deps;
    const noted = person.indexOf(serverId);
    const wanted = this.kept?.accountKey;
    if (wanted === undefined) return person.accountKeys(serverId, noted);
    for (const index of [noted, ...Array.from({ length: LOOK_AHEAD }, (_, i) => i)]) {
      const keys = await person.accountKeys(serverId, index);
      if (toBase64Url(keys.sign.publicKey) !== wanted) continue;
      await person.noteIndex(serverId, index);
      return keys;
    }
    throw new OtherPersonError(wanted);
  }

  /** Whether the kept list is signed by a key of this person's. Until then it is the server's word, whoever is on it. */
  async isOurs(): Promise<boolean> {
    if (this.kept === undefined || this.#deps.person.state.get().kind !== 'ready') return false;
    return this.keys().then(
      () => true,
      (error: unknown) => {
        if (error instanceof OtherPersonError) return false;
        throw error;
      },
    );
  }

  /**
   * Signs the next list, on top of the newest one there is. Does nothing where the change changes nothing.
   * @throws OtherPersonError; SkerryError `list_refused` when the server goes on refusing, `limit_reached`
   */
  change(change: ListChange, signal: AbortSignal): Promise<void> {
    return this.#change({ devices: change, machines: (machines) => machines }, signal);
  }

  /** As {@link change}, of the machines: who is a device stays one. */
  changeMachines(change: ListChange, signal: AbortSignal): Promise<void> {
    return this.#change({ devices: (devices) => devices, machines: change }, signal);
  }

  async #change(change: { devices: ListChange; machines: ListChange }, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries++) {
      const keys = await this.keys();
      const before = { devices: this.kept?.devices ?? [], machines: this.kept?.machines ?? [] };
      const devices = change.devices(before.devices);
      const machines = change.machines(before.machines);
      const isSame = sameDevices(devices, before.devices) && sameDevices(machines, before.machines);
      if (isSame && this.kept !== undefined) return;
      try {
        await this.#set({ devices, machines }, { signer: keys, succession: null, signal });
        await this.look(signal);
        // What came back may be the first list this device sees of its account: another than it has just signed.
        return void (await this.keys());
      } catch (error) {
        await this.#again(error, { tries, signal });
      }
    }
  }

  /**
   * The same, and moves the account to the key of the next index, vouched for by the present one: what somebody holds of this
   * key is worth nothing from then on.
   * @throws as {@link change}
   */
  async succeed(change: ListChange, signal: AbortSignal): Promise<void> {
    const { person, serverId, account } = this.#deps;
    for (let tries = 1; ; tries++) {
      const old = await this.keys();
      // One that belongs to another account of the person's is passed over.
      const index = person.indexOf(serverId) + tries;
      const signer = await person.accountKeys(serverId, index);
      const [from, to] = [toBase64Url(old.sign.publicKey), toBase64Url(signer.sign.publicKey)];
      const version = (this.kept?.version ?? 0) + 1;
      const word = encodeSuccession({ serverId, account, from, to, version });
      const succession = { from, signature: toBase64Url(signBytes(word, old.sign)) };
      try {
        const machines = this.kept?.machines ?? [];
        await this.#set({ devices: change(this.kept?.devices ?? []), machines }, { signer, succession, signal });
        await this.look(signal);
        return await person.noteIndex(serverId, index);
      } catch (error) {
        await this.#again(error, { tries, signal });
      }
    }
  }

  /**
   * Takes one off without asking what came of it: the session of that device ends with it.
   * @returns false where it isn't on the list, or nobody else is
   * @throws SkerryError
   */
  async leave(device: number, signal: AbortSignal): Promise<boolean> {
    await this.look(signal);
    const devices = this.kept?.devices ?? [];
    const others = devices.filter((one) => one.device !== device);
    if (others.length === devices.length || others.length === 0) return false;
    const machines = this.kept?.machines ?? [];
    await this.#set({ devices: others, machines }, { signer: await this.keys(), succession: null, signal });
    return true;
  }

  /** Another own device was quicker: on top of its list, again. */
  async #again(error: unknown, { tries, signal }: { tries: number; signal: AbortSignal }): Promise<void> {
    if (!(error instanceof SkerryError) || error.code !== 'list_refused' || tries >= TRIES) throw error;
    const before = this.kept?.version;
    await this.look(signal);
    // The same list would be refused again.
    if (this.kept?.version === before) throw error;
  }

  async #set(
    { devices, machines }: { devices: readonly ListedDevice[]; machines: readonly ListedDevice[] },
    how: { signer: AccountKeys; succession: { from: string; signature: string } | null; signal: AbortSignal },
  ): Promise<void> {
    const { api, serverId, account, clock, random } = this.#deps;
    const { kept } = this;
    if (devices.length > LIMITS.devicesPerAccount)
      throw new LocalError('limit_reached', `An account has ${LIMITS.devicesPerAccount} devices at most.`);
    if (machines.length > LIMITS.machinesPerAccount)
      throw new LocalError('limit_reached', `An account has ${LIMITS.machinesPerAccount} machines at most.`);
    const wrong = wrongDevices(kept, { devices: inOrder(devices), machines: inOrder(machines) });
    // The server names the numbers. One list that nobody can follow would end the chain for everyone.
    if (wrong !== undefined) throw new TrustError(account, wrong);
    const { sign } = how.signer;
    const signed = {
      account,
      accountKey: toBase64Url(sign.publicKey),
      version: (kept?.version ?? 0) + 1,
      previous: kept?.digest ?? null,
      at: this.#deps.serverNow(),
      devices: inOrder(devices),
      // Who is left out of a list is shut out; a list without any has the bytes it had before there were machines.
      ...(machines.length === 0 ? {} : { machines: inOrder(machines) }),
    };
    const signature = toBase64Url(signBytes(encodeDeviceList(serverId, signed), sign));
    const id = uuidv7<CommandId>(clock.now(), random.bytes(10));
    const list = { ...signed, signature, succession: how.succession };
    await api.call('command', { body: { id, command: { kind: 'devices.set', list } }, signal: how.signal });
  }
}

function inOrder(devices: readonly ListedDevice[]): ListedDevice[] {
  return [...devices].sort((a, b) => a.device - b.device);
}

function sameDevices(a: readonly ListedDevice[], b: readonly ListedDevice[]): boolean {
  return a.length === b.length && a.every((one) => b.some((other) => other.device === one.device));
}
