import { BUSY_MS, type SqliteDriver } from './driver.ts';

/** How long writes wait for a reader that is in the way; then the next time will do. */
const PATIENCE_MS = 50;

/**
 * Moves what was committed from the side file into the database and empties the side file, which otherwise keeps what
 * was erased for as long as nothing is written over it. SPEC L-6.
 */
export function checkpoint(driver: SqliteDriver): void {
  driver.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
  try {
    driver.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]);
  } finally {
    driver.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  }
}
