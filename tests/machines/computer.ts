import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import {
  createIdentity,
  createQueues,
  createSigningKey,
  type Device,
  type RecordWrite,
  Sessions,
  signalStoresOver,
  signBytes,
  webCurve,
} from '@skerry/crypto';
import {
  type Answer,
  type AskKind,
  type Command,
  encodePairingCode,
  encodePairingNonce,
  encodePairingRequest,
  encodePairingSeal,
  encodePairingStep,
  formatLink,
  fromBase64Url,
  type Link,
  type MachineToken,
  machineToken,
  type PairingAnswer,
  pairingAnswer,
  parseAddress,
  toBase64Url,
} from '@skerry/protocol';
import {
  type AgentBody,
  type AgentCall,
  agentCall,
  type AgentReply,
  type AnswerContent,
  answerContent,
  type AskContent,
  encodeAgentBody,
  type MachineInfo,
  type RunContent,
  type RunMeta,
} from '@skerry/protocol/agents';
import { matchingCode } from '@skerry/protocol/words';
import { call, newId, RawSocket } from '../harness/raw-client.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
const random = { bytes: (length: number) => Uint8Array.from(randomBytes(length)), fraction: () => Math.random() };
const clock = { now: () => Date.now() };
const salt = (): string => randomBytes(16).toString('base64url');
const bytesOf = (text: string): Uint8Array => fromBase64Url(text) ?? new Uint8Array();

type Step = Parameters<typeof encodePairingStep>[0]['step'];
type Status = Answer<'pollPairing'>;

/** What a permission asks for in these tests. */
export const COMMAND: AskContent & { kind: 'permission' } = {
  v: 1,
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  kind: 'permission',
  folder: '/home/p',
  subject: { kind: 'command', command: 'ls', args: ['-l'], cwd: '/home/p', env: [] },
  choices: [
    { id: 'yes', name: 'Allow', kind: 'allow_once' },
    { id: 'no', name: 'Refuse', kind: 'reject_once' },
  ],
  cut: false,
};
export const META: RunMeta = {
  v: 1,
  kind: 'agent',
  title: 'Tidy up',
  folder: '/home/p',
  agent: 'tester',
  branch: null,
  mode: null,
  modes: [],
};

/**
 * A computer by hand: every step and every byte of a machine, so that a test can also take a wrong one. Only what it says to
 * devices goes by the very sessions that those have.
 */
export class Computer implements Disposable {
  readonly origin: string;
  readonly serverId: string;
  readonly serverKey: string;
  readonly label: string;
  readonly signing = createSigningKey(random);
  readonly box = generateKeyPairSync('x25519');
  readonly nonce = randomBytes(32).toString('base64url');
  readonly machineKey = randomBytes(32);
  readonly runKeys = new Map<string, Uint8Array>();
  /** Calls that came, opened. */
  readonly calls: AgentCall[] = [];
  /** What it replies to a call; without one it says nothing. */
  reply: ((call: AgentCall) => AgentReply | undefined) | undefined = () => ({ v: 1, did: 'yes' });
  /** Calls with nothing in them: these devices ask for the keys. */
  readonly askedForKeys: number[] = [];
  #identityKey = '';
  #registrationId = 0;
  #sessions: Sessions | undefined;
  #token: MachineToken | undefined;
  #answer: PairingAnswer | undefined;
  #next = '';
  #socket: RawSocket | undefined;
  #started = new Set<string>();

  private constructor(origin: string, info: { serverId: string; serverKey: string }, label: string) {
    this.origin = origin;
    this.serverId = info.serverId;
    this.serverKey = info.serverKey;
    this.label = label;
  }

  static async at(origin: string, label = 'studio'): Promise<Computer> {
    const { serverId } = await call(origin, 'info');
    const { key } = await call(origin, 'proof', {
      body: { nonce: randomBytes(24).toString('base64url'), origin },
    });
    const computer = new Computer(origin, { serverId, serverKey: key }, label);
    const records = new Map<string, Uint8Array>();
    const commit = async (writes: readonly RecordWrite[]): Promise<void> => {
      for (const { key, value } of writes) {
        if (value === undefined) records.delete(key);
        else records.set(key, value);
      }
    };
    const port = {
      get: async (key: string) => records.get(key),
      keys: async (prefix: string) => [...records.keys()].filter((key) => key.startsWith(prefix)),
      commit,
    };
    const stores = signalStoresOver(port, { key: random.bytes(32), random });
    const curve = await webCurve(globalThis.crypto.subtle);
    const device: Device = { stores, exclusive: createQueues(), curve, random, clock };
    const { identityKey, registrationId } = await createIdentity(device);
    computer.#identityKey = toBase64Url(identityKey);
    computer.#registrationId = registrationId;
    computer.#sessions = new Sessions(device, { postQuantum: 'required' });
    return computer;
  }

  get key(): string {
    return toBase64Url(this.signing.publicKey);
  }
  get boxKey(): string {
    return String(this.box.publicKey.export({ format: 'jwk' }).x);
  }
  get identityKey(): string {
    return this.#identityKey;
  }
  get commit(): string {
    return sha256(encodePairingNonce({ serverId: this.serverId, key: this.key, nonce: this.nonce }));
  }
  get number(): number {
    return this.#need(this.#token).device;
  }
  get account(): string {
    return this.#need(this.#token).account;
  }
  get accessToken(): string {
    return this.#need(this.#token).accessToken;
  }
  /** What the approving device said. */
  get answer(): PairingAnswer {
    return this.#need(this.#answer);
  }

  get link(): Link {
    const parsed = parseAddress(this.origin);
    if (!parsed.ok) throw new Error('no address');
    const { address } = parsed;
    const fp = sha256(bytesOf(this.serverKey));
    return { kind: 'terminal', address, key: this.key, commit: this.commit, server: address.origin, fp };
  }
  get text(): string {
    return formatLink(this.link);
  }

  // Pairing

  async ask(): Promise<void> {
    const unsigned = {
      key: this.key,
      boxKey: this.boxKey,
      identityKey: this.identityKey,
      registrationId: this.#registrationId,
      commit: this.commit,
      label: this.label,
      system: 'Debian 12',
      program: 'skerry 0.1.0',
    };
    const signature = this.#sign(encodePairingRequest(this.serverId, unsigned));
    this.#next = (await call(this.origin, 'requestPairing', { body: { ...unsigned, signature } })).nonce;
  }

  poll(): Promise<Status> {
    return this.#step('pollPairing', 'poll');
  }
  reveal(): Promise<Status> {
    return this.#step('revealPairing', 'reveal', this.nonce);
  }
  async withdraw(): Promise<void> {
    await call(this.origin, 'withdrawPairing', { body: this.#proof('withdraw', '') });
  }

  /** The code on this screen. */
  async code(): Promise<{ words: readonly string[]; digits: string }> {
    const { taker } = await this.poll();
    if (taker === null) throw new Error('nobody has taken it');
    const { boxKey, identityKey, serverId, key, nonce } = this;
    const by = { takerKey: taker.signKey, takerNonce: taker.nonce };
    const bytes = encodePairingCode({ serverId, account: taker.account, key, boxKey, identityKey, nonce, ...by });
    return matchingCode(createHash('sha256').update(bytes).digest());
  }

  async taken(): Promise<void> {
    while ((await this.poll()).taker === null) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async redeem(): Promise<void> {
    const status = await this.poll();
    const { approval, taker } = status;
    if (approval === null || taker === null) throw new Error('nobody has approved it');
    this.#answer = pairingAnswer.parse(JSON.parse(this.#open(approval.sealed, 'answer', taker.account)));
    const { sealed } = await call(this.origin, 'redeemPairing', { body: this.#proof('redeem', '') });
    this.#token = machineToken.parse(JSON.parse(this.#open(sealed, 'token', taker.account)));
  }

  // Being a machine

  async connect(): Promise<void> {
    const socket = await RawSocket.live(this.origin, this.accessToken);
    this.#socket = socket;
    void this.#listen(socket);
  }

  disconnect(): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  async run(command: Command, id = newId()): Promise<Answer<'command'>> {
    return call(this.origin, 'command', { token: this.accessToken, body: { id, command } });
  }

  /** Sends keys to devices of the person: the machine's own, and those of all runs. */
  async sendKeys(devices: readonly number[] = [1], content: object = this.keysContent()): Promise<void> {
    const sessions = this.#need(this.#sessions);
    const envelopes = [];
    for (const device of devices) {
      const to = { name: this.account, device };
      if (!this.#started.has(String(device))) {
        const { registrationId, identityKey, signedPreKey, kyberPreKey, preKey } = await call(
          this.origin,
          'claimPrekeys',
          { token: this.accessToken, body: to.name === '' ? {} : { account: to.name, device } },
        );
        const signed = (one: typeof signedPreKey) => ({
          id: one.id,
          publicKey: bytesOf(one.publicKey),
          signature: bytesOf(one.signature),
        });
        await sessions.start(to, {
          registrationId,
          identityKey: bytesOf(identityKey),
          signedPreKey: signed(signedPreKey),
          kyberPreKey: signed(kyberPreKey),
          preKey: preKey === null ? undefined : { id: preKey.id, publicKey: bytesOf(preKey.publicKey) },
        });
        this.#started.add(String(device));
      }
      const sealed = await sessions.encrypt(to, new TextEncoder().encode(JSON.stringify(content)));
      const body = Buffer.concat([Buffer.of(sealed.kind === 'message' ? 1 : 2), sealed.body]).toString('base64url');
      envelopes.push({ account: to.name as never, device, body });
    }
    await this.run({ kind: 'envelopes.send', envelopes });
  }

  keysContent(changes: object = {}): object {
    const own = { run: null, n: 1, key: toBase64Url(Uint8Array.from(this.machineKey)) };
    const runs = [...this.runKeys].map(([run, key]) => ({ run, n: 1, key: toBase64Url(Uint8Array.from(key)) }));
    return { v: 1, server: this.serverId, what: 'agentKeys', machine: this.number, keys: [own, ...runs], ...changes };
  }

  describe(info: MachineInfo): Promise<unknown> {
    return this.run({ kind: 'machine.describe', info: this.seal(this.machineKey, { use: 'info' }, info) });
  }

  /** @returns its id */
  async createRun(meta: RunMeta = META, id = newId()): Promise<string> {
    const key = randomBytes(32);
    this.runKeys.set(id, key);
    await this.run({ kind: 'run.create', meta: this.seal(key, { use: 'meta', run: id }, meta) }, id);
    return id;
  }

  entry(run: string, content: RunContent, id: string = newId()): { id: string; body: string } {
    const line = { v: 1, at: Date.now(), cut: false, entry: content };
    return { id, body: this.seal(this.keyOf(run), { use: 'entry', run, entry: id }, line) };
  }

  async append(run: string, ...contents: RunContent[]): Promise<void> {
    await this.run({ kind: 'run.append', run, entries: contents.map((content) => this.entry(run, content)) });
  }

  async openAsk(
    run: string,
    content: AskContent = { ...COMMAND, salt: salt() },
    expiresAt = Date.now() + 60_000,
    id = newId(),
  ): Promise<string> {
    const kind: AskKind = content.kind;
    const body = this.seal(this.keyOf(run), { use: 'ask', run, ask: id }, content);
    const digest = sha256(new TextEncoder().encode(JSON.stringify(content)));
    await this.run({ kind: 'ask.open', run, ask: kind, digest, expiresAt, body }, id);
    return id;
  }

  /** As its server has it. */
  askRow(id: string): Promise<Answer<'ask'>> {
    return call(this.origin, 'ask', { token: this.accessToken, params: { askId: id } });
  }

  /** What was decided, as this machine can read it. */
  opened(run: string, ask: string, body: string): AnswerContent {
    return answerContent.parse(this.unseal(this.keyOf(run), { use: 'answer', run, ask }, body));
  }

  keyOf(run: string): Uint8Array {
    return this.#need(this.runKeys.get(run));
  }

  seal(key: Uint8Array, body: AgentBody, content: unknown): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(this.#bound(body));
    const sealed = [iv, cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64url');
  }

  unseal(key: Uint8Array, body: AgentBody, sealed: string): unknown {
    const bytes = Buffer.from(sealed, 'base64url');
    const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      .setAAD(this.#bound(body))
      .setAuthTag(bytes.subarray(-16));
    return JSON.parse(Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString('utf8'));
  }

  [Symbol.dispose](): void {
    this.disconnect();
  }

  async #listen(socket: RawSocket): Promise<void> {
    for (;;) {
      let frame;
      try {
        frame = await socket.find(({ t }) => t === 'rpc', 600_000);
      } catch {
        return;
      }
      socket.frames.splice(socket.frames.indexOf(frame), 1);
      if (frame.t !== 'rpc') continue;
      const { id, from, body } = frame;
      if (body === '') {
        this.askedForKeys.push(from);
        continue;
      }
      const asked = agentCall.parse(this.unseal(this.machineKey, { use: 'call', from, call: id }, body));
      this.calls.push(asked);
      const reply = this.reply?.(asked);
      if (reply === undefined) continue;
      const sealed = this.seal(this.machineKey, { use: 'reply', from, call: id, part: 0 }, reply);
      socket.send({ t: 'rpc_answer', id, to: from, body: sealed, more: false });
    }
  }

  #bound(body: AgentBody): Uint8Array {
    const { serverId, account } = this;
    return encodeAgentBody({ serverId, account, machine: this.number, body });
  }

  async #step(route: 'pollPairing' | 'revealPairing', step: Step, value = ''): Promise<Status> {
    const status = await call(this.origin, route, { body: this.#proof(step, value) });
    this.#next = status.nonce;
    return status;
  }

  #proof(step: Step, value: string): object {
    const { serverId, origin, key } = this;
    const nonce = this.#next;
    const signature = this.#sign(encodePairingStep({ serverId, origin, step, key, nonce, value }));
    return { key, origin, nonce, signature, ...(value === '' ? {} : { value }) };
  }

  #sign(bytes: Uint8Array): string {
    return toBase64Url(signBytes(bytes, this.signing));
  }

  #open(sealed: string, use: 'answer' | 'token', account: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    const once = bytes.subarray(0, 32);
    const theirs = createPublicKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'X25519', x: once.toString('base64url') },
    });
    const shared = diffieHellman({ privateKey: this.box.privateKey, publicKey: theirs });
    const bound = encodePairingSeal({ serverId: this.serverId, use, account, key: this.key });
    const own = Buffer.from(this.boxKey, 'base64url');
    const key = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([once, own]), bound, 32));
    const plain = createDecipheriv('aes-256-gcm', key, bytes.subarray(32, 44))
      .setAAD(bound)
      .setAuthTag(bytes.subarray(-16));
    return Buffer.concat([plain.update(bytes.subarray(44, -16)), plain.final()]).toString('utf8');
  }

  #need<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('not so far yet');
    return value;
  }
}
