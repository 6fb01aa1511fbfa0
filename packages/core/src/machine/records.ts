import type { Change } from '@skerry/crypto';
import type * as z from 'zod/mini';
import { type KeyStorage, rowName } from '../keys/ports.ts';
import type { Key, Row, StateStore, Write } from '../stores/stores.ts';

/** Tables of a machine's store. */
export type Table = 'machine' | 'machine_keys' | 'machine_devices' | 'machine_runs' | 'machine_asks';

/** What a machine keeps, sealed and parsed when it is read. */
export class Records {
  readonly #state: StateStore;
  readonly #storage: KeyStorage;

  constructor(state: StateStore, storage: KeyStorage) {
    this.#state = state;
    this.#storage = storage;
  }

  /** @throws what the store throws, CryptoError or ZodError for a record that was changed */
  async get<T>(table: Table, key: Key, schema: z.ZodMiniType<T>): Promise<T | undefined> {
    const row = await this.#state.get(table, key);
    return row && this.#read(table, row, schema);
  }

  async all<T>(table: Table, schema: z.ZodMiniType<T>): Promise<readonly (readonly [Key, T])[]> {
    const rows = await this.#state.range(table, {});
    return rows.map((row) => [row.key, this.#read(table, row, schema)] as const);
  }

  put(table: Table, key: Key, value: unknown): Write {
    return { table, key, value: this.#storage.sealJson(rowName(table, key), value) };
  }

  drop(table: Table, key: Key): Write {
    return { table, key, delete: true };
  }

  /** All of it or nothing. @throws what the store throws */
  async commit(writes: readonly Write[], changes: readonly Change[] = []): Promise<void> {
    if (writes.length > 0 || changes.length > 0) await this.#storage.commit(changes, writes);
  }

  #read<T>(table: Table, { key, value }: Row, schema: z.ZodMiniType<T>): T {
    return schema.parse(this.#storage.openJson(rowName(table, key), value as Uint8Array));
  }
}
