import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { deserialize, serialize } from 'node:v8';
import Database from 'libsql';
import { encodeKey } from '../stores/keys.ts';
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

type Bind = string | number | Uint8Array;
type Statement = {
  get(args: readonly Bind[]): Bind[] | undefined;
  all(args: readonly Bind[]): Bind[][];
  run(args: readonly Bind[]): void;
};

const FORMAT = 1;
const SIDE_FILES = ['', '-wal', '-shm'];

/**
 * A state that cannot be read is set aside under a dated name, for the person or a tool to look at; opening it again makes an empty one.
 * @throws StoreBroken
 */
export function openSqliteState(file: string): StateStore {
  try {
    return Object.assign(new SqliteTables(file, 'FULL'), { durability: 'strict' as const });
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const aside = `${file}.set-aside-${new Date().toISOString().replaceAll(':', '')}`;
    for (const side of SIDE_FILES) renameIfThere(file + side, aside + side);
    throw error;
  }
}

/** One that cannot be read is deleted; opening it again makes an empty one. @throws StoreBroken */
export function openSqliteCache(file: string): CacheStore {
  try {
    return Object.assign(new SqliteTables(file, 'NORMAL'), { durability: 'relaxed' as const });
  } catch (error) {
    if (isUnreadable(error) || error instanceof OtherFormat) deleteDatabase(file);
    throw error;
  }
}

export function deleteDatabase(file: string): void {
  for (const side of SIDE_FILES) rmSync(file + side, { force: true });
}

/** One table of rows; keys are bytes that sort like IndexedDB's, values what the structured clone makes of them. */
class SqliteTables {
  readonly #file: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Statement>();
  #open = true;

  constructor(file: string, synchronous: 'FULL' | 'NORMAL') {
    this.#file = file;
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives its side files the permissions of this one.
    closeSync(openSync(file, 'a', 0o600));
    this.#database = guard(() => new Database(file));
    try {
      guard(() => this.#prepare(synchronous));
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  async get(table: string, key: Key): Promise<Row | undefined> {
    return this.#guarded(() => this.#read(table, key));
  }

  async range(table: string, range: Range): Promise<readonly Row[]> {
    return this.#guarded(() => {
      const bounds = [
        ...(range.from === undefined ? [] : [{ sql: ' AND key >= ?', value: encodeKey(range.from) }]),
        ...(range.to === undefined ? [] : [{ sql: ' AND key <= ?', value: encodeKey(range.to) }]),
      ];
      const sql = `SELECT body, version FROM rows WHERE name = ?${bounds.map((bound) => bound.sql).join('')} ORDER BY key ${range.reverse === true ? 'DESC' : 'ASC'} LIMIT ?`;
      return this.#statement(sql)
        .all([table, ...bounds.map((bound) => bound.value), range.limit ?? -1])
        .map(toRow);
    });
  }

  async count(table: string): Promise<number> {
    return this.#guarded(() => Number(this.#statement('SELECT count(*) FROM rows WHERE name = ?').get([table])?.[0]));
  }

  async commit(writes: readonly Write[], expect: readonly Expect[] = []): Promise<void> {
    return this.#guarded(() => {
      const wanted = lastPerKey(writes).map((write) => ({
        write,
        body: 'delete' in write ? undefined : serialize([write.key, write.value]),
      }));
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        for (const { table, key, version } of expect) {
          if ((this.#read(table, key)?.version ?? 0) !== version)
            throw new StoreConflict(`${table}: another version is stored`);
        }
        for (const { write, body } of wanted) {
          const place = [write.table, encodeKey(write.key)];
          if (body === undefined) this.#statement('DELETE FROM rows WHERE name = ? AND key = ?').run(place);
          else this.#statement('INSERT INTO rows (name, key, body, version) VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET body = excluded.body, version = version + 1').run([...place, body]); // prettier-ignore
        }
        this.#database.exec('COMMIT');
      } catch (error) {
        // A full disk has ended the transaction already.
        if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  async clear(): Promise<void> {
    this.#guarded(() => this.#database.exec('DELETE FROM rows'));
  }

  async size(): Promise<number | null> {
    return SIDE_FILES.reduce(
      (sum, side) => sum + (statSync(this.#file + side, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(synchronous: string): void {
    const version = this.#statement('PRAGMA user_version').get([])?.[0];
    if (version !== 0 && version !== FORMAT) throw new OtherFormat(`The file is of format ${String(version)}`);
    this.#statement('PRAGMA journal_mode = WAL').get([]);
    this.#database.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA busy_timeout = 5000`);
    if (version === FORMAT) return;
    // In one transaction with its number, so that a half made file is not taken for a whole one.
    this.#database.exec(`BEGIN; CREATE TABLE rows (name TEXT NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (name, key)) STRICT; PRAGMA user_version = ${FORMAT}; COMMIT`); // prettier-ignore
  }

  #read(table: string, key: Key): Row | undefined {
    const found = this.#statement('SELECT body, version FROM rows WHERE name = ? AND key = ?').get([
      table,
      encodeKey(key),
    ]);
    return found && toRow(found);
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      const made = this.#database.prepare(sql) as unknown as Statement & { raw(): void; columns(): unknown[] };
      // Rows as arrays: libsql adds a field of its own to objects.
      if (made.columns().length > 0) made.raw();
      this.#statements.set(sql, (statement = made));
    }
    return statement;
  }

  #guarded<T>(work: () => T): T {
    if (!this.#open) throw new StoreBroken('The store is closed');
    return guard(work);
  }
}

/** A file of a newer program: a cache is made anew, a state is left for that program. */
class OtherFormat extends StoreBroken {}

/** The file itself is damaged, as opposed to being locked or out of reach for now. */
function isUnreadable(error: unknown): boolean {
  return error instanceof StoreBroken && /^SQLITE_(?:NOTADB|CORRUPT)/.test(codeOf(error.cause));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function guard<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = codeOf(error);
    if (code.startsWith('SQLITE_FULL')) throw new StoreFull('No room is left on this device', { cause: error });
    if (code.startsWith('SQLITE_') || code.startsWith('ERR_SQLITE'))
      throw new StoreBroken('The database file failed', { cause: error });
    throw error;
  }
}

function toRow([body, version]: Bind[]): Row {
  const [key, value] = deserialize(body as Uint8Array) as [Key, unknown];
  return { key, value, version: Number(version) };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // A side file that does not exist; a main file that cannot be moved fails again when it is opened.
  }
}
