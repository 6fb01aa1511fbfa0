import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  type Answer,
  type Command,
  type DeviceList,
  encodeDeviceBinding,
  encodeDeviceList,
  encodeLogin,
  encodeSuccession,
  type KeyProof,
  type ListedDevice,
  type PrekeyUpload,
  type RouteName,
  type SignedIn,
  toBase64Url,
} from '@skerry/protocol';

import type { TestServer } from './test-server.ts';

/** A server that a test talks to over HTTP, in this process or another one. */
export type KeyServer = {
  readonly running: { readonly serverId: string; readonly url: string; readonly setupCode: string | null };
  /** @throws Error with the code when the server refuses */
  ask<N extends RouteName>(name: N, call?: { readonly token?: string; readonly body?: unknown }): Promise<Answer<N>>;
  run(
    who: { readonly accessToken: string },
    command: Command,
  ): Promise<{ readonly status: number; readonly code: string | undefined; readonly body: Answer<'command'> }>;
};

type Person = SignedIn & { readonly username: string };

/** An Ed25519 key pair of a test. */
export class SigningKey {
  readonly publicKey: string;
  readonly #secret: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.publicKey = String(publicKey.export({ format: 'jwk' }).x);
    this.#secret = privateKey;
  }

  sign(bytes: Uint8Array): string {
    return sign(null, bytes, this.#secret).toString('base64url');
  }
}

/** Random bytes that begin as a Signal identity or prekey does. */
export const curveKey = (): string => toBase64Url(Buffer.concat([Buffer.of(5), randomBytes(32)]));
const kyberKey = (): string => toBase64Url(Buffer.concat([Buffer.of(8), randomBytes(1_568)]));
const anySignature = (): string => toBase64Url(randomBytes(64));

/** What a device would publish: `count` one-time prekeys from the id `from` on. Its signatures are not looked at by a server. */
export function prekeys(count: number, from = 1): PrekeyUpload {
  return {
    signedPreKey: { id: from, publicKey: curveKey(), signature: anySignature() },
    kyberPreKey: { id: from, publicKey: kyberKey(), signature: anySignature() },
    preKeys: Array.from({ length: count }, (_, i) => ({ id: from + i, publicKey: curveKey() })),
  };
}

/** Fetches a challenge and signs it. What is given is signed instead of what is true. */
export async function proofBy(
  server: KeyServer,
  key: SigningKey,
  signed: { serverId?: string; origin?: string } = {},
): Promise<KeyProof> {
  const { nonce, expiresAt: expiry } = await server.ask('challenge');
  const { serverId = server.running.serverId, origin = server.running.url } = signed;
  const { publicKey } = key;
  const signature = key.sign(encodeLogin({ serverId, origin, nonce, expiry, publicKey }));
  return { publicKey, origin, nonce, expiry, signature };
}

/** A device of a test: its keys, and once it is bound its number. */
export class TestDevice {
  readonly key = new SigningKey();
  readonly identityKey = curveKey();
  readonly registrationId = 1 + (randomBytes(2).readUInt16BE() % 16_380);
  readonly addedAt = Date.now();
  #number = 0;
  #session: SignedIn | undefined;

  get number(): number {
    return this.#number;
  }

  /** The session it was last bound to. */
  get session(): SignedIn {
    if (this.#session === undefined) throw new Error('the device is bound to no session');
    return this.#session;
  }

  get accessToken(): string {
    return this.session.accessToken;
  }

  /** As a list names it. */
  get listed(): ListedDevice {
    return { device: this.number, signKey: this.key.publicKey, identityKey: this.identityKey, addedAt: this.addedAt };
  }

  binding(serverId: string, session: SignedIn, device: number | null = null) {
    const said = {
      device,
      signKey: this.key.publicKey,
      identityKey: this.identityKey,
      registrationId: this.registrationId,
    };
    const bytes = encodeDeviceBinding({ serverId, account: session.account.id, session: session.sessionId, ...said });
    return { ...said, signature: this.key.sign(bytes) };
  }

  async bind(server: KeyServer, session: SignedIn): Promise<void> {
    const body = this.binding(server.running.serverId, session);
    this.#number = (await server.ask('bindDevice', { token: session.accessToken, body })).device;
    this.#session = session;
  }
}

/** A person with an account key, devices and a signed list of them, made over HTTP as a client would. */
export class KeyedAccount<Server extends KeyServer = TestServer> {
  readonly server: Server;
  readonly who: Person;
  key: SigningKey;
  readonly devices: TestDevice[] = [];
  /** The newest list that the server took. */
  list: DeviceList | null = null;

  private constructor(server: Server, who: Person, key: SigningKey) {
    this.server = server;
    this.who = who;
    this.key = key;
  }

  /** Registers by key, binds a device to the session, lists it and publishes prekeys. */
  static async create<Server extends KeyServer>(
    server: Server,
    username: string,
    oneTime = 10,
  ): Promise<KeyedAccount<Server>> {
    const person = await KeyedAccount.withKey(server, username);
    const device = await person.addDevice(person.who);
    await person.setDevices([device]);
    await server.ask('publishPrekeys', { token: device.accessToken, body: prekeys(oneTime) });
    return person;
  }

  /** Registers by key and does nothing more. */
  static async withKey<Server extends KeyServer>(server: Server, username: string): Promise<KeyedAccount<Server>> {
    const key = new SigningKey();
    const said = { username, password: null, displayName: username, device: 'Test', code: server.running.setupCode };
    const body = { ...said, proof: await proofBy(server, key) };
    return new KeyedAccount(server, { ...(await server.ask('keyRegister', { body })), username }, key);
  }

  get id() {
    return this.who.account.id;
  }

  /** The first device. */
  get device(): TestDevice {
    const [first] = this.devices;
    if (first === undefined) throw new Error('there is no device');
    return first;
  }

  get accessToken(): string {
    return this.device.accessToken;
  }

  async signIn(label = 'Test'): Promise<Answer<'keySignIn'>> {
    return this.server.ask('keySignIn', { body: { proof: await proofBy(this.server, this.key), device: label } });
  }

  /** Binds a new device to the session, or to a fresh one. It is not listed by that. */
  async addDevice(session?: SignedIn): Promise<TestDevice> {
    const device = new TestDevice();
    await device.bind(this.server, session ?? (await this.signIn()));
    this.devices.push(device);
    return device;
  }

  /** The list that would follow, signed by the account key (or the given one, with the old one's word for it). */
  nextList(devices: readonly TestDevice[], by: SigningKey = this.key, changes: Partial<DeviceList> = {}): DeviceList {
    const { serverId } = this.server.running;
    const unsigned = {
      account: this.id,
      accountKey: by.publicKey,
      version: (this.list?.version ?? 0) + 1,
      previous: this.list && digestOf(serverId, this.list),
      at: Date.now(),
      devices: devices.map(({ listed }) => listed).sort((a, b) => a.device - b.device),
      ...changes,
    };
    const from = this.key.publicKey;
    const said = { serverId, account: this.id, from, to: by.publicKey, version: unsigned.version };
    return {
      ...unsigned,
      signature: by.sign(encodeDeviceList(serverId, unsigned)),
      succession: by === this.key ? null : { from, signature: this.key.sign(encodeSuccession(said)) },
      ...('succession' in changes ? { succession: changes.succession ?? null } : {}),
      ...(changes.signature === undefined ? {} : { signature: changes.signature }),
    };
  }

  /** Makes these the listed devices. @throws Error with the code when the server refuses */
  async setDevices(
    devices: readonly TestDevice[],
    by: SigningKey = this.key,
    changes: Partial<DeviceList> = {},
  ): Promise<Answer<'command'>> {
    const list = this.nextList(devices, by, changes);
    const session = (devices[0] ?? this.devices[0])?.session ?? this.who;
    const answered = await this.server.run(session, { kind: 'devices.set', list });
    if (answered.status !== 200) throw new Error(`the list was refused: ${answered.code}`);
    this.list = list;
    this.key = by;
    return answered.body;
  }
}

/** What the next list names as the one before. */
export const digestOf = (serverId: string, list: DeviceList): string =>
  createHash('sha256').update(encodeDeviceList(serverId, list)).digest('base64url');
