import path from 'node:path';
import type { Storage } from '../platform.ts';
import { parseRegistry } from '../stores/memory-storage.ts';
import type { RegistryStore } from '../stores/stores.ts';
import type { EntryId } from '../views.ts';
import { deleteDatabase, openSqliteCache, openSqliteState } from './sqlite-tables.ts';
import { openFileVault, readIfThere, replaceFile } from './sqlite-vault.ts';

const ENTRY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The four stores as files of one directory that only its owner may read: SQLite for each entry's state and cache, JSON
 * for the registry, and a vault sealed with the key in `vault.key`.
 */
export function createSqliteStorage(directory: string): Storage {
  const fileOf = (entry: EntryId, kind: 'state' | 'cache'): string => {
    // Ids come from the registry, which a person may have edited; they must not name another file.
    if (!ENTRY.test(entry)) throw new RangeError('An entry id is a UUID');
    return path.join(directory, `skerry-${entry}-${kind}.db`);
  };
  return {
    registry: async () => fileRegistry(path.join(directory, 'registry.json')),
    vault: async () => openFileVault(directory),
    state: async (entry) => openSqliteState(fileOf(entry, 'state')),
    cache: async (entry) => openSqliteCache(fileOf(entry, 'cache')),
    destroy: async (entry) => {
      deleteDatabase(fileOf(entry, 'state'));
      deleteDatabase(fileOf(entry, 'cache'));
    },
  };
}

function fileRegistry(file: string): RegistryStore {
  return {
    load: async () => parseRegistry(readIfThere(file)?.toString('utf8')),
    save: async (value) => replaceFile(file, `${JSON.stringify(value, null, 2)}\n`),
    setAside: async (text) => replaceFile(`${file}.set-aside-${new Date().toISOString().replaceAll(':', '')}`, text),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
