/** What SQLite is given. No booleans: libsql ends the whole process on one, so the type keeps them out. */
export type Bind = string | number | null | Uint8Array;
/** What SQLite gives back. */
export type Row = Readonly<Record<string, Bind>>;

/** One prepared statement; arguments are positional. */
export interface Statement {
  get(args: readonly Bind[]): Bind[] | undefined;
  all(args: readonly Bind[]): Bind[][];
  run(args: readonly Bind[]): void;
  /** Names of the result's columns, in order. */
  columns(): string[];
}

/** The little of an SQLite library that is used, so that the library can differ between versions of Node. */
export interface SqliteDriver {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** SQLite ends a transaction by itself on some errors, a full disk among them. */
  readonly inTransaction: boolean;
  close(): void;
}

/** `copy` reads only, but `VACUUM INTO` counts as writing to SQLite. */
export type Access = 'write' | 'read' | 'copy';

/** Milliseconds a connection waits for another one that is in its way. */
export const BUSY_MS = 5_000;
/** KiB of page cache for each connection. */
const CACHE_KIB = 32 * 1_024;

/**
 * Opens the file with `node:sqlite` where Node has a stable one (24 and later) and with libsql before that.
 * A `write` connection syncs on every commit, which is checked and not only asked for.
 */
export async function openDriver(file: string, access: Access): Promise<SqliteDriver> {
  const major = Number(process.versions.node.split('.')[0]);
  const driver = major >= 24 ? await openNodeSqlite(file) : await openLibsql(file);
  prepareConnection(driver, access);
  return driver;
}

/** Pragmas hold for one connection, so each connection sets them all. `secure_delete`: what is erased leaves no bytes in the file. */
function prepareConnection(driver: SqliteDriver, access: Access): void {
  driver.prepare('PRAGMA journal_mode = WAL').get([]);
  for (const pragma of [
    'synchronous = FULL',
    'foreign_keys = ON',
    `busy_timeout = ${BUSY_MS}`,
    `cache_size = -${CACHE_KIB}`,
    'temp_store = MEMORY',
    'secure_delete = ON',
  ])
    driver.exec(`PRAGMA ${pragma}`);
  if (access === 'read') driver.exec('PRAGMA query_only = ON');
  const [synchronous] = driver.prepare('PRAGMA synchronous').get([]) ?? [];
  const [journal] = driver.prepare('PRAGMA journal_mode').get([]) ?? [];
  if (synchronous !== 2 || journal !== 'wal')
    throw new Error(`SQLite would not be durable: synchronous ${String(synchronous)}, journal ${String(journal)}`);
}

type NativeStatement = {
  get(...args: unknown[]): unknown;
  all(...args: unknown[]): unknown;
  run(...args: unknown[]): unknown;
  columns(): { name: string }[];
};

async function openLibsql(file: string): Promise<SqliteDriver> {
  const { default: Database } = await import('libsql');
  const db = new Database(file);
  return {
    exec: (sql) => void db.exec(sql),
    prepare(sql) {
      const native = db.prepare(sql) as unknown as NativeStatement & { raw(): void };
      const columns = native.columns().map((column) => column.name);
      // Rows as arrays: half the time of objects, and without the `_metadata` libsql puts on them.
      if (columns.length > 0) native.raw();
      return {
        // The arguments go in as one array, since libsql takes a lone null for a list of names.
        get: (args) => native.get(args) as Bind[] | undefined,
        all: (args) => native.all(args) as Bind[][],
        run: (args) => void native.run(args),
        columns: () => columns,
      };
    },
    get inTransaction() {
      return db.inTransaction;
    },
    close: () => void db.close(),
  };
}

type NodeSqlite = {
  DatabaseSync: new (file: string) => {
    exec(sql: string): void;
    prepare(sql: string): NativeStatement & { setReturnArrays(on: boolean): void };
    readonly isTransaction: boolean;
    close(): void;
  };
};

async function openNodeSqlite(file: string): Promise<SqliteDriver> {
  // Named through a variable, because the types of Node 20 and bundlers do not know this module.
  const name: string = 'node:sqlite';
  const { DatabaseSync } = (await import(/* @vite-ignore */ name)) as NodeSqlite;
  const db = new DatabaseSync(file);
  return {
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      const native = db.prepare(sql);
      native.setReturnArrays(true);
      const columns = native.columns().map((column) => column.name);
      return {
        get: (args) => native.get(...args) as Bind[] | undefined,
        all: (args) => native.all(...args) as Bind[][],
        run: (args) => void native.run(...args),
        columns: () => columns,
      };
    },
    get inTransaction() {
      return db.isTransaction;
    },
    close: () => db.close(),
  };
}

/** Whether an error, of either library, says that this column must not have a value twice. */
export function isUniqueViolation(error: unknown, column: string): boolean {
  return error instanceof Error && error.message === `UNIQUE constraint failed: ${column}`;
}
