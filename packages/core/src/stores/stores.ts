import type { EntryId } from '../views.ts';

/** Keys sort like IndexedDB's: numbers before texts, arrays by their parts. */
export type Key = string | number | readonly (string | number)[];
export type Write =
  | { readonly table: string; readonly key: Key; readonly value: unknown }
  | { readonly table: string; readonly key: Key; readonly delete: true };
/** The commit is refused with `StoreConflict` unless the row's version (0 when absent) is still this one. */
export type Expect = { readonly table: string; readonly key: Key; readonly version: number };
export type Row = { readonly key: Key; readonly value: unknown; readonly version: number };
export type Range = { readonly from?: Key; readonly to?: Key; readonly limit?: number; readonly reverse?: boolean };

/**
 * Tables of one entry. A commit is all or nothing and nothing is awaited inside it, since an IndexedDB transaction closes on an await.
 * Values are structured-cloneable plain data. Versions count up per row from 1.
 */
export interface TableStore extends AsyncDisposable {
  get(table: string, key: Key): Promise<Row | undefined>;
  /** Inclusive bounds. */
  range(table: string, range: Range): Promise<readonly Row[]>;
  count(table: string): Promise<number>;
  /** @throws StoreConflict, StoreFull, StoreBroken */
  commit(writes: readonly Write[], expect?: readonly Expect[]): Promise<void>;
  /** Bytes used, where the platform can tell. */
  size(): Promise<number | null>;
}

/** Send queue, drafts, read marks, later ratchets and sealed plaintext: strict durability, survives `reset`. */
export interface StateStore extends TableStore {
  readonly durability: 'strict';
}

/** All that the server can give again: relaxed durability, may be emptied at any time. */
export interface CacheStore extends TableStore {
  readonly durability: 'relaxed';
  clear(): Promise<void>;
}

/** The list of entries and the person's settings. Not secret. Unreadable content is set aside, shown and never emptied. */
export interface RegistryStore extends AsyncDisposable {
  /** @returns undefined when nothing was ever saved; `broken` holds the text that could not be parsed */
  load(): Promise<
    | { readonly kind: 'empty' }
    | { readonly kind: 'loaded'; readonly value: unknown }
    | { readonly kind: 'broken'; readonly text: string }
  >;
  save(value: unknown): Promise<void>;
  /** Keeps a copy of something unreadable under a dated name. */
  setAside(text: string): Promise<void>;
}

/** Secrets, sealed from the first write. Locked is not absent: a locked vault answers `locked` and keeps everything. */
export interface VaultStore extends AsyncDisposable {
  get(
    entry: EntryId,
    name: string,
  ): Promise<
    | { readonly kind: 'absent' }
    | { readonly kind: 'secret'; readonly value: string }
    | { readonly kind: 'locked' }
    | { readonly kind: 'broken' }
  >;
  set(entry: EntryId, name: string, value: string): Promise<void>;
  delete(entry: EntryId, name: string): Promise<void>;
  deleteAll(entry: EntryId): Promise<void>;
}

export class StoreConflict extends Error {
  override readonly name = 'StoreConflict';
}
/** No room left on the device. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}
/** The database cannot be opened or read. */
export class StoreBroken extends Error {
  override readonly name = 'StoreBroken';
}
