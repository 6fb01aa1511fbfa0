import { generateKeyPairSync, hash, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  encodeDeviceList,
  encodeGroupBlock,
  encodeRoster,
  toBase64Url,
  type AccountId,
  type ChannelId,
  type Command,
  type CommandOf,
  type DeviceList,
  type Envelope,
  type GroupBlock,
  type ListedDevice,
  type SessionId,
} from '@skerry/protocol';
import type { LogFixture, Person } from './log-fixture.ts';

type KeyPair = { readonly publicKey: string; readonly secret: KeyObject };

function freshKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { publicKey: publicKey.export({ format: 'jwk' }).x ?? '', secret: privateKey };
}

const signed = (key: KeyPair, bytes: Uint8Array): string => toBase64Url(sign(null, bytes, key.secret));

/** What a device encrypted, as far as the server can tell. */
export const ciphertext = (bytes = 24): string =>
  Buffer.concat([Buffer.of(1), randomBytes(bytes - 1)]).toString('base64url');

export type KeyedDevice = ListedDevice & Person & { readonly key: KeyPair };

/** A person of the fixture with an account key, a signed device list, and a session for every device. */
export class KeyedPerson {
  readonly account: AccountId;
  readonly accountKey = freshKeyPair();
  readonly devices: KeyedDevice[] = [];
  readonly #log: LogFixture;
  readonly #first: Person;
  #listed: readonly ListedDevice[] = [];
  #version = 0;
  #previous: string | null = null;

  constructor(
    log: LogFixture,
    { devices = 1, person = log.person() }: { readonly devices?: number; readonly person?: Person } = {},
  ) {
    this.#log = log;
    this.#first = person;
    this.account = this.#first.account;
    log.do((tx) =>
      tx.db.run('UPDATE accounts SET account_key = ? WHERE id = ?', this.accountKey.publicKey, this.account),
    );
    for (let i = 0; i < devices; i++) this.addDevice();
    if (devices > 0) this.setList(this.devices);
  }

  /** The session of the first device, or of none. */
  get person(): Person {
    return this.devices[0] ?? this.#first;
  }

  device(at = 0): KeyedDevice {
    const found = this.devices[at];
    if (found === undefined) throw new Error('no such device');
    return found;
  }

  /** Version of the newest list. */
  get version(): number {
    return this.#version;
  }

  get listed(): readonly ListedDevice[] {
    return this.#listed;
  }

  /** Binds another device, in a session of its own, without listing it. */
  addDevice(): KeyedDevice {
    const key = freshKeyPair();
    const number = this.devices.length + 1;
    const identityKey = Buffer.concat([Buffer.of(5), randomBytes(32)]).toString('base64url');
    const session = number === 1 ? this.#first.session : this.#log.newId<SessionId>();
    this.#log.do((tx) => {
      if (number > 1)
        tx.db.run(
          "INSERT INTO sessions (id, account_id, device, created_at, last_seen_at) VALUES (?, ?, 'test', ?, ?)",
          session,
          this.account,
          tx.now,
          tx.now,
        );
      tx.db.run('UPDATE sessions SET device_number = ? WHERE id = ?', number, session);
      tx.db.run(
        "INSERT INTO devices (account_id, device, label, sign_key, identity_key, registration_id, created_at, last_seen_at) VALUES (?, ?, 'test', ?, ?, 1, ?, ?)",
        this.account,
        number,
        key.publicKey,
        identityKey,
        tx.now,
        tx.now,
      );
    });
    const device: KeyedDevice = {
      device: number,
      signKey: key.publicKey,
      identityKey,
      addedAt: this.#log.now,
      account: this.account,
      session,
      key,
    };
    this.devices.push(device);
    return device;
  }

  /** The next list, signed. */
  nextList(devices: readonly ListedDevice[]): DeviceList {
    const list = {
      account: this.account,
      accountKey: this.accountKey.publicKey,
      version: this.#version + 1,
      previous: this.#previous,
      at: this.#log.now,
      devices: devices.map(({ device, signKey, identityKey, addedAt }) => ({ device, signKey, identityKey, addedAt })),
    };
    const signature = signed(this.accountKey, encodeDeviceList(this.#log.serverId, list));
    return { ...list, signature, succession: null };
  }

  /** The list in its command, for a batch; `took` it once it was done. */
  setCommand(devices: readonly ListedDevice[]): {
    readonly command: CommandOf<'devices.set'>;
    readonly took: () => void;
  } {
    const list = this.nextList(devices);
    const took = () => {
      this.#listed = list.devices;
      this.#version = list.version;
      this.#previous = hash('sha256', encodeDeviceList(this.#log.serverId, list), 'base64url');
    };
    return { command: { kind: 'devices.set', list }, took };
  }

  /** Makes these the listed devices; the others are shut out. */
  setList(devices: readonly KeyedDevice[]): void {
    const { command, took } = this.setCommand(devices);
    this.#log.run(devices[0] ?? this.person, command);
    took();
  }

  member(): GroupBlock['add'][number] {
    return { account: this.account, accountKey: this.accountKey.publicKey };
  }
}

export const rosterDigest = (channel: string, people: readonly KeyedPerson[], chain = 0): string =>
  hash(
    'sha256',
    encodeRoster({ channel, chain, members: people.map(({ account, version }) => ({ account, devices: version })) }),
    'base64url',
  );

/** One envelope for every listed device of these people but the sending one. */
export function envelopesFor(people: readonly KeyedPerson[], sender: { account: string; device: number }): Envelope[] {
  return people
    .flatMap(({ account, listed }) => listed.map(({ device }) => ({ account, device, body: ciphertext() })))
    .filter(({ account, device }) => account !== sender.account || device !== sender.device);
}

type Parts = Partial<Omit<CommandOf<'sealed.send'>, 'kind' | 'channel'>>;

/** A post to a direct conversation, right in every part that is not given. */
export function directSend(
  channel: ChannelId,
  people: readonly [KeyedPerson, KeyedPerson],
  { from = people[0].device(), ...parts }: Parts & { from?: KeyedDevice } = {},
): CommandOf<'sealed.send'> {
  return {
    kind: 'sealed.send',
    channel,
    op: 'post',
    target: null,
    roster: rosterDigest(channel, people),
    body: null,
    envelopes: envelopesFor(people, from),
    blobs: [],
    ...parts,
  };
}

/** A post to a group, right in every part that is not given. */
export function groupSend(
  channel: ChannelId,
  people: readonly KeyedPerson[],
  { chain = 1, ...parts }: Parts & { chain?: number } = {},
): CommandOf<'sealed.send'> {
  return {
    kind: 'sealed.send',
    channel,
    op: 'post',
    target: null,
    roster: rosterDigest(channel, people, chain),
    body: ciphertext(),
    envelopes: [],
    blobs: [],
    ...parts,
  };
}

/** Signs the blocks of a group one after the other. */
export class GroupChain {
  readonly channel: ChannelId;
  readonly #serverId: string;
  version = 0;
  previous: string | null = null;

  constructor(channel: ChannelId, serverId: string) {
    this.channel = channel;
    this.#serverId = serverId;
  }

  /** The next block; it counts as the last one only when `accepted` is told. */
  block(
    by: KeyedDevice,
    changes: Partial<Pick<GroupBlock, 'add' | 'remove' | 'version' | 'previous' | 'author' | 'device' | 'channel'>>,
  ): GroupBlock {
    const block = {
      channel: this.channel,
      version: this.version + 1,
      previous: this.previous,
      at: 1_700_000_000_000,
      author: by.account,
      device: by.device,
      add: [],
      remove: [],
      ...changes,
    };
    return { ...block, signature: signed(by.key, encodeGroupBlock(this.#serverId, block)) };
  }

  accepted(block: GroupBlock): void {
    this.version = block.version;
    this.previous = hash('sha256', encodeGroupBlock(this.#serverId, block), 'base64url');
  }
}

export const direct = (account: AccountId): Command => ({ kind: 'direct.create', account });
