import { SkerryError, type ChannelId, type SealedKind } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { ChannelAccess } from './command-handler.ts';

/** Reading and writing ask the same questions. */
type Asker = { readonly account: string };

const ACCESS_SQL = `SELECT c.visibility, c.history, c.archived, c.created_by, c.sealed, i.from_n FROM channels c
  LEFT JOIN intervals i ON i.channel_id = c.id AND i.account_id = ? AND i.to_seq IS NULL WHERE c.id = ?`;

type AccessRow = {
  readonly visibility: string;
  readonly history: string;
  readonly archived: number;
  readonly created_by: string | null;
  readonly sealed: SealedKind | null;
  readonly from_n: number | null;
};

/** @throws SkerryError not_found when there is none, or it is private and the actor is not in it */
export function visibleChannel(db: Statements, actor: Asker, id: ChannelId): ChannelAccess {
  const access = db.remember(`access ${id} ${actor.account}`, ['channels', 'intervals'], () => accessOf(db, actor, id));
  if (access === undefined) throw new SkerryError('not_found');
  return access;
}

function accessOf(db: Statements, actor: Asker, id: ChannelId): ChannelAccess | undefined {
  const row = db.get<AccessRow>(ACCESS_SQL, actor.account, id);
  if (row === undefined || (row.visibility === 'private' && row.from_n === null)) return undefined;
  return {
    id,
    isPublic: row.visibility === 'public',
    isArchived: row.archived === 1,
    isMember: row.from_n !== null,
    isCreator: row.created_by === actor.account,
    sealed: row.sealed,
    visibleFrom: row.history === 'joined' ? (row.from_n ?? 0) : 0,
  };
}

/**
 * A channel whose members and settings are the server's matter. Those of an encrypted conversation are its members'.
 * @throws SkerryError not_found, forbidden
 */
export function plainChannel(db: Statements, actor: Asker, id: ChannelId): ChannelAccess {
  const channel = visibleChannel(db, actor, id);
  if (channel.sealed !== null)
    throw new SkerryError('forbidden', {
      message: 'This is an encrypted conversation, which the server does not manage.',
    });
  return channel;
}

/** @throws SkerryError not_found, and forbidden when it is public but not joined */
export function memberChannel(db: Statements, actor: Asker, id: ChannelId): ChannelAccess {
  const channel = visibleChannel(db, actor, id);
  if (!channel.isMember) throw new SkerryError('forbidden', { message: 'Join the channel first.' });
  return channel;
}

/** @throws SkerryError not_found, forbidden, archived */
export function openChannel(db: Statements, actor: Asker, id: ChannelId): ChannelAccess {
  const channel = memberChannel(db, actor, id);
  if (channel.isArchived) throw new SkerryError('archived');
  return channel;
}
