import {
  type Change,
  openRecord,
  type RecordPort,
  type SealedStores,
  sealRecord,
  signalStoresOver,
} from '@skerry/crypto';
import type { Random } from '../platform.ts';
import type { Expect, StateStore, Write } from '../stores/stores.ts';
import type { KeyStorage } from './ports.ts';

/** Where ratchets, prekeys and identities lie. Never part of a backup. */
export const SIGNAL = 'signal';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Everything of one entry's keys at rest: the Signal stores and other records, both over its State store. */
export type Storage = { readonly stores: SealedStores; readonly storage: KeyStorage };

/**
 * The store knows neither the server nor other entries: it is handed in already, and its names are names within it. SPEC C-1.
 * @param options.key 32 bytes
 */
export function createStorage(state: StateStore, options: { key: Uint8Array; random: Random }): Storage {
  const { key, random } = options;
  const stores = signalStoresOver(portOver(state), { key, random });
  const seal = (name: string, content: Uint8Array): Uint8Array<ArrayBuffer> =>
    sealRecord(content, { key, name }, random);
  const open = (name: string, sealed: Uint8Array): Uint8Array => openRecord(sealed, { key, name });
  return {
    stores,
    storage: {
      seal,
      open,
      sealJson: (name, value) => seal(name, encoder.encode(JSON.stringify(value))),
      openJson: (name, sealed) => JSON.parse(decoder.decode(open(name, sealed))) as unknown,
      commit: (changes: readonly Change[], writes: readonly Write[] = [], expect?: readonly Expect[]) =>
        state.commit([...stores.writesOf(changes).map(asWrite), ...writes], expect),
    },
  };
}

function portOver(state: StateStore): RecordPort {
  return {
    get: async (key) => (await state.get(SIGNAL, key))?.value as Uint8Array | undefined,
    keys: async (prefix) => {
      const rows = await state.range(SIGNAL, { from: prefix, to: `${prefix}\uffff` });
      return rows.map(({ key }) => String(key));
    },
    commit: (writes) => state.commit(writes.map(asWrite)),
  };
}

function asWrite({ key, value }: { key: string; value: Uint8Array | undefined }): Write {
  return value === undefined ? { table: SIGNAL, key, delete: true } : { table: SIGNAL, key, value };
}
