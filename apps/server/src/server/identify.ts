import { type RegistrationMode, type ServerId } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import { newId } from '../new-id.ts';
import type { Clock } from '../rate-limits.ts';
import { StartError } from '../start-error.ts';
import { Identity } from './identity.ts';
import { ServerKey } from './server-key.ts';

export type IdentifyOptions = {
  /** Folder with the key. */
  readonly data: string;
  readonly clock: Clock;
  /** `null` leaves what the server has. */
  readonly name: string | null;
  readonly description: string | null;
  readonly operator: string | null;
  readonly registration: RegistrationMode | null;
};

/** Finds or makes the server's key and its own row. @throws StartError when the two do not belong together */
export async function identify(
  db: Database,
  options: IdentifyOptions,
): Promise<{ identity: Identity; key: ServerKey }> {
  const { data, clock, name, description, operator, registration } = options;
  const stored = loadKey(data);
  const known = await db.read('server.keys', null);
  if (stored === undefined && known.current !== null)
    throw new StartError(
      `The key of this server (server.key in ${data}) is missing. Without it clients cannot know this server again. Put it back from a backup.`,
    );
  const key = stored ?? ServerKey.generate();
  // Before the database names it: a key that is nowhere could never be proved.
  if (stored === undefined) key.save(data);
  const started = await db.write('server.start', {
    freshId: newId<ServerId>(clock),
    publicKey: key.publicKey,
    rotation: key.rotation,
    name,
    description,
    operator,
    registration,
  });
  if (started.kind === 'wrongKey')
    throw new StartError(
      `The key in ${data} belongs to another server than the database beside it. Put the right pair back from a backup.`,
    );
  const { rotations } = await db.read('server.keys', null);
  return { identity: new Identity({ serverId: started.serverId, key, rotations }), key };
}

function loadKey(folder: string): ServerKey | undefined {
  try {
    return ServerKey.load(folder);
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), error);
  }
}
