import type { AccountId, SessionId } from '@skerry/protocol';
import type { Tx } from './tx.ts';

/** What the edge made for a new session. The database sees hashes only. */
export type NewSession = {
  readonly id: SessionId;
  readonly device: string;
  readonly refreshHash: string;
  readonly accessHash: string;
  /** Unix milliseconds. */
  readonly accessExpiresAt: number;
};

/** One account can be signed in at this many places; the one not seen for longest makes room. */
const MOST_SESSIONS = 200;

export function startSession(tx: Tx, account: AccountId, session: NewSession): void {
  const { db, now } = tx;
  const tooMany = db.values<SessionId>(
    'SELECT id FROM sessions WHERE account_id = ? AND ended_at IS NULL ORDER BY last_seen_at DESC LIMIT -1 OFFSET ?',
    account,
    MOST_SESSIONS - 1,
  );
  for (const id of tooMany) endSession(tx, id);
  db.run(
    'INSERT INTO sessions (id, account_id, device, created_at, last_seen_at, refresh_hash) VALUES (?, ?, ?, ?, ?, ?)',
    session.id,
    account,
    session.device,
    now,
    now,
    session.refreshHash,
  );
  addAccessToken(tx, session);
}

export function addAccessToken(
  tx: Tx,
  { id, accessHash, accessExpiresAt }: Pick<NewSession, 'id' | 'accessHash' | 'accessExpiresAt'>,
): void {
  tx.db.run('DELETE FROM access_tokens WHERE session_id = ? AND expires_at <= ?', id, tx.now);
  tx.db.run(
    'INSERT INTO access_tokens (hash, session_id, expires_at) VALUES (?, ?, ?)',
    accessHash,
    id,
    accessExpiresAt,
  );
}

/**
 * Ends a session for good: its tokens are dead with it and its sockets close once this is committed. The rows of its
 * access tokens stay until they expire, so that whoever still holds one is told why. I12.
 */
export function endSession(tx: Tx, session: SessionId): void {
  tx.db.run('UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL', tx.now, session);
  tx.sessionEnded(session);
}

/** Ends every session of one of the account's devices. E-10, I12. */
export function endSessionsOfDevice(tx: Tx, account: AccountId, device: number): void {
  const sessions = tx.db.values<SessionId>(
    'SELECT id FROM sessions WHERE account_id = ? AND device_number = ? AND ended_at IS NULL',
    account,
    device,
  );
  for (const session of sessions) endSession(tx, session);
}

/** Ends every session of the account but one (or none). */
export function endSessions(tx: Tx, account: AccountId, except: SessionId | null): void {
  const sessions = tx.db.values<SessionId>(
    'SELECT id FROM sessions WHERE account_id = ? AND ended_at IS NULL',
    account,
  );
  for (const session of sessions) if (session !== except) endSession(tx, session);
}
