import type { Bundle, Envelope } from '@skerry/crypto';
import type { Handle, Libsignal, PrivateKey, ProtocolAddress, PublicKey } from './libsignal.ts';

const PREKEY_MESSAGE = 3;
const bytes = (from: Uint8Array) => Buffer.from(from);
const plain = (from: Uint8Array) => Uint8Array.from(from);

/** A device of the independent implementation, with stores in memory and the prekeys it published. */
export type OracleDevice = {
  readonly identity: PrivateKey;
  readonly name: string;
  readonly device: number;
  bundle(options: { kyber: boolean; oneTime: boolean }): Bundle;
  start(peer: Peer, bundle: Bundle): Promise<void>;
  encrypt(peer: Peer, plaintext: Uint8Array): Promise<Envelope>;
  decrypt(peer: Peer, envelope: Envelope): Promise<Uint8Array>;
  distribution(distributionId: string): Promise<Uint8Array>;
  receive(peer: Peer, distribution: Uint8Array): Promise<void>;
  groupEncrypt(distributionId: string, plaintext: Uint8Array): Promise<Uint8Array>;
  groupDecrypt(peer: Peer, message: Uint8Array): Promise<Uint8Array>;
};

export type Peer = { readonly name: string; readonly device: number };

export function createOracleDevice(lib: Libsignal, self: Peer): OracleDevice {
  const identity = lib.PrivateKey.generate();
  const registrationId = 1234;
  const stores = createStores(lib, identity, registrationId);
  const address = ({ name, device }: Peer) => lib.ProtocolAddress.new(name, device);
  const me = address(self);
  let nextId = 1;

  return {
    identity,
    ...self,

    bundle({ kyber, oneTime }) {
      const signedPreKey = signed(nextId++);
      const kyberPreKey = kyber ? kyberSigned(nextId++) : undefined;
      const preKey = oneTime ? unsigned(nextId++) : undefined;
      return {
        registrationId,
        identityKey: plain(identity.getPublicKey().serialize()),
        signedPreKey,
        preKey,
        kyberPreKey,
      };
    },

    async start(peer, bundle) {
      const { preKey, signedPreKey, kyberPreKey } = bundle;
      const made = lib.PreKeyBundle.new(
        bundle.registrationId,
        peer.device,
        preKey?.id ?? null,
        preKey === undefined ? null : lib.PublicKey.deserialize(bytes(preKey.publicKey)),
        signedPreKey.id,
        lib.PublicKey.deserialize(bytes(signedPreKey.publicKey)),
        bytes(signedPreKey.signature),
        lib.PublicKey.deserialize(bytes(bundle.identityKey)),
        ...(kyberPreKey === undefined
          ? [null, null, null]
          : [kyberPreKey.id, lib.KEMPublicKey.deserialize(bytes(kyberPreKey.publicKey)), bytes(kyberPreKey.signature)]),
      );
      await lib.processPreKeyBundle(made, address(peer), stores.sessions, stores.identities);
    },

    async encrypt(peer, plaintext) {
      const sealed = await lib.signalEncrypt(bytes(plaintext), address(peer), stores.sessions, stores.identities);
      return { kind: sealed.type() === PREKEY_MESSAGE ? 'prekey' : 'message', body: plain(sealed.serialize()) };
    },

    async decrypt(peer, { kind, body }) {
      const from = address(peer);
      const { sessions, identities, preKeys, signedPreKeys, kyberPreKeys } = stores;
      if (kind === 'message')
        return plain(await lib.signalDecrypt(lib.SignalMessage.deserialize(bytes(body)), from, sessions, identities));
      const first = lib.PreKeySignalMessage.deserialize(bytes(body));
      const rest = [sessions, identities, preKeys, signedPreKeys, kyberPreKeys];
      return plain(await lib.signalDecryptPreKey(first, from, ...rest));
    },

    async distribution(distributionId) {
      const made = await lib.SenderKeyDistributionMessage.create(me, distributionId, stores.senderKeys);
      return plain(made.serialize());
    },

    async receive(peer, distribution) {
      const message = lib.SenderKeyDistributionMessage.deserialize(bytes(distribution));
      await lib.processSenderKeyDistributionMessage(address(peer), message, stores.senderKeys);
    },

    async groupEncrypt(distributionId, plaintext) {
      const sealed = await lib.groupEncrypt(me, distributionId, stores.senderKeys, bytes(plaintext));
      return plain(sealed.serialize());
    },

    async groupDecrypt(peer, message) {
      return plain(await lib.groupDecrypt(address(peer), stores.senderKeys, bytes(message)));
    },
  };

  function unsigned(id: number) {
    const secret = lib.PrivateKey.generate();
    const publicKey = secret.getPublicKey();
    stores.records.set(`preKey/${String(id)}`, lib.PreKeyRecord.new(id, publicKey, secret).serialize());
    return { id, publicKey: plain(publicKey.serialize()) };
  }

  function signed(id: number) {
    const secret = lib.PrivateKey.generate();
    const publicKey = secret.getPublicKey();
    const signature = identity.sign(publicKey.serialize());
    const record = lib.SignedPreKeyRecord.new(id, 0, publicKey, secret, signature);
    stores.records.set(`signedPreKey/${String(id)}`, record.serialize());
    return { id, publicKey: plain(publicKey.serialize()), signature: plain(signature) };
  }

  function kyberSigned(id: number) {
    const pair = lib.KEMKeyPair.generate();
    const publicKey = pair.getPublicKey().serialize();
    const signature = identity.sign(publicKey);
    stores.records.set(`kyberPreKey/${String(id)}`, lib.KyberPreKeyRecord.new(id, 0, pair, signature).serialize());
    return { id, publicKey: plain(publicKey), signature: plain(signature) };
  }
}

/** Each record is serialized and read back every time, so that nothing lives on in memory by accident. */
function createStores(lib: Libsignal, identity: PrivateKey, registrationId: number) {
  const records = new Map<string, Uint8Array>();
  const known = new Map<string, Uint8Array>();
  const read = <T>(key: string, type: { deserialize(from: Uint8Array): T }): T | null => {
    const record = records.get(key);
    return record === undefined ? null : type.deserialize(bytes(record));
  };
  const need = <T>(key: string, type: { deserialize(from: Uint8Array): T }): T => {
    const record = read(key, type);
    if (record === null) throw new Error(`The oracle has no ${key}`);
    return record;
  };

  const sessions = new (class extends lib.SessionStore {
    async saveSession(name: ProtocolAddress, record: Handle) {
      records.set(`session/${name.toString()}`, record.serialize());
    }
    async getSession(name: ProtocolAddress) {
      return read(`session/${name.toString()}`, lib.SessionRecord);
    }
    async getExistingSessions(names: ProtocolAddress[]) {
      return names.map((name) => need(`session/${name.toString()}`, lib.SessionRecord));
    }
  })();

  const identities = new (class extends lib.IdentityKeyStore {
    async getIdentityKey() {
      return identity;
    }
    async getLocalRegistrationId() {
      return registrationId;
    }
    async saveIdentity(name: ProtocolAddress, key: PublicKey) {
      const before = known.get(name.toString());
      known.set(name.toString(), key.serialize());
      const replaced = before !== undefined && Buffer.compare(before, key.serialize()) !== 0;
      // The newer version asks for one of two numbers, the older one for whether a key was replaced.
      return lib.IdentityChange === undefined ? replaced : Number(replaced);
    }
    async isTrustedIdentity(name: ProtocolAddress, key: PublicKey) {
      const before = known.get(name.toString());
      return before === undefined || Buffer.compare(before, key.serialize()) === 0;
    }
    async getIdentity(name: ProtocolAddress) {
      const key = known.get(name.toString());
      return key === undefined ? null : lib.PublicKey.deserialize(bytes(key));
    }
  })();

  const preKeys = new (class extends lib.PreKeyStore {
    async savePreKey(id: number, record: Handle) {
      records.set(`preKey/${String(id)}`, record.serialize());
    }
    async getPreKey(id: number) {
      return need(`preKey/${String(id)}`, lib.PreKeyRecord);
    }
    async removePreKey(id: number) {
      records.delete(`preKey/${String(id)}`);
    }
  })();

  const signedPreKeys = new (class extends lib.SignedPreKeyStore {
    async saveSignedPreKey(id: number, record: Handle) {
      records.set(`signedPreKey/${String(id)}`, record.serialize());
    }
    async getSignedPreKey(id: number) {
      return need(`signedPreKey/${String(id)}`, lib.SignedPreKeyRecord);
    }
  })();

  const kyberPreKeys = new (class extends lib.KyberPreKeyStore {
    async saveKyberPreKey(id: number, record: Handle) {
      records.set(`kyberPreKey/${String(id)}`, record.serialize());
    }
    async getKyberPreKey(id: number) {
      return need(`kyberPreKey/${String(id)}`, lib.KyberPreKeyRecord);
    }
    async markKyberPreKeyUsed() {
      // Treated as a last-resort key: it stays.
    }
  })();

  const senderKeys = new (class extends lib.SenderKeyStore {
    async saveSenderKey(sender: ProtocolAddress, distributionId: string, record: Handle) {
      records.set(`senderKey/${sender.toString()}/${distributionId}`, record.serialize());
    }
    async getSenderKey(sender: ProtocolAddress, distributionId: string) {
      return read(`senderKey/${sender.toString()}/${distributionId}`, lib.SenderKeyRecord);
    }
  })();

  return { records, sessions, identities, preKeys, signedPreKeys, kyberPreKeys, senderKeys };
}
