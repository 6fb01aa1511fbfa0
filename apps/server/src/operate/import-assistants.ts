import { existsSync } from 'node:fs';
import { DiscordApi } from '../assistants/discord-api.ts';
import { findBots } from '../assistants/import-bots.ts';
import { importSingleGuild, type ImportReport } from '../assistants/import-single-guild.ts';
import { StoredSecrets } from '../assistants/stored-secrets.ts';
import { openDriver } from '../db/driver.ts';
import { migrate } from '../db/migrate.ts';
import { newId } from '../new-id.ts';
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
  discordApi,
}: {
  data: string;
  from: string;
  now: number;
  /** Where Discord's REST interface is: tokens of bots are shown to it before they are kept. */
  discordApi: string;
}): Promise<ImportReport> {
  if (!existsSync(from)) throw new StartError(`There is no file ${from}.`);
  const file = databaseIn(data);
  using _lock = await DataLock.acquire(data);
  const driver = await openDriver(file, 'write');
  try {
    migrate(driver, file);
    const secrets = StoredSecrets.load(data);
    const parts = { from, discord: new DiscordApi(discordApi), secrets, newId: () => newId({ now: () => now }), now };
    return importSingleGuild(driver, { from, now, bots: await findBots(driver, parts) });
  } catch (error) {
    throw new StartError(`The assistants in ${from} were not imported, and nothing was changed.`, error);
  } finally {
    driver.close();
  }
}
