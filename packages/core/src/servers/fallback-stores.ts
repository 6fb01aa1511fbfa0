import type { StorageProblem } from '../views.ts';
import { createMemoryStorage } from '../stores/memory-storage.ts';
import { type RegistryStore, StoreBroken, type VaultStore } from '../stores/stores.ts';

type Report = (problem: StorageProblem) => void;

/** In place of a list that cannot even be opened: works, keeps nothing, and says so. */
export async function unsavedRegistry(report: Report): Promise<RegistryStore> {
  report({ where: 'registry', entryId: null, what: 'locked' });
  return createMemoryStorage().registry();
}

/** In place of a vault that cannot be opened: nobody is signed out for it, since locked is not absent. */
export function lockedVault(report: Report): VaultStore {
  report({ where: 'vault', entryId: null, what: 'locked' });
  const refuse = (): Promise<never> => Promise.reject(new StoreBroken('The vault cannot be opened'));
  return {
    get: () => Promise.resolve({ kind: 'locked' }),
    set: refuse,
    delete: () => Promise.resolve(),
    deleteAll: refuse,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
