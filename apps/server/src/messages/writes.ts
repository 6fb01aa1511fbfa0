import { SkerryError, type AccountId, type ChannelId, type Message, type MessageId } from '@skerry/protocol';
import { isUniqueViolation } from '../db/driver.ts';
import { memberChannel, openChannel } from '../log/access.ts';
import { UNCHANGED, type Actor, type CommandHandler } from '../log/command-handler.ts';
import { isMember } from '../log/membership.ts';
import { accountStream, channelStream } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { mentionedIn } from './mentions.ts';
import { canMessage } from './permissions.ts';
import { withReaction, type Reactions } from './reactions.ts';

type MessageRow = {
  readonly channel_id: ChannelId;
  readonly n: number;
  readonly author: AccountId;
  readonly text: string;
  readonly deleted: number;
};

const LONE_SURROGATE = /\p{Surrogate}/u;

export const sendMessage: CommandHandler<'message.send'> = (
  { tx, actor, id },
  { channel: channelId, text, replyTo },
) => {
  const channel = openChannel(tx.db, actor, channelId);
  if (channel.sealed !== null)
    throw new SkerryError('forbidden', { message: 'In this conversation everything is encrypted.' });
  const answered =
    replyTo === null
      ? undefined
      : repliedTo(tx, { channel: channelId, message: replyTo, visibleFrom: channel.visibleFrom });
  const mentions = membersAmong(tx, channelId, mentionedIn(text, actor.account));
  const stream = channelStream(channelId);
  const n = tx.headOf(stream).head + 1;
  const message: Message = {
    id: id as string as MessageId,
    channel: channelId,
    n,
    rev: n,
    author: actor.account,
    at: tx.now,
    text,
    replyTo,
    editedAt: null,
    deleted: false,
    mentions,
    reactions: [],
  };
  insertMessage(tx, message);
  tx.countMessage(channelId, actor.account);
  const event = tx.append(stream, 'message', id);
  // Half of a surrogate pair does not survive being stored, so such a text is read back before it is told.
  if (!LONE_SURROGATE.test(text)) tx.presetBody(id, JSON.stringify(message));
  for (const account of mentions) tellInbox(tx, { account, channel: channelId, message: id, reason: 'mention' });
  if (
    answered !== undefined &&
    answered !== actor.account &&
    !mentions.includes(answered) &&
    isMember(tx, channelId, answered)
  )
    tellInbox(tx, { account: answered, channel: channelId, message: id, reason: 'reply' });
  return event;
};

export const editMessage: CommandHandler<'message.edit'> = ({ tx, actor }, { message: id, text }) => {
  const message = presentMessage(tx, actor, id);
  openChannel(tx.db, actor, message.channel_id);
  if (!canMessage(actor, 'edit', message.author)) throw new SkerryError('forbidden');
  if (tx.db.has('SELECT 1 FROM messages WHERE id = ? AND text = ?', id, text)) return UNCHANGED;
  const mentions = membersAmong(tx, message.channel_id, mentionedIn(text, message.author));
  const event = tx.append(channelStream(message.channel_id), 'message', id);
  tx.db.run(
    'UPDATE messages SET text = ?, mentions = ?, edited_at = ?, rev = ? WHERE channel_id = ? AND n = ?',
    text,
    JSON.stringify(mentions),
    tx.now,
    event.n,
    message.channel_id,
    message.n,
  );
  for (const account of mentions) {
    if (!tx.db.has('SELECT 1 FROM inbox WHERE account_id = ? AND message_id = ?', account, id))
      tellInbox(tx, { account, channel: message.channel_id, message: id, reason: 'mention' });
  }
  return event;
};

export const deleteMessage: CommandHandler<'message.delete'> = ({ tx, actor }, { message: id }) => {
  const message = visibleMessage(tx, actor, id);
  if (!canMessage(actor, 'delete', message.author)) throw new SkerryError('forbidden');
  if (message.deleted === 1) return UNCHANGED;
  const event = tx.append(channelStream(message.channel_id), 'message', id);
  tx.db.run(
    "UPDATE messages SET deleted = 1, text = '', mentions = '[]', reactions = '[]', rev = ? WHERE channel_id = ? AND n = ?",
    event.n,
    message.channel_id,
    message.n,
  );
  return event;
};

export const setReaction: CommandHandler<'reaction.set'> = ({ tx, actor }, { message: id, emoji, on }) => {
  const message = presentMessage(tx, actor, id);
  openChannel(tx.db, actor, message.channel_id);
  const before = JSON.parse(
    tx.db.value<string>('SELECT reactions FROM messages WHERE id = ?', id) ?? '[]',
  ) as Reactions;
  const after = withReaction(before, { emoji, account: actor.account, on });
  if (after === before) return UNCHANGED;
  const event = tx.append(channelStream(message.channel_id), 'message', id);
  tx.db.run(
    'UPDATE messages SET reactions = ?, rev = ? WHERE channel_id = ? AND n = ?',
    JSON.stringify(after),
    event.n,
    message.channel_id,
    message.n,
  );
  return event;
};

/** Before its event, so that an id which is taken is found before anything is changed. @throws SkerryError id_conflict */
function insertMessage(tx: Tx, { id, channel, n, author, at, text, replyTo, mentions }: Message): void {
  const { db } = tx;
  const channels = db.remember('channels', ['channels'], () => new Set(db.values<string>('SELECT id FROM channels')));
  if (channels.has(id) || db.has('SELECT 1 FROM sealed WHERE id = ?', id)) throw new SkerryError('id_conflict');
  const place = tx.headOf(channelStream(channel)).messages + 1;
  try {
    db.run(
      'INSERT INTO messages (channel_id, n, id, rev, author, at, text, reply_to, mentions, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      channel,
      n,
      id,
      n,
      author,
      at,
      text,
      replyTo,
      JSON.stringify(mentions),
      place,
    );
  } catch (error) {
    throw isUniqueViolation(error, 'messages.id') ? new SkerryError('id_conflict') : error;
  }
}

/** @throws SkerryError not_found when there is none, or the actor may not see it */
function visibleMessage(tx: Tx, actor: Actor, id: MessageId): MessageRow {
  const message = tx.db.get<MessageRow>('SELECT channel_id, n, author, deleted FROM messages WHERE id = ?', id);
  if (message === undefined) throw new SkerryError('not_found');
  const channel = memberChannel(tx.db, actor, message.channel_id);
  if (message.n < channel.visibleFrom) throw new SkerryError('not_found');
  return message;
}

/** @throws SkerryError not_found also for one that was deleted */
function presentMessage(tx: Tx, actor: Actor, id: MessageId): MessageRow {
  const message = visibleMessage(tx, actor, id);
  if (message.deleted === 1) throw new SkerryError('not_found');
  return message;
}

/** @returns the author of the message that is answered */
function repliedTo(
  tx: Tx,
  { channel, message, visibleFrom }: { channel: ChannelId; message: MessageId; visibleFrom: number },
): AccountId {
  const author = tx.db.value<AccountId>(
    'SELECT author FROM messages WHERE id = ? AND channel_id = ? AND n >= ?',
    message,
    channel,
    visibleFrom,
  );
  if (author === undefined)
    throw new SkerryError('not_found', {
      field: 'replyTo',
      message: 'The message that is answered is not in this channel.',
    });
  return author;
}

function membersAmong(tx: Tx, channel: ChannelId, accounts: readonly AccountId[]): AccountId[] {
  return accounts.filter((account) => isMember(tx, channel, account));
}

function tellInbox(
  tx: Tx,
  {
    account,
    channel,
    message,
    reason,
  }: { account: AccountId; channel: ChannelId; message: string; reason: 'mention' | 'reply' },
): void {
  const event = tx.append(accountStream(account), 'inbox', `${channel} ${message}`);
  tx.db.run(
    "INSERT INTO inbox (account_id, message_id, channel_id, reason, state, rev, seq) VALUES (?, ?, ?, ?, 'open', ?, ?)",
    account,
    message,
    channel,
    reason,
    event.n,
    event.seq,
  );
}
