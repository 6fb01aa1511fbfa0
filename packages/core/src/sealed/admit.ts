import { fromBase64Url, type ListedDevice } from '@skerry/protocol';
import { type DeviceAddress, type Keys, TrustError } from '../keys/ports.ts';

/** Devices whose messages are read: those their accounts have signed. */
export class Admission {
  readonly #keys: Keys;
  readonly #admitted = new Set<string>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /**
   * Whether the device is or was on a verified list of its account. If so, nothing is read from it under another identity
   * than the one that list names.
   * @throws what asking the server throws
   */
  async admit(address: DeviceAddress, signal: AbortSignal): Promise<boolean> {
    const name = `${address.name}.${String(address.device)}`;
    if (this.#admitted.has(name)) return true;
    const listed = this.#listed(address) ?? (await this.#fetched(address, signal));
    const key = listed && fromBase64Url(listed.identityKey);
    if (key === undefined) return false;
    const known = await this.#keys.sessions.identityOf(address);
    if (known === undefined || known.key.some((byte, at) => byte !== key[at]))
      await this.#keys.sessions.acceptIdentity(address, key);
    this.#admitted.add(name);
    return true;
  }

  async #fetched(address: DeviceAddress, signal: AbortSignal): Promise<ListedDevice | undefined> {
    try {
      await this.#keys.devicesOf([address.name], signal);
      if (this.#listed(address) === undefined) await this.#keys.refresh([address.name], signal);
    } catch (error) {
      // What was verified before still counts.
      if (!(error instanceof TrustError)) throw error;
    }
    return this.#listed(address);
  }

  #listed({ name, device }: DeviceAddress): ListedDevice | undefined {
    return this.#keys.everListed(name).find((one) => one.device === device);
  }
}
