import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { openDriver } from '../db/driver.ts';
import { backup } from '../db/migrate.ts';
import { ASSISTANT_KEY_FILE } from '../assistants/key-file.ts';
import { KEY_FILE } from '../server/data-files.ts';
import { StartError } from '../start-error.ts';
import { databaseIn, withSideFiles } from './files.ts';

export type BackupOptions = {
  readonly data: string;
  /** The file to write; one that is there already is replaced once the new copy is whole. */
  readonly to: string;
  /**
   * Also writes the server's key to `<to>.key`, and the one that opens bot tokens to `<to>.assistants.key`. Whoever has
   * those files can pretend to be this server, and read the tokens in the copy.
   */
  readonly withKey: boolean;
};

/**
 * Copies a server's database into one file, whole and consistent, also while the server runs.
 * @returns bytes written
 * @throws StartError
 */
export async function backupData({ data, to, withKey }: BackupOptions): Promise<number> {
  const file = databaseIn(data);
  const target = path.resolve(to);
  if (existsSync(target) && statSync(target).isDirectory())
    throw new StartError(`${to} is a folder. Give the name of a file.`);
  mkdirSync(path.dirname(target), { recursive: true });
  const real = path.join(realpathSync(path.dirname(target)), path.basename(target));
  const taken = [...withSideFiles(file), path.join(data, KEY_FILE), path.join(data, ASSISTANT_KEY_FILE)].map((used) =>
    path.join(realpathSync(path.dirname(used)), path.basename(used)),
  );
  if (taken.includes(real)) throw new StartError(`${to} is the server's own file. Give another name.`);
  const partial = `${target}.partial`;
  const driver = await openDriver(file, 'copy');
  try {
    backup(driver, partial);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new StartError(`The copy could not be written to ${to}. Is there room on the disk?`, error);
  } finally {
    driver.close();
  }
  if (withKey) {
    copyFileSync(path.join(data, KEY_FILE), `${target}.key`);
    chmodSync(`${target}.key`, 0o600);
    const assistants = path.join(data, ASSISTANT_KEY_FILE);
    if (existsSync(assistants)) {
      copyFileSync(assistants, `${target}.${ASSISTANT_KEY_FILE}`);
      chmodSync(`${target}.${ASSISTANT_KEY_FILE}`, 0o600);
    }
  }
  return statSync(target).size;
}
