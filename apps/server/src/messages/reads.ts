import { SkerryError, type AccountId, type ChannelId, type MessageId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { memberChannel } from '../log/access.ts';
import { jsonBytes } from '../log/json-bytes.ts';
import { MESSAGE } from '../log/json-sql.ts';

/** Where a page lies: at the end, or beside a number of the channel's stream. */
export type PagePlace = { readonly at: 'end' } | { readonly at: 'before' | 'after' | 'around'; readonly n: number };
export type PageArgs = {
  readonly account: AccountId;
  readonly channel: ChannelId;
  readonly place: PagePlace;
  readonly limit: number;
};

const HEAD_SQL = "SELECT head FROM streams WHERE stream = 'channel:' || ?";
/** The first number of the last so many messages before a number, and the last of the first so many after one. */
const BACK_SQL =
  'SELECT min(n) FROM (SELECT n FROM messages WHERE channel_id = ? AND n >= ? AND n < ? ORDER BY n DESC LIMIT ?)';
const FORTH_SQL = 'SELECT max(n) FROM (SELECT n FROM messages WHERE channel_id = ? AND n >= ? ORDER BY n LIMIT ?)';
const RANGE_SQL = `SELECT json_group_array(${MESSAGE}) FROM messages m WHERE m.channel_id = ? AND m.n >= ? AND m.n <= ?`;
const ANY_SQL = 'SELECT 1 FROM messages WHERE channel_id = ? AND n >= ? AND n <= ? LIMIT 1';

const END = Number.MAX_SAFE_INTEGER;

/**
 * A page as its JSON body, built by SQLite: messages lie side by side in the table, so it is one scan of a range.
 * @throws SkerryError not_found, forbidden when it is public and not joined
 */
export function readPage(db: Statements, { account, channel, place, limit }: PageArgs): Uint8Array {
  const { visibleFrom } = memberChannel(db, { account }, channel);
  const head = db.value<number>(HEAD_SQL, channel) ?? 0;
  const [first, last] = boundsOf(db, { channel, visibleFrom, place, limit });
  const messages = first > last ? '[]' : (db.value<string>(RANGE_SQL, channel, first, last) ?? '[]');
  const older = db.has(ANY_SQL, channel, visibleFrom, first - 1);
  const newer = last < END && db.has(ANY_SQL, channel, Math.max(visibleFrom, last + 1), END);
  return jsonBytes(`{"head":${head},"messages":${messages},"older":${older},"newer":${newer}}`);
}

/** @throws SkerryError not_found when there is none that the account may see */
export function readMessage(
  db: Statements,
  { account, message }: { readonly account: AccountId; readonly message: MessageId },
): Uint8Array {
  const found = db.get<{ channel_id: ChannelId; n: number }>(
    'SELECT channel_id, n FROM messages WHERE id = ?',
    message,
  );
  if (found === undefined) throw new SkerryError('not_found');
  const { visibleFrom } = memberChannel(db, { account }, found.channel_id);
  if (found.n < visibleFrom) throw new SkerryError('not_found');
  return jsonBytes(
    db.value<string>(
      `SELECT ${MESSAGE} FROM messages m WHERE m.channel_id = ? AND m.n = ?`,
      found.channel_id,
      found.n,
    ) ?? 'null',
  );
}

type Bounds = { channel: ChannelId; visibleFrom: number; place: PagePlace; limit: number };

/** First and last number of the page; the first is beyond the last when it is empty. */
function boundsOf(db: Statements, { channel, visibleFrom, place, limit }: Bounds): readonly [number, number] {
  const back = (before: number, many: number) =>
    db.value<number | null>(BACK_SQL, channel, visibleFrom, before, many) ?? before;
  const forth = (from: number, many: number) =>
    db.value<number | null>(FORTH_SQL, channel, Math.max(from, visibleFrom), many);
  switch (place.at) {
    case 'end':
      return [back(END, limit), END];
    case 'before':
      return [back(place.n, limit), place.n - 1];
    case 'after':
      return [Math.max(place.n + 1, visibleFrom), forth(place.n + 1, limit) ?? place.n];
    case 'around': {
      const half = Math.floor(limit / 2);
      const first = back(place.n, half);
      return [Math.max(first, visibleFrom), forth(place.n, limit - half) ?? place.n - 1];
    }
  }
}
