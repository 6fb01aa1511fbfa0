import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { openDriver, type SqliteDriver } from '../db/driver.ts';

const WAIT_MS = 1_000;

/** Another process works in the same data folder. The message is a sentence for the person. */
export class DataInUseError extends Error {
  constructor(folder: string) {
    super(
      `The data in ${folder} is in use by a server that is running. Stop it first, or give another folder with --data.`,
    );
    this.name = 'DataInUseError';
  }
}

/**
 * One process per data folder. The lock is SQLite's on a file of its own: the operating system drops it together with
 * the process, however that ends, so none is ever left behind.
 */
export class DataLock implements Disposable {
  readonly #driver: SqliteDriver;

  private constructor(driver: SqliteDriver) {
    this.#driver = driver;
  }

  /**
   * @param waitMs for another process to let go
   * @throws DataInUseError
   */
  static async acquire(folder: string, waitMs = WAIT_MS): Promise<DataLock> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, 'in-use.lock');
    closeSync(openSync(file, 'a', 0o600));
    let driver: SqliteDriver | undefined;
    try {
      driver = await openDriver(file, 'write');
      driver.exec(`PRAGMA busy_timeout = ${waitMs}`);
      driver.exec('BEGIN EXCLUSIVE');
      return new DataLock(driver);
    } catch (cause) {
      driver?.close();
      if (
        cause instanceof Error &&
        /locked|busy/i.test(`${cause.message} ${String((cause as { code?: unknown }).code)}`)
      )
        throw new DataInUseError(folder);
      throw cause;
    }
  }

  [Symbol.dispose](): void {
    if (this.#driver.inTransaction) this.#driver.exec('ROLLBACK');
    this.#driver.close();
  }
}
