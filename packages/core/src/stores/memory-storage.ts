import type { Storage } from '../platform.ts';
import type { EntryId } from '../views.ts';
import { memoryCache, MemoryDatabase, memoryState } from './memory-tables.ts';
import { type RegistryStore, StoreBroken, type VaultStore } from './stores.ts';

/** What a device would keep over a restart. Give the same one to two storages and the second finds what the first wrote. */
export class MemoryDisk {
  readonly databases = new Map<string, MemoryDatabase>();
  registry: string | undefined;
  readonly aside: string[] = [];
  readonly secrets = new Map<string, string>();
  /** A locked vault answers `locked` to every question about a secret it holds, and takes no new ones. */
  locked = false;

  database(name: string): MemoryDatabase {
    let found = this.databases.get(name);
    if (found === undefined) this.databases.set(name, (found = new MemoryDatabase()));
    return found;
  }
}

/** The four stores in memory. */
export function createMemoryStorage(disk: MemoryDisk = new MemoryDisk()): Storage {
  return {
    registry: async () => memoryRegistry(disk),
    vault: async () => memoryVault(disk),
    state: async (entry) => memoryState(disk.database(`skerry-${entry}-state`)),
    cache: async (entry) => memoryCache(disk.database(`skerry-${entry}-cache`)),
    destroy: async (entry) => {
      disk.databases.delete(`skerry-${entry}-state`);
      disk.databases.delete(`skerry-${entry}-cache`);
    },
  };
}

function memoryRegistry(disk: MemoryDisk): RegistryStore {
  return {
    load: async () => parseRegistry(disk.registry),
    save: async (value) => void (disk.registry = JSON.stringify(value)),
    setAside: async (text) => void disk.aside.push(text),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Secrets in memory only: gone with the process. Also what a page without Web Crypto has to make do with. */
export function memoryVault(disk: Pick<MemoryDisk, 'secrets' | 'locked'> = new MemoryDisk()): VaultStore {
  const nameOf = (entry: EntryId, name: string): string => JSON.stringify([entry, name]);
  return {
    get: async (entry, name) => {
      const value = disk.secrets.get(nameOf(entry, name));
      if (value === undefined) return { kind: 'absent' };
      return disk.locked ? { kind: 'locked' } : { kind: 'secret', value };
    },
    set: async (entry, name, value) => {
      if (disk.locked) throw new StoreBroken('The vault is locked');
      disk.secrets.set(nameOf(entry, name), value);
    },
    delete: async (entry, name) => void disk.secrets.delete(nameOf(entry, name)),
    deleteAll: async (entry) => {
      for (const key of [...disk.secrets.keys()])
        if ((JSON.parse(key) as string[])[0] === entry) disk.secrets.delete(key);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** How every registry reads the text it kept. */
export function parseRegistry(text: string | undefined): Awaited<ReturnType<RegistryStore['load']>> {
  if (text === undefined) return { kind: 'empty' };
  try {
    return { kind: 'loaded', value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'broken', text };
  }
}
