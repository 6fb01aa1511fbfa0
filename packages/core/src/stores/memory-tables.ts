import { compareKeys } from './keys.ts';
import {
  type CacheStore,
  type Expect,
  type Key,
  type Range,
  type Row,
  type StateStore,
  StoreBroken,
  StoreConflict,
  type Write,
} from './stores.ts';

type Slot = { readonly key: Key; value: unknown; version: number };

type Table = { readonly byKey: Map<string, Slot>; readonly sorted: Slot[] };

/** What one memory database holds; it outlives the stores opened over it, as a disk outlives a process. */
export class MemoryDatabase {
  readonly #tables = new Map<string, Table>();

  find(table: string, key: Key): Slot | undefined {
    return this.#tables.get(table)?.byKey.get(JSON.stringify(key));
  }

  /** Those inside the range, in order. */
  range(table: string, { from, to }: Range): readonly Slot[] {
    const sorted = this.#tables.get(table)?.sorted ?? [];
    const first = from === undefined ? 0 : placeOf(sorted, from);
    const end = to === undefined ? sorted.length : placeOf(sorted, to);
    // The upper bound is inclusive.
    const last =
      to !== undefined && sorted[end] !== undefined && compareKeys(sorted[end].key, to) === 0 ? end + 1 : end;
    return sorted.slice(first, last);
  }

  apply(write: Write): void {
    const name = JSON.stringify(write.key);
    let table = this.#tables.get(write.table);
    if (table === undefined) this.#tables.set(write.table, (table = { byKey: new Map(), sorted: [] }));
    const old = table.byKey.get(name);
    if ('delete' in write) {
      if (old === undefined) return;
      table.byKey.delete(name);
      table.sorted.splice(placeOf(table.sorted, write.key), 1);
    } else if (old === undefined) {
      const slot = { key: write.key, value: write.value, version: 1 };
      table.byKey.set(name, slot);
      table.sorted.splice(placeOf(table.sorted, write.key), 0, slot);
    } else {
      old.value = write.value;
      old.version += 1;
    }
  }

  clear(): void {
    this.#tables.clear();
  }

  /** Everything it holds, as plain data, for comparing two of them. */
  dump(): Record<string, readonly { key: Key; value: unknown }[]> {
    const names = [...this.#tables.keys()].filter((name) => this.range(name, {}).length > 0).sort();
    return structuredClone(
      Object.fromEntries(names.map((name) => [name, this.range(name, {}).map(({ key, value }) => ({ key, value }))])),
    );
  }
}

/** Where the key stands, or would stand. */
function placeOf(sorted: readonly Slot[], key: Key): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys((sorted[middle] as Slot).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

class MemoryTables {
  readonly #database: MemoryDatabase;
  #open = true;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async get(table: string, key: Key): Promise<Row | undefined> {
    this.#check();
    const slot = this.#database.find(table, key);
    return slot && structuredClone(slot);
  }

  async range(table: string, range: Range): Promise<readonly Row[]> {
    this.#check();
    const found = [...this.#database.range(table, range)];
    if (range.reverse === true) found.reverse();
    return structuredClone(range.limit === undefined ? found : found.slice(0, range.limit));
  }

  async count(table: string): Promise<number> {
    this.#check();
    return this.#database.range(table, {}).length;
  }

  async commit(writes: readonly Write[], expect: readonly Expect[] = []): Promise<void> {
    this.#check();
    // A copy first: what cannot be stored fails before anything changed, and later changes by the caller do not reach in.
    const copies = structuredClone(lastPerKey(writes));
    for (const { table, key, version } of expect) {
      if ((this.#database.find(table, key)?.version ?? 0) !== version)
        throw new StoreConflict(`${table}: another version is stored`);
    }
    for (const write of copies) this.#database.apply(write);
  }

  async clear(): Promise<void> {
    this.#check();
    this.#database.clear();
  }

  async size(): Promise<number | null> {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
  }

  #check(): void {
    if (!this.#open) throw new StoreBroken('The store is closed');
  }
}

/** A state store in memory: for tests, and for a device whose real one cannot be opened. */
export function memoryState(database: MemoryDatabase = new MemoryDatabase()): StateStore {
  return Object.assign(new MemoryTables(database), { durability: 'strict' as const });
}

/** A cache store in memory. */
export function memoryCache(database: MemoryDatabase = new MemoryDatabase()): CacheStore {
  return Object.assign(new MemoryTables(database), { durability: 'relaxed' as const });
}

/** Of several writes to one row in a commit only the last one counts, as one change of its version. */
export function lastPerKey(writes: readonly Write[]): readonly Write[] {
  const last = new Map<string, Write>();
  for (const write of writes) last.set(JSON.stringify([write.table, write.key]), write);
  return [...last.values()];
}
