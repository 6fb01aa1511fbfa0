import {
  createIdentity,
  createSigningKey,
  type Device,
  Groups,
  type KeyPair,
  Sessions,
  signBytes,
  upkeepPreKeys,
  verifyBytes,
  webCurve,
  createQueues,
  type Curve,
} from '@skerry/crypto';
import {
  type Account,
  type AccountId,
  type BlobId,
  type ChannelId,
  type Command,
  type CommandId,
  type CommandOf,
  type CommandResult,
  encodeGroupBlock,
  encodeRoster,
  fromBase64Url,
  type GroupBlock,
  type ListedDevice,
  type MessageId,
  type PrekeyBundle,
  type SealedMessage,
  SkerryError,
  toBase64Url,
  type ToDeviceItem,
} from '@skerry/protocol';
import { createHash } from 'node:crypto';
import type { DeviceAddress, Keys, Listed, Trust } from '../keys/ports.ts';
import { createStorage } from '../keys/storage.ts';
import type { Clock, Random } from '../platform.ts';
import { Conversations } from '../sealed/conversations.ts';
import type { SealedTold } from '../sealed/ports.ts';
import type { StreamEvent } from '../sync/stream-event.ts';
import { createMemoryStorage, MemoryDisk } from '../stores/memory-storage.ts';
import type { StateStore } from '../stores/stores.ts';
import type { ChannelRow } from '../sync/tables.ts';
import { Value } from '../value.ts';
import { MortalStorage } from './mortal-storage.ts';
import { ENTRY_A } from './sync-rig.ts';

export const SERVER_ID = '0197f3f4-0000-7000-8000-00000000ffff';
const STORAGE_KEY = new Uint8Array(32).fill(7);

type Channel = {
  readonly id: ChannelId;
  readonly kind: 'direct' | 'group';
  readonly pair?: [AccountId, AccountId];
  readonly events: StreamEvent[];
  readonly chain: GroupBlock[];
  members: AccountId[];
};
type DeviceState = {
  readonly listed: ListedDevice;
  readonly queue: ToDeviceItem[];
  queueHead: number;
  bundle: Omit<PrekeyBundle, 'preKey'> | undefined;
  readonly preKeys: { id: number; publicKey: string }[];
};
type Person = {
  readonly id: AccountId;
  version: number;
  readonly accountKey: string;
  readonly devices: Map<number, DeviceState>;
  readonly revoked: Map<number, number>;
};

/**
 * The server's side of encrypted conversations in memory, with its rules and none of its edges, for tests that choose
 * every order. Each command happens once however often it comes.
 */
export class SealedWorld {
  now = 1_750_000_000_000;
  readonly people = new Map<AccountId, Person>();
  readonly channels = new Map<ChannelId, Channel>();
  readonly #done = new Map<string, { bytes: string; result: CommandResult }>();
  readonly blobs = new Map<BlobId, Uint8Array>();
  #ids = 0;
  /** Told after each change. */
  readonly onChange = new Set<() => void>();

  id<Id extends string>(): Id {
    return `0197f3f4-0000-7000-8000-${(++this.#ids).toString(16).padStart(12, '0')}` as Id;
  }

  person(): AccountId {
    const id = this.id<AccountId>();
    const accountKey = createHash('sha256').update(id).digest('base64url');
    this.people.set(id, { id, version: 0, accountKey, devices: new Map(), revoked: new Map() });
    return id;
  }

  of(id: AccountId): Person {
    const person = this.people.get(id);
    if (person === undefined) throw new SkerryError('not_found');
    return person;
  }

  /** @returns what puts everything that was said back to where it is now */
  backup(): () => void {
    const kept = structuredClone({ channels: this.channels, done: this.#done });
    const queues = [...this.people.values()].flatMap(({ devices }) => [...devices.values()]);
    const heads = queues.map(({ queue, queueHead }) => ({ queue: structuredClone(queue), queueHead }));
    return () => {
      this.channels.clear();
      for (const [id, channel] of kept.channels) this.channels.set(id, channel);
      this.#done.clear();
      for (const [key, done] of kept.done) this.#done.set(key, done);
      queues.forEach((device, at) => {
        device.queue.splice(0, device.queue.length, ...(heads[at]?.queue ?? []));
        device.queueHead = heads[at]?.queueHead ?? 0;
      });
      this.#changed();
    };
  }

  list(account: AccountId, device: Omit<ListedDevice, 'device' | 'addedAt'>): number {
    const person = this.of(account);
    const number = person.devices.size + 1;
    const listed = { ...device, device: number, addedAt: this.now };
    person.devices.set(number, { listed, queue: [], queueHead: 0, bundle: undefined, preKeys: [] });
    person.version += 1;
    this.#changed();
    return number;
  }

  revoke(account: AccountId, device: number): void {
    const person = this.of(account);
    person.revoked.set(device, this.now);
    person.version += 1;
    this.#changed();
  }

  listed(account: AccountId): Listed {
    const { id, version, accountKey, devices, revoked } = this.of(account);
    const now = [...devices.values()].map(({ listed }) => listed).filter(({ device }) => !revoked.has(device));
    return { account: id, version, accountKey, devices: now };
  }

  device({ name, device }: DeviceAddress): DeviceState {
    const found = this.of(name).devices.get(device);
    if (found === undefined) throw new SkerryError('no_device');
    return found;
  }

  channel(id: ChannelId): Channel {
    const found = this.channels.get(id);
    if (found === undefined) throw new SkerryError('not_found');
    return found;
  }

  run(from: DeviceAddress, id: CommandId, command: Command): CommandResult {
    const key = `${from.name} ${id}`;
    const bytes = JSON.stringify(command);
    const before = this.#done.get(key);
    if (before !== undefined) {
      if (before.bytes !== bytes) throw new SkerryError('id_conflict');
      return before.result;
    }
    if (this.of(from.name).revoked.has(from.device)) throw new SkerryError('no_device');
    this.now += 1;
    const result = this.#do(from, id, command);
    this.#done.set(key, { bytes, result });
    this.#changed();
    return result;
  }

  #do(from: DeviceAddress, id: CommandId, command: Command): CommandResult {
    switch (command.kind) {
      case 'direct.create': {
        const pair = [from.name, command.account].sort() as [AccountId, AccountId];
        if ([...this.channels.values()].some((one) => one.pair?.join() === pair.join()))
          throw new SkerryError('direct_exists');
        const channel = id as string as ChannelId;
        this.channels.set(channel, { id: channel, kind: 'direct', pair, events: [], chain: [], members: [...pair] });
        return { seq: 1, n: 0 };
      }
      case 'group.create': {
        const { block } = command;
        const channel: Channel = {
          id: block.channel,
          kind: 'group',
          events: [],
          chain: [block],
          members: block.add.map(({ account }) => account),
        };
        this.channels.set(channel.id, channel);
        return this.#append(channel, { message: null, chain: 1 });
      }
      case 'group.change': {
        const { block } = command;
        const channel = this.channel(block.channel);
        const last = channel.chain.at(-1) as GroupBlock;
        const digest = sha(encodeGroupBlock(SERVER_ID, last));
        if (block.version !== last.version + 1 || block.previous !== digest) throw new SkerryError('chain_conflict');
        channel.chain.push(block);
        const result = this.#append(channel, { message: null, chain: block.version });
        channel.members = channel.members
          .filter((one) => !block.remove.includes(one))
          .concat(block.add.map(({ account }) => account));
        return result;
      }
      case 'sealed.send':
        return this.#send(from, id, command);
      case 'envelopes.send':
        for (const envelope of command.envelopes) this.#queue(from, envelope, null);
        return { seq: 0, n: 0 };
      default:
        throw new SkerryError('not_found');
    }
  }

  #send(from: DeviceAddress, id: CommandId, send: CommandOf<'sealed.send'>): CommandResult {
    const channel = this.channel(send.channel);
    if (!channel.members.includes(from.name)) throw new SkerryError('not_found');
    const roster = encodeRoster({
      channel: channel.id,
      chain: channel.chain.length,
      members: channel.members.map((account) => ({ account, devices: this.of(account).version })),
    });
    if (send.roster !== sha(roster)) throw new SkerryError('devices_changed');
    const all = channel.events.flatMap(({ message }) => (message === null ? [] : [message]));
    const target = send.target === null ? undefined : all.find((one) => one.id === send.target);
    if (send.target !== null && target?.op !== 'post') throw new SkerryError('not_found');
    if (send.op === 'delete' && target?.author !== from.name) throw new SkerryError('forbidden');
    if (channel.kind === 'direct') {
      const wanted = channel.members.flatMap((account) =>
        this.listed(account).devices.map(({ device }) => `${account} ${device}`),
      );
      const given = [
        ...send.envelopes.map(({ account, device }) => `${account} ${device}`),
        `${from.name} ${from.device}`,
      ];
      if (wanted.sort().join() !== given.sort().join()) throw new SkerryError('bad_request', { field: 'envelopes' });
    }
    const message: SealedMessage = {
      id: id as string as MessageId,
      channel: channel.id,
      n: channel.events.length + 1,
      author: from.name,
      device: from.device,
      at: this.now,
      op: send.op,
      target: send.target,
      body: send.body,
      erased: target?.erased === true,
    };
    for (const envelope of send.envelopes) this.#queue(from, envelope, channel.kind === 'direct' ? message : null);
    const result = this.#append(channel, { message, chain: null });
    if (send.op === 'delete')
      for (const one of all)
        if (one.id === send.target || (one.target === send.target && one.op === 'change')) this.#erase(one);
    return result;
  }

  #erase(message: SealedMessage): void {
    Object.assign(message, { body: null, erased: true });
    for (const { devices } of this.people.values())
      for (const { queue } of devices.values())
        for (const item of queue) if (item.message?.id === message.id) Object.assign(item, { body: '' });
  }

  #queue(
    from: DeviceAddress,
    to: { account: AccountId; device: number; body: string },
    message: SealedMessage | null,
  ): void {
    const device = this.device({ name: to.account, device: to.device });
    const n = ++device.queueHead;
    device.queue.push({ n, from: from.name, fromDevice: from.device, at: this.now, message, body: to.body });
  }

  #append(channel: Channel, event: Omit<StreamEvent, 'n'>): CommandResult {
    const n = channel.events.length + 1;
    channel.events.push({ n, ...event });
    return { seq: n, n };
  }

  #changed(): void {
    for (const listener of [...this.onChange]) listener();
  }
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');

export type WorldDeviceOptions = {
  readonly world: SealedWorld;
  readonly account: AccountId;
  readonly clock: Clock;
  readonly random: Random;
};

/** A device in a {@link SealedWorld}: the real conversations over real sessions; the test holds its network and its disk. */
export class WorldDevice {
  readonly world: SealedWorld;
  readonly account: AccountId;
  number = 0;
  readonly disk = new MemoryDisk();
  mortal: MortalStorage;
  conversations: Conversations | undefined;
  readonly #options: WorldDeviceOptions;
  readonly #curve: Promise<Curve> = webCurve(undefined);
  #signing: KeyPair;
  /** Per channel how far its stream was told, as the cache would keep it. */
  readonly heads = new Map<ChannelId, number>();
  #listeners = new Set<(told: SealedTold) => void>();
  readonly live = new Value(false);
  readonly queue = new Value<number | null>(null);
  /** Set to lose an answer: the command is done and nobody says so; or to refuse it. */
  answer: (command: Command) => 'lost' | SkerryError | undefined = () => undefined;
  readonly sent: { readonly id: CommandId; readonly bytes: string }[] = [];
  readonly problems: unknown[] = [];
  readonly trust = new Value<ReadonlyMap<AccountId, Trust>>(new Map());
  #keys: Keys | undefined;

  private constructor(options: WorldDeviceOptions) {
    this.#options = options;
    this.world = options.world;
    this.account = options.account;
    this.#signing = createSigningKey(options.random);
    this.mortal = new MortalStorage(createMemoryStorage(this.disk));
  }

  static async make(options: WorldDeviceOptions): Promise<WorldDevice> {
    const device = new WorldDevice(options);
    const { keys, signal } = await device.#open();
    const identity = await createIdentity(signal);
    const { world, account } = device;
    const identityKey = toBase64Url(identity.identityKey);
    device.number = world.list(account, { signKey: toBase64Url(device.#signing.publicKey), identityKey });
    // One-time prekeys are the directory's affair; making hundreds of them would be most of a test's time.
    const published = await upkeepPreKeys(signal, {
      oneTime: 100,
      signedPreKeyId: undefined,
      kyberPreKeyId: undefined,
    });
    const signed = (key: {
      id: number;
      publicKey: Uint8Array;
      signature: Uint8Array;
    }): PrekeyBundle['signedPreKey'] => ({
      id: key.id,
      publicKey: toBase64Url(key.publicKey),
      signature: toBase64Url(key.signature),
    });
    const state = world.device(device.address);
    state.bundle = {
      registrationId: identity.registrationId,
      identityKey,
      signedPreKey: signed(published!.signedPreKey!),
      kyberPreKey: signed(published!.kyberPreKey!),
    };
    state.preKeys.push(...published!.preKeys.map(({ id, publicKey }) => ({ id, publicKey: toBase64Url(publicKey) })));
    await device.#begin(keys);
    return device;
  }

  get address(): DeviceAddress {
    return { name: this.account, device: this.number };
  }

  get c(): Conversations {
    if (this.conversations === undefined) throw new Error('this device is off');
    return this.conversations;
  }

  get keys(): Keys {
    return this.#keys as Keys;
  }

  connect(): void {
    this.queue.set(null);
    this.live.set(true);
    this.deliver({ withEvents: false });
  }

  cut(): void {
    this.live.set(false);
  }

  /** The process dies, at any place; the next one starts with what the disk holds. */
  async die(): Promise<void> {
    this.live.set(false);
    this.mortal.kill();
    this.#listeners = new Set();
    this.mortal = new MortalStorage(createMemoryStorage(this.disk));
    await this.#begin((await this.#open()).keys);
  }

  /** The stream tells what it has; repeated, or with its events lost on the way, if the test wants so. */
  deliver({ withEvents = true, again = 0 }: { withEvents?: boolean; again?: number } = {}): void {
    const events = new Map<ChannelId, readonly StreamEvent[]>();
    for (const channel of this.world.channels.values()) {
      const head = this.heads.get(channel.id) ?? 0;
      const all = structuredClone(channel.events.slice(Math.max(0, head - again)));
      this.heads.set(channel.id, channel.events.length);
      if (withEvents && all.length > 0) events.set(channel.id, all);
    }
    const { queueHead } = this.world.device(this.address);
    for (const listener of [...this.#listeners]) listener({ events, channels: true });
    if (this.live.get()) this.queue.set(queueHead);
  }

  row(id: ChannelId): ChannelRow | undefined {
    const channel = this.world.channels.get(id);
    if (channel === undefined || !this.heads.has(id)) return undefined;
    return {
      channel: {
        id,
        name: 'x',
        topic: '',
        visibility: 'private',
        history: 'joined',
        archived: false,
        sealed: channel.kind,
        ...(channel.pair === undefined ? {} : { pair: channel.pair }),
        createdBy: null,
        createdAt: 0,
        rev: 1,
      },
      member: channel.members.includes(this.account),
      head: this.heads.get(id) ?? 0,
      lastAt: 0,
      readN: 0,
      unread: 0,
      counted: 0,
      since: [],
      spans: [],
    };
  }

  async #open(): Promise<{ keys: Keys; signal: Device; state: StateStore }> {
    const { clock, random } = this.#options;
    const state = await this.mortal.storage.state(ENTRY_A);
    const { stores, storage } = createStorage(state, { key: STORAGE_KEY, random });
    const curve = await this.#curve;
    const signal: Device = { stores, exclusive: createQueues(), curve, random, clock };
    const sessions = new Sessions(signal, { postQuantum: 'required' });
    const { world, trust } = this;
    const signing = this.#signing;
    const address = (): DeviceAddress => this.address;
    const lists = async (accounts: readonly AccountId[]): Promise<ReadonlyMap<AccountId, Listed>> =>
      new Map(accounts.map((account) => [account, world.listed(account)] as const));
    const begin = async (to: DeviceAddress): Promise<void> => {
      const device = world.device(to);
      const preKey = device.preKeys.shift();
      const { bundle } = device;
      if (bundle === undefined) throw new SkerryError('not_found');
      const bytes = (text: string): Uint8Array => fromBase64Url(text) ?? new Uint8Array();
      const signed = (key: PrekeyBundle['signedPreKey']) => ({
        ...key,
        publicKey: bytes(key.publicKey),
        signature: bytes(key.signature),
      });
      await sessions.start(to, {
        registrationId: bundle.registrationId,
        identityKey: bytes(bundle.identityKey),
        signedPreKey: signed(bundle.signedPreKey),
        kyberPreKey: signed(bundle.kyberPreKey),
        preKey: preKey && { id: preKey.id, publicKey: bytes(preKey.publicKey) },
      });
    };
    let groups: Groups | undefined;
    const unknown: Trust = { kind: 'unknown' };
    const keys: Keys = {
      serverId: SERVER_ID,
      status: new Value({ kind: 'ready', device: this.number } as const),
      get self() {
        return address();
      },
      sessions,
      get groups() {
        return (groups ??= new Groups(signal, address()));
      },
      sign: (bytes) => signBytes(bytes, signing),
      verifySignature: async ({ bytes, signature, publicKey }) =>
        verifyBytes(
          { bytes, signature: fromBase64Url(signature) ?? bytes, publicKey: fromBase64Url(publicKey) ?? bytes },
          curve,
        ),
      digest: async (bytes) => sha(bytes),
      devicesOf: lists,
      refresh: lists,
      known: (account) => world.listed(account),
      everListed: (account) => {
        const { devices, revoked } = world.of(account);
        return [...devices.values()].map(({ listed }) => ({ ...listed, removedAt: revoked.get(listed.device) }));
      },
      machines: () => [],
      ownList: () => undefined,
      listMachine: () => Promise.reject(new SkerryError('not_found')),
      unlistMachine: () => Promise.reject(new SkerryError('not_found')),
      ensureSession: async (to) =>
        signal.exclusive.run(`begin/${to.name}.${to.device}`, async () => {
          if (!(await sessions.has(to))) await begin(to);
        }),
      renewSession: begin,
      trust,
      trustOf: () => new Value(unknown),
      accept: async () => undefined,
      verify: async () => undefined,
      seen: async () => undefined,
      safetyNumber: () => Promise.reject(new SkerryError('not_found')),
      storage,
      personOffered: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
    this.#keys = keys;
    return { keys, signal, state };
  }

  async #begin(keys: Keys): Promise<void> {
    const { clock, random } = this.#options;
    const { world } = this;
    const state = await this.mortal.storage.state(ENTRY_A);
    const online = (): void => {
      if (!this.live.get()) throw new SkerryError('unavailable');
    };
    this.conversations = await Conversations.open({
      keys,
      state,
      clock,
      random,
      subtle: globalThis.crypto.subtle,
      live: this.live,
      queue: this.queue,
      skew: new Value<number | null>(0),
      told: {
        me: () => this.account,
        channel: (id) => this.row(id),
        channels: () => [...world.channels.keys()].flatMap((id) => this.row(id) ?? []),
        account: (id): Account => ({
          id,
          username: id,
          displayName: id,
          role: 'member',
          disabled: false,
          createdAt: 0,
          rev: 1,
          devices: world.of(id).version,
        }),
        liveAt: () => null,
        readN: () => 0,
        listen: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      api: {
        toDevice: async (after) => {
          online();
          const { queue, queueHead } = world.device(this.address);
          const items = structuredClone(queue.filter(({ n }) => n > after).slice(0, 100));
          return { first: queue[0]?.n ?? queueHead + 1, head: queueHead, items };
        },
        ackToDevice: async (n) => {
          online();
          const { queue } = world.device(this.address);
          while ((queue[0]?.n ?? Number.POSITIVE_INFINITY) <= n) queue.shift();
        },
        sealedMessages: async (channel, after) => {
          online();
          const { events } = world.channel(channel);
          const all = events.flatMap(({ message }) => (message !== null && message.n > after ? [message] : []));
          return structuredClone({ head: events.length, messages: all.slice(0, 7), more: all.length > 7 });
        },
        groupChain: async (channel, after) => {
          online();
          return structuredClone({ blocks: world.channel(channel).chain.slice(after), more: false });
        },
        command: async (id, command) => {
          online();
          this.sent.push({ id, bytes: JSON.stringify(command) });
          const wanted = this.answer(command);
          if (wanted instanceof SkerryError) throw wanted;
          const result = world.run(this.address, id, command);
          if (wanted === 'lost') throw new SkerryError('unavailable');
          return result;
        },
        putBlob: async (_channel, bytes) => {
          online();
          const blob = world.id<BlobId>();
          world.blobs.set(blob, bytes);
          return blob;
        },
        blob: async (blob) => world.blobs.get(blob) ?? new Uint8Array(),
      },
    });
  }
}
