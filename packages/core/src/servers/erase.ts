import type { Storage } from '../platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { EntryId } from '../views.ts';
import type { Registry } from './registry.ts';

export type EraseDeps = {
  readonly storage: Pick<Storage, 'destroy'>;
  readonly vault: Pick<VaultStore, 'deleteAll'>;
  readonly registry: Pick<Registry, 'erased'>;
};

/**
 * Deletes what is stored of an entry that was removed from the list. What fails, such as a database that is still open
 * elsewhere, is done again by the next start; until then the list remembers it.
 */
export async function erase({ storage, vault, registry }: EraseDeps, id: EntryId): Promise<void> {
  // One that fails keeps the other from nothing: the secrets go although a database is held.
  const done = await Promise.allSettled([storage.destroy(id), vault.deleteAll(id)]);
  if (done.some(({ status }) => status === 'rejected')) return;
  await registry.erased(id).catch(() => undefined);
}
