/**
 * Assistants in Discord guilds. Everything is keyed by account and guild, so that two people in one guild never meet.
 * Tokens and keys of models are ciphertexts; what opens them is a file beside the database.
 */
export const assistants = /* sql */ `
CREATE TABLE discord_guilds (
  id TEXT PRIMARY KEY,
  guild_id TEXT NOT NULL UNIQUE,
  guild_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE user_server_configs (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  server_id TEXT NOT NULL REFERENCES discord_guilds (id) ON DELETE CASCADE,
  -- As this person calls it: what somebody else typed is not shown to them.
  guild_name TEXT NOT NULL,
  bot_name TEXT NOT NULL DEFAULT 'Assistant',
  personality TEXT NOT NULL DEFAULT '',
  rules TEXT NOT NULL DEFAULT '',
  information TEXT NOT NULL DEFAULT '',
  bot_active INTEGER NOT NULL DEFAULT 0,
  messages_sent_count INTEGER NOT NULL DEFAULT 0,
  messages_received_count INTEGER NOT NULL DEFAULT 0,
  last_message_sent_at INTEGER,
  last_message_received_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (account_id, server_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX configs_of_guild ON user_server_configs (server_id);
CREATE TABLE server_websites (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  url TEXT NOT NULL,
  title TEXT,
  status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'ready', 'failed')),
  last_error TEXT,
  content TEXT NOT NULL DEFAULT '',
  etag TEXT,
  last_modified TEXT,
  fetched_at INTEGER,
  -- When it is read next.
  due_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (account_id, server_id, url),
  FOREIGN KEY (account_id, server_id) REFERENCES user_server_configs (account_id, server_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX websites_due ON server_websites (due_at);

CREATE TABLE discord_bots (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  id TEXT NOT NULL UNIQUE,
  bot_id TEXT NOT NULL UNIQUE,
  bot_name TEXT NOT NULL,
  application_id TEXT NOT NULL,
  reads_messages INTEGER,
  token BLOB NOT NULL,
  connected_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE assistant_models (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  api_key BLOB,
  tokens_per_day INTEGER
) STRICT, WITHOUT ROWID;
-- Tokens a model used for an account, by day of UTC.
CREATE TABLE assistant_spending (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE assistant_days (
  account_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  day TEXT NOT NULL,
  sent INTEGER NOT NULL,
  received INTEGER NOT NULL,
  PRIMARY KEY (account_id, server_id, day),
  FOREIGN KEY (account_id, server_id) REFERENCES user_server_configs (account_id, server_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
-- The log of one guild of one person. n counts over all of them.
CREATE TABLE assistant_actions (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('sent', 'failed')),
  at INTEGER NOT NULL,
  channel_id TEXT NOT NULL,
  channel_name TEXT NOT NULL,
  message_id TEXT,
  text TEXT NOT NULL,
  -- The messages before it, JSON as it is sent.
  context TEXT NOT NULL,
  FOREIGN KEY (account_id, server_id) REFERENCES user_server_configs (account_id, server_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX actions_of_guild ON assistant_actions (account_id, server_id, n);
-- What was reported already, so that it counts once.
CREATE TABLE assistant_reports (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_by_age ON assistant_reports (at);

CREATE TABLE chat_groups (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  server_id TEXT REFERENCES discord_guilds (id) ON DELETE SET NULL,
  name TEXT,
  pane_count INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX groups_of_account ON chat_groups (account_id, server_id);
CREATE TABLE chat_conversations (
  id TEXT PRIMARY KEY,
  group_id TEXT NOT NULL REFERENCES chat_groups (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  server_id TEXT REFERENCES discord_guilds (id) ON DELETE SET NULL,
  title TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX conversations_of_group ON chat_conversations (group_id);
CREATE TABLE chat_messages (
  conversation_id TEXT NOT NULL REFERENCES chat_conversations (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('person', 'assistant')),
  text TEXT NOT NULL,
  at INTEGER NOT NULL,
  engine TEXT,
  stopped INTEGER NOT NULL DEFAULT 0,
  sources TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (conversation_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE runners (
  id TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  sign_key TEXT NOT NULL UNIQUE,
  box_key TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER
) STRICT, WITHOUT ROWID;

-- Another number for everything runners are told, whoever changes it.
CREATE TABLE assistants_version (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO assistants_version VALUES (1, 1);
${[
  ['configs_added', 'INSERT ON user_server_configs'],
  [
    'configs_changed',
    'UPDATE OF guild_name, bot_name, personality, rules, information, bot_active ON user_server_configs',
  ],
  ['configs_removed', 'DELETE ON user_server_configs'],
  ['websites_added', 'INSERT ON server_websites'],
  ['websites_changed', 'UPDATE OF title ON server_websites'],
  ['websites_removed', 'DELETE ON server_websites'],
  ['bots_added', 'INSERT ON discord_bots'],
  ['bots_changed', 'UPDATE ON discord_bots'],
  ['bots_removed', 'DELETE ON discord_bots'],
  ['people_disabled', 'UPDATE OF disabled ON accounts'],
]
  .map(
    ([name, when]) =>
      `CREATE TRIGGER assistants_${name} AFTER ${when} BEGIN UPDATE assistants_version SET version = version + 1; END;`,
  )
  .join('\n')}
`;
