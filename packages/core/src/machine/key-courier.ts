import type { Sessions } from '@skerry/crypto';
import { type AccountId, type ListedDevice, SkerryError, toBase64Url } from '@skerry/protocol';
import type { AgentKeys } from '@skerry/protocol/agents';
import * as z from 'zod/mini';
import { bundleOf } from '../keys/bundle.ts';
import { envelopeBody } from '../keys/envelope.ts';
import type { KeysApi } from '../keys/keys-api.ts';
import { type DeviceAddress, TrustError } from '../keys/ports.ts';
import type { Clock } from '../platform.ts';
import type { AgentKeyBook } from './agent-key-book.ts';
import type { Commands } from './commands.ts';
import type { PersonList } from './person-list.ts';
import type { Records } from './records.ts';

export type KeyCourierDeps = {
  readonly serverId: string;
  readonly account: AccountId;
  readonly device: number;
  readonly records: Records;
  readonly keys: AgentKeyBook;
  readonly list: PersonList;
  readonly sessions: Sessions;
  readonly commands: Commands;
  readonly api: KeysApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly run: (task: Promise<unknown>) => void;
  /** The server knows another list. */
  readonly outdated: () => void;
};

/** `upTo`: the serial number of the last key that the server took for this device. */
const stored = z.object({ upTo: z.number() });

const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 5 * 60_000;
/** A device gets all keys again this often at most. SPEC M-14. */
const AGAIN_MS = 60_000;
const encoder = new TextEncoder();

/**
 * Brings every listed device of the person the keys it lacks, in envelopes of its own Signal session: those that are new, and
 * all of them to a device that is listed later. SPEC M-14.
 */
export class KeyCourier {
  readonly #deps: KeyCourierDeps;
  readonly #sent = new Map<number, number>();
  readonly #askedAt = new Map<number, number>();
  #running = false;
  #again = false;
  #cancel: () => void = () => undefined;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(deps: KeyCourierDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const [key, { upTo }] of await this.#deps.records.all('machine_devices', stored)) {
      this.#sent.set(Number(key), upTo);
    }
  }

  /** Something may be missing somewhere. Never throws. */
  kick(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#go();
  }

  /** A device says that it lacks keys. It gets all of them, over a new session: the old one may be what is broken. */
  async resend(device: number): Promise<void> {
    const { list, clock, sessions, records } = this.#deps;
    const now = clock.now();
    if (list.device(device) === undefined || now - (this.#askedAt.get(device) ?? -Infinity) < AGAIN_MS) return;
    this.#askedAt.set(device, now);
    await sessions.reset(this.#address(device));
    await records.commit([records.put('machine_devices', device, { upTo: 0 })]);
    this.#sent.set(device, 0);
    this.kick();
  }

  dispose(): void {
    this.#cancel();
  }

  #go(): void {
    this.#cancel();
    this.#cancel = () => undefined;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    this.#deps.run(this.#deliverAll());
  }

  async #deliverAll(): Promise<void> {
    const { list, signal, clock } = this.#deps;
    let isWhole: boolean;
    do {
      this.#again = false;
      isWhole = true;
      await this.#forgetLeft().catch(() => (isWhole = false));
      for (const device of list.devices)
        await this.#deliver(device).catch((error: unknown) => {
          // The others get theirs all the same.
          isWhole = false;
          if (error instanceof SkerryError && error.code === 'devices_changed') this.#deps.outdated();
        });
    } while (this.#again && !signal.aborted);
    this.#running = false;
    if (isWhole || signal.aborted) return;
    this.#cancel = clock.after(this.#pauseMs, () => this.#go());
    this.#pauseMs = Math.min(MOST_PAUSE_MS, this.#pauseMs * 2);
  }

  async #deliver(to: ListedDevice): Promise<void> {
    const { keys, records, list } = this.#deps;
    // A device that left in the meantime gets no more.
    while (list.device(to.device) !== undefined && (this.#sent.get(to.device) ?? 0) < keys.last) {
      const before = this.#sent.get(to.device) ?? 0;
      const { keys: some, upTo } = keys.after(before);
      await this.#send(to, some);
      // Asked for again meanwhile: then it begins again.
      if ((this.#sent.get(to.device) ?? 0) !== before) continue;
      await records.commit([records.put('machine_devices', to.device, { upTo })]);
      this.#sent.set(to.device, upTo);
    }
  }

  async #send(to: ListedDevice, keys: AgentKeys['keys']): Promise<void> {
    const { serverId, account, device: machine, sessions, records, commands } = this.#deps;
    const address = this.#address(to.device);
    await this.#ensureSession(address, to);
    const content: AgentKeys = { v: 1, server: serverId, what: 'agentKeys', machine, keys };
    // The ratchet is on the disk before what it made leaves.
    const sealed = await sessions.encrypt(address, encoder.encode(JSON.stringify(content)), (_envelope, changes) =>
      records.commit([], changes),
    );
    const body = envelopeBody(sealed);
    await commands.run({ kind: 'envelopes.send', envelopes: [{ account, device: to.device, body }] });
  }

  /** @throws TrustError `identity_differs` when the directory names another identity than the signed list */
  async #ensureSession(address: DeviceAddress, listed: ListedDevice): Promise<void> {
    const { sessions, api, account, signal } = this.#deps;
    const known = await sessions.identityOf(address);
    if (known !== undefined && toBase64Url(known.key) !== listed.identityKey)
      throw new TrustError(account, 'identity_differs');
    if (await sessions.has(address)) return;
    const bundle = await api.call('claimPrekeys', { body: { account, device: listed.device }, signal });
    if (bundle.identityKey !== listed.identityKey) throw new TrustError(account, 'identity_differs');
    await sessions.start(address, bundleOf(bundle));
  }

  async #forgetLeft(): Promise<void> {
    const { list, records, sessions } = this.#deps;
    if (list.standing.get().kind !== 'listed') return;
    for (const device of [...this.#sent.keys()]) {
      if (list.device(device) !== undefined) continue;
      await sessions.forget(this.#address(device));
      await records.commit([records.drop('machine_devices', device)]);
      this.#sent.delete(device);
    }
  }

  #address(device: number): DeviceAddress {
    return { name: this.#deps.account, device };
  }
}
