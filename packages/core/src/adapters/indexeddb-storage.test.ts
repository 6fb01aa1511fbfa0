import 'fake-indexeddb/auto';
import { webcrypto } from 'node:crypto';
import { IDBFactory } from 'fake-indexeddb';
import { deleteDB, openDB } from 'idb';
import { beforeEach, describe, expect, it } from 'vitest';
import { storageContract } from '../stores/store-contract.ts';
import { StoreBroken, StoreFull } from '../stores/stores.ts';
import type { EntryId } from '../views.ts';
import { createIndexedDbStorage } from './indexeddb-storage.ts';

const A = '0197f3f4-0000-7000-8000-00000000000a' as EntryId;
const B = '0197f3f4-0000-7000-8000-00000000000b' as EntryId;
const subtle = webcrypto.subtle as SubtleCrypto;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('IndexedDB storage', () => {
  it.each(storageContract)('$name', async ({ run }) => {
    await run({ open: async () => createIndexedDbStorage(subtle) });
  });

  it('S4.8: names its databases by the entry, one for each kind', async () => {
    const storage = createIndexedDbStorage(subtle);
    await (await storage.state(A))[Symbol.asyncDispose]();
    await (await storage.cache(A))[Symbol.asyncDispose]();
    await (await storage.registry())[Symbol.asyncDispose]();
    await (await storage.vault())[Symbol.asyncDispose]();
    const names = (await indexedDB.databases()).map(({ name }) => name).sort();
    expect(names).toEqual([`skerry-${A}-cache`, `skerry-${A}-state`, 'skerry-registry', 'skerry-vault']);
  });

  it('deletes a cache of a newer program and makes an empty one at the next try, but leaves such a state alone', async () => {
    const storage = createIndexedDbStorage(subtle);
    for (const kind of ['state', 'cache'] as const) {
      const newer = await openDB(`skerry-${A}-${kind}`, 7, { upgrade: (made) => void made.createObjectStore('rows') });
      newer.close();
    }
    await expect(storage.cache(A)).rejects.toThrow(StoreBroken);
    await using cache = await storage.cache(A);
    expect(await cache.count('meta')).toBe(0);
    await expect(storage.state(A)).rejects.toThrow(StoreBroken);
    await expect(storage.state(A)).rejects.toThrow(StoreBroken);
  });

  it('is closed for whoever still holds it when its entry is destroyed', async () => {
    const storage = createIndexedDbStorage(subtle);
    const state = await storage.state(A);
    await state.commit([{ table: 't', key: 1, value: 1 }]);
    await storage.destroy(A);
    await expect(state.get('t', 1)).rejects.toThrow(StoreBroken);
    await expect(state.commit([{ table: 't', key: 1, value: 1 }])).rejects.toThrow(StoreBroken);
  });

  it('says when the device has no room left, and has written nothing then', async () => {
    const storage = createIndexedDbStorage(subtle);
    await using state = await storage.state(A);
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, value: { key: unknown }, key) {
      if (value.key === 'too much') throw new DOMException('full', 'QuotaExceededError');
      return put.call(this, value, key);
    };
    try {
      const writes = [1, 'too much'].map((key) => ({ table: 't', key, value: key }));
      await expect(state.commit(writes)).rejects.toThrow(StoreFull);
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    expect(await state.range('t', {})).toEqual([]);
  });

  it('keeps a registry it cannot parse, beside what was set aside before', async () => {
    const storage = createIndexedDbStorage(subtle);
    await using registry = await storage.registry();
    const raw = await openDB('skerry-registry', 1);
    await raw.put('texts', '{"entries":', 'registry');
    expect(await registry.load()).toEqual({ kind: 'broken', text: '{"entries":' });
    await registry.setAside('{"entries":');
    await registry.save({ entries: [] });
    expect((await raw.getAll('texts')).sort()).toEqual(['{"entries":', '{"entries":[]}']);
    raw.close();
  });

  it('S2.5, S2.6: seals secrets with a key that cannot be taken out, bound to entry and name', async () => {
    await using vault = await createIndexedDbStorage(subtle).vault();
    await vault.set(A, 'refresh', 'top secret');
    const raw = await openDB('skerry-vault', 1);
    const key = (await raw.get('keys', 'seal')) as CryptoKey;
    expect(key.extractable).toBe(false);
    await expect(subtle.exportKey('raw', key)).rejects.toThrow();
    const sealed = (await raw.get('secrets', [A, 'refresh'])) as { iv: Uint8Array; bytes: ArrayBuffer };
    expect(Buffer.from(sealed.bytes).toString('latin1')).not.toContain('secret');
    await raw.put('secrets', sealed, [B, 'refresh']);
    expect(await vault.get(B, 'refresh')).toEqual({ kind: 'broken' });
    expect(await vault.get(A, 'refresh')).toEqual({ kind: 'secret', value: 'top secret' });
    await raw.delete('keys', 'seal');
    expect(await vault.get(A, 'refresh')).toEqual({ kind: 'broken' });
    raw.close();
  });

  it('holds secrets in memory where the browser has no Web Crypto, and writes none down', async () => {
    const storage = createIndexedDbStorage(undefined);
    await (await storage.vault()).set(A, 'refresh', 'not to be written');
    expect(await (await storage.vault()).get(A, 'refresh')).toEqual({ kind: 'secret', value: 'not to be written' });
    expect(await indexedDB.databases()).toEqual([]);
    await deleteDB('skerry-vault');
  });
});
