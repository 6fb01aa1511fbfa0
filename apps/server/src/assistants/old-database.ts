import type { SqliteDriver } from '../db/driver.ts';

/** Acts while the database at `from` is attached as `old`. */
export function withOld<T>(driver: SqliteDriver, from: string, act: () => T): T {
  driver.prepare('ATTACH DATABASE ? AS old').run([from]);
  try {
    return act();
  } finally {
    driver.exec('DETACH DATABASE old');
  }
}
