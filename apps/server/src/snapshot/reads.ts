import { LIMITS, SkerryError, type AccountId, type InboxState, type Position } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { jsonBytes } from '../log/json-bytes.ts';
import { ACCOUNT, CHANNEL, CHANNEL_STATE, INBOX_ITEM, SERVER_PROFILE } from '../log/json-sql.ts';

const HEADS_SQL = `SELECT json_object('server', coalesce((SELECT head FROM streams WHERE stream = 'server'), 0),
  'account', coalesce((SELECT head FROM streams WHERE stream = 'account:' || ?), 0))`;
const MINE_SQL = `SELECT json_group_array(${CHANNEL_STATE}) FROM channels c
  JOIN markers k ON k.channel_id = c.id AND k.account_id = ?1
  LEFT JOIN streams s ON s.stream = 'channel:' || c.id
  WHERE c.id IN (SELECT channel_id FROM intervals WHERE account_id = ?1 AND to_seq IS NULL)`;
const OTHERS_SQL = `SELECT json_group_array(json_object('channel', ${CHANNEL}, 'member', json('false'), 'head', 0, 'lastAt', 0, 'readN', 0, 'unread', 0))
  FROM channels c WHERE c.visibility = 'public' AND c.id NOT IN (SELECT channel_id FROM intervals WHERE account_id = ?1 AND to_seq IS NULL)`;
/** The newest of one state, found by the index. */
const newest = (state: InboxState) =>
  `SELECT * FROM (SELECT * FROM inbox WHERE account_id = ?1 AND state = '${state}' ORDER BY seq DESC LIMIT ${LIMITS.inboxItems})`;
// What still waits comes first; what is done fills up the rest.
const INBOX_SQL = `SELECT json_group_array(${INBOX_ITEM}) FROM (
    SELECT * FROM (
      SELECT * FROM (${newest('open')} UNION ALL ${newest('later')} UNION ALL ${newest('done')})
      ORDER BY state = 'done', seq DESC LIMIT ${LIMITS.inboxItems}
    ) ORDER BY seq DESC
  ) i JOIN messages m ON m.id = i.message_id`;

/** The state part of the server as one account sees it, with the place in the log it belongs to. SPEC L-9. */
export function readSnapshot(db: Statements, { account }: { readonly account: AccountId }): Uint8Array {
  const me = db.value<string>(`SELECT ${ACCOUNT} FROM accounts a WHERE a.id = ?`, account);
  if (me === undefined) throw new SkerryError('unauthorized');
  const asOf = db.get<Position>('SELECT seq, tag FROM log WHERE id = 1');
  const text = (sql: string, ...args: string[]) => db.value<string>(sql, ...args) ?? '';
  const accounts = text(`SELECT json_group_array(${ACCOUNT}) FROM accounts a`);
  const channels = [text(MINE_SQL, account), text(OTHERS_SQL, account)]
    .map((list) => list.slice(1, -1))
    .filter((list) => list !== '');
  return jsonBytes(
    `{"asOf":${JSON.stringify(asOf)},"server":${text(`SELECT ${SERVER_PROFILE} FROM server p`)},"me":${me},"streams":${text(HEADS_SQL, account)},` +
      `"accounts":${accounts},"channels":[${channels.join(',')}],"inbox":${text(INBOX_SQL, account)}}`,
  );
}
