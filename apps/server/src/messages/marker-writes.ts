import { SkerryError } from '@skerry/protocol';
import { memberChannel } from '../log/access.ts';
import { UNCHANGED, type CommandHandler } from '../log/command-handler.ts';
import { accountStream, channelStream } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';

type Marker = { readonly read_n: number; readonly read_own: number; readonly own: number };

/** How many came up to a number, and how many of an account lie between two. */
type Counted = { readonly placeSql: string; readonly ownSql: string };
const MESSAGES: Counted = {
  placeSql: 'SELECT place FROM messages WHERE channel_id = ? AND n <= ? ORDER BY n DESC LIMIT 1',
  ownSql: 'SELECT count(*) FROM messages WHERE channel_id = ? AND n > ? AND n <= ? AND author = ?',
};
/** In an encrypted conversation posts alone count. */
const POSTS: Counted = {
  placeSql: 'SELECT place FROM sealed WHERE channel_id = ? AND n <= ? ORDER BY n DESC LIMIT 1',
  ownSql: "SELECT count(*) FROM sealed WHERE channel_id = ? AND n > ? AND n <= ? AND author = ? AND op = 'post'",
};

/**
 * Moves the marker forward, never back and never past the head. Beside it stand two counts, so that `unread` needs no
 * counting when it is read. SPEC L-12.
 */
export const setMarker: CommandHandler<'marker.set'> = ({ tx, actor }, { channel, n }) => {
  const { sealed } = memberChannel(tx.db, actor, channel);
  const counted = sealed === null ? MESSAGES : POSTS;
  tx.settleCount(channel, actor.account);
  const marker = tx.db.get<Marker>(
    'SELECT read_n, read_own, own FROM markers WHERE account_id = ? AND channel_id = ?',
    actor.account,
    channel,
  );
  if (marker === undefined) throw new SkerryError('not_found');
  const { head, messages } = tx.headOf(channelStream(channel));
  const to = Math.min(n, head);
  if (to <= marker.read_n) return UNCHANGED;
  const place = tx.db.value<number>(counted.placeSql, channel, to) ?? 0;
  const own =
    place === messages ? marker.own : ownUpTo(tx, { account: actor.account, channel, to, head, marker, counted });
  const event = tx.append(accountStream(actor.account), 'marker', channel);
  tx.db.run(
    'UPDATE markers SET read_n = ?, read_place = ?, read_own = ? WHERE account_id = ? AND channel_id = ?',
    to,
    place,
    own,
    actor.account,
    channel,
  );
  return event;
};

/** Counts the shorter side: from the old marker to the new one, or from there to the end. */
function ownUpTo(
  tx: Tx,
  {
    account,
    channel,
    to,
    head,
    marker,
    counted,
  }: { account: string; channel: string; to: number; head: number; marker: Marker; counted: Counted },
): number {
  const between = (after: number, last: number) =>
    tx.db.value<number>(counted.ownSql, channel, after, last, account) ?? 0;
  return to - marker.read_n <= head - to
    ? marker.read_own + between(marker.read_n, to)
    : marker.own - between(to, head);
}
