import { LIMITS, SkerryError, type Query } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Handlers } from '../http/router.ts';
import type { PagePlace } from './reads.ts';

const USUAL_PAGE = 50;

export function messageHandlers({ db }: { readonly db: Database }): Pick<Handlers, 'messages' | 'message'> {
  return {
    messages: ({ caller, params, query }) =>
      db.read('messages.page', {
        account: caller.account,
        channel: params.channelId,
        place: placeOf(query),
        limit: limitOf(query.limit),
      }),
    message: ({ caller, params }) => db.read('messages.one', { account: caller.account, message: params.messageId }),
  };
}

/** @throws SkerryError bad_request when more than one place is named */
function placeOf(query: Query<'messages'>): PagePlace {
  const named = (['before', 'after', 'around'] as const).filter((at) => query[at] !== undefined);
  const [at] = named;
  if (at === undefined) return { at: 'end' };
  if (named.length > 1)
    throw new SkerryError('bad_request', {
      field: at,
      message: 'A page lies at one place: before, after or around a number.',
    });
  return { at, n: query[at] ?? 0 };
}

/** @throws SkerryError bad_request */
function limitOf(limit: number | undefined): number {
  if (limit === undefined) return USUAL_PAGE;
  if (limit < 1 || limit > LIMITS.page)
    throw new SkerryError('bad_request', { field: 'limit', message: `A page holds 1 to ${LIMITS.page} messages.` });
  return limit;
}
