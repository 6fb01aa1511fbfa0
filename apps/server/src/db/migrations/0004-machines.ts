/**
 * Computers that run people's agents. What is said in runs and asks is ciphertext; a machine is a device as well, so its
 * number, keys, sessions and queue are where every device has them.
 */
export const machines = /* sql */ `
ALTER TABLE devices ADD COLUMN machine INTEGER NOT NULL DEFAULT 0;

-- Requests to be paired. They stay a while after their end, for devices that are told late.
CREATE TABLE pairings (
  key TEXT PRIMARY KEY,
  -- As it came, JSON.
  request TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'revealed', 'approved', 'redeemed', 'denied', 'reported', 'withdrawn')),
  -- Who took it: account, device, and what that device signed, JSON.
  account_id TEXT,
  device INTEGER,
  taker TEXT,
  -- What the machine committed to.
  nonce TEXT,
  -- The person's yes, JSON, and the number the machine got.
  approval TEXT,
  machine INTEGER,
  -- Digest of the bytes that fetched the token, and the answer to them, sealed.
  redeemed_by TEXT,
  redeemed TEXT,
  changed_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX pairings_by_end ON pairings (expires_at);

CREATE TABLE machines (
  account_id TEXT NOT NULL,
  device INTEGER NOT NULL,
  system TEXT NOT NULL,
  program TEXT NOT NULL,
  info TEXT,
  paired_at INTEGER NOT NULL,
  paired_by INTEGER NOT NULL,
  joined INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL,
  PRIMARY KEY (account_id, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  device INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('starting', 'working', 'idle', 'ended', 'failed')),
  head INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  meta TEXT,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  erased INTEGER NOT NULL DEFAULT 0,
  -- Number in the account's stream of its last event, and when that was.
  rev INTEGER NOT NULL,
  told_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_of_account ON runs (account_id, started_at);
CREATE INDEX runs_open ON runs (account_id, device) WHERE state NOT IN ('ended', 'failed');
CREATE TABLE run_entries (
  run_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run_id, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX run_entries_by_id ON run_entries (run_id, id);
-- Bytes of all entries of an account.
CREATE TABLE run_room (
  account_id TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE asks (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  device INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('question', 'report', 'permission')),
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'cancelled', 'expired')),
  digest TEXT NOT NULL,
  body TEXT,
  opened_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  closed_at INTEGER,
  -- As it was signed, JSON.
  answer TEXT,
  taken_at INTEGER,
  rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX asks_of_run ON asks (run_id);
CREATE INDEX asks_open ON asks (account_id, expires_at) WHERE state = 'open';
CREATE INDEX asks_due ON asks (expires_at) WHERE state = 'open';
CREATE INDEX asks_closed ON asks (account_id, closed_at) WHERE state <> 'open';
`;
