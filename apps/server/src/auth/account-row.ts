import { type Account, type AccountId, type Role, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';

export type AccountRow = Account;

type Cells = { id: AccountId; username: string; displayName: string; role: Role; disabled: number; createdAt: number; rev: number };

/** @throws SkerryError not_found */
export function accountById(db: Statements, id: AccountId): AccountRow {
  const row = db.get<Cells>(
    'SELECT id, username, display_name AS displayName, role, disabled, created_at AS createdAt, rev FROM accounts WHERE id = ?',
    id,
  );
  if (row === undefined) throw new SkerryError('not_found');
  return { ...row, disabled: row.disabled === 1 };
}

const RANK: Readonly<Record<Role, number>> = { member: 0, moderator: 1, admin: 2, owner: 3 };

export const isAtLeast = (account: AccountRow, role: Role): boolean => !account.disabled && RANK[account.role] >= RANK[role];

/** Whether the actor has a say over the other account: owners over all, admins over those below them. */
export function mayManage(actor: AccountRow, target: AccountRow): boolean {
  if (isAtLeast(actor, 'owner')) return true;
  return isAtLeast(actor, 'admin') && RANK[target.role] < RANK[actor.role];
}
