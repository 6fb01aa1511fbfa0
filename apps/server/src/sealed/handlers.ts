import { LIMITS, SkerryError } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Handlers } from '../http/router.ts';

/** Encrypted conversations over HTTP. */
export function sealedHandlers({
  db,
}: {
  readonly db: Pick<Database, 'read' | 'write'>;
}): Pick<Handlers, 'toDevice' | 'ackToDevice' | 'sealedMessages' | 'groupChain'> {
  return {
    toDevice: ({ caller, query }) => db.read('sealed.queue', { ...caller, after: query.after ?? 0 }),
    ackToDevice: async ({ caller, body }) => {
      await db.write('sealed.ack', { ...caller, n: body.n });
      return {};
    },
    sealedMessages: ({ caller, params, query }) =>
      db.read('sealed.page', {
        account: caller.account,
        channel: params.channelId,
        after: query.after ?? 0,
        limit: limitOf(query.limit),
      }),
    groupChain: ({ caller, params, query }) =>
      db.read('sealed.chain', { account: caller.account, channel: params.channelId, after: query.after ?? 0 }),
  };
}

/** @throws SkerryError bad_request */
function limitOf(limit: number = LIMITS.page): number {
  if (limit < 1 || limit > LIMITS.page)
    throw new SkerryError('bad_request', { field: 'limit', message: `A page holds 1 to ${LIMITS.page} messages.` });
  return limit;
}
