/** What this package needs from outside. Each is small enough that every platform has it. */

export interface Random {
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array;
}

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
}

export interface WebKey {
  readonly type: string;
}

export type WebAlgorithm = { readonly name: string; readonly [parameter: string]: unknown };

type Bytes = Uint8Array<ArrayBuffer>;

/** The part of WebCrypto's `crypto.subtle` that is used where it exists. */
export interface Subtle {
  importKey(
    format: 'raw' | 'pkcs8',
    data: Bytes,
    algorithm: WebAlgorithm,
    extractable: boolean,
    usages: KeyUse[],
  ): Promise<WebKey>;
  deriveBits(algorithm: WebAlgorithm, key: WebKey, bits: number): Promise<ArrayBuffer>;
  verify(algorithm: WebAlgorithm, key: WebKey, signature: Bytes, data: Bytes): Promise<boolean>;
  encrypt(algorithm: WebAlgorithm, key: WebKey, data: Bytes): Promise<ArrayBuffer>;
  decrypt(algorithm: WebAlgorithm, key: WebKey, data: Bytes): Promise<ArrayBuffer>;
  digest(algorithm: 'SHA-256', data: Bytes): Promise<ArrayBuffer>;
}

export type KeyUse = 'deriveBits' | 'verify' | 'encrypt' | 'decrypt';

/** The operations on Curve25519 that a platform may do faster than JavaScript, and beside it. */
export interface Curve {
  /** The X25519 public key (RFC 7748) of 32 secret bytes. */
  publicKey(secret: Uint8Array): Promise<Uint8Array>;
  /** X25519 (RFC 7748). @throws CryptoError `weak_key` when the result would be the same for every secret */
  agree(secret: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array>;
  /** Ed25519 (RFC 8032), by the equation without the cofactor. Answers false for whatever isn't a signature. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): Promise<boolean>;
  /**
   * The other asymmetric operation of a handshake, where a platform has it: ML-KEM-1024 (FIPS 203). Rejects for what is no
   * public key; undefined where it does not serve.
   */
  encapsulate?(
    publicKey: Uint8Array,
  ): Promise<{ readonly cipherText: Uint8Array; readonly sharedSecret: Uint8Array } | undefined>;
}

/** Runs what bears one name one after another: in one process, or over all tabs of an origin. */
export interface Exclusive {
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/**
 * A key that never leaves its keeper: a non-extractable CryptoKey, or one in the keychain of the system. What it wraps is
 * authenticated, together with `bound`.
 */
export interface WrapKey {
  wrap(bytes: Uint8Array, bound: Uint8Array): Promise<Uint8Array>;
  /** @throws CryptoError `cannot_open` for bytes that this key didn't wrap with `bound`; other errors are the keeper's */
  unwrap(bytes: Uint8Array, bound: Uint8Array): Promise<Uint8Array>;
}
