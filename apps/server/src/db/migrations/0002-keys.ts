/**
 * Keys of people and devices, and conversations the server cannot read. Everything secret in here is ciphertext or a
 * public key. Bytes of blobs and backups are kept in parts, so that no single write holds the others up.
 */
export const keys = /* sql */ `
ALTER TABLE accounts ADD COLUMN account_key TEXT;
-- Version of the newest signed device list; 0: none.
ALTER TABLE accounts ADD COLUMN devices INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX accounts_by_key ON accounts (account_key) WHERE account_key IS NOT NULL;
ALTER TABLE sessions ADD COLUMN device_number INTEGER;
CREATE INDEX sessions_of_device ON sessions (account_id, device_number) WHERE device_number IS NOT NULL;
CREATE TABLE challenges (
  nonce TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
  account_id TEXT NOT NULL,
  device INTEGER NOT NULL,
  label TEXT NOT NULL,
  sign_key TEXT NOT NULL,
  identity_key TEXT NOT NULL,
  registration_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  -- Bound to a session; on the newest signed list; or on one before it and never again.
  state TEXT NOT NULL DEFAULT 'bound' CHECK (state IN ('bound', 'listed', 'removed')),
  -- As they are sent, JSON.
  signed_prekey TEXT,
  kyber_prekey TEXT,
  -- The queue: its last number ever, and the first one that may still be there.
  queue_head INTEGER NOT NULL DEFAULT 0,
  queue_first INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (account_id, device)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX devices_by_key ON devices (account_id, sign_key);
-- Claimed ones stay as a tombstone, so that publishing them again cannot hand them out twice.
CREATE TABLE prekeys (
  account_id TEXT NOT NULL,
  device INTEGER NOT NULL,
  id INTEGER NOT NULL,
  public_key TEXT NOT NULL,
  claimed_at INTEGER,
  PRIMARY KEY (account_id, device, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX prekeys_left ON prekeys (account_id, device, id) WHERE claimed_at IS NULL;
CREATE INDEX prekeys_claimed ON prekeys (claimed_at) WHERE claimed_at IS NOT NULL;
CREATE TABLE device_lists (
  account_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  account_key TEXT NOT NULL,
  digest TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (account_id, version)
) STRICT, WITHOUT ROWID;

ALTER TABLE channels ADD COLUMN sealed TEXT CHECK (sealed IN ('direct', 'group'));
-- The two people of a direct conversation, the smaller id first.
ALTER TABLE channels ADD COLUMN pair_a TEXT;
ALTER TABLE channels ADD COLUMN pair_b TEXT;
CREATE UNIQUE INDEX channels_by_pair ON channels (pair_a, pair_b) WHERE pair_a IS NOT NULL;
CREATE TABLE group_blocks (
  channel_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (channel_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE sealed (
  channel_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  author TEXT NOT NULL,
  device INTEGER NOT NULL,
  at INTEGER NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('post', 'change', 'delete')),
  target TEXT,
  body TEXT,
  erased INTEGER NOT NULL DEFAULT 0,
  -- How many posts of its channel came up to here, itself included.
  place INTEGER NOT NULL,
  PRIMARY KEY (channel_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX sealed_by_target ON sealed (target) WHERE target IS NOT NULL;
-- What waits for one device.
CREATE TABLE queue (
  account_id TEXT NOT NULL,
  device INTEGER NOT NULL,
  n INTEGER NOT NULL,
  from_account TEXT NOT NULL,
  from_device INTEGER NOT NULL,
  at INTEGER NOT NULL,
  message_id TEXT,
  body TEXT NOT NULL,
  PRIMARY KEY (account_id, device, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_of_message ON queue (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX queue_by_age ON queue (at);

CREATE TABLE blobs (
  id TEXT PRIMARY KEY,
  channel_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  -- Null until a message names it.
  message_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_of_message ON blobs (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX blobs_loose ON blobs (account_id, created_at) WHERE message_id IS NULL;
CREATE TABLE backups (
  account_id TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Bytes of a blob or a backup. Parts that no row of those tables names are leftovers of something cut off.
CREATE TABLE parts (
  owner_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (owner_id, n)
) STRICT;
CREATE INDEX parts_by_age ON parts (created_at);

CREATE TABLE icon (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  digest TEXT NOT NULL,
  type TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
`;
