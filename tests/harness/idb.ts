import type { Page } from 'playwright-core';

/**
 * Everything in the page's IndexedDB databases, as text that is equal only when all of it is: by name of the database,
 * each object store with its keys and values in order. Bytes are written as hex, keys that cannot be exported as such.
 */
export async function dumpDatabases(page: Page): Promise<Map<string, string>> {
  const dumps = await page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('a request failed'));
      });
    const readable = (_: string, value: unknown): unknown => {
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
        const bytes =
          value instanceof ArrayBuffer
            ? new Uint8Array(value)
            : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
      }
      if (value instanceof CryptoKey) return `key ${value.algorithm.name} ${value.extractable}`;
      if (value instanceof Map || value instanceof Set) return [...value];
      return value;
    };
    const out: [string, string][] = [];
    for (const { name } of await indexedDB.databases()) {
      if (name === undefined) continue;
      const database = await asked(indexedDB.open(name));
      const stores: unknown[] = [];
      for (const store of [...database.objectStoreNames].sort()) {
        const table = database.transaction(store).objectStore(store);
        stores.push([store, await asked(table.getAllKeys()), await asked(table.getAll())]);
      }
      database.close();
      out.push([name, JSON.stringify(stores, readable)]);
    }
    return out;
  });
  return new Map(dumps);
}
