import { type DBSchema, deleteDB, openDB } from 'idb';
import type { Storage } from '../platform.ts';
import { memoryVault, parseRegistry } from '../stores/memory-storage.ts';
import type { RegistryStore } from '../stores/stores.ts';
import { guarded, openIndexedDbCache, openIndexedDbState } from './indexeddb-tables.ts';
import { openIndexedDbVault } from './indexeddb-vault.ts';

interface Registry extends DBSchema {
  texts: { key: string; value: string };
}

/**
 * The four stores in a browser: two databases for each entry, named by the client's own id of it, and one each for
 * registry and vault.
 * @param subtle `crypto.subtle`; undefined on plain http, where secrets can't be sealed and are then kept in memory only
 */
export function createIndexedDbStorage(subtle: SubtleCrypto | undefined): Storage {
  // One for all callers, so that what is in memory is not lost with the first of them.
  const unsealed = memoryVault();
  return {
    registry: openRegistry,
    vault: async () => (subtle === undefined ? unsealed : openIndexedDbVault(subtle)),
    state: (entry) => openIndexedDbState(`skerry-${entry}-state`),
    cache: (entry) => openIndexedDbCache(`skerry-${entry}-cache`),
    destroy: (entry) =>
      guarded(async () => {
        await Promise.all([deleteDB(`skerry-${entry}-state`), deleteDB(`skerry-${entry}-cache`)]);
      }),
  };
}

async function openRegistry(): Promise<RegistryStore> {
  const database = await guarded(() =>
    openDB<Registry>('skerry-registry', 1, {
      upgrade: (made) => void made.createObjectStore('texts'),
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
    }),
  );
  const write = (name: string, text: string): Promise<void> =>
    guarded(async () => {
      const transaction = database.transaction('texts', 'readwrite', { durability: 'strict' });
      await Promise.all([transaction.store.put(text, name), transaction.done]);
    });
  return {
    // Kept as text: what a bug or a newer program made unreadable can be shown and mended.
    load: () => guarded(async () => parseRegistry(await database.get('texts', 'registry'))),
    save: (value) => write('registry', JSON.stringify(value)),
    setAside: (text) => write(`set aside ${new Date().toISOString()}`, text),
    [Symbol.asyncDispose]: async () => database.close(),
  };
}
