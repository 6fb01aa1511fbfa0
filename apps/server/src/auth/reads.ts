import type { AccountId, Session, SessionId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { AccessRow } from './access-tokens.ts';

/** What is known of an access token's hash. */
export function accessByHash(db: Statements, { hash }: { hash: string }): AccessRow | null {
  const row = db.get<{ account: AccountId; session: SessionId; machine: number; expiresAt: number; ended: number }>(
    `SELECT s.account_id AS account, s.id AS session, coalesce(d.machine, 0) AS machine, t.expires_at AS expiresAt,
       (s.ended_at IS NOT NULL OR a.disabled) AS ended
     FROM access_tokens t JOIN sessions s ON s.id = t.session_id JOIN accounts a ON a.id = s.account_id
     LEFT JOIN devices d ON d.account_id = s.account_id AND d.device = s.device_number WHERE t.hash = ?`,
    hash,
  );
  return row === undefined ? null : { ...row, machine: row.machine === 1, ended: row.ended === 1 };
}

export type Credentials = { readonly id: AccountId; readonly passwordHash: string; readonly disabled: boolean };

/** By name or by id, for checking a password; `null` where there is no such account, or none with a password. */
export function credentials(db: Statements, by: { username: string } | { account: AccountId }): Credentials | null {
  const columns =
    'SELECT id, password_hash AS passwordHash, disabled FROM accounts WHERE password_hash IS NOT NULL AND';
  type Cells = { id: AccountId; passwordHash: string; disabled: number };
  const row =
    'username' in by
      ? db.get<Cells>(`${columns} username = ?`, by.username)
      : db.get<Cells>(`${columns} id = ?`, by.account);
  return row === undefined ? null : { ...row, disabled: row.disabled === 1 };
}

/** Where the account is signed in, the latest seen first. */
export function listSessions(
  db: Statements,
  { account, current }: { account: AccountId; current: SessionId },
): Session[] {
  const rows = db.all<{ id: SessionId; device: string; createdAt: number; lastSeenAt: number }>(
    `SELECT id, device, created_at AS createdAt, last_seen_at AS lastSeenAt FROM sessions
     WHERE account_id = ? AND ended_at IS NULL ORDER BY last_seen_at DESC LIMIT 1000`,
    account,
  );
  return rows.map((row) => ({ ...row, current: row.id === current }));
}
