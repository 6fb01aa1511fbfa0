import type { Sessions } from '@skerry/crypto';
import {
  type AccountId,
  type CommandId,
  type ListedDevice,
  type OwnDevice as OwnDeviceAnswer,
  SkerryError,
  uuidv7,
} from '@skerry/protocol';
import { LocalError } from '../errors.ts';
import type { PersonSource } from '../identity/person.ts';
import type { Platform } from '../platform.ts';
import { encodeNote } from '../sealed/content.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import { deviceWords } from './device-words.ts';
import { envelopeBody } from './envelope.ts';
import type { OwnDeviceView } from './face.ts';
import { writeHandedOver } from './handed-over.ts';
import type { KeysApi } from './keys-api.ts';
import type { OwnList } from './own-list.ts';
import { type DeviceAddress, TrustError } from './ports.ts';

export type OwnDevicesDeps = {
  readonly api: KeysApi;
  readonly platform: Pick<Platform, 'clock' | 'random' | 'crypto'>;
  readonly person: PersonSource;
  readonly serverId: string;
  readonly account: AccountId;
  readonly list: OwnList;
  /** The number of this device; null before it is bound. */
  readonly self: () => number | null;
  readonly sessions: Sessions;
  readonly ensureSession: (address: DeviceAddress, signal: AbortSignal) => Promise<void>;
  readonly serverNow: () => number;
};

/** The person's devices on one server: looked at, named, let in and taken off. */
export class OwnDevices {
  readonly #deps: OwnDevicesDeps;
  readonly #views = new Value<readonly OwnDeviceView[]>([]);

  constructor(deps: OwnDevicesDeps) {
    this.#deps = deps;
  }

  get views(): Subscribable<readonly OwnDeviceView[]> {
    return this.#views;
  }

  /** Six words over the keys of a device of this account. */
  words({ signKey, identityKey }: { signKey: string; identityKey: string }): Promise<readonly string[]> {
    const { serverId, account, platform } = this.#deps;
    return deviceWords(platform.crypto, { serverId, account, signKey, identityKey });
  }

  /** What the server has just said of them, beside what is signed. */
  async show(devices: readonly OwnDeviceAnswer[]): Promise<void> {
    const views = await Promise.all(this.#people(devices).map((one) => this.#viewOf(one)));
    this.#views.set(views.sort((a, b) => Number(b.isThis) - Number(a.isThis) || a.device - b.device));
  }

  async reload(signal: AbortSignal): Promise<void> {
    await this.#deps.list.look(signal);
    await this.show(await this.#all(signal));
  }

  /** Lists the device whose keys have these words, and hands it the master secret. @throws LocalError, TrustError, SkerryError */
  async approve(device: number, words: readonly string[], signal: AbortSignal): Promise<void> {
    const { person, list, account, serverNow } = this.#deps;
    const handed = await person.handOver();
    const one = (await this.#all(signal)).find((other) => other.device === device);
    if (one === undefined) throw new LocalError('not_found', 'That device is no longer signed in.');
    const { signKey, identityKey } = one;
    const shown = await this.words(one);
    if (shown.length !== words.length || shown.some((word, index) => word !== words[index]))
      throw new LocalError('bad_request', 'That device has other keys by now. Compare the words again.');
    await list.look(signal);
    await list.change(withDevice({ device, signKey, identityKey, addedAt: serverNow() }), signal);
    const listed = list.kept?.devices.find((other) => other.device === device);
    // A device of that number was listed before, with other keys than those whose words were compared.
    if (listed?.signKey !== signKey || listed.identityKey !== identityKey)
      throw new TrustError(account, 'identity_differs');
    await this.#hand(writeHandedOver(handed), { name: account, device }, signal);
    await this.reload(signal);
  }

  async revoke(device: number, how: { stolen: boolean }, signal: AbortSignal): Promise<void> {
    const { api, list, self } = this.#deps;
    if (device === self()) throw new LocalError('forbidden', 'To take this device off, sign out on it.');
    await list.look(signal);
    const without = (devices: readonly ListedDevice[]): readonly ListedDevice[] =>
      devices.filter((one) => one.device !== device);
    const isListed = list.kept?.devices.some((one) => one.device === device) === true;
    if (how.stolen) await list.succeed(without, signal);
    else if (isListed) await list.change(without, signal);
    const sessionId = (await this.#all(signal)).find((one) => one.device === device)?.sessionId ?? null;
    // The list ends the sessions of what it no longer names; one that never was on it has to be ended.
    if (sessionId !== null)
      await api.call('revokeSession', { params: { sessionId }, signal }).catch((error: unknown) => {
        if (!(error instanceof SkerryError) || error.code !== 'not_found') throw error;
      });
    await this.reload(signal);
  }

  async rename(device: number, label: string, signal: AbortSignal): Promise<void> {
    await this.#deps.api.call('renameDevice', { params: { device }, body: { label }, signal });
    await this.reload(signal);
  }

  /** This device goes for good. @returns false when it isn't listed, or would leave an empty list. @throws SkerryError */
  async leave(signal: AbortSignal): Promise<boolean> {
    const { self, person, list } = this.#deps;
    const device = self();
    if (device === null || person.state.get().kind !== 'ready') return false;
    return list.leave(device, signal);
  }

  async #all(signal: AbortSignal): Promise<readonly OwnDeviceAnswer[]> {
    return this.#people((await this.#deps.api.call('ownDevices', { signal })).devices);
  }

  /**
   * Without machines, which nobody lets in as a device (M-2). What a list names counts before what the server says, so that it
   * hides no device by calling it a machine.
   */
  #people(devices: readonly OwnDeviceAnswer[]): readonly OwnDeviceAnswer[] {
    const { kept } = this.#deps.list;
    const isIn = (list: readonly ListedDevice[] | undefined, device: number): boolean =>
      list?.some((one) => one.device === device) === true;
    return devices.filter(
      ({ device, machine }) => isIn(kept?.devices, device) || !(machine === true || isIn(kept?.machines, device)),
    );
  }

  /** By a session with exactly the keys that were listed: whoever else is in the way reads nothing. */
  async #hand(rest: Record<string, unknown>, to: DeviceAddress, signal: AbortSignal): Promise<void> {
    const { api, serverId, sessions, ensureSession, platform } = this.#deps;
    await ensureSession(to, signal);
    const envelope = await sessions.encrypt(to, encodeNote({ server: serverId, what: 'person', rest }));
    const id = uuidv7<CommandId>(platform.clock.now(), platform.random.bytes(10));
    const envelopes = [{ account: to.name, device: to.device, body: envelopeBody(envelope) }];
    await api.call('command', { body: { id, command: { kind: 'envelopes.send', envelopes } }, signal });
  }

  async #viewOf(one: OwnDeviceAnswer): Promise<OwnDeviceView> {
    const { device, label, createdAt, lastSeenAt, signKey, identityKey } = one;
    const listed = this.#deps.list.kept?.devices.find((other) => other.device === device);
    // What the server says of a listed device counts only with the keys that were signed.
    const isListed = listed !== undefined && listed.signKey === signKey && listed.identityKey === identityKey;
    return {
      device,
      label,
      isThis: device === this.#deps.self(),
      standing: isListed ? 'listed' : 'wantsIn',
      words: await this.words(one),
      signedIn: one.sessionId !== null,
      createdAt,
      lastSeenAt,
    };
  }
}

/** The list with one more; as it is where that number is on it already. */
export function withDevice(added: ListedDevice): (devices: readonly ListedDevice[]) => readonly ListedDevice[] {
  return (devices) => (devices.some(({ device }) => device === added.device) ? devices : [...devices, added]);
}
