import {
  generateKeyPairSync,
  randomBytes,
  sign,
  createPrivateKey,
  createHash,
  verify,
  createPublicKey,
} from 'node:crypto';
import {
  type AccountId,
  type DeviceList,
  encodeDeviceList,
  encodeSuccession,
  type ListedDevice,
  toBase64Url,
} from '@skerry/protocol';

/** An Ed25519 key pair of Node's, so that what the core signs and checks is held against another implementation. */
export type TestKey = { readonly publicKey: string; sign(bytes: Uint8Array): string };

export function testKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const kept = createPrivateKey({
    key: privateKey.export({ format: 'der', type: 'pkcs8' }),
    format: 'der',
    type: 'pkcs8',
  });
  return { publicKey: toBase64Url(raw), sign: (bytes) => toBase64Url(sign(null, bytes, kept)) };
}

export function testDevice(device: number): ListedDevice {
  const identity = new Uint8Array(33);
  identity[0] = 5;
  identity.set(randomBytes(32), 1);
  return { device, signKey: toBase64Url(randomBytes(32)), identityKey: toBase64Url(identity), addedAt: device };
}

export const testCheck = {
  verify: async ({ bytes, signature, publicKey }: { bytes: Uint8Array; signature: string; publicKey: string }) => {
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey, 'base64url')]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    return verify(null, bytes, key, Buffer.from(signature, 'base64url'));
  },
  digest: async (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url'),
};

/** An account that signs its lists as an honest client does. */
export class ListMaker {
  readonly account: AccountId;
  readonly serverId: string;
  readonly lists: DeviceList[] = [];
  key = testKey();

  constructor(serverId: string, account: AccountId) {
    this.serverId = serverId;
    this.account = account;
  }

  /** Signs the next list. @param changes bend it before it is signed */
  async next(
    devices: readonly ListedDevice[],
    changes: Partial<DeviceList> & { by?: TestKey } = {},
  ): Promise<DeviceList> {
    const list = await this.make(devices, changes);
    this.lists.push(list);
    return list;
  }

  async make(
    devices: readonly ListedDevice[],
    changes: Partial<DeviceList> & { by?: TestKey } = {},
  ): Promise<DeviceList> {
    const { by = this.key, succession = null, ...bent } = changes;
    const before = this.lists.at(-1);
    const signed = {
      account: this.account,
      accountKey: by.publicKey,
      version: (before?.version ?? 0) + 1,
      previous: before === undefined ? null : await digestOf(this.serverId, before),
      at: 1,
      devices: [...devices],
      ...bent,
    };
    return { ...signed, signature: by.sign(encodeDeviceList(this.serverId, signed)), succession };
  }

  /** The next list under another key, vouched for by the present one. */
  async succeed(devices: readonly ListedDevice[], to = testKey()): Promise<DeviceList> {
    const from = this.key;
    const version = (this.lists.at(-1)?.version ?? 0) + 1;
    const word = { serverId: this.serverId, account: this.account, from: from.publicKey, to: to.publicKey, version };
    const succession = { from: from.publicKey, signature: from.sign(encodeSuccession(word)) };
    const list = await this.next(devices, { by: to, succession });
    this.key = to;
    return list;
  }
}

async function digestOf(serverId: string, { signature: _, succession: __, ...signed }: DeviceList): Promise<string> {
  return testCheck.digest(encodeDeviceList(serverId, signed));
}
