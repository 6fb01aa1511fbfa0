import type { Database } from '../db/database.ts';
import type { Handlers } from '../http/router.ts';

export function channelHandlers({ db }: { readonly db: Database }): Pick<Handlers, 'members'> {
  return {
    members: ({ caller, params }) =>
      db.read('channels.members', { account: caller.account, channel: params.channelId }),
  };
}
