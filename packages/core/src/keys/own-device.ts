import { createIdentity, createSigningKey, type Device, signBytes, signingKeyOf } from '@skerry/crypto';
import {
  type AccountId,
  encodeDeviceBinding,
  fromBase64Url,
  type SessionId,
  SkerryError,
  toBase64Url,
} from '@skerry/protocol';
import * as z from 'zod/mini';
import { LocalError } from '../errors.ts';
import type { StateStore, Write } from '../stores/stores.ts';
import type { KeysApi } from './keys-api.ts';
import { type KeyStorage, rowName } from './ports.ts';
import { SIGNAL } from './storage.ts';

/** Table of the State store for what is this device's own. Never part of a backup. */
const TABLE = 'device';
const KEY = 'own';

const record = z.object({
  seed: z.string(),
  device: z.nullable(z.number()),
  /** The session that was last tied to it. */
  session: z.nullable(z.string()),
});
type Record = z.infer<typeof record>;

export type OwnDeviceDeps = {
  readonly state: StateStore;
  readonly storage: KeyStorage;
  readonly signal: Device;
  readonly api: KeysApi;
  readonly serverId: string;
  readonly account: AccountId;
};

/** What the directory and the list say of this device. */
export type PublicDevice = { readonly signKey: string; readonly identityKey: string; readonly registrationId: number };

/**
 * This device on one server: its signing key and Signal identity, made once per entry, and the number the server gave it.
 * SPEC E-2, S4.7, S4.26.
 */
export class OwnDevice {
  readonly #deps: OwnDeviceDeps;
  #record: Record | undefined;
  #keys: ReturnType<typeof signingKeyOf> | undefined;
  #public: PublicDevice | undefined;

  constructor(deps: OwnDeviceDeps) {
    this.#deps = deps;
  }

  /** Reads what is kept, or makes it. @throws what the store throws, or a record that can't be opened */
  async load(): Promise<void> {
    const { state, storage } = this.#deps;
    const row = await state.get(TABLE, KEY);
    if (row === undefined) return this.#make();
    const read = record.parse(storage.openJson(rowName(TABLE, KEY), row.value as Uint8Array));
    const seed = fromBase64Url(read.seed);
    if (seed === undefined) throw new SkerryError('internal');
    await this.#use(read, signingKeyOf(seed));
  }

  get number(): number | null {
    return this.#record?.device ?? null;
  }

  /** The session that was last tied to it, as far as this device knows. */
  get session(): string | null {
    return this.#record?.session ?? null;
  }

  get public(): PublicDevice {
    if (this.#public === undefined) throw new LocalError('no_device', 'This device has no keys yet.');
    return this.#public;
  }

  sign(bytes: Uint8Array): Uint8Array {
    if (this.#keys === undefined) throw new LocalError('no_device', 'This device has no keys yet.');
    return signBytes(bytes, this.#keys);
  }

  /**
   * Ties the session to this device, again and again with the same end. A device that was revoked begins as another one.
   * @returns whether the session was tied anew
   * @throws SkerryError when the server refuses or can't be asked
   */
  async bind(session: SessionId, signal: AbortSignal): Promise<boolean> {
    if (this.#record?.session === session && this.number !== null) return false;
    try {
      await this.#bind(session, signal);
    } catch (error) {
      if (!(error instanceof SkerryError) || error.code !== 'no_device' || this.number === null) throw error;
      await this.#startAnew();
      await this.#bind(session, signal);
    }
    return true;
  }

  async #bind(session: SessionId, signal: AbortSignal): Promise<void> {
    const { api, serverId, account } = this.#deps;
    const { signKey, identityKey, registrationId } = this.public;
    const device = this.number;
    const bytes = encodeDeviceBinding({ serverId, account, session, device, signKey, identityKey, registrationId });
    const signature = toBase64Url(this.sign(bytes));
    const given = await api.call('bindDevice', {
      body: { device, signKey, identityKey, registrationId, signature },
      signal,
    });
    // Another number under the same key would make two devices of one.
    if (device !== null && given.device !== device) throw new SkerryError('no_device');
    await this.#save({ ...this.#needed(), device: given.device, session });
  }

  /** Numbers of devices that were revoked never come back, nor do their keys: sessions with this one end. */
  async #startAnew(): Promise<void> {
    const { state } = this.#deps;
    const rows = await state.range(SIGNAL, {});
    await state.commit([
      ...rows.map(({ key }): Write => ({ table: SIGNAL, key, delete: true })),
      { table: TABLE, key: KEY, delete: true },
    ]);
    await this.#make();
  }

  async #make(): Promise<void> {
    const keys = createSigningKey(this.#deps.signal.random);
    await this.#save({ seed: toBase64Url(keys.secret), device: null, session: null });
    await this.#use(this.#needed(), keys);
  }

  async #use(read: Record, keys: ReturnType<typeof signingKeyOf>): Promise<void> {
    const { identityKey, registrationId } = await createIdentity(this.#deps.signal);
    this.#record = read;
    this.#keys = keys;
    this.#public = { signKey: toBase64Url(keys.publicKey), identityKey: toBase64Url(identityKey), registrationId };
  }

  async #save(next: Record): Promise<void> {
    const { state, storage } = this.#deps;
    await state.commit([{ table: TABLE, key: KEY, value: storage.sealJson(rowName(TABLE, KEY), next) }]);
    this.#record = next;
  }

  #needed(): Record {
    if (this.#record === undefined) throw new LocalError('no_device', 'This device has no keys yet.');
    return this.#record;
  }
}
