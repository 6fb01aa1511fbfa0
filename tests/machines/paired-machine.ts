import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { openMachine, type MachineIdentity, type MachineLink, type MachinePlatform } from '@skerry/core/machine';
import { createNodePlatform } from '@skerry/core/node';
import { createMemoryStorage, MemoryDisk } from '@skerry/core/testing';
import { toBase64Url } from '@skerry/protocol';
import { parts } from '@skerry/server';

const { TestMachine, digestOf } = parts;
const STORE = '00000000-0000-4000-8000-000000000001' as Parameters<ReturnType<typeof createMemoryStorage>['state']>[0];

/** A computer that was paired: what is left of that, and a disk. It can be started again and again. */
export class PairedMachine {
  readonly machine: parts.TestMachine;
  readonly identity: MachineIdentity;
  readonly saved: string[] = [];
  readonly disk = new MemoryDisk();
  #refreshToken: string;

  private constructor(machine: parts.TestMachine, identity: MachineIdentity) {
    this.machine = machine;
    this.identity = identity;
    this.#refreshToken = machine.token.refreshToken;
  }

  /** @param device which of the person's takes it @param listed false: the list does not name it yet */
  static async create(
    person: parts.KeyedAccount,
    { device = person.device, listed = true } = {},
  ): Promise<PairedMachine> {
    const machine = new TestMachine(person.server);
    const signing = pair('ed25519');
    const identity = pair('x25519');
    const identityKey = toBase64Url(Buffer.concat([Buffer.of(5), Buffer.from(identity.x, 'base64url')]));
    const key = { publicKey: signing.x, sign: (bytes: Uint8Array) => signedBy(signing, bytes) };
    Object.assign(machine, { key, identityKey });
    await machine.ask();
    const taking = new parts.Taking(person, device, machine);
    await taking.claim();
    await machine.reveal();
    await taking.approve();
    await machine.redeem();
    if (person.list === null) throw new Error('no list was signed');
    const { running } = person.server;
    const pinned = { version: person.list.version, digest: digestOf(running.serverId, person.list) };
    if (listed) await taking.list();
    return new PairedMachine(machine, {
      origin: running.url,
      serverId: running.serverId,
      serverKey: (await person.server.ask('proof', { body: { nonce: 'n'.repeat(22), origin: running.url } })).key,
      account: person.id,
      accountKey: person.key.publicKey,
      list: pinned,
      device: machine.number,
      signing: signing.d,
      identity: identity.d,
      registrationId: 7,
    });
  }

  get number(): number {
    return this.identity.device;
  }

  /** @param lies changes what the platform brings, as a server that lies would */
  async start(
    lies: (platform: MachinePlatform) => MachinePlatform = (platform) => platform,
    { identity = this.identity, disk = this.disk } = {},
  ): Promise<MachineLink> {
    const storage = createMemoryStorage(disk);
    const platform = createNodePlatform({ storage, deviceLabel: 'studio' });
    return openMachine({
      platform: lies(platform),
      store: await storage.state(STORE),
      identity,
      tokens: { refreshToken: this.#refreshToken },
      saveTokens: ({ refreshToken }) => {
        this.#refreshToken = refreshToken;
        this.saved.push(refreshToken);
        return Promise.resolve();
      },
    });
  }
}

function pair(type: 'ed25519' | 'x25519'): { readonly x: string; readonly d: string } {
  // Both are the same to the types of Node, one by one.
  const { privateKey } = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  const { x, d } = privateKey.export({ format: 'jwk' });
  return { x: String(x), d: String(d) };
}

function signedBy({ x, d }: { x: string; d: string }, bytes: Uint8Array): string {
  const key = createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x, d } });
  return sign(null, bytes, key).toString('base64url');
}
