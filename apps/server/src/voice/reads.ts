import { SkerryError, type AccountId, type ChannelId, type Role } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { plainChannel } from '../log/access.ts';
import { isAtLeast } from '../log/command-handler.ts';
import { mayModerate } from './permissions.ts';

export type VoiceAccess = {
  readonly isPublic: boolean;
  /** How many may be there at once; 0: no limit of its own. */
  readonly people: number;
  /** A moderator muted the account. */
  readonly isSilenced: boolean;
};

/**
 * Whether the account may talk in a channel: in an open one anybody, else its members.
 * @throws SkerryError not_found, archived, bad_request for a channel of text, forbidden
 */
export function voiceAccess(
  db: Statements,
  { account, channel }: { readonly account: AccountId; readonly channel: ChannelId },
): VoiceAccess {
  const { isPublic, isArchived } = plainChannel(db, { account }, channel);
  const people = db.value<number | null>('SELECT voice FROM channels WHERE id = ?', channel) ?? null;
  if (people === null)
    throw new SkerryError('bad_request', { field: 'channel', message: 'This channel has no voice.' });
  if (isArchived) throw new SkerryError('archived');
  if (db.has('SELECT 1 FROM accounts WHERE id = ? AND disabled = 1', account)) throw new SkerryError('forbidden');
  return { isPublic, people, isSilenced: db.has('SELECT 1 FROM voice_silenced WHERE account_id = ?', account) };
}

/** Whether the actor may take somebody out of the channel's voice. @throws SkerryError not_found, forbidden */
export function mayRemove(
  db: Statements,
  { actor, account, channel }: { readonly actor: AccountId; readonly account: AccountId; readonly channel: ChannelId },
): null {
  try {
    plainChannel(db, { account: actor }, channel);
  } catch {
    // The same as for somebody who is in no room: who is in one that the actor can't see is not told.
    throw new SkerryError('not_found', { field: 'account' });
  }
  if (!mayModerate(roleOf(db, actor), roleOf(db, account))) throw new SkerryError('forbidden');
  return null;
}

/** @throws SkerryError forbidden for who does not run the server */
export function mayLookAfter(db: Statements, { account }: { readonly account: AccountId }): null {
  if (!isAtLeast({ role: roleOf(db, account) }, 'admin')) throw new SkerryError('forbidden');
  return null;
}

/** @throws SkerryError not_found */
export function roleOf(db: Statements, account: AccountId): Role {
  const role = db.value<Role>('SELECT role FROM accounts WHERE id = ?', account);
  if (role === undefined) throw new SkerryError('not_found', { field: 'account' });
  return role;
}
