import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { openDriver } from '../db/driver.ts';
import { migrate, NewerDatabaseError } from '../db/migrate.ts';
import { Statements } from '../db/statements.ts';
import { spendAllPrekeys } from '../keys/prekey-writes.ts';
import { ASSISTANT_KEY_FILE } from '../assistants/key-file.ts';
import { DATABASE_FILE, KEY_FILE } from '../server/data-files.ts';
import { DataLock } from '../server/data-lock.ts';
import { knownKeys } from '../server/reads.ts';
import { ServerKey } from '../server/server-key.ts';
import { StartError } from '../start-error.ts';
import { withSideFiles } from './files.ts';

export type RestoreOptions = {
  readonly data: string;
  /** A file that `backupData` wrote. */
  readonly from: string;
  /** Names the files that are set aside, Unix milliseconds. */
  readonly now: number;
};

/**
 * Puts a backup in the place of a stopped server's database. What was there is set aside, not deleted. Clients that saw
 * more than the backup holds notice by the tags of its events and load everything anew.
 * @returns where the former database is now, or `null` when there was none
 * @throws StartError, DataInUseError
 */
export async function restoreData({ data, from, now }: RestoreOptions): Promise<{ setAside: string | null }> {
  if (!existsSync(from)) throw new StartError(`There is no file ${from}.`);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  using _lock = await DataLock.acquire(data);
  const target = path.join(data, DATABASE_FILE);
  const fresh = `${target}.restoring`;
  removeAll(fresh);
  copyFileSync(from, fresh);
  chmodSync(fresh, 0o600);
  try {
    await prepare(fresh, { data, from, now });
  } catch (error) {
    removeAll(fresh);
    throw error;
  }
  const setAside = existsSync(target)
    ? `${target}.before-restore-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
    : null;
  if (setAside !== null) moveAll(target, setAside);
  moveAll(fresh, target);
  if (!existsSync(path.join(data, KEY_FILE)) && existsSync(`${from}.key`)) {
    copyFileSync(`${from}.key`, path.join(data, KEY_FILE));
    chmodSync(path.join(data, KEY_FILE), 0o600);
  }
  const assistants = `${from}.${ASSISTANT_KEY_FILE}`;
  if (!existsSync(path.join(data, ASSISTANT_KEY_FILE)) && existsSync(assistants)) {
    copyFileSync(assistants, path.join(data, ASSISTANT_KEY_FILE));
    chmodSync(path.join(data, ASSISTANT_KEY_FILE), 0o600);
  }
  return { setAside };
}

/** Makes the copy fit to be served. @throws StartError when the file is no whole backup of this very server */
async function prepare(file: string, { data, from, now }: RestoreOptions): Promise<void> {
  let expected: string | null;
  try {
    const driver = await openDriver(file, 'write');
    try {
      const db = new Statements(driver);
      if (db.value<string>('PRAGMA quick_check') !== 'ok') throw new Error('damaged');
      // Also raises a backup of an older version to this one.
      migrate(driver, file);
      spendAllPrekeys(db, now);
      expected = knownKeys(db, null).current;
    } finally {
      driver.close();
    }
  } catch (error) {
    if (error instanceof NewerDatabaseError) throw new StartError(error.message, error);
    throw new StartError(`${from} is not a whole backup of a Skerry server.`, error);
  }
  const key = ServerKey.load(data) ?? (existsSync(`${from}.key`) ? 'in the backup' : undefined);
  if (key === undefined)
    throw new StartError(
      `The server's key is neither in ${data} nor beside the backup (${from}.key). Put server.key there first; without it clients cannot know this server again.`,
    );
  if (key instanceof ServerKey && key.publicKey !== expected && key.rotation?.from !== expected)
    throw new StartError(`${from} is the backup of another server than the one in ${data}.`);
}

function moveAll(from: string, to: string): void {
  const targets = withSideFiles(to);
  // The side files first: a database without its log would be read as it was before.
  for (const [at, file] of [...withSideFiles(from).entries()].reverse())
    if (existsSync(file)) renameSync(file, targets[at] ?? to);
}

function removeAll(file: string): void {
  for (const name of withSideFiles(file)) rmSync(name, { force: true });
}
