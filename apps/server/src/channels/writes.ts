import { SkerryError, type AccountId, type ChannelId, type Role } from '@skerry/protocol';
import { plainChannel } from '../log/access.ts';
import { MOST_CHANNELS } from '../log/channel-limits.ts';
import { UNCHANGED, type CommandHandler } from '../log/command-handler.ts';
import { requireFreshId } from '../log/fresh-id.ts';
import { isMember, joinChannel, leaveChannel } from '../log/membership.ts';
import { SERVER_STREAM, channelStream, type StreamKey } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { canChannel } from './permissions.ts';

export const createChannel: CommandHandler<'channel.create'> = (
  { tx, actor, id },
  { name, topic, visibility, history, voice },
) => {
  requireFreshId(tx.db, id);
  if ((tx.db.value<number>('SELECT count(*) FROM channels WHERE sealed IS NULL') ?? 0) >= MOST_CHANNELS)
    throw new SkerryError('limit_reached');
  const channel = id as string as ChannelId;
  const event = tx.append(streamTelling(channel, visibility === 'public'), 'channel', channel);
  tx.db.run(
    'INSERT INTO channels (id, name, topic, visibility, history, created_by, created_at, rev, voice) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    channel,
    name,
    topic,
    visibility,
    history,
    actor.account,
    tx.now,
    event.n,
    voice?.people ?? null,
  );
  joinChannel(tx, channel, actor.account);
  return event;
};

export const updateChannel: CommandHandler<'channel.update'> = ({ tx, actor }, { channel: id, name, topic, voice }) => {
  const channel = plainChannel(tx.db, actor, id);
  if (!canChannel(actor, { kind: 'update' }, channel)) throw new SkerryError('forbidden');
  const people = tx.db.value<number | null>('SELECT voice FROM channels WHERE id = ?', id) ?? null;
  // A channel is one for voice from its beginning or never: whoever is in it chose it as what it is.
  if (voice !== undefined && people === null) throw new SkerryError('bad_request', { field: 'voice' });
  const next = voice?.people ?? people;
  const isSame =
    next === people && tx.db.has('SELECT 1 FROM channels WHERE id = ? AND name = ? AND topic = ?', id, name, topic);
  if (isSame) return UNCHANGED;
  const event = tx.append(streamTelling(id, channel.isPublic), 'channel', id);
  tx.db.run('UPDATE channels SET name = ?, topic = ?, voice = ?, rev = ? WHERE id = ?', name, topic, next, event.n, id);
  return event;
};

export const archiveChannel: CommandHandler<'channel.archive'> = ({ tx, actor }, { channel: id, archived }) => {
  const channel = plainChannel(tx.db, actor, id);
  if (!canChannel(actor, { kind: 'archive' }, channel)) throw new SkerryError('forbidden');
  if (channel.isArchived === archived) return UNCHANGED;
  const event = tx.append(streamTelling(id, channel.isPublic), 'channel', id);
  tx.db.run('UPDATE channels SET archived = ?, rev = ? WHERE id = ?', archived ? 1 : 0, event.n, id);
  return event;
};

export const joinOpenChannel: CommandHandler<'channel.join'> = ({ tx, actor }, { channel: id }) => {
  const channel = plainChannel(tx.db, actor, id);
  if (channel.isMember) return UNCHANGED;
  if (!canChannel(actor, { kind: 'join' }, channel)) throw new SkerryError('forbidden');
  return joinChannel(tx, id, actor.account);
};

export const leaveOwnChannel: CommandHandler<'channel.leave'> = ({ tx, actor }, { channel: id }) => {
  return plainChannel(tx.db, actor, id).isMember ? leaveChannel(tx, id, actor.account) : UNCHANGED;
};

export const addMember: CommandHandler<'channel.add'> = ({ tx, actor }, { channel: id, account }) => {
  const channel = plainChannel(tx.db, actor, id);
  if (!canChannel(actor, { kind: 'add' }, channel)) throw new SkerryError('forbidden');
  roleOf(tx, account);
  return isMember(tx, id, account) ? UNCHANGED : joinChannel(tx, id, account);
};

export const removeMember: CommandHandler<'channel.remove'> = ({ tx, actor }, { channel: id, account }) => {
  const channel = plainChannel(tx.db, actor, id);
  const target = roleOf(tx, account, 'disabled too');
  if (account !== actor.account && !canChannel(actor, { kind: 'remove', target }, channel))
    throw new SkerryError('forbidden');
  return isMember(tx, id, account) ? leaveChannel(tx, id, account) : UNCHANGED;
};

/** A public channel's settings concern everyone; a private one's only its members. */
function streamTelling(channel: ChannelId, isPublic: boolean): StreamKey {
  return isPublic ? SERVER_STREAM : channelStream(channel);
}

/** @throws SkerryError not_found for an account that does not exist, or that cannot take part */
function roleOf(tx: Tx, account: AccountId, which: 'enabled' | 'disabled too' = 'enabled'): Role {
  const found = tx.db.get<{ role: Role; disabled: number }>(
    'SELECT role, disabled FROM accounts WHERE id = ?',
    account,
  );
  if (found === undefined || (which === 'enabled' && found.disabled === 1))
    throw new SkerryError('not_found', { field: 'account' });
  return found.role;
}
