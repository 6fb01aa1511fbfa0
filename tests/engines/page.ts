import { createBrowserPlatform } from '@skerry/core/browser';
import { storageContract } from '@skerry/core/testing';
import { type RecordPort, signalStoresOver, webCurve } from '@skerry/crypto';
import { createKyberKeyPair, nobleCurve, storesContract } from '@skerry/crypto/testing';

/** What one rule came to. */
export type Outcome = { readonly name: string; readonly wrong: string | null };

export type Report = {
  readonly outcomes: Outcome[];
  /** Whether the platform's curves answered the known questions as JavaScript does, and are used. */
  readonly byPlatform: { readonly agree: boolean; readonly verify: boolean };
  /** The same of ML-KEM, which not every platform has. */
  readonly kem: 'taken' | 'refused' | 'absent';
  readonly keepsWrappingKey: boolean;
};

declare global {
  interface Window {
    done: Report | undefined;
  }
}

/** Runs in the page: every rule of the client's storage and of the Signal stores over it, on this engine's IndexedDB. */
async function run(): Promise<void> {
  const { storage } = createBrowserPlatform();
  const outcomes: Outcome[] = [];
  const check = async (name: string, rule: () => Promise<void>): Promise<void> => {
    await clear();
    try {
      await rule();
      outcomes.push({ name, wrong: null });
    } catch (error) {
      outcomes.push({ name, wrong: String(error) });
    }
  };
  for (const rule of storageContract)
    await check(`storage ${rule.name}`, () => rule.run({ open: async () => createBrowserPlatform().storage }));
  for (const rule of storesContract)
    await check(`signal stores ${rule.name}`, async () => {
      const state = await storage.state('0197f3f4-0000-7000-8000-00000000000e' as Parameters<typeof storage.state>[0]);
      const port: RecordPort = {
        get: async (key) => (await state.get('signal', key))?.value as Uint8Array | undefined,
        keys: async (prefix) =>
          (await state.range('signal', {})).map((row) => String(row.key)).filter((key) => key.startsWith(prefix)),
        commit: (writes) =>
          state.commit(
            writes.map(({ key, value }) =>
              value === undefined ? { table: 'signal', key, delete: true } : { table: 'signal', key, value },
            ),
          ),
      };
      const deps = { random: { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) } };
      await rule.run(async () => signalStoresOver(port, { key: new Uint8Array(32).fill(7), ...deps }));
      await state[Symbol.asyncDispose]();
    });
  await clear();
  const { agree, verify, encapsulate } = await webCurve(crypto.subtle);
  const byPlatform = { agree: agree !== nobleCurve.agree, verify: verify !== nobleCurve.verify };
  const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
  const standing = !('encapsulateBits' in crypto.subtle)
    ? 'absent'
    : (await encapsulate?.(createKyberKeyPair(random).publicKey.slice(1))) === undefined
      ? 'refused'
      : 'taken';
  window.done = { outcomes, byPlatform, kem: standing, keepsWrappingKey: await keepsWrappingKey() };
}

async function clear(): Promise<void> {
  for (const { name } of await indexedDB.databases())
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name ?? '');
      request.onsuccess = () => resolve();
      request.onerror = () => reject(new Error(`${name ?? ''} could not be deleted`));
    });
}

/**
 * Every secret is kept as bytes under one AES key that the engine keeps. (Curve keys it may take and not give back:
 * WebKitGTK 2.50 stores an X25519 key as nothing.)
 */
async function keepsWrappingKey(): Promise<boolean> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('wrapping', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('keys');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error('no database'));
  });
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const writing = database.transaction('keys', 'readwrite');
  writing.objectStore('keys').put(key, 'key');
  await new Promise<void>((resolve, reject) => {
    writing.oncomplete = () => resolve();
    writing.onabort = () => reject(new Error('not written'));
  });
  const back = await new Promise<unknown>((resolve) => {
    const request = database.transaction('keys').objectStore('keys').get('key');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  });
  return back instanceof CryptoKey && !back.extractable;
}

await run();
