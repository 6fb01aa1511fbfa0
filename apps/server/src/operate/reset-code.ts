import type { AccountId } from '@skerry/protocol';
import { TIMES } from '@skerry/protocol';
import { hashSecret, mintToken } from '../secrets.ts';
import { Database } from '../db/database.ts';
import { StartError } from '../start-error.ts';
import { NO_FAULTS } from '../testing/kill-points.ts';
import { databaseIn } from './files.ts';

/**
 * Makes a code with which a person sets a new password, for whoever has the machine in their hands. Works while the
 * server runs.
 * @throws StartError when there is no such account
 */
export async function makeResetCodeByHand(options: {
  data: string;
  username: string;
  now: number;
}): Promise<{ code: string; expiresAt: number }> {
  const file = databaseIn(options.data);
  await using db = await Database.open({ file, faults: NO_FAULTS, onBug: () => undefined, onDeath: () => undefined });
  const known = await db.read('auth.credentials', { username: options.username });
  if (known === null) throw new StartError(`There is no account "${options.username}" on this server.`);
  const code = mintToken();
  const expiresAt = options.now + TIMES.resetLinkMs;
  await db.write('auth.makeResetCode', {
    actor: null,
    target: known.id satisfies AccountId,
    codeHash: hashSecret(code),
    expiresAt,
  });
  return { code, expiresAt };
}
