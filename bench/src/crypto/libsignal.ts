import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ALICE, BOB, GROUP, MESSAGE_LENGTH } from './operations.ts';
import type { Operations } from './operations.ts';

/** The part of libsignal-client's documented interface that is used here. */
type Handle = { serialize(): Uint8Array };
type Key = Handle & { sign(message: Uint8Array): Uint8Array; getPublicKey(): Key };
type Reads = { deserialize(bytes: Uint8Array): Handle };
type Makes = { new: (...parts: unknown[]) => Handle };
type Call<T> = (...parts: unknown[]) => Promise<T>;
type Lib = {
  readonly PrivateKey: { generate(): Key };
  readonly KEMKeyPair: { generate(): { getPublicKey(): Handle } };
  readonly ProtocolAddress: { new: (name: string, device: number) => { toString(): string } };
  readonly PreKeyBundle: Makes;
  readonly PreKeyRecord: Makes & Reads;
  readonly SignedPreKeyRecord: Makes & Reads;
  readonly KyberPreKeyRecord: Makes & Reads;
  readonly SessionRecord: Reads;
  readonly SenderKeyRecord: Reads;
  readonly SignalMessage: Reads;
  readonly PreKeySignalMessage: Reads;
  readonly SenderKeyDistributionMessage: Reads & { create: Call<Handle> };
  readonly processPreKeyBundle: Call<void>;
  readonly signalEncrypt: Call<Handle>;
  readonly signalDecrypt: Call<Uint8Array>;
  readonly signalDecryptPreKey: Call<Uint8Array>;
  readonly processSenderKeyDistributionMessage: Call<void>;
  readonly groupEncrypt: Call<Handle>;
  readonly groupDecrypt: Call<Uint8Array>;
} & Readonly<
  Record<
    'SessionStore' | 'IdentityKeyStore' | 'PreKeyStore' | 'SignedPreKeyStore' | 'KyberPreKeyStore' | 'SenderKeyStore',
    new () => object
  >
>;

const PACKAGE = 'libsignal-client-086';
/** The oracles are installed apart, by npm ci in their folder. */
const ORACLES = new URL('../../../oracles/', import.meta.url);

/** The native peer in the version that the oracles pin. @returns undefined where the oracles aren't installed */
export async function theirOperations(): Promise<Operations | undefined> {
  if (!existsSync(new URL(`node_modules/${PACKAGE}`, ORACLES))) return undefined;
  const entry = createRequire(new URL('package.json', ORACLES)).resolve(PACKAGE);
  const module = (await import(pathToFileURL(entry).href)) as Lib & { default?: Lib };
  return operationsOf(module.default ?? module);
}

async function operationsOf(lib: Lib): Promise<Operations> {
  // As long as ours is after padding, so that both encrypt the same number of blocks.
  const message = crypto.getRandomValues(new Uint8Array(Math.ceil((MESSAGE_LENGTH + 1) / 160) * 160));
  const address = ({ name, device }: { name: string; device: number }) => lib.ProtocolAddress.new(name, device);
  const [toAlice, toBob, toSilent] = [address(ALICE), address(BOB), address({ ...ALICE, device: 2 })];
  const [alice, bob, silent] = [createMember(lib), createMember(lib), createMember(lib)];
  for (const [one, to] of [
    [alice, toAlice],
    [silent, toSilent],
  ] as const) {
    await one.start(toBob, bob.bundle());
    await bob.decryptFirst(to, await one.encrypt(toBob, message));
    await one.decrypt(toBob, await bob.encrypt(to, message));
  }
  for (const [one, to] of [
    [alice, toAlice],
    [silent, toSilent],
  ] as const) {
    const made = await lib.SenderKeyDistributionMessage.create(to, GROUP, one.senderKeys);
    await lib.processSenderKeyDistributionMessage(to, made, bob.senderKeys);
  }
  let begun = 0;
  return {
    encrypt: async (count) => async () => {
      for (let i = 0; i < count; i++) await silent.encrypt(toBob, message);
    },
    async decrypt(count) {
      const sent: Uint8Array[] = [];
      for (let i = 0; i < count; i++) sent.push(await alice.encrypt(toBob, message));
      return async () => {
        for (const sealed of sent) await bob.decrypt(toAlice, sealed);
      };
    },
    pingPong: async (count) => async () => {
      for (let i = 0; i < count; i++) {
        await bob.decrypt(toAlice, await alice.encrypt(toBob, message));
        await alice.decrypt(toBob, await bob.encrypt(toAlice, message));
      }
    },
    async setUp(count) {
      const other = createMember(lib);
      const bundles = Array.from({ length: count }, () => other.bundle());
      return async () => {
        for (const bundle of bundles) {
          const peer = address({ ...BOB, device: (++begun % 100) + 3 });
          await alice.start(peer, bundle);
          await other.decryptFirst(toAlice, await alice.encrypt(peer, message));
        }
      };
    },
    groupEncrypt: async (count) => async () => {
      for (let i = 0; i < count; i++) (await lib.groupEncrypt(toAlice, GROUP, alice.senderKeys, message)).serialize();
    },
    async groupDecrypt(count) {
      const sent: Uint8Array[] = [];
      for (let i = 0; i < count; i++)
        sent.push((await lib.groupEncrypt(toSilent, GROUP, silent.senderKeys, message)).serialize());
      return async () => {
        for (const sealed of sent) await lib.groupDecrypt(toSilent, bob.senderKeys, sealed);
      };
    },
  };
}

/** A device with stores in memory that hold serialized records, as ours do. */
function createMember(lib: Lib) {
  const identity = lib.PrivateKey.generate();
  const records = new Map<string, Uint8Array>();
  const known = new Map<string, Key>();
  const save = async (key: unknown, record: Handle) => void records.set(String(key), record.serialize());
  const read = async (key: unknown, type: Reads) => {
    const record = records.get(String(key));
    return record === undefined ? null : type.deserialize(record);
  };
  const store = (Base: new () => object, methods: object) => Object.assign(new Base(), methods);
  const sessions = store(lib.SessionStore, {
    saveSession: save,
    getSession: (name: unknown) => read(name, lib.SessionRecord),
  });
  const identities = store(lib.IdentityKeyStore, {
    getIdentityKey: async () => identity,
    getLocalRegistrationId: async () => 1,
    saveIdentity: async (name: unknown, key: Key) => {
      known.set(String(name), key);
      return 0;
    },
    isTrustedIdentity: async () => true,
    getIdentity: async (name: unknown) => known.get(String(name)) ?? null,
  });
  const preKeys = store(lib.PreKeyStore, {
    getPreKey: (id: number) => read(`pre/${id}`, lib.PreKeyRecord),
    removePreKey: async (id: number) => void records.delete(`pre/${id}`),
  });
  const signedPreKeys = store(lib.SignedPreKeyStore, {
    getSignedPreKey: (id: number) => read(`signed/${id}`, lib.SignedPreKeyRecord),
  });
  const kyberPreKeys = store(lib.KyberPreKeyStore, {
    getKyberPreKey: (id: number) => read(`kyber/${id}`, lib.KyberPreKeyRecord),
    markKyberPreKeyUsed: async () => undefined,
  });
  const groupKey = (sender: unknown, id: string) => `${String(sender)}/${id}`;
  const senderKeys = store(lib.SenderKeyStore, {
    saveSenderKey: (sender: unknown, id: string, record: Handle) => save(groupKey(sender, id), record),
    getSenderKey: (sender: unknown, id: string) => read(groupKey(sender, id), lib.SenderKeyRecord),
  });
  const signedPair = lib.PrivateKey.generate();
  const signedBy = identity.sign(signedPair.getPublicKey().serialize());
  const kyberPair = lib.KEMKeyPair.generate();
  const kyberBy = identity.sign(kyberPair.getPublicKey().serialize());
  const signedRecord = lib.SignedPreKeyRecord.new(1, 0, signedPair.getPublicKey(), signedPair, signedBy);
  records.set('signed/1', signedRecord.serialize());
  records.set('kyber/1', lib.KyberPreKeyRecord.new(1, 0, kyberPair, kyberBy).serialize());
  let ids = 0;
  return {
    senderKeys,
    bundle() {
      const id = ++ids;
      const pair = lib.PrivateKey.generate();
      records.set(`pre/${id}`, lib.PreKeyRecord.new(id, pair.getPublicKey(), pair).serialize());
      const signed = [1, signedPair.getPublicKey(), signedBy];
      const kyber = [1, kyberPair.getPublicKey(), kyberBy];
      return lib.PreKeyBundle.new(1, 1, id, pair.getPublicKey(), ...signed, identity.getPublicKey(), ...kyber);
    },
    start: (peer: unknown, bundle: Handle) => lib.processPreKeyBundle(bundle, peer, sessions, identities),
    encrypt: async (peer: unknown, plaintext: Uint8Array) =>
      (await lib.signalEncrypt(plaintext, peer, sessions, identities)).serialize(),
    decrypt: (peer: unknown, sealed: Uint8Array) =>
      lib.signalDecrypt(lib.SignalMessage.deserialize(sealed), peer, sessions, identities),
    decryptFirst: (peer: unknown, sealed: Uint8Array) => {
      const first = lib.PreKeySignalMessage.deserialize(sealed);
      return lib.signalDecryptPreKey(first, peer, sessions, identities, preKeys, signedPreKeys, kyberPreKeys);
    },
  };
}
