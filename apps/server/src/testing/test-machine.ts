import {
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import {
  type Answer,
  type Command,
  encodePairingApproval,
  encodePairingClaim,
  encodePairingNonce,
  encodePairingRequest,
  encodePairingSeal,
  encodePairingStep,
  type ListedDevice,
  type MachineToken,
  machineToken,
  type PairingRequest,
} from '@skerry/protocol';
import { sealTo } from '../sealed-box.ts';
import { curveKey, type KeyedAccount, SigningKey, type TestDevice } from './keyed-account.ts';
import type { TestServer } from './test-server.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
type Step = Parameters<typeof encodePairingStep>[0]['step'];

/** A computer that is being paired, as `skerry pair` would do it over HTTP. */
export class TestMachine {
  readonly server: TestServer;
  readonly key = new SigningKey();
  readonly box = generateKeyPairSync('x25519');
  readonly boxKey = String(this.box.publicKey.export({ format: 'jwk' }).x);
  readonly identityKey = curveKey();
  readonly nonce = randomBytes(32).toString('base64url');
  readonly addedAt = Date.now();
  /** The last nonce that the server gave. */
  next = '';
  #token: MachineToken | undefined;

  constructor(server: TestServer) {
    this.server = server;
  }

  get commit(): string {
    return sha256(encodePairingNonce({ serverId: this.#serverId, key: this.key.publicKey, nonce: this.nonce }));
  }

  get token(): MachineToken {
    if (this.#token === undefined) throw new Error('the machine has no token');
    return this.#token;
  }

  get accessToken(): string {
    return this.token.accessToken;
  }

  get number(): number {
    return this.token.device;
  }

  /** As a list names it. */
  listed(device = this.number): ListedDevice {
    return { device, signKey: this.key.publicKey, identityKey: this.identityKey, addedAt: this.addedAt };
  }

  request(changes: Partial<PairingRequest> = {}): PairingRequest {
    const unsigned = {
      key: this.key.publicKey,
      boxKey: this.boxKey,
      identityKey: this.identityKey,
      registrationId: 7,
      commit: this.commit,
      label: 'studio',
      system: 'Debian 12',
      program: 'skerry 0.1.0',
    };
    const signature = this.key.sign(encodePairingRequest(this.#serverId, unsigned));
    return { ...unsigned, signature, ...changes };
  }

  async ask(): Promise<void> {
    this.next = (await this.server.ask('requestPairing', { body: this.request() })).nonce;
  }

  /** The body of a step, signed over the nonce at hand. What is given is signed instead of what is true. */
  step(step: Step, { by = this.key, nonce = this.next, value = '', serverId = this.#serverId } = {}) {
    const { url: origin } = this.server.running;
    const key = this.key.publicKey;
    const signature = by.sign(encodePairingStep({ serverId, origin, step, key, nonce, value }));
    return { key, origin, nonce, signature, ...(value === '' ? {} : { value }) };
  }

  async poll(): Promise<Answer<'pollPairing'>> {
    const status = await this.server.ask('pollPairing', { body: this.step('poll') });
    this.next = status.nonce;
    return status;
  }

  async reveal(): Promise<Answer<'revealPairing'>> {
    const body = this.step('reveal', { value: this.nonce });
    const status = await this.server.ask('revealPairing', { body });
    this.next = status.nonce;
    return status;
  }

  async redeem(body: unknown = this.step('redeem')): Promise<MachineToken> {
    const { sealed } = await this.server.ask('redeemPairing', { body });
    this.#token = machineToken.parse(JSON.parse(this.open(sealed, 'token')));
    return this.#token;
  }

  /** Opens what was sealed to the box key. @throws Error when it was not, or for another use */
  open(sealed: string, use: 'answer' | 'token', account = this.#account): string {
    const bytes = Buffer.from(sealed, 'base64url');
    const once = bytes.subarray(0, 32);
    const theirs = createPublicKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'X25519', x: once.toString('base64url') },
    });
    const shared = diffieHellman({ privateKey: this.box.privateKey, publicKey: theirs });
    const bound = encodePairingSeal({ serverId: this.#serverId, use, account, key: this.key.publicKey });
    const salt = Buffer.concat([once, Buffer.from(this.boxKey, 'base64url')]);
    const key = Buffer.from(hkdfSync('sha256', shared, salt, bound, 32));
    const plain = createDecipheriv('aes-256-gcm', key, bytes.subarray(32, 44))
      .setAAD(bound)
      .setAuthTag(bytes.subarray(-16));
    return Buffer.concat([plain.update(bytes.subarray(44, -16)), plain.final()]).toString('utf8');
  }

  /** Whose machine it becomes; known from the claim. */
  #account = '';

  /** All of it: asked, taken, shown, approved, fetched and listed. */
  static async paired(person: KeyedAccount, device: TestDevice = person.device): Promise<TestMachine> {
    const machine = new TestMachine(person.server);
    await machine.ask();
    const taking = new Taking(person, device, machine);
    await taking.claim();
    await machine.reveal();
    await taking.approve();
    await machine.redeem();
    await taking.list();
    return machine;
  }

  taken(account: string): void {
    this.#account = account;
  }

  run(command: Command, id?: Parameters<TestServer['run']>[2]) {
    return this.server.run(this, command, id);
  }

  get #serverId(): string {
    return this.server.running.serverId;
  }
}

/** A person's device that pairs a machine. */
export class Taking {
  readonly nonce = randomBytes(32).toString('base64url');
  readonly person: KeyedAccount;
  readonly device: TestDevice;
  readonly machine: TestMachine;

  constructor(person: KeyedAccount, device: TestDevice, machine: TestMachine) {
    this.person = person;
    this.device = device;
    this.machine = machine;
    machine.taken(person.id);
  }

  claimBody(commit = this.machine.commit, serverId: string = this.machine.server.running.serverId) {
    const key = this.machine.key.publicKey;
    const { id: account } = this.person;
    const said = { serverId, account, device: this.device.number, key, commit, nonce: this.nonce };
    return { key, commit, nonce: this.nonce, signature: this.device.key.sign(encodePairingClaim(said)) };
  }

  claim(): Promise<Answer<'claimPairing'>> {
    return this.person.server.ask('claimPairing', { token: this.device.accessToken, body: this.claimBody() });
  }

  approvalBody(changes: Partial<Parameters<typeof encodePairingApproval>[0]> = {}) {
    const { key, boxKey, identityKey, nonce, server } = this.machine;
    const { serverId } = server.running;
    const account = this.person.id;
    const text = JSON.stringify({ v: 1, server: serverId, account, accountKey: this.person.key.publicKey });
    const bound = encodePairingSeal({ serverId, use: 'answer', account, key: key.publicKey });
    const sealed = sealTo(text, { boxKey, bound });
    const expiry = Math.min(Date.now() + 60_000, changes.expiry ?? Number.MAX_SAFE_INTEGER);
    const said = { serverId, account, device: this.device.number, key: key.publicKey, boxKey, identityKey, nonce };
    const digest = sha256(Buffer.from(sealed, 'base64url'));
    const bytes = encodePairingApproval({ ...said, takerNonce: this.nonce, sealed: digest, expiry, ...changes });
    return { key: key.publicKey, sealed, expiry, signature: this.device.key.sign(bytes) };
  }

  async approve(): Promise<number> {
    const body = this.approvalBody();
    const token = this.device.accessToken;
    return (await this.person.server.ask('approvePairing', { token, body })).machine;
  }

  /** Puts the machine on the signed list, beside those that are there. */
  async list(number = this.machine.number): Promise<void> {
    const { person, machine } = this;
    const machines = [...(person.list?.machines ?? []), machine.listed(number)];
    await person.setDevices(person.devices, person.key, { machines });
  }
}
