import { openDriver } from '../db/driver.ts';
import { Statements } from '../db/statements.ts';
import { knownKeys, serverRow } from '../server/reads.ts';
import { ServerKey } from '../server/server-key.ts';
import { StartError } from '../start-error.ts';
import { databaseIn } from './files.ts';

/**
 * Gives a server a new key, vouched for by the old one, which is then gone. The server takes it up when it is started
 * again; clients that know the old key follow by themselves.
 * @returns the six words before and after
 * @throws StartError
 */
export async function rotateKey(data: string): Promise<{ before: readonly string[]; after: readonly string[] }> {
  const driver = await openDriver(databaseIn(data), 'read');
  try {
    const db = new Statements(driver);
    const key = ServerKey.load(data);
    if (key === undefined) throw new StartError(`There is no server.key in ${data}.`);
    // The step before must be in the database, or the chain that clients follow would have a hole.
    if (knownKeys(db, null).current !== key.publicKey)
      throw new StartError('The key was changed already. Start the server once, so that it takes it up.');
    const next = key.successor(serverRow(db, null).serverId);
    next.save(data);
    return { before: key.words, after: next.words };
  } finally {
    driver.close();
  }
}
