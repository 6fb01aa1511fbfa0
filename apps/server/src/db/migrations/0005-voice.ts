/** Channels people talk in, and who may not. Who is in one is kept nowhere. */
export const voice = /* sql */ `
-- How many may talk at once, 0: no limit of its own; NULL: a channel of text alone.
ALTER TABLE channels ADD COLUMN voice INTEGER;

-- Accounts a moderator muted on this server.
CREATE TABLE voice_silenced (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id),
  silenced_by TEXT NOT NULL,
  silenced_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
