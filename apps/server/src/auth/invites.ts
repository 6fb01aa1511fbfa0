import { type AccountId, type Invite, type InviteId, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { isAtLeast } from '../log/command-handler.ts';
import type { Tx } from '../log/tx.ts';
import { accountById } from './account-row.ts';

/** An invite that can still be used, at the time bound to the placeholder. */
const USABLE = 'revoked = 0 AND (expires_at IS NULL OR expires_at > ?) AND (uses_left IS NULL OR uses_left > 0)';
const MOST_INVITES = 1_000;

type NewInvite = { actor: AccountId; id: InviteId; codeHash: string; expiresAt: number | null; uses: number | null };
type Listed = Omit<Invite, 'code'>;

/** @throws SkerryError forbidden, limit_reached */
export function createInvite(tx: Tx, { actor, id, codeHash, expiresAt, uses }: NewInvite): Listed {
  const { db, now } = tx;
  requireAdmin(db, actor);
  const open = db.value<number>(`SELECT count(*) FROM invites WHERE ${USABLE}`, now) ?? 0;
  if (open >= MOST_INVITES)
    throw new SkerryError('limit_reached', { message: 'There are too many open invites. Revoke some first.' });
  db.run(
    'INSERT INTO invites (id, code_hash, created_by, created_at, expires_at, uses_left) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    codeHash,
    actor,
    now,
    expiresAt,
    uses,
  );
  return { id, createdBy: actor, createdAt: now, expiresAt, usesLeft: uses };
}

/** @throws SkerryError forbidden, not_found */
export function revokeInvite(tx: Tx, { actor, id }: { actor: AccountId; id: InviteId }): null {
  requireAdmin(tx.db, actor);
  if (!tx.db.has('SELECT 1 FROM invites WHERE id = ? AND revoked = 0', id)) throw new SkerryError('not_found');
  tx.db.run('UPDATE invites SET revoked = 1 WHERE id = ?', id);
  return null;
}

/** Takes one use of the invite. @throws SkerryError code_invalid */
export function useInvite(tx: Tx, codeHash: string): void {
  if (!isUsable(tx.db, codeHash, tx.now)) throw new SkerryError('code_invalid', { field: 'code' });
  tx.db.run('UPDATE invites SET uses_left = uses_left - 1 WHERE code_hash = ? AND uses_left IS NOT NULL', codeHash);
}

export function isUsable(db: Statements, codeHash: string, now: number): boolean {
  return db.has(`SELECT 1 FROM invites WHERE code_hash = ? AND ${USABLE}`, codeHash, now);
}

/** Newest first. @throws SkerryError forbidden */
export function listInvites(db: Statements, { actor, now }: { actor: AccountId; now: number }): Listed[] {
  requireAdmin(db, actor);
  return db.all<Listed>(
    `SELECT id, created_by AS createdBy, created_at AS createdAt, expires_at AS expiresAt, uses_left AS usesLeft
     FROM invites WHERE ${USABLE} ORDER BY created_at DESC LIMIT ${MOST_INVITES}`,
    now,
  );
}

function requireAdmin(db: Statements, actor: AccountId): void {
  const account = accountById(db, actor);
  if (account.disabled || !isAtLeast(account, 'admin')) throw new SkerryError('forbidden');
}
