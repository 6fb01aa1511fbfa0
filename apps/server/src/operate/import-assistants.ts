import { existsSync } from 'node:fs';
import { importSingleGuild, type ImportReport } from '../assistants/import-single-guild.ts';
import { openDriver } from '../db/driver.ts';
import { migrate } from '../db/migrate.ts';
import { DataLock } from '../server/data-lock.ts';
import { StartError } from '../start-error.ts';
import { databaseIn } from './files.ts';

export type { ImportReport };

/**
 * Imports assistants of the shape with one guild into a stopped server's database.
 * @throws StartError, DataInUseError
 */
export async function importAssistants({
  data,
  from,
  now,
}: {
  data: string;
  from: string;
  now: number;
}): Promise<ImportReport> {
  if (!existsSync(from)) throw new StartError(`There is no file ${from}.`);
  const file = databaseIn(data);
  using _lock = await DataLock.acquire(data);
  const driver = await openDriver(file, 'write');
  try {
    migrate(driver, file);
    return importSingleGuild(driver, from, now);
  } catch (error) {
    throw new StartError(`The assistants in ${from} were not imported, and nothing was changed.`, error);
  } finally {
    driver.close();
  }
}
