import { cbc } from '@noble/ciphers/aes.js';
import { equalBytes, utf8 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Random } from '../ports.ts';
import { addressKey, addressOf } from './address.ts';
import type { Address } from './address.ts';
import type { Device } from './device.ts';
import { derive, stepChain } from './kdf.ts';
import { createKeyPair } from './keys.ts';
import { pad, unpad } from './padding.ts';
import { limitSkipped, seedAt } from './ratchet.ts';
import { readOwnChain, readTheirChains, writeOwnChain, writeTheirChains } from './sender-key.ts';
import type { OwnChain, TheirChain } from './sender-key.ts';
import type { Change, Settle } from './stores.ts';
import { uuidBytes, uuidText } from './uuid.ts';
import { decodeDistribution, decodeGroupMessage, encodeDistribution, encodeGroupMessage } from './wire.ts';
import { signXeddsa, verifyXeddsa } from './xeddsa.ts';

const ROTATE_CHAIN_AFTER_MS = 7 * 86_400_000;
const ROTATE_CHAIN_AFTER_MESSAGES = 1000;

export type GroupSealed = {
  readonly message: Uint8Array;
  /** Whether a new chain began with this message. */
  readonly rotated: boolean;
  /**
   * What must reach these devices, each through its own session, before they can read the message. Asked for again
   * until {@link Groups.confirm}ed.
   */
  readonly distribution: { readonly body: Uint8Array; readonly to: readonly Address[] } | undefined;
};

/**
 * Sender keys: a chain per sending device and distribution id (a UUID in lower case), each message encrypted once
 * for the whole group. A chain is replaced when a device that may hold it is no longer among the members, after
 * 7 days, and after 1,000 messages.
 */
export class Groups {
  readonly #device: Device;
  readonly #self: Address;

  constructor(device: Device, self: Address) {
    this.#device = device;
    this.#self = self;
  }

  /**
   * @param group.members every device that shall read the message, this one aside
   * @throws CryptoError `malformed` for a distribution id that isn't one
   */
  async encrypt(
    group: { readonly distributionId: string; readonly members: readonly Address[] },
    plaintext: Uint8Array,
    settle?: Settle<GroupSealed>,
  ): Promise<GroupSealed> {
    const { distributionId, members } = group;
    const uuid = uuidBytes(distributionId);
    return this.#alone(this.#self, distributionId, async () => {
      const { random, clock, stores } = this.#device;
      const names = new Set(members.map(addressKey));
      const held = readOwnChain(await stores.senderKeys.load(this.#self, distributionId));
      const rotated = held === undefined || mustRotate(held, names, clock.now());
      const chain = rotated ? createChain(random, { now: clock.now(), after: held }) : held;

      const confirmed = new Set(chain.holders.filter((holder) => holder.confirmed === 1).map(nameOf));
      const to = [...names].filter((name) => !confirmed.has(name));
      const distribution = to.length === 0 ? undefined : { body: distributionOf(chain, uuid), to: to.map(addressOf) };
      chain.holders = [...names].map((name) => holder(name, confirmed.has(name)));

      const { seed, next } = stepChain(chain.chainKey);
      const { key, iv } = messageKeys(seed);
      const message = encodeGroupMessage(
        {
          distributionId: uuid,
          chainId: chain.chainId,
          iteration: chain.index,
          ciphertext: cbc(key, iv).encrypt(pad(plaintext)),
        },
        (signed) => signXeddsa(chain.signingSecret, signed, random),
      );
      chain.chainKey = next;
      chain.index += 1;
      const sealed = { message, rotated, distribution };
      await this.#settle(sealed, [this.#change(this.#self, distributionId, writeOwnChain(chain))], settle);
      return sealed;
    });
  }

  /** These devices have the chain that the distribution brought them. One that came of an older chain is ignored. */
  async confirm(distributionId: string, distribution: Uint8Array, devices: readonly Address[]): Promise<void> {
    const { chainId } = decodeDistribution(distribution);
    await this.#alone(this.#self, distributionId, async () => {
      const chain = readOwnChain(await this.#device.stores.senderKeys.load(this.#self, distributionId));
      if (chain?.chainId !== chainId) return;
      const names = new Set(devices.map(addressKey));
      chain.holders = chain.holders.map((one) => (names.has(nameOf(one)) ? { ...one, confirmed: 1 } : one));
      await this.#device.stores.commit([this.#change(this.#self, distributionId, writeOwnChain(chain))]);
    });
  }

  /** The next message begins a new chain, whoever the members are. */
  async rotate(distributionId: string): Promise<void> {
    await this.forget(this.#self, distributionId);
  }

  /**
   * Takes the chain that a member's device sent through its own session. One that is there already is kept as it is,
   * so an old distribution can't turn it back.
   * @returns the distribution id it is for
   * @throws CryptoError `malformed`, `weak_key`
   */
  async receive(sender: Address, distribution: Uint8Array, settle?: Settle<string>): Promise<string> {
    const { chainId, iteration, chainKey, signingKey, ...rest } = decodeDistribution(distribution);
    const distributionId = uuidText(rest.distributionId);
    if (addressKey(sender) === addressKey(this.#self)) throw new CryptoError('malformed');
    return this.#alone(sender, distributionId, async () => {
      const chains = readTheirChains(await this.#device.stores.senderKeys.load(sender, distributionId));
      const same = chains.find((chain) => chain.chainId === chainId && equalBytes(chain.signingKey, signingKey));
      const fresh: TheirChain = { chainId, index: iteration, chainKey, signingKey, skipped: [] };
      const next = same === undefined ? [...chains.filter((one) => one.chainId !== chainId), fresh] : chains;
      await this.#settle(distributionId, [this.#change(sender, distributionId, writeTheirChains(next))], settle);
      return distributionId;
    });
  }

  /**
   * @throws CryptoError `no_session` when the chain's distribution hasn't come, `signature_wrong`, `duplicate`,
   * `too_far_ahead`, `malformed`; the state is then as before
   */
  async decrypt(
    sender: Address,
    bytes: Uint8Array,
    settle?: Settle<{ plaintext: Uint8Array; distributionId: string }>,
  ): Promise<{ plaintext: Uint8Array; distributionId: string }> {
    const { message, signed, signature } = decodeGroupMessage(bytes);
    const distributionId = uuidText(message.distributionId);
    if (addressKey(sender) === addressKey(this.#self)) throw new CryptoError('malformed');
    return this.#alone(sender, distributionId, async () => {
      const chains = readTheirChains(await this.#device.stores.senderKeys.load(sender, distributionId));
      const chain = chains.find(({ chainId }) => chainId === message.chainId);
      if (chain === undefined) throw new CryptoError('no_session');
      const by = { message: signed, publicKey: chain.signingKey };
      if (!(await verifyXeddsa(signature, by, this.#device.curve))) throw new CryptoError('signature_wrong');
      const opened = { plaintext: open(chain, message), distributionId };
      await this.#settle(opened, [this.#change(sender, distributionId, writeTheirChains(chains))], settle);
      return opened;
    });
  }

  /** Drops a sender's chains, as when the person has left the group. */
  async forget(sender: Address, distributionId: string): Promise<void> {
    await this.#alone(sender, distributionId, () =>
      this.#device.stores.commit([this.#change(sender, distributionId, undefined)]),
    );
  }

  #change(sender: Address, distributionId: string, record: Uint8Array | undefined): Change {
    return { store: 'senderKey', sender, distributionId, record };
  }

  async #settle<T>(result: T, changes: readonly Change[], settle: Settle<T> | undefined): Promise<void> {
    await (settle === undefined ? this.#device.stores.commit(changes) : settle(result, changes));
  }

  #alone<T>(sender: Address, distributionId: string, work: () => Promise<T>): Promise<T> {
    return this.#device.exclusive.run(`senderKey/${distributionId}/${addressKey(sender)}`, work);
  }
}

function mustRotate(chain: OwnChain, members: ReadonlySet<string>, now: number): boolean {
  return (
    chain.index >= ROTATE_CHAIN_AFTER_MESSAGES ||
    now - chain.createdAt >= ROTATE_CHAIN_AFTER_MS ||
    chain.holders.some((holder) => !members.has(nameOf(holder)))
  );
}

function createChain(random: Random, { now, after }: { now: number; after: OwnChain | undefined }): OwnChain {
  const { secret, publicKey } = createKeyPair(random);
  let chainId: number;
  do chainId = new DataView(Uint8Array.from(random.bytes(4)).buffer).getUint32(0) >>> 1;
  while (chainId === after?.chainId);
  return {
    chainId,
    index: 0,
    chainKey: random.bytes(32),
    signingSecret: secret,
    signingKey: publicKey,
    createdAt: now,
    holders: [],
  };
}

function distributionOf(chain: OwnChain, distributionId: Uint8Array): Uint8Array {
  const { chainId, index, chainKey, signingKey } = chain;
  return encodeDistribution({ distributionId, chainId, iteration: index, chainKey, signingKey });
}

function open(chain: TheirChain, message: { iteration: number; ciphertext: Uint8Array }): Uint8Array {
  const seed = seedAt(chain, message.iteration);
  limitSkipped([chain]);
  const { key, iv } = messageKeys(seed);
  try {
    return unpad(cbc(key, iv).decrypt(message.ciphertext));
  } catch (cause) {
    throw new CryptoError('malformed', { cause });
  }
}

function messageKeys(seed: Uint8Array): { key: Uint8Array; iv: Uint8Array } {
  const [iv, key] = derive(seed, { info: 'WhisperGroup' }, [16, 32]);
  return { key, iv };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function nameOf(holder: OwnChain['holders'][number]): string {
  return decoder.decode(holder.address);
}

function holder(name: string, confirmed: boolean): OwnChain['holders'][number] {
  return { address: utf8(name), confirmed: confirmed ? 1 : 0 };
}
