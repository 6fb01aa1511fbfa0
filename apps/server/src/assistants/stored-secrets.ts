import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { encodeStoredSecret, fromBase64Url, toBase64Url } from '@skerry/protocol';
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

  /** The key of a data folder; made, readable by its owner alone, where there is none. @throws Error with a sentence */
  static load(folder: string): StoredSecrets {
    const file = path.join(folder, ASSISTANT_KEY_FILE);
    try {
      const key = fromBase64Url(readFileSync(file, 'utf8').trim());
      if (key?.length !== 32)
        throw new Error(`The key ${file} is damaged. Put its backup in place, or remove it and connect bots anew.`);
      return new StoredSecrets(key);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
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
    return new StoredSecrets(key);
  }
}
