import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { encodeStoredSecret, fromBase64Url, toBase64Url } from '@skerry/protocol';
import { StartError } from '../start-error.ts';
import { ASSISTANT_KEY_FILE } from './key-file.ts';

type Place = Parameters<typeof encodeStoredSecret>[0];

/** Seals bot tokens and keys of models for the database with a key that lies outside of it. Each is bound to its row. T36 */
export class StoredSecrets {
  readonly #key: Buffer;

  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new Error('expected 32 bytes');
    this.#key = Buffer.from(key);
  }

  /** 12 bytes of nonce, ciphertext, 16 of tag: AES-256-GCM. */
  seal(secret: string, place: Place): Uint8Array {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(encodeStoredSecret(place));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return new Uint8Array(Buffer.concat([iv, text, cipher.getAuthTag()]));
  }

  /** @returns undefined for what another key or another row sealed */
  open(sealed: Uint8Array, place: Place): string | undefined {
    if (sealed.length < 28) return undefined;
    const bytes = Buffer.from(sealed);
    try {
      const opened = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12))
        .setAAD(encodeStoredSecret(place))
        .setAuthTag(bytes.subarray(-16));
      return Buffer.concat([opened.update(bytes.subarray(12, -16)), opened.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /**
   * The key of a data folder; made, readable by its owner alone, where there is none.
   * @throws StartError when there is one that cannot be used: another one in its place would open nothing
   */
  static load(folder: string): StoredSecrets {
    const file = path.join(folder, ASSISTANT_KEY_FILE);
    const text = readKey(file);
    if (text !== null) {
      const key = fromBase64Url(text.trim());
      if (key?.length !== 32)
        throw new StartError(
          `The key ${file} is damaged. Put its backup in place; without it, remove the file, and people connect their bots and enter keys of models anew.`,
        );
      return new StoredSecrets(key);
    }
    const key = randomBytes(32);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const fresh = `${file}.new`;
    rmSync(fresh, { force: true });
    const handle = openSync(fresh, 'wx', 0o600);
    try {
      writeSync(handle, `${toBase64Url(key)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(fresh, file);
    // On disk before anything is sealed with it.
    const place = openSync(folder, 'r');
    try {
      fsyncSync(place);
    } finally {
      closeSync(place);
    }
    return new StoredSecrets(key);
  }
}

/** @returns null where there is none. One that others could read is theirs no longer. */
function readKey(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8');
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new StartError(`The key ${file} cannot be read, or others may read it and that cannot be changed.`, error);
  }
}
