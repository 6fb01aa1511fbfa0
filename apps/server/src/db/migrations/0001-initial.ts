/**
 * Ids are text, times are Unix milliseconds, truth values 0 or 1. Tables a send writes to carry no foreign keys:
 * the write worker is the only writer and checks what it names, and each key would cost a look-up per row.
 */
export const initial = /* sql */ `
CREATE TABLE server (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  server_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  icon_url TEXT,
  operator TEXT,
  registration TEXT NOT NULL CHECK (registration IN ('open', 'invite', 'closed')),
  created_at INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  setup_code_hash TEXT
) STRICT;
CREATE TABLE server_keys (
  n INTEGER PRIMARY KEY,
  public_key TEXT NOT NULL,
  from_signature TEXT,
  created_at INTEGER NOT NULL
) STRICT;

-- The log: the last number and tag, and the oldest event still kept.
CREATE TABLE log (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  tag TEXT NOT NULL,
  first_seq INTEGER NOT NULL
) STRICT;
INSERT INTO log VALUES (1, 0, '', 1);
CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  stream TEXT NOT NULL UNIQUE,
  head INTEGER NOT NULL,
  -- Messages ever made in a channel, deleted ones included.
  messages INTEGER NOT NULL
) STRICT;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  tag TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
-- An index ends in the row's seq, so this one finds the events of a stream after a seq.
CREATE INDEX events_of_stream ON events (stream);
CREATE TABLE commands (
  account_id TEXT NOT NULL,
  id TEXT NOT NULL,
  hash TEXT NOT NULL,
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  username TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'moderator', 'member')),
  disabled INTEGER NOT NULL DEFAULT 0,
  password_hash TEXT,
  created_at INTEGER NOT NULL,
  rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  device TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  refresh_hash TEXT UNIQUE,
  previous_refresh_hash TEXT UNIQUE,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_account ON sessions (account_id, ended_at);
CREATE TABLE access_tokens (
  hash TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_tokens_of_session ON access_tokens (session_id);
CREATE TABLE invites (
  id TEXT PRIMARY KEY,
  code_hash TEXT NOT NULL UNIQUE,
  created_by TEXT NOT NULL REFERENCES accounts (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  uses_left INTEGER,
  revoked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE reset_codes (
  code_hash TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE exchange_nonces (
  nonce TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE channels (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  topic TEXT NOT NULL,
  visibility TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
  history TEXT NOT NULL CHECK (history IN ('all', 'joined')),
  archived INTEGER NOT NULL DEFAULT 0,
  is_default INTEGER NOT NULL DEFAULT 0,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX channels_public ON channels (visibility, created_at);
-- When an account was in a channel: from the seq of its joining up to, not including, that of its leaving.
CREATE TABLE intervals (
  account_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  from_seq INTEGER NOT NULL,
  from_n INTEGER NOT NULL,
  to_seq INTEGER,
  PRIMARY KEY (account_id, channel_id, from_seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX members ON intervals (channel_id, account_id) WHERE to_seq IS NULL;
-- Who came into a channel after one of its numbers.
CREATE INDEX intervals_of_channel ON intervals (channel_id, from_n);

-- A page is one run of neighbours in this table. Mentions and reactions are kept as the JSON they are sent as.
CREATE TABLE messages (
  channel_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  rev INTEGER NOT NULL,
  author TEXT NOT NULL,
  at INTEGER NOT NULL,
  text TEXT NOT NULL,
  reply_to TEXT,
  edited_at INTEGER,
  deleted INTEGER NOT NULL DEFAULT 0,
  mentions TEXT NOT NULL DEFAULT '[]',
  reactions TEXT NOT NULL DEFAULT '[]',
  -- How many messages of its channel came up to here, itself included.
  place INTEGER NOT NULL,
  PRIMARY KEY (channel_id, n)
) STRICT, WITHOUT ROWID;
-- own: messages of the account in the channel. read_place and read_own: how many messages, and how many own ones, lie at or before read_n.
CREATE TABLE markers (
  account_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  read_n INTEGER NOT NULL,
  read_place INTEGER NOT NULL,
  read_own INTEGER NOT NULL,
  own INTEGER NOT NULL,
  PRIMARY KEY (account_id, channel_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox (
  account_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('mention', 'reply')),
  state TEXT NOT NULL CHECK (state IN ('open', 'later', 'done')),
  rev INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (account_id, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_by_age ON inbox (account_id, state, seq);
CREATE INDEX inbox_of_channel ON inbox (account_id, channel_id);
`;
