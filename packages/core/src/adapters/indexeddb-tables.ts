import { deleteDB, type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { lastPerKey } from '../stores/memory-tables.ts';
import {
  type CacheStore,
  type Expect,
  type Key,
  type Range,
  type Row,
  type StateStore,
  StoreBroken,
  StoreConflict,
  StoreFull,
  type Write,
} from '../stores/stores.ts';

/** Tables are told apart by the first part of the key, so a new one needs no upgrade of the database. */
interface Schema extends DBSchema {
  rows: { key: IDBValidKey; value: Row };
}
type Database = IDBPDatabase<Schema>;

const VERSION = 1;
const BLOCKED = 'blocked';

/** @throws StoreBroken when it cannot be opened, was made by a newer program, or another tab is in the way */
export async function openIndexedDbState(name: string): Promise<StateStore> {
  return Object.assign(new IndexedDbTables(await open(name), 'strict'), { durability: 'strict' as const });
}

/**
 * One that cannot be read is deleted first, since the server has all of it: opening it again makes an empty one.
 * @throws StoreBroken as {@link openIndexedDbState}
 */
export async function openIndexedDbCache(name: string): Promise<CacheStore> {
  try {
    return Object.assign(new IndexedDbTables(await open(name), 'relaxed'), { durability: 'relaxed' as const });
  } catch (error) {
    // Deleting would wait for the other tab as well.
    if (!(error instanceof StoreBroken && error.cause === BLOCKED)) await deleteDB(name).catch(() => undefined);
    throw error;
  }
}

class IndexedDbTables {
  readonly #database: Database;
  readonly #durability: 'strict' | 'relaxed';

  constructor(database: Database, durability: 'strict' | 'relaxed') {
    this.#database = database;
    this.#durability = durability;
  }

  get(table: string, key: Key): Promise<Row | undefined> {
    return guarded(() => this.#database.get('rows', at(table, key)));
  }

  range(table: string, range: Range): Promise<readonly Row[]> {
    return guarded(async () => {
      if (range.reverse !== true) return this.#database.getAll('rows', bounds(table, range), range.limit);
      const found: Row[] = [];
      // Only a cursor goes backwards. It is the slower way, so what is hot asks for bounds instead.
      for (
        let cursor = await this.#database.transaction('rows').store.openCursor(bounds(table, range), 'prev');
        cursor;
        cursor = await cursor.continue()
      ) {
        if (range.limit !== undefined && found.length >= range.limit) break;
        found.push(cursor.value);
      }
      return found;
    });
  }

  count(table: string): Promise<number> {
    return guarded(() => this.#database.count('rows', bounds(table, {})));
  }

  commit(writes: readonly Write[], expect: readonly Expect[] = []): Promise<void> {
    return guarded(async () => {
      const wanted = lastPerKey(writes);
      const transaction = this.#database.transaction('rows', 'readwrite', { durability: this.#durability });
      const done = transaction.done.then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      try {
        const { store } = transaction;
        // Nothing but requests of this transaction is awaited: it would close.
        const [expected, old] = await Promise.all([
          Promise.all(expect.map(({ table, key }) => store.get(at(table, key)))),
          Promise.all(wanted.map(({ table, key }) => store.get(at(table, key)))),
        ]);
        expect.forEach(({ table, version }, index) => {
          if ((expected[index]?.version ?? 0) !== version)
            throw new StoreConflict(`${table}: another version is stored`);
        });
        const requests: Promise<unknown>[] = [];
        wanted.forEach((write, index) => {
          const { table, key } = write;
          const request =
            'delete' in write
              ? store.delete(at(table, key))
              : store.put({ key, value: write.value, version: (old[index]?.version ?? 0) + 1 }, at(table, key));
          requests.push(request);
          // When a later one throws at once, this one is aborted without anybody waiting for it.
          request.catch(() => undefined);
        });
        await Promise.all(requests);
      } catch (error) {
        abort(transaction);
        const ended = await done;
        // A put that finds no room fails as an abort; the transaction knows the reason.
        throw isFull(ended?.error) ? ended?.error : error;
      }
      const ended = await done;
      if (ended !== undefined) throw ended.error;
    });
  }

  clear(): Promise<void> {
    return guarded(() => this.#database.clear('rows'));
  }

  /** Browsers tell the use of an origin only, not of one database. */
  async size(): Promise<number | null> {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
  }
}

async function open(name: string): Promise<Database> {
  return guarded(async () => {
    const opening = openDB<Schema>(name, VERSION, {
      upgrade: (database) => void database.createObjectStore('rows'),
      blocked: () => blocked.reject(new StoreBroken(`${name} is held open by another tab`, { cause: BLOCKED })),
      // Another tab wants to delete or upgrade it: whoever still writes here is told that it is closed.
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
    });
    const blocked = rejecting();
    const database = await Promise.race([opening, blocked.promise]).catch((error: unknown) => {
      void opening.then(
        (late) => late.close(),
        () => undefined,
      );
      throw error;
    });
    if (database.objectStoreNames.contains('rows')) return database;
    database.close();
    throw new StoreBroken(`${name} is not a database of this program`);
  });
}

function rejecting(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject!: (error: Error) => void;
  const promise = new Promise<never>((_, no) => (reject = no));
  return { promise, reject };
}

/** Gives whatever goes wrong in IndexedDB one of the three names the core knows. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreConflict || error instanceof StoreBroken || nameOf(error) === 'DataCloneError')
      throw error;
    if (isFull(error)) throw new StoreFull('No room is left on this device', { cause: error });
    throw new StoreBroken('The database of this browser failed', { cause: error });
  }
}

function isFull(error: unknown): boolean {
  return nameOf(error) === 'QuotaExceededError';
}

function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : '';
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

/** Arrays inside arrays sort by their parts as well, so one table's keys lie together. */
function at(table: string, key: Key): IDBValidKey {
  return [table, key] as IDBValidKey;
}

function bounds(table: string, { from, to }: Range): IDBKeyRange {
  const lower = from === undefined ? [table] : [table, from];
  // No key holds an array inside an array, so this one sorts after all of them.
  const upper = to === undefined ? [table, [[]]] : [table, to];
  return IDBKeyRange.bound(lower, upper);
}
