import type { Database } from '../db/database.ts';
import type { Handlers } from '../http/router.ts';
import type { Commands } from './commands.ts';

/** Commands and the snapshot over HTTP. */
export function logHandlers({
  db,
  commands,
}: {
  readonly db: Database;
  readonly commands: Commands;
}): Pick<Handlers, 'command' | 'snapshot'> {
  return {
    command: ({ caller, body }) => commands.run(caller, body),
    snapshot: ({ caller }) => db.read('snapshot.read', { account: caller.account }),
  };
}
