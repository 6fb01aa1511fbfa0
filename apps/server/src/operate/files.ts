import { existsSync } from 'node:fs';
import path from 'node:path';
import { DATABASE_FILE } from '../server/data-files.ts';
import { StartError } from '../start-error.ts';

/** The database of a data folder. @throws StartError when the folder holds none */
export function databaseIn(folder: string): string {
  const file = path.join(folder, DATABASE_FILE);
  if (!existsSync(file)) throw new StartError(`There is no server's data in ${folder}.`);
  return file;
}

/** SQLite's own files beside a database, itself first. */
export const withSideFiles = (file: string): readonly string[] => [file, `${file}-wal`, `${file}-shm`];
