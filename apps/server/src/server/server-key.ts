import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { encodeKeyRotation, encodeProof, fromBase64Url, type KeyRotation, toBase64Url } from '@skerry/protocol';
import { sixWords } from '@skerry/protocol/words';

import { KEY_FILE } from './data-files.ts';

/** The file's content: the Ed25519 seed, and a secret that only makes refresh tokens' successors. Both base64url. */
type Stored = {
  readonly version: 1;
  readonly publicKey: string;
  readonly seed: string;
  readonly secret: string;
  /** The step that led to this key, when it is not the server's first. */
  readonly rotation: KeyRotation | null;
};

/** What a server proves itself with. The private half leaves this object only as signatures. SPEC P-10. */
export class ServerKey {
  /** Raw 32-byte public key, base64url. */
  readonly publicKey: string;
  readonly words: readonly string[];
  readonly #stored: Stored;
  readonly #private: KeyObject;

  constructor(stored: Stored) {
    this.#stored = stored;
    this.publicKey = stored.publicKey;
    this.#private = createPrivateKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'Ed25519', x: stored.publicKey, d: stored.seed },
    });
    this.words = sixWords(createHash('sha256').update(bytesOf(stored.publicKey)).digest());
  }

  signProof(proof: { nonce: string; origin: string; serverId: string }): string {
    return this.#sign(encodeProof(proof));
  }

  /** A key for one purpose, which no other purpose can learn anything from. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', bytesOf(this.#stored.secret), new Uint8Array(), `skerry/${purpose}`, 32));
  }

  /** How this key followed the one before it; `null` for a server's first. */
  get rotation(): KeyRotation | null {
    return this.#stored.rotation;
  }

  /** A new key that this one vouches for. The secret stays, so that refresh tokens in flight stay good. */
  successor(serverId: string): ServerKey {
    const pair = freshPair();
    const bytes = encodeKeyRotation({ serverId, from: bytesOf(this.publicKey), to: bytesOf(pair.publicKey) });
    const rotation = { from: this.publicKey, to: pair.publicKey, signature: this.#sign(bytes) };
    return new ServerKey({ ...pair, secret: this.#stored.secret, rotation });
  }

  /** Writes the key so that it is whole or not there at all, readable by its owner alone. */
  save(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, KEY_FILE);
    const fresh = `${file}.new`;
    rmSync(fresh, { force: true });
    const handle = openSync(fresh, 'wx', 0o600);
    try {
      writeSync(handle, `${JSON.stringify(this.#stored)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(fresh, file);
  }

  #sign(bytes: Uint8Array): string {
    return toBase64Url(sign(null, bytes, this.#private));
  }

  static generate(): ServerKey {
    return new ServerKey({ ...freshPair(), secret: toBase64Url(randomBytes(32)), rotation: null });
  }

  /**
   * @returns undefined when the folder holds no key
   * @throws Error with a sentence when there is one that can't be used
   */
  static load(folder: string): ServerKey | undefined {
    const file = path.join(folder, KEY_FILE);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new Error(`The server's key ${file} cannot be read.`, { cause: error });
    }
    try {
      return new ServerKey(JSON.parse(text) as Stored);
    } catch (error) {
      throw new Error(
        `The server's key ${file} is damaged. Put its backup in place; without it, clients will not trust this server.`,
        { cause: error },
      );
    }
  }
}

function freshPair(): Pick<Stored, 'version' | 'publicKey' | 'seed'> {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { version: 1, publicKey: jwk.x ?? '', seed: jwk.d ?? '' };
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes?.length !== 32) throw new Error('expected 32 bytes as base64url');
  return bytes;
}
