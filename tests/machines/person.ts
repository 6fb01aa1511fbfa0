import {
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  type Command,
  encodePairingApproval,
  encodePairingClaim,
  encodePairingCode,
  encodePairingNonce,
  encodePairingSeal,
  type PairingView,
  parseLink,
  type RouteName,
} from '@skerry/protocol';
import { matchingCode } from '@skerry/protocol/words';
import { parts } from '@skerry/server';
import { call, callLoosely, newId } from '../harness/raw-client.ts';
import type { SpawnedServer } from '../harness/spawn-server.ts';

const { KeyedAccount } = parts;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');

type Account = parts.KeyedAccount<parts.KeyServer>;

/** Somebody with a listed device on a spawned server, who has read the code of a computer. */
export class Person {
  readonly account: Account;
  readonly #origin: string;
  readonly #serverId: string;
  readonly #nonce = randomBytes(32).toString('base64url');
  #link = { key: '', commit: '' };
  #view: PairingView | undefined;

  private constructor(account: Account, origin: string, serverId: string) {
    this.account = account;
    this.#origin = origin;
    this.#serverId = serverId;
  }

  static async register(server: SpawnedServer, name: string): Promise<Person> {
    const { serverId } = await call(server.origin, 'info');
    const keys: parts.KeyServer = {
      running: { serverId, url: server.origin, setupCode: server.setupCode },
      ask: <N extends RouteName>(route: N, asked = {}) => call(server.origin, route, asked),
      async run({ accessToken: token }, command: Command) {
        const { status, body } = await callLoosely(server.origin, 'command', { token, body: { id: newId(), command } });
        return { status, code: (body as { error?: { code: string } }).error?.code, body: body as Answer<'command'> };
      },
    };
    return new Person(await KeyedAccount.create(keys, name), server.origin, serverId);
  }

  get #token(): string {
    return this.account.device.accessToken;
  }

  /** Takes the request of a code. @throws SkerryError when the server refuses */
  async claim(link: string): Promise<void> {
    const read = parseLink(link);
    if (!read.ok || read.link.kind !== 'terminal') throw new Error(`this is no code: ${link}`);
    const { key, commit } = read.link;
    this.#link = { key, commit };
    const { device } = this.account;
    const said = {
      serverId: this.#serverId,
      account: this.account.id,
      device: device.number,
      key,
      commit,
      nonce: this.#nonce,
    };
    const body = { key, commit, nonce: this.#nonce, signature: device.key.sign(encodePairingClaim(said)) };
    await call(this.#origin, 'claimPairing', { token: this.#token, body });
  }

  /** The code on this screen, once the computer has shown its nonce. */
  async code(): Promise<{ words: readonly string[]; digits: string }> {
    const { key, commit } = this.#link;
    for (;;) {
      this.#view = await call(this.#origin, 'pairing', { token: this.#token, params: { key } });
      const { nonce, request } = this.#view;
      if (nonce === null) {
        await sleep(20);
        continue;
      }
      const [serverId, account] = [this.#serverId, this.account.id];
      if (sha256(encodePairingNonce({ serverId, key, nonce })) !== commit) throw new Error('this is another nonce');
      const { boxKey, identityKey } = request;
      const taker = { takerKey: this.account.device.key.publicKey, takerNonce: this.#nonce };
      const bytes = encodePairingCode({ serverId, account, key, boxKey, identityKey, nonce, ...taker });
      return matchingCode(createHash('sha256').update(bytes).digest());
    }
  }

  /** Says yes to what was seen, or something else that is signed all the same. */
  async approve(changes: { account?: string } = {}): Promise<number> {
    const { request, nonce } = this.#view ?? {};
    if (request === undefined || nonce == null) throw new Error('nothing was seen');
    const { device, id: account, list, key: accountKey } = this.account;
    if (list === null) throw new Error('no list was signed');
    const serverId = this.#serverId;
    const { key, boxKey, identityKey } = request;
    const answer = {
      v: 1,
      server: serverId,
      account: changes.account ?? account,
      accountKey: accountKey.publicKey,
      list: { version: list.version, digest: sha256(Buffer.from('a list')) },
      device: device.number,
      label: request.label,
    };
    const sealed = seal(JSON.stringify(answer), boxKey, encodePairingSeal({ serverId, use: 'answer', account, key }));
    const expiry = Date.now() + 60_000;
    const digest = sha256(Buffer.from(sealed, 'base64url'));
    const keys = { key, boxKey, identityKey, nonce, takerNonce: this.#nonce };
    const said = encodePairingApproval({ serverId, account, device: device.number, ...keys, sealed: digest, expiry });
    const body = { key, sealed, expiry, signature: device.key.sign(said) };
    return (await call(this.#origin, 'approvePairing', { token: this.#token, body })).machine;
  }

  async deny(): Promise<void> {
    const body = { key: this.#link.key, report: false };
    await call(this.#origin, 'denyPairing', { token: this.#token, body });
  }

  async machines(): Promise<Answer<'machines'>> {
    return call(this.#origin, 'machines', { token: this.#token });
  }
}

/** SPEC A-4. */
function seal(text: string, boxKey: string, bound: Uint8Array): string {
  const once = generateKeyPairSync('x25519');
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: boxKey } });
  const raw = Buffer.from(String(once.publicKey.export({ format: 'jwk' }).x), 'base64url');
  const salt = Buffer.concat([raw, Buffer.from(boxKey, 'base64url')]);
  const shared = diffieHellman({ privateKey: once.privateKey, publicKey });
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(hkdfSync('sha256', shared, salt, bound, 32)), iv).setAAD(
    bound,
  );
  return Buffer.concat([raw, iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}
