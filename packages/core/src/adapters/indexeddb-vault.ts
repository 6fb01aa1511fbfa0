import { type DBSchema, openDB } from 'idb';
import type { VaultStore } from '../stores/stores.ts';
import type { EntryId } from '../views.ts';
import { guarded } from './indexeddb-tables.ts';

type Sealed = { readonly iv: Uint8Array<ArrayBuffer>; readonly bytes: ArrayBuffer };
interface Schema extends DBSchema {
  keys: { key: string; value: CryptoKey };
  secrets: { key: [string, string]; value: Sealed };
}

const SEAL = 'seal';
const utf8 = new TextEncoder();

/**
 * Secrets sealed with AES-GCM by a key that the browser keeps and never hands out: what is on disk is useless elsewhere,
 * and a secret moved to another entry or name does not open.
 */
export async function openIndexedDbVault(subtle: SubtleCrypto): Promise<VaultStore> {
  const database = await guarded(() =>
    openDB<Schema>('skerry-vault', 1, {
      upgrade(made) {
        made.createObjectStore('keys');
        made.createObjectStore('secrets');
      },
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
    }),
  );

  async function sealingKey(): Promise<CryptoKey> {
    const found = await database.get('keys', SEAL);
    if (found !== undefined) return found;
    const made = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    // Made outside of the transaction, which would close meanwhile; another tab may have been quicker.
    const transaction = database.transaction('keys', 'readwrite', { durability: 'strict' });
    const quicker = await transaction.store.get(SEAL);
    if (quicker === undefined) await transaction.store.put(made, SEAL);
    await transaction.done;
    return quicker ?? made;
  }

  async function write(
    change: (store: {
      put(value: Sealed, key: [string, string]): Promise<unknown>;
      delete(key: [string, string] | IDBKeyRange): Promise<void>;
    }) => Promise<unknown>,
  ): Promise<void> {
    const transaction = database.transaction('secrets', 'readwrite', { durability: 'strict' });
    await Promise.all([change(transaction.store), transaction.done]);
  }

  return {
    get: (entry, name) =>
      guarded(async () => {
        const sealed = await database.get('secrets', [entry, name]);
        if (sealed === undefined) return { kind: 'absent' };
        const key = await database.get('keys', SEAL);
        if (key === undefined) return { kind: 'broken' };
        try {
          const opened = await subtle.decrypt(
            { name: 'AES-GCM', iv: sealed.iv, additionalData: place(entry, name) },
            key,
            sealed.bytes,
          );
          return { kind: 'secret', value: new TextDecoder().decode(opened) };
        } catch {
          return { kind: 'broken' };
        }
      }),
    set: (entry, name, value) =>
      guarded(async () => {
        const key = await sealingKey();
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const bytes = await subtle.encrypt(
          { name: 'AES-GCM', iv, additionalData: place(entry, name) },
          key,
          utf8.encode(value),
        );
        await write((store) => store.put({ iv, bytes }, [entry, name]));
      }),
    delete: (entry, name) => guarded(() => write((store) => store.delete([entry, name]))),
    deleteAll: (entry) => guarded(() => write((store) => store.delete(IDBKeyRange.bound([entry], [entry, []])))),
    [Symbol.asyncDispose]: async () => database.close(),
  };
}

function place(entry: EntryId, name: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(`${entry}|${name}`);
}
