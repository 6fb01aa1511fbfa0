import { type Account, type AccountId, type Role, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { isAtLeast, RANK } from '../log/command-handler.ts';
import type { Tx } from '../log/tx.ts';

export type AccountRow = Account;

type Cells = {
  id: AccountId;
  username: string;
  displayName: string;
  role: Role;
  disabled: number;
  createdAt: number;
  devices: number;
  rev: number;
};

/** @throws SkerryError not_found */
export function accountById(db: Statements, id: AccountId): AccountRow {
  const row = db.get<Cells>(
    'SELECT id, username, display_name AS displayName, role, disabled, created_at AS createdAt, devices, rev FROM accounts WHERE id = ?',
    id,
  );
  if (row === undefined) throw new SkerryError('not_found');
  const { devices, ...rest } = row;
  return { ...rest, disabled: row.disabled === 1, ...(devices > 0 ? { devices } : {}) };
}

/** @throws SkerryError not_found, forbidden when the account is switched off */
export function enabledAccount(tx: Tx, id: AccountId): AccountRow {
  const account = accountById(tx.db, id);
  if (account.disabled)
    throw new SkerryError('forbidden', { message: 'This account has been switched off on this server.' });
  return account;
}

/** Whether the actor has a say over the other account: owners over all, admins over those below them. */
export function mayManage(actor: AccountRow, target: AccountRow): boolean {
  if (actor.disabled) return false;
  return actor.role === 'owner' || (isAtLeast(actor, 'admin') && RANK[target.role] < RANK[actor.role]);
}
