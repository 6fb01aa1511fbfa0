import { type AccountId, type SessionId, SkerryError } from '@skerry/protocol';
import type { Tx } from '../log/tx.ts';
import { type AccountRow, accountById, enabledAccount, mayManage } from './account-row.ts';
import { addAccessToken, endSession, endSessions, type NewSession, startSession } from '../log/sessions.ts';

/**
 * A new session for an account whose password was found right outside of the transaction.
 * @throws SkerryError credentials_wrong when the password was changed meanwhile, forbidden when the account is disabled
 */
export function signIn(tx: Tx, args: { account: AccountId; passwordHash: string; session: NewSession }): AccountRow {
  const account = enabledAccount(tx, args.account);
  const current = tx.db.value<string>('SELECT password_hash FROM accounts WHERE id = ?', args.account);
  if (current !== args.passwordHash) throw new SkerryError('credentials_wrong');
  startSession(tx, account.id, args.session);
  return account;
}

/**
 * A new session for a one-time code whose seal was checked outside of the transaction.
 * @throws SkerryError code_invalid when it was used already or names nobody
 */
export function exchange(
  tx: Tx,
  args: { username: string; nonce: string; expiresAt: number; session: NewSession },
): AccountRow {
  if (tx.db.has('SELECT 1 FROM exchange_nonces WHERE nonce = ?', args.nonce)) throw new SkerryError('code_invalid');
  const id = tx.db.value<AccountId>('SELECT id FROM accounts WHERE username = ?', args.username);
  if (id === undefined) throw new SkerryError('code_invalid');
  const account = enabledAccount(tx, id);
  tx.db.run('INSERT INTO exchange_nonces (nonce, expires_at) VALUES (?, ?)', args.nonce, args.expiresAt);
  startSession(tx, id, args.session);
  return account;
}

export type Refreshed =
  | { readonly kind: 'refreshed'; readonly account: AccountRow }
  /** A token from before the last one: two hold this session, so nobody keeps it. */
  | { readonly kind: 'reused' };

/**
 * Trades a refresh token in. The token before the current one gives the current one again, because its answer may have
 * been lost; once the current one was used, an older one means theft and ends the session. T29.
 * @throws SkerryError unauthorized, session_revoked
 */
export function refresh(
  tx: Tx,
  args: { hash: string; successorHash: string; session: Pick<NewSession, 'id' | 'accessHash' | 'accessExpiresAt'> },
): Refreshed {
  const { db, now } = tx;
  const row = db.get<{
    account: AccountId;
    current: string;
    previous: string | null;
    endedAt: number | null;
    disabled: number;
  }>(
    `SELECT s.account_id AS account, s.refresh_hash AS current, s.previous_refresh_hash AS previous, s.ended_at AS endedAt, a.disabled AS disabled
     FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.id = ?`,
    args.session.id,
  );
  if (row === undefined) throw new SkerryError('unauthorized');
  if (row.endedAt !== null || row.disabled === 1) throw new SkerryError('session_revoked');
  if (args.hash !== row.current && args.hash !== row.previous) {
    endSession(tx, args.session.id);
    return { kind: 'reused' };
  }
  db.run(
    'UPDATE sessions SET refresh_hash = ?, previous_refresh_hash = ?, last_seen_at = ? WHERE id = ?',
    args.successorHash,
    args.hash,
    now,
    args.session.id,
  );
  addAccessToken(tx, args.session);
  return { kind: 'refreshed', account: accountById(db, row.account) };
}

/** @throws SkerryError not_found when the account has no such session, or it has ended */
export function revokeSession(tx: Tx, args: { account: AccountId; session: SessionId }): null {
  if (
    !tx.db.has(
      'SELECT 1 FROM sessions WHERE id = ? AND account_id = ? AND ended_at IS NULL',
      args.session,
      args.account,
    )
  )
    throw new SkerryError('not_found');
  endSession(tx, args.session);
  return null;
}

/** @throws SkerryError credentials_wrong when the password was changed meanwhile */
export function changePassword(
  tx: Tx,
  args: { account: AccountId; session: SessionId; fromHash: string; toHash: string },
): null {
  const current = tx.db.value<string>('SELECT password_hash FROM accounts WHERE id = ?', args.account);
  if (current !== args.fromHash) throw new SkerryError('credentials_wrong');
  setPassword(tx, args.account, args.toHash);
  endSessions(tx, args.account, args.session);
  return null;
}

/**
 * Makes a code with which a person sets a new password. Of one account only the newest works.
 * @param actor `null`: whoever has the machine in their hands
 * @throws SkerryError forbidden, not_found
 */
export function makeResetCode(
  tx: Tx,
  args: { actor: AccountId | null; target: AccountId; codeHash: string; expiresAt: number },
): null {
  const { db, now } = tx;
  if (args.actor !== null && !mayManage(accountById(db, args.actor), accountById(db, args.target)))
    throw new SkerryError('forbidden');
  db.run('DELETE FROM reset_codes WHERE account_id = ? OR expires_at <= ?', args.target, now);
  db.run(
    'INSERT INTO reset_codes (code_hash, account_id, expires_at) VALUES (?, ?, ?)',
    args.codeHash,
    args.target,
    args.expiresAt,
  );
  return null;
}

/** @throws SkerryError code_invalid */
export function resetPassword(tx: Tx, args: { codeHash: string; passwordHash: string }): { username: string } {
  const { db, now } = tx;
  const row = db.get<{ account: AccountId; username: string }>(
    `SELECT r.account_id AS account, a.username AS username FROM reset_codes r JOIN accounts a ON a.id = r.account_id
     WHERE r.code_hash = ? AND r.used_at IS NULL AND r.expires_at > ?`,
    args.codeHash,
    now,
  );
  if (row === undefined) throw new SkerryError('code_invalid');
  db.run('UPDATE reset_codes SET used_at = ? WHERE code_hash = ?', now, args.codeHash);
  setPassword(tx, row.account, args.passwordHash);
  endSessions(tx, row.account, null);
  return { username: row.username };
}

/** So long a device that comes back is told that its session was ended, rather than that nobody knows it. */
const ENDED_SESSION_MS = 30 * 24 * 60 * 60_000;

/** Throws away what has expired at `now` (Unix milliseconds) and what nobody can use again. */
export function tidy(tx: Tx, { now }: { readonly now: number }): null {
  const { db } = tx;
  db.run('DELETE FROM access_tokens WHERE expires_at <= ?', now);
  db.run('DELETE FROM exchange_nonces WHERE expires_at <= ?', now);
  db.run('DELETE FROM challenges WHERE expires_at <= ?', now);
  db.run('DELETE FROM reset_codes WHERE expires_at <= ? OR used_at IS NOT NULL', now);
  const endedBefore = now - ENDED_SESSION_MS;
  db.run('DELETE FROM access_tokens WHERE session_id IN (SELECT id FROM sessions WHERE ended_at <= ?)', endedBefore);
  db.run('DELETE FROM sessions WHERE ended_at <= ?', endedBefore);
  return null;
}

function setPassword(tx: Tx, account: AccountId, hash: string): void {
  tx.db.run('UPDATE accounts SET password_hash = ? WHERE id = ?', hash, account);
}
