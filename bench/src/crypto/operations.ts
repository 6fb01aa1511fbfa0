import { createIdentity, createQueues, Groups, Sessions, upkeepPreKeys } from '@skerry/crypto';
import type { Address, Bundle, Curve, Device, Envelope, Random } from '@skerry/crypto';
import { createMemoryStores } from '@skerry/crypto/testing';

// Runs in Node and in a page alike, so it imports nothing of either.

/** What is measured, in the order of the table. */
export const NAMES = ['encrypt', 'decrypt', 'pingPong', 'setUpX3dh', 'setUp', 'groupEncrypt', 'groupDecrypt'] as const;
export type Name = (typeof NAMES)[number];

/** How many of each are one round: some hundredths of a second. */
export const COUNTS: Readonly<Record<Name, number>> = {
  encrypt: 200,
  decrypt: 200,
  pingPong: 8,
  setUpX3dh: 4,
  setUp: 4,
  groupEncrypt: 60,
  groupDecrypt: 60,
};

/** Makes ready what so many of an operation need; what it returns does them and is all that is timed. */
export type Prepare = (count: number) => Promise<() => Promise<void>>;
/** A peer need not have all of them. */
export type Operations = Readonly<Partial<Record<Name, Prepare>>>;

export const MESSAGE_LENGTH = 256;
export const GROUP = '2f1b9f6c-6a43-4d0c-9d5c-0a6c4f6f5c11';
export const ALICE: Address = { name: '5a9d27a1-9e1f-4c53-b0f5-6f1b7f1f0a01', device: 1 };
export const BOB: Address = { name: '7c3e51d4-2b8a-47f6-8a55-90f2de3a0b02', device: 1 };

const random: Random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };

/** Ours, as the programs use it: records written and read as bytes at every message, stores in memory. */
export async function ourOperations(curve: Curve): Promise<Required<Operations>> {
  const message = random.bytes(MESSAGE_LENGTH);
  const [alice, bob] = [await createMember(ALICE, curve), await createMember(BOB, curve)];
  await alice.sessions.start(BOB, bob.bundle());
  await bob.sessions.decrypt(ALICE, await alice.sessions.encrypt(BOB, message));
  await alice.sessions.decrypt(BOB, await bob.sessions.encrypt(ALICE, message));
  const silent = await createMember({ ...ALICE, device: 2 }, curve);
  await silent.sessions.start(BOB, bob.bundle());
  await bob.sessions.decrypt(silent.self, await silent.sessions.encrypt(BOB, message));
  await silent.sessions.decrypt(BOB, await bob.sessions.encrypt(silent.self, message));
  let begun = BOB.device;
  return {
    encrypt: async (count) => async () => {
      for (let i = 0; i < count; i++) await silent.sessions.encrypt(BOB, message);
    },
    async decrypt(count) {
      const sent: Envelope[] = [];
      for (let i = 0; i < count; i++) sent.push(await alice.sessions.encrypt(BOB, message));
      return async () => {
        for (const envelope of sent) await bob.sessions.decrypt(ALICE, envelope);
      };
    },
    pingPong: async (count) => async () => {
      for (let i = 0; i < count; i++) {
        await bob.sessions.decrypt(ALICE, await alice.sessions.encrypt(BOB, message));
        await alice.sessions.decrypt(BOB, await bob.sessions.encrypt(ALICE, message));
      }
    },
    setUpX3dh: (count) => setUp(count, (bundle) => ({ ...bundle, kyberPreKey: undefined })),
    setUp: (count) => setUp(count, (bundle) => bundle),
    groupEncrypt: async (count) => async () => {
      for (let i = 0; i < count; i++) await groupSend(alice, [BOB]);
    },
    async groupDecrypt(count) {
      const sent: Uint8Array[] = [];
      for (let i = 0; i < count; i++) {
        const { message: sealed, distribution } = await groupSend(silent, [BOB]);
        if (distribution !== undefined) await bob.groups.receive(silent.self, distribution.body);
        sent.push(sealed);
      }
      return async () => {
        for (const sealed of sent) await bob.groups.decrypt(silent.self, sealed);
      };
    },
  };

  /** Towards a device that is new each time, so that its record of first messages stays short. */
  async function setUp(count: number, changed: (bundle: Bundle) => Bundle) {
    const other = await createMember(BOB, curve);
    const bundles = Array.from({ length: count }, () => changed(other.bundle()));
    return async () => {
      for (const bundle of bundles) {
        const peer = { ...BOB, device: ++begun };
        await alice.sessions.start(peer, bundle);
        await other.sessions.decrypt({ ...ALICE, device: begun }, await alice.sessions.encrypt(peer, message));
      }
    };
  }

  async function groupSend(from: Member, members: readonly Address[]) {
    const sealed = await from.groups.encrypt({ distributionId: GROUP, members }, message);
    if (sealed.distribution !== undefined) await from.groups.confirm(GROUP, sealed.distribution.body, members);
    return sealed;
  }
}

type Member = { self: Address; sessions: Sessions; groups: Groups; bundle(): Bundle };

async function createMember(self: Address, curve: Curve): Promise<Member> {
  const clock = { now: () => Date.now() };
  const device: Device = { stores: createMemoryStores(), exclusive: createQueues(), curve, random, clock };
  await createIdentity(device);
  const lacking = { oneTime: 0, signedPreKeyId: undefined, kyberPreKeyId: undefined };
  const published = await upkeepPreKeys(device, lacking);
  if (published?.signedPreKey === undefined) throw new Error('a new device published nothing');
  const { signedPreKey, kyberPreKey, preKeys, identityKey, registrationId } = published;
  const stock = [...preKeys];
  return {
    self,
    sessions: new Sessions(device, { postQuantum: 'preferred' }),
    groups: new Groups(device, self),
    bundle: () => ({ registrationId, identityKey, signedPreKey, kyberPreKey, preKey: stock.shift() }),
  };
}
