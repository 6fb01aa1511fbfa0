import { type AccountId, fromBase64Url, type ListedDevice } from '@skerry/protocol';
import { type DeviceAddress, type EverListed, type Keys, TrustError } from '../keys/ports.ts';

/** Clocks of devices and servers differ by less. */
const GRACE_MS = 10 * 60_000;

/** Devices whose messages are read: those their accounts have signed. */
export class Admission {
  readonly #keys: Keys;
  readonly #newest: (account: AccountId) => number | undefined;
  readonly #admitted = new Set<string>();

  /** @param newest the version of an account's list that the stream names */
  constructor(keys: Keys, newest: (account: AccountId) => number | undefined) {
    this.#keys = keys;
    this.#newest = newest;
  }

  /**
   * Whether the device is on a verified list of its account, or was at that time. If so, nothing is read from it under another identity
   * than the one that list names.
   * @throws what asking the server throws
   */
  async admit({ address, at }: { address: DeviceAddress; at: number }, signal: AbortSignal): Promise<boolean> {
    const name = `${address.name}.${String(address.device)}`;
    const isOld = (this.#newest(address.name) ?? 0) > (this.#keys.known(address.name)?.version ?? 0);
    const listed = (isOld ? undefined : this.#listed(address)) ?? (await this.#fetched(address, signal));
    const key = listed && fromBase64Url(listed.identityKey);
    if (key === undefined) return false;
    // What it said before it was taken off may come late; what a thief says after that is not its person's word.
    if (listed?.removedAt !== undefined && at > listed.removedAt + GRACE_MS) return false;
    if (this.#admitted.has(name)) return true;
    await this.#identify(address, key);
    this.#admitted.add(name);
    return true;
  }

  /**
   * One of the person's own machines, as the newest verified list names it; nothing is read from it under another identity.
   * @throws what asking the server throws
   */
  async machine(address: DeviceAddress, signal: AbortSignal): Promise<ListedDevice | undefined> {
    const keys = this.#keys;
    if (address.name !== keys.self.name) return undefined;
    const isOld = (this.#newest(address.name) ?? 0) > (keys.known(address.name)?.version ?? 0);
    const find = (): ListedDevice | undefined => keys.machines().find(({ device }) => device === address.device);
    if (isOld || (find() === undefined && this.#listed(address) === undefined)) await this.#fetched(address, signal);
    const machine = find();
    const key = machine && fromBase64Url(machine.identityKey);
    if (key === undefined) return undefined;
    const name = `${address.name}.${String(address.device)}`;
    if (!this.#admitted.has(name)) await this.#identify(address, key);
    this.#admitted.add(name);
    return machine;
  }

  async #identify(address: DeviceAddress, key: Uint8Array): Promise<void> {
    const known = await this.#keys.sessions.identityOf(address);
    if (known === undefined || known.key.some((byte, at) => byte !== key[at]))
      await this.#keys.sessions.acceptIdentity(address, key);
  }

  async #fetched(address: DeviceAddress, signal: AbortSignal): Promise<EverListed | undefined> {
    try {
      await this.#keys.devicesOf([address.name], signal);
      if (this.#listed(address) === undefined) await this.#keys.refresh([address.name], signal);
    } catch (error) {
      // What was verified before still counts.
      if (!(error instanceof TrustError)) throw error;
    }
    return this.#listed(address);
  }

  #listed({ name, device }: DeviceAddress): EverListed | undefined {
    return this.#keys.everListed(name).find((one) => one.device === device);
  }
}
