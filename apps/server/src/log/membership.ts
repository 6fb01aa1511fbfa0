import type { AccountId, ChannelId } from '@skerry/protocol';
import { SERVER_STREAM, accountStream, channelStream } from './stream-key.ts';
import type { Appended, Tx } from './tx.ts';

/** Who is in a channel is told by joining and leaving events, and decides who gets its events. SPEC L-4. */

/**
 * Makes the account a member. It must not be one. What was said before counts as read.
 * @returns the event in the channel's stream
 */
export function joinChannel(tx: Tx, channel: ChannelId, account: AccountId): Appended {
  const stream = channelStream(channel);
  const { head, messages } = tx.headOf(stream);
  tx.settleCount(channel, account);
  tx.db.run(
    `INSERT INTO markers (account_id, channel_id, read_n, read_place, read_own, own) VALUES (?1, ?2, ?3, ?4, 0, 0)
     ON CONFLICT (account_id, channel_id) DO UPDATE SET read_n = ?3, read_place = ?4, read_own = own`,
    account,
    channel,
    head,
    messages,
  );
  tx.append(accountStream(account), 'joined', channel);
  tx.memberChanged({ channel, account, joined: true });
  const joined = tx.append(stream, 'member', `+${account}`);
  tx.db.run(
    'INSERT INTO intervals (account_id, channel_id, from_seq, from_n, to_seq) VALUES (?, ?, ?, ?, NULL)',
    account,
    channel,
    joined.seq,
    joined.n,
  );
  return joined;
}

/**
 * Ends the account's membership, which must exist. What the channel put into its inbox goes with it.
 * @returns the event in the channel's stream, which the account itself no longer gets
 */
export function leaveChannel(tx: Tx, channel: ChannelId, account: AccountId): Appended {
  tx.memberChanged({ channel, account, joined: false });
  const left = tx.append(channelStream(channel), 'member', `-${account}`);
  tx.db.run(
    'UPDATE intervals SET to_seq = ? WHERE channel_id = ? AND account_id = ? AND to_seq IS NULL',
    left.seq,
    channel,
    account,
  );
  tx.db.run('DELETE FROM inbox WHERE account_id = ? AND channel_id = ?', account, channel);
  tx.append(accountStream(account), 'left', channel);
  return left;
}

/** Makes a new account a member of every channel that new accounts join. */
export function joinDefaultChannels(tx: Tx, account: AccountId): void {
  const channels = tx.db.values<ChannelId>(
    "SELECT id FROM channels WHERE is_default = 1 AND archived = 0 AND visibility = 'public' ORDER BY created_at, id",
  );
  for (const channel of channels) joinChannel(tx, channel, account);
}

/** Makes a public channel that every new account joins; part of setting up a server, before there is any account. */
export function createDefaultChannel(tx: Tx, { id, name }: { readonly id: ChannelId; readonly name: string }): void {
  const { n } = tx.append(SERVER_STREAM, 'channel', id);
  tx.db.run(
    "INSERT INTO channels (id, name, topic, visibility, history, archived, is_default, created_by, created_at, rev) VALUES (?, ?, '', 'public', 'all', 0, 1, NULL, ?, ?)",
    id,
    name,
    tx.now,
    n,
  );
}

export function isMember(tx: Tx, channel: string, account: string): boolean {
  return tx.db.has(
    'SELECT 1 FROM intervals WHERE channel_id = ? AND account_id = ? AND to_seq IS NULL',
    channel,
    account,
  );
}
