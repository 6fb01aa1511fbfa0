import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { SqliteDriver } from './driver.ts';
import { initial } from './migrations/0001-initial.ts';
import { keys } from './migrations/0002-keys.ts';
import { assistants } from './migrations/0003-assistants.ts';
import { machines } from './migrations/0004-machines.ts';
import { voice } from './migrations/0005-voice.ts';

/** In order; the file's `user_version` says how many of them it has had. Never changed once released, only added to. */
const MIGRATIONS: readonly string[] = [initial, keys, assistants, machines, voice];

export class NewerDatabaseError extends Error {
  constructor(found: number) {
    super(
      `The database was written by a newer version of Skerry (schema ${found}, this program knows ${MIGRATIONS.length}).`,
    );
    this.name = 'NewerDatabaseError';
  }
}

/**
 * Brings the file's schema to this program's. A file that already holds something is copied beside itself first, as
 * `<file>.before-<version>`.
 * @throws NewerDatabaseError when the file is ahead of the program
 */
export function migrate(driver: SqliteDriver, file: string): void {
  const found = versionOf(driver);
  if (found > MIGRATIONS.length) throw new NewerDatabaseError(found);
  if (found > 0 && found < MIGRATIONS.length) backup(driver, path.resolve(`${file}.before-${found + 1}`));
  for (let version = found; version < MIGRATIONS.length; version++) {
    driver.exec('BEGIN IMMEDIATE');
    try {
      driver.exec(MIGRATIONS[version] ?? '');
      driver.exec(`PRAGMA user_version = ${version + 1}`);
      driver.exec('COMMIT');
    } catch (error) {
      if (driver.inTransaction) driver.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Writes a whole, consistent copy of the database, while it is in use, in place of whatever `to` held. */
export function backup(driver: SqliteDriver, to: string): void {
  rmSync(to, { force: true });
  driver.prepare('VACUUM INTO ?').run([to]);
  chmodSync(to, 0o600);
}

function versionOf(driver: SqliteDriver): number {
  return Number(driver.prepare('PRAGMA user_version').get([])?.[0] ?? 0);
}
