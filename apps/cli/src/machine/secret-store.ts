import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '@skerry/server/command-line';
import { makePrivateFolder, openToOthers } from './config-folder.ts';

export type SecretPlace = 'keychain' | 'file';

/** One secret text for each name. */
export type SecretStore = {
  readonly place: SecretPlace;
  read(name: string): string | null;
  write(name: string, text: string): void;
  remove(name: string): void;
};

const SERVICE = 'Skerry';

/** The system's keychain, where it is there and keeps things beyond the next start. */
export async function keychain(platform = process.platform): Promise<SecretStore | null> {
  try {
    const { Entry } = await import('@napi-rs/keyring');
    // The kernel's keyring forgets at the next start, so it is not what Linux falls back to.
    const options = platform === 'linux' ? ({ linux: { store: 'secret-service' } } as const) : undefined;
    const entry = (name: string) => new Entry(SERVICE, name, options);
    entry('probe').getPassword();
    return {
      place: 'keychain',
      read: (name) => entry(name).getPassword(),
      write: (name, text) => entry(name).setPassword(text),
      remove: (name) => void entry(name).deleteCredential(),
    };
  } catch {
    return null;
  }
}

/** Files that only their owner may read. */
export function fileSecrets(folder: string): SecretStore {
  const fileOf = (name: string) => path.join(makePrivateFolder(folder), `${name}.secret`);
  return {
    place: 'file',
    read(name) {
      const file = fileOf(name);
      try {
        if (openToOthers(file)) throw new StartError(`Others may read ${file}. Close it with: chmod 600 "${file}"`);
        return readFileSync(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    write: (name, text) => replaceFile(fileOf(name), text),
    remove: (name) => rmSync(fileOf(name), { force: true }),
  };
}

/** Whole or as before, also when the machine stops in the middle; nobody else may read it. */
export function replaceFile(file: string, text: string): void {
  const draft = `${file}.draft`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    chmodSync(draft, 0o600);
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}
