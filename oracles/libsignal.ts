import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * The part of libsignal-client's documented interface that these tests use, alike in both pinned versions. Written
 * down here, so that this compiles where the oracles are not installed.
 */
export type Handle = { serialize(): Uint8Array };
export type PublicKey = Handle & { verify(message: Uint8Array, signature: Uint8Array): boolean };
export type PrivateKey = Handle & {
  sign(message: Uint8Array): Uint8Array;
  agree(other: PublicKey): Uint8Array;
  getPublicKey(): PublicKey;
};
export type Ciphertext = Handle & { type(): number };
type Scannable = { compare(other: Scannable): boolean; toBuffer(): Uint8Array };
type Fingerprints = { displayableFingerprint(): { toString(): string }; scannableFingerprint(): Scannable };
type KemPair = { getPublicKey(): Handle };
type Opaque = { readonly opaque: unique symbol };
export type ProtocolAddress = Opaque & { toString(): string };
type Store = new () => object;
type Bytes = Uint8Array;
type Reads<T> = { deserialize(bytes: Bytes): T };

export type Libsignal = {
  /** In the newer version only. */
  readonly IdentityChange?: object;
  readonly PrivateKey: Reads<PrivateKey> & { generate(): PrivateKey };
  readonly PublicKey: Reads<PublicKey>;
  readonly Fingerprint: { new: (...parts: unknown[]) => Fingerprints };
  readonly ScannableFingerprint: { _fromBuffer(bytes: Bytes): Scannable };
  readonly KEMKeyPair: { generate(): KemPair };
  readonly KEMPublicKey: Reads<Handle>;
  readonly ProtocolAddress: { new: (name: string, device: number) => ProtocolAddress };
  readonly PreKeyBundle: { new: (...parts: unknown[]) => Opaque };
  readonly PreKeyRecord: Reads<Handle> & { new: (id: number, key: PublicKey, secret: PrivateKey) => Handle };
  readonly SignedPreKeyRecord: Reads<Handle> & { new: (...parts: unknown[]) => Handle };
  readonly KyberPreKeyRecord: Reads<Handle> & { new: (...parts: unknown[]) => Handle };
  readonly SessionRecord: Reads<Handle>;
  readonly SenderKeyRecord: Reads<Handle>;
  readonly SignalMessage: Reads<Opaque>;
  readonly PreKeySignalMessage: Reads<Opaque>;
  readonly SenderKeyDistributionMessage: Reads<Handle> & {
    create(self: ProtocolAddress, distributionId: string, store: object): Promise<Handle>;
  };
  readonly SessionStore: Store;
  readonly IdentityKeyStore: Store;
  readonly PreKeyStore: Store;
  readonly SignedPreKeyStore: Store;
  readonly KyberPreKeyStore: Store;
  readonly SenderKeyStore: Store;
  readonly processPreKeyBundle: (...parts: unknown[]) => Promise<void>;
  readonly signalEncrypt: (...parts: unknown[]) => Promise<Ciphertext>;
  readonly signalDecrypt: (...parts: unknown[]) => Promise<Bytes>;
  readonly signalDecryptPreKey: (...parts: unknown[]) => Promise<Bytes>;
  readonly processSenderKeyDistributionMessage: (...parts: unknown[]) => Promise<void>;
  readonly groupEncrypt: (...parts: unknown[]) => Promise<Ciphertext>;
  readonly groupDecrypt: (...parts: unknown[]) => Promise<Bytes>;
};

const VERSIONS = { '0.86.16': 'libsignal-client-086', '0.67.3': 'libsignal-client-067' } as const;
export type Version = keyof typeof VERSIONS;

export async function loadLibsignal(version: Version): Promise<Libsignal> {
  const entry = createRequire(import.meta.url).resolve(VERSIONS[version]);
  const module = (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as Libsignal & { default?: Libsignal };
  return module.default ?? module;
}
