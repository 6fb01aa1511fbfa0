import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { StoreBroken, type VaultStore } from '../stores/stores.ts';
import type { EntryId } from '../views.ts';

type Secrets = { [name: string]: { readonly iv: string; readonly sealed: string } };

/**
 * Secrets in `vault.json`, each sealed with AES-256-GCM by the key in `vault.key` (mode 0600) and bound to its entry and
 * name. A backup that holds only one of the two files gives nothing away.
 */
export function openFileVault(directory: string): VaultStore {
  const file = path.join(directory, 'vault.json');
  const keyFile = path.join(directory, 'vault.key');

  function read(): Secrets {
    const text = readIfThere(file)?.toString('utf8');
    if (text === undefined) return {};
    try {
      return JSON.parse(text) as Secrets;
    } catch (error) {
      throw new StoreBroken('The vault cannot be read', { cause: error });
    }
  }

  const change = (edit: (secrets: Secrets) => void): void => {
    const secrets = read();
    edit(secrets);
    replaceFile(file, JSON.stringify(secrets));
  };

  return {
    get: async (entry, name) => {
      let secrets: Secrets;
      try {
        secrets = read();
      } catch {
        return { kind: 'broken' };
      }
      const found = secrets[place(entry, name)];
      if (found === undefined) return { kind: 'absent' };
      const key = readIfThere(keyFile);
      const value = key && open(key, place(entry, name), found);
      return value === undefined ? { kind: 'broken' } : { kind: 'secret', value };
    },
    set: async (entry, name, value) => {
      const key = readIfThere(keyFile) ?? makeKey(keyFile);
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place(entry, name)));
      const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      change(
        (secrets) =>
          (secrets[place(entry, name)] = { iv: iv.toString('base64url'), sealed: sealed.toString('base64url') }),
      );
    },
    delete: async (entry, name) => change((secrets) => delete secrets[place(entry, name)]),
    deleteAll: async (entry) =>
      change((secrets) => {
        for (const name of Object.keys(secrets)) if (name.startsWith(`${entry}|`)) delete secrets[name];
      }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Writes beside the old file, syncs and renames, so that a crash leaves the old or the new one and never a half. */
export function replaceFile(file: string, text: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${randomBytes(6).toString('hex')}.new`;
  const handle = openSync(beside, 'wx', 0o600);
  try {
    writeSync(handle, typeof text === 'string' ? Buffer.from(text) : text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(beside, file);
}

export function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw new StoreBroken(`${path.basename(file)} cannot be read`, { cause: error });
  }
}

function makeKey(file: string): Buffer {
  const key = randomBytes(32);
  replaceFile(file, key);
  return key;
}

function open(key: Buffer, name: string, { iv, sealed }: { iv: string; sealed: string }): string | undefined {
  try {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function place(entry: EntryId, name: string): string {
  return `${entry}|${name}`;
}
