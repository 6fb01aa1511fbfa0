/** Wire objects as SQLite builds them: one text per row, without a trip through JavaScript objects. */

const truth = (column: string) => `json(iif(${column}, 'true', 'false'))`;

/** A `message` of the table `messages` under the alias `m`. */
export const MESSAGE = `json_object('id', m.id, 'channel', m.channel_id, 'n', m.n, 'rev', m.rev, 'author', m.author, 'at', m.at,
  'text', m.text, 'replyTo', m.reply_to, 'editedAt', m.edited_at, 'deleted', ${truth('m.deleted')},
  'mentions', json(m.mentions), 'reactions', json(m.reactions))`;

/** A `sealedMessage` of the table `sealed` under the alias `x`. */
export const SEALED = `json_object('id', x.id, 'channel', x.channel_id, 'n', x.n, 'author', x.author, 'device', x.device, 'at', x.at,
  'op', x.op, 'target', x.target, 'body', x.body, 'erased', ${truth('x.erased')})`;

const ACCOUNT_FIELDS = `'id', a.id, 'username', a.username, 'displayName', a.display_name, 'role', a.role,
  'disabled', ${truth('a.disabled')}, 'createdAt', a.created_at, 'rev', a.rev`;

/** An `account` of the table `accounts` under the alias `a`. Only the one of the two that holds is built. */
export const ACCOUNT = `iif(a.devices > 0, json_object(${ACCOUNT_FIELDS}, 'devices', a.devices), json_object(${ACCOUNT_FIELDS}))`;

const CHANNEL_FIELDS = `'id', c.id, 'name', c.name, 'topic', c.topic, 'visibility', c.visibility, 'history', c.history,
  'archived', ${truth('c.archived')}, 'createdBy', c.created_by, 'createdAt', c.created_at, 'rev', c.rev`;

/** A `channel` of the table `channels` under the alias `c`. */
export const CHANNEL = `json(CASE WHEN c.voice IS NOT NULL THEN json_object(${CHANNEL_FIELDS}, 'voice', json_object('people', c.voice))
  WHEN c.sealed IS NULL THEN json_object(${CHANNEL_FIELDS})
  WHEN c.pair_a IS NULL THEN json_object(${CHANNEL_FIELDS}, 'sealed', c.sealed)
  ELSE json_object(${CHANNEL_FIELDS}, 'sealed', c.sealed, 'pair', json_array(c.pair_a, c.pair_b)) END)`;

/** A `channelState` of a member: `c` the channel, `s` its stream (outer joined), `k` the account's marker. */
export const CHANNEL_STATE = `json_object('channel', ${CHANNEL}, 'member', json('true'), 'head', coalesce(s.head, 0),
  'lastAt', coalesce(iif(c.sealed IS NULL, (SELECT m.at FROM messages m WHERE m.channel_id = c.id ORDER BY m.n DESC LIMIT 1),
    (SELECT x.at FROM sealed x WHERE x.channel_id = c.id AND x.op = 'post' ORDER BY x.n DESC LIMIT 1)), 0),
  'readN', k.read_n, 'unread', coalesce(s.messages, 0) - k.read_place - (k.own - k.read_own))`;

/** An `inboxItem` of the table `inbox` under the alias `i`, with its message as `m`. */
export const INBOX_ITEM = `json_object('message', ${MESSAGE}, 'reason', i.reason, 'state', i.state, 'rev', i.rev)`;

/** The `serverProfile` of the table `server` under the alias `p`. */
export const SERVER_PROFILE = `json_object('name', p.name, 'description', p.description, 'iconUrl', p.icon_url, 'registration', p.registration, 'rev', p.rev)`;
