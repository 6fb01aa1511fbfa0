import { LIMITS, SkerryError, type AccountId, type ChannelId, type SealedKind, type SessionId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { memberChannel } from '../log/access.ts';
import { jsonBytes } from '../log/json-bytes.ts';
import { SEALED } from '../log/json-sql.ts';

/** Characters of ciphertext in one answer; a single item may be larger. */
const ANSWER_BYTES = 512 * 1_024;
/** What an item takes besides its ciphertext. */
const SHELL_BYTES = 600;

/** The last number of a run that is neither too many rows nor too many bytes; its first row always fits. */
const lastOf = (rows: string) => `SELECT max(n) FROM (
    SELECT n, sum(length(coalesce(body, '')) + ${SHELL_BYTES}) OVER (ORDER BY n) AS bytes, row_number() OVER (ORDER BY n) AS place
    FROM (${rows} ORDER BY n LIMIT ?)
  ) WHERE place = 1 OR bytes <= ${ANSWER_BYTES}`;

const QUEUE_LAST_SQL = lastOf('SELECT n, body FROM queue WHERE account_id = ? AND device = ? AND n > ?');
const QUEUE_SQL = `SELECT json_group_array(json_object('n', q.n, 'from', q.from_account, 'fromDevice', q.from_device, 'at', q.at,
    'message', json(iif(x.id IS NULL, NULL, ${SEALED})), 'body', q.body))
  FROM queue q LEFT JOIN sealed x ON x.id = q.message_id WHERE q.account_id = ? AND q.device = ? AND q.n > ? AND q.n <= ?`;
const DEVICE_SQL = `SELECT d.device, d.queue_head AS head, d.queue_first AS first FROM sessions s
  JOIN devices d ON d.account_id = s.account_id AND d.device = s.device_number WHERE s.id = ? AND s.account_id = ?`;

/** What waits for the device of this session. @throws SkerryError no_device */
export function readQueue(
  db: Statements,
  { account, session, after }: { readonly account: AccountId; readonly session: SessionId; readonly after: number },
): Uint8Array {
  const found = db.get<{ device: number; head: number; first: number }>(DEVICE_SQL, session, account);
  if (found === undefined) throw new SkerryError('no_device');
  const { device, head, first } = found;
  const last = db.value<number | null>(QUEUE_LAST_SQL, account, device, after, LIMITS.page);
  const items = typeof last === 'number' ? db.value<string>(QUEUE_SQL, account, device, after, last) : undefined;
  return jsonBytes(`{"first":${first},"head":${head},"items":${items ?? '[]'}}`);
}

const SEALED_LAST_SQL = lastOf('SELECT n, body FROM sealed WHERE channel_id = ? AND n > ?');
const SEALED_SQL = `SELECT json_group_array(${SEALED}) FROM sealed x WHERE x.channel_id = ? AND x.n > ? AND x.n <= ?`;

/** What was said after a number, as far back as the account has been in. @throws SkerryError not_found */
export function readSealed(
  db: Statements,
  {
    account,
    channel,
    after,
    limit,
  }: { readonly account: AccountId; readonly channel: ChannelId; readonly after: number; readonly limit: number },
): Uint8Array {
  const { visibleFrom } = conversation(db, { account, channel });
  const from = Math.max(after, visibleFrom - 1);
  const head = db.value<number>("SELECT head FROM streams WHERE stream = 'channel:' || ?", channel) ?? 0;
  const last = db.value<number | null>(SEALED_LAST_SQL, channel, from, limit);
  if (typeof last !== 'number') return jsonBytes(`{"head":${head},"messages":[],"more":false}`);
  const messages = db.value<string>(SEALED_SQL, channel, from, last) ?? '[]';
  const more = db.has('SELECT 1 FROM sealed WHERE channel_id = ? AND n > ?', channel, last);
  return jsonBytes(`{"head":${head},"messages":${messages},"more":${more}}`);
}

const CHAIN_SQL = 'SELECT json FROM group_blocks WHERE channel_id = ? AND version > ? ORDER BY version LIMIT ?';

/** A member verifies the whole chain, however late it came. @throws SkerryError not_found */
export function readChain(
  db: Statements,
  { account, channel, after }: { readonly account: AccountId; readonly channel: ChannelId; readonly after: number },
): Uint8Array {
  conversation(db, { account, channel }, 'group');
  const blocks = db.values<string>(CHAIN_SQL, channel, after, LIMITS.page + 1);
  const more = blocks.length > LIMITS.page;
  return jsonBytes(`{"blocks":[${blocks.slice(0, LIMITS.page).join(',')}],"more":${more}}`);
}

/** @throws SkerryError not_found when there is none of this kind that the account is in */
function conversation(
  db: Statements,
  { account, channel }: { readonly account: AccountId; readonly channel: ChannelId },
  kind?: SealedKind,
): { readonly visibleFrom: number } {
  const found = memberChannel(db, { account }, channel);
  if (found.sealed === null || (kind !== undefined && found.sealed !== kind)) throw new SkerryError('not_found');
  return found;
}
