import { compareKeys, isInRange } from './keys.ts';
import { type CacheStore, type Expect, type Key, type Range, type Row, type StateStore, StoreBroken, StoreConflict, type Write } from './stores.ts';

type Slot = { readonly key: Key; value: unknown; version: number };

/** What one memory database holds; it outlives the stores opened over it, as a disk outlives a process. */
export class MemoryDatabase {
  readonly #tables = new Map<string, Map<string, Slot>>();
  /** Slots in the order of their keys, made when a range asks for it. */
  readonly #sorted = new Map<string, readonly Slot[]>();

  find(table: string, key: Key): Slot | undefined {
    return this.#tables.get(table)?.get(JSON.stringify(key));
  }

  sorted(table: string): readonly Slot[] {
    let slots = this.#sorted.get(table);
    if (slots === undefined) {
      slots = [...(this.#tables.get(table)?.values() ?? [])].sort((a, b) => compareKeys(a.key, b.key));
      this.#sorted.set(table, slots);
    }
    return slots;
  }

  apply(write: Write): void {
    const name = JSON.stringify(write.key);
    const rows = this.#tables.get(write.table) ?? new Map<string, Slot>();
    this.#tables.set(write.table, rows);
    const old = rows.get(name);
    if ('delete' in write) {
      if (rows.delete(name)) this.#sorted.delete(write.table);
    } else if (old === undefined) {
      rows.set(name, { key: write.key, value: write.value, version: 1 });
      this.#sorted.delete(write.table);
    } else {
      old.value = write.value;
      old.version += 1;
    }
  }

  clear(): void {
    this.#tables.clear();
    this.#sorted.clear();
  }

  /** Everything it holds, as plain data, for comparing two of them. */
  dump(): Record<string, readonly { key: Key; value: unknown }[]> {
    const names = [...this.#tables.keys()].filter((name) => this.sorted(name).length > 0).sort();
    return structuredClone(Object.fromEntries(names.map((name) => [name, this.sorted(name).map(({ key, value }) => ({ key, value }))])));
  }
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
    const found = this.#database.sorted(table).filter((slot) => isInRange(slot.key, range));
    if (range.reverse === true) found.reverse();
    return structuredClone(range.limit === undefined ? found : found.slice(0, range.limit));
  }

  async count(table: string): Promise<number> {
    this.#check();
    return this.#database.sorted(table).length;
  }

  async commit(writes: readonly Write[], expect: readonly Expect[] = []): Promise<void> {
    this.#check();
    // A copy first: what cannot be stored fails before anything changed, and later changes by the caller do not reach in.
    const copies = structuredClone(lastPerKey(writes));
    for (const { table, key, version } of expect) {
      if ((this.#database.find(table, key)?.version ?? 0) !== version) throw new StoreConflict(`${table}: another version is stored`);
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
