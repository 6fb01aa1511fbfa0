import { createHash, randomBytes, randomUUID, webcrypto } from 'node:crypto';
import {
  createIdentity,
  createQueues,
  type Device,
  Sessions,
  signalStoresOver,
  upkeepPreKeys,
  webCurve,
} from '@skerry/crypto';
import {
  type Ask,
  type CommandId,
  encodeAskAnswer,
  fromBase64Url,
  type PrekeyUpload,
  type SignedIn,
  toBase64Url,
} from '@skerry/protocol';
import {
  type AgentBody,
  agentKeys,
  type AgentReply,
  agentReply,
  type AgentWish,
  type AnswerContent,
  encodeAgentBody,
} from '@skerry/protocol/agents';
import { parts } from '@skerry/server';
import { newId } from '../harness/raw-client.ts';

const { TestDevice } = parts;
type TestServer = parts.TestServer;
type Account = parts.KeyedAccount;
type Given = Parameters<typeof encodeAskAnswer>[0];

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
export const salt = (): string => randomBytes(16).toString('base64url');
const MACHINE = 'machine';

/** What a device of the person does with machines, by hand: it takes their keys, reads, answers and calls. */
export class PersonDevice {
  readonly person: Account;
  readonly device: parts.TestDevice;
  readonly #signal: Device;
  readonly #sessions: Sessions;
  /** By run, the newest first. */
  readonly #keys = new Map<string, { readonly n: number; readonly key: Uint8Array }[]>();
  #after = 0;

  private constructor(person: Account, device: parts.TestDevice, signal: Device) {
    this.person = person;
    this.device = device;
    this.#signal = signal;
    this.#sessions = new Sessions(signal, { postQuantum: 'required' });
  }

  /** Bound to the session, or to a new one, with prekeys. It is not listed by that. */
  static async create(person: Account, session?: SignedIn): Promise<PersonDevice> {
    const rows = new Map<string, Uint8Array>();
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
    const stores = signalStoresOver(
      {
        get: (key) => Promise.resolve(rows.get(key)),
        keys: (prefix) => Promise.resolve([...rows.keys()].filter((key) => key.startsWith(prefix))),
        commit: (writes) => {
          for (const { key, value } of writes)
            if (value === undefined) rows.delete(key);
            else rows.set(key, value);
          return Promise.resolve();
        },
      },
      { key: random.bytes(32), random },
    );
    const clock = { now: () => Date.now() };
    const curve = await webCurve(webcrypto.subtle);
    const signal: Device = { stores, exclusive: createQueues(), curve, random, clock };
    const { identityKey, registrationId } = await createIdentity(signal);
    const device = Object.assign(new TestDevice(), { identityKey: toBase64Url(identityKey), registrationId });
    await device.bind(person.server, session ?? (await person.signIn()));
    person.devices.push(device);
    const made = new PersonDevice(person, device, signal);
    await made.#publish();
    return made;
  }

  get number(): number {
    return this.device.number;
  }

  get #server(): TestServer {
    return this.person.server;
  }

  async #publish(): Promise<void> {
    const publication = await upkeepPreKeys(this.#signal, {
      oneTime: 0,
      signedPreKeyId: undefined,
      kyberPreKeyId: undefined,
    });
    const plain = ({ id, publicKey }: { id: number; publicKey: Uint8Array }) => ({
      id,
      publicKey: toBase64Url(publicKey),
    });
    const signed = (key: { id: number; publicKey: Uint8Array; signature: Uint8Array } | undefined) =>
      key === undefined ? null : { ...plain(key), signature: toBase64Url(key.signature) };
    const body: PrekeyUpload = {
      signedPreKey: signed(publication?.signedPreKey),
      kyberPreKey: signed(publication?.kyberPreKey),
      preKeys: (publication?.preKeys ?? []).slice(0, 10).map(plain),
    };
    await this.#server.ask('publishPrekeys', { token: this.device.accessToken, body });
  }

  /** Empties its queue. @returns how many keys came */
  async takeKeys(): Promise<number> {
    const { items } = await this.#server.ask('toDevice', {
      token: this.device.accessToken,
      query: { after: String(this.#after) },
    });
    let many = 0;
    for (const { n, from, fromDevice, body } of items) {
      this.#after = n;
      const bytes = fromBase64Url(body) ?? new Uint8Array();
      const sealed = { kind: bytes[0] === 2 ? 'prekey' : 'message', body: bytes.subarray(1) } as const;
      const plain = await this.#sessions.decrypt({ name: from, device: fromDevice }, sealed);
      const content = agentKeys.parse(JSON.parse(new TextDecoder().decode(plain)));
      if (content.server !== this.#server.running.serverId || content.machine !== fromDevice) throw new Error('forged');
      for (const { run, n: at, key } of content.keys) this.#put(run ?? MACHINE, at, fromBase64Url(key) ?? bytes);
      many += content.keys.length;
    }
    return many;
  }

  #put(owner: string, n: number, key: Uint8Array): void {
    const others = (this.#keys.get(owner) ?? []).filter((one) => one.n !== n);
    this.#keys.set(
      owner,
      [{ n, key }, ...others].sort((a, b) => b.n - a.n),
    );
  }

  /** Numbers of the keys it has of a run, or of the machine. */
  keysOf(run: string | null): number[] {
    return (this.#keys.get(run ?? MACHINE) ?? []).map(({ n }) => n);
  }

  /** Of how many runs it has keys. */
  runs(): number {
    return [...this.#keys.keys()].filter((owner) => owner !== MACHINE).length;
  }

  async seal(content: unknown, place: { machine: number; body: AgentBody }, old = 0): Promise<string> {
    const key = this.#keysFor(place.body)[old];
    if (key === undefined) throw new Error('it has no such key');
    const iv = randomBytes(12);
    const by = await webcrypto.subtle.importKey('raw', Buffer.from(key), 'AES-GCM', false, ['encrypt']);
    const additionalData = Buffer.from(this.#bound(place));
    const plain = Buffer.from(JSON.stringify(content));
    const sealed = await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, by, plain);
    return Buffer.concat([iv, Buffer.from(sealed)]).toString('base64url');
  }

  /** @throws Error when none of its keys opens it there */
  async open(sealed: string, place: { machine: number; body: AgentBody }): Promise<unknown> {
    const bytes = Buffer.from(sealed, 'base64url');
    const additionalData = Buffer.from(this.#bound(place));
    for (const key of this.#keysFor(place.body)) {
      const by = await webcrypto.subtle.importKey('raw', Buffer.from(key), 'AES-GCM', false, ['decrypt']);
      const opened = await webcrypto.subtle
        .decrypt({ name: 'AES-GCM', iv: bytes.subarray(0, 12), additionalData }, by, bytes.subarray(12))
        .catch(() => undefined);
      if (opened !== undefined) return JSON.parse(Buffer.from(opened).toString('utf8'));
    }
    throw new Error('no key opens it');
  }

  #keysFor(body: AgentBody): Uint8Array[] {
    return (this.#keys.get('run' in body ? body.run : MACHINE) ?? []).map(({ key }) => key);
  }

  #bound(place: { machine: number; body: AgentBody }): Uint8Array {
    return encodeAgentBody({ serverId: this.#server.running.serverId, account: this.person.id, ...place });
  }

  /** The command of an answer. What is given in `said` is signed instead of what is true. */
  async answering(
    ask: Ask,
    choice: string,
    said: Partial<Given> = {},
    by: { sign(bytes: Uint8Array): string } = this.device.key,
  ) {
    const content: AnswerContent = { v: 1, salt: salt(), choice, text: null };
    const { machine, run, digest, expiresAt } = ask;
    const decision = sha256(Buffer.from(JSON.stringify(content)));
    const body = await this.seal(content, { machine, body: { use: 'answer', run, ask: ask.id } });
    const { serverId } = this.#server.running;
    const { id: account } = this.person;
    const true_ = { serverId, account, machine, run, ask: ask.id, digest, decision, expiresAt, device: this.number };
    const signature = by.sign(encodeAskAnswer({ ...true_, ...said }));
    return { kind: 'ask.answer', ask: ask.id, digest, expiresAt, decision, body, signature } as const;
  }

  ask(askId: string): Promise<Ask> {
    return this.#server.ask('ask', { token: this.device.accessToken, params: { askId } });
  }

  /** Answers what is on the server. @returns the status and code */
  async answer(ask: string, choice: string): Promise<{ readonly status: number; readonly code: string | undefined }> {
    return this.#server.run(this.device, await this.answering(await this.ask(ask), choice));
  }

  /** Calls a machine over a socket of its own. @returns null for an empty answer @throws Error with the server's refusal */
  async call(
    machine: number,
    wish: AgentWish | null,
    { at = Date.now(), op = randomUUID(), old = 0 }: { at?: number; op?: string; old?: number } = {},
  ): Promise<AgentReply | null> {
    const id = newId();
    const from = this.number;
    const body =
      wish === null
        ? ''
        : await this.seal({ v: 1, op, at, wish }, { machine, body: { use: 'call', from, call: id } }, old);
    return this.send(machine, { id, body });
  }

  async send(machine: number, { id, body }: { id: CommandId; body: string }): Promise<AgentReply | null> {
    using socket = await this.#server.connect(this.device);
    socket.send({ t: 'rpc', id, to: machine, body });
    const answered = await socket.until((frame) => (frame.t === 'rpc_answer' || frame.t === 'fail') && frame.id === id);
    if (answered.t !== 'rpc_answer') throw new Error(answered.t === 'fail' ? answered.error.code : 'no answer');
    if (answered.body === '') return null;
    const place = { machine, body: { use: 'reply', from: this.number, call: id, part: 0 } } as const;
    return agentReply.parse(await this.open(answered.body, place));
  }
}
