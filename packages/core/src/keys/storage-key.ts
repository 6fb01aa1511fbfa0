import { CryptoError, unwrapKey, wrapKey } from '@skerry/crypto';
import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import * as z from 'zod/mini';
import type { PersonSource } from '../identity/person.ts';
import type { Random } from '../platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { EntryId } from '../views.ts';
import { STORAGE_KEY } from './names.ts';

const USE = 'storage';

const record = z.object({
  version: z.literal(1),
  /** `person`: under a key of the person's, so that it opens with the master secret alone. */
  by: z.enum(['person', 'device']),
  key: z.string(),
});

export type StorageKeyDeps = {
  readonly vault: VaultStore;
  readonly entryId: EntryId;
  readonly serverId: string;
  readonly person: PersonSource;
  readonly random: Random;
};

/** What is kept can't be opened: it stays as it is. */
export class StorageKeyError extends Error {
  override readonly name = 'StorageKeyError';
}

/**
 * The key that this entry's records are sealed under, made once. Where the person has a master secret it is wrapped by a key
 * derived from that, so that a locked or forgotten person leaves nothing readable; a device that waits for the secret has its
 * key in the vault alone until then.
 * @throws StorageKeyError when there is one that can't be opened; what the vault throws
 */
export async function openStorageKey(deps: StorageKeyDeps): Promise<Uint8Array> {
  const { vault, entryId, random } = deps;
  const stored = await vault.get(entryId, STORAGE_KEY);
  if (stored.kind === 'locked' || stored.kind === 'broken') throw new StorageKeyError(stored.kind);
  const isReady = deps.person.state.get().kind === 'ready';
  if (stored.kind === 'absent') {
    const key = random.bytes(32);
    await keep(key, deps);
    return key;
  }
  const { by, bytes } = read(stored.value);
  if (by === 'device') {
    if (isReady) await keep(bytes, deps);
    return bytes;
  }
  const { vault: under } = await deps.person.accountKeys(deps.serverId, 0);
  try {
    return unwrapKey(bytes, { key: under, use: USE });
  } catch (cause) {
    if (cause instanceof CryptoError) throw new StorageKeyError('another person', { cause });
    throw cause;
  }
}

async function keep(key: Uint8Array, deps: StorageKeyDeps): Promise<void> {
  const { vault, entryId, person, serverId, random } = deps;
  const isReady = person.state.get().kind === 'ready';
  // Always by the first of the account's keys: one that was moved on must not make the records unreadable.
  const bytes = isReady ? wrapKey(key, { key: (await person.accountKeys(serverId, 0)).vault, use: USE }, random) : key;
  const value: z.infer<typeof record> = { version: 1, by: isReady ? 'person' : 'device', key: toBase64Url(bytes) };
  await vault.set(entryId, STORAGE_KEY, JSON.stringify(value));
}

function read(text: string): { by: 'person' | 'device'; bytes: Uint8Array } {
  try {
    const { by, key } = record.parse(JSON.parse(text));
    const bytes = fromBase64Url(key);
    if (bytes !== undefined && (by === 'person' || bytes.length === 32)) return { by, bytes };
  } catch {
    // Said below.
  }
  throw new StorageKeyError('malformed');
}
