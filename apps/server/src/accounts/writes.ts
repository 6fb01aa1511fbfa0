import { SkerryError, type AccountId, type Role } from '@skerry/protocol';
import { endSessions } from '../log/sessions.ts';
import { UNCHANGED, type CommandHandler } from '../log/command-handler.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { canAccount } from './permissions.ts';

export const updateProfile: CommandHandler<'profile.update'> = ({ tx, actor }, { displayName }) => {
  if (tx.db.has('SELECT 1 FROM accounts WHERE id = ? AND display_name = ?', actor.account, displayName))
    return UNCHANGED;
  const event = tx.append(SERVER_STREAM, 'account', actor.account);
  tx.db.run('UPDATE accounts SET display_name = ?, rev = ? WHERE id = ?', displayName, event.n, actor.account);
  return event;
};

export const setRole: CommandHandler<'account.role'> = ({ tx, actor }, { account, role }) => {
  const target = accountOf(tx, account);
  if (!canAccount(actor, { kind: 'role', from: target.role, to: role })) throw new SkerryError('forbidden');
  if (target.role === role) return UNCHANGED;
  if (target.role === 'owner') keepAnOwner(tx, account);
  const event = tx.append(SERVER_STREAM, 'account', account);
  tx.db.run('UPDATE accounts SET role = ?, rev = ? WHERE id = ?', role, event.n, account);
  return event;
};

export const setDisabled: CommandHandler<'account.disable'> = ({ tx, actor }, { account, disabled }) => {
  const target = accountOf(tx, account);
  if (!canAccount(actor, { kind: 'disable', target: target.role })) throw new SkerryError('forbidden');
  if ((target.disabled === 1) === disabled) return UNCHANGED;
  if (disabled && target.role === 'owner') keepAnOwner(tx, account);
  const event = tx.append(SERVER_STREAM, 'account', account);
  tx.db.run('UPDATE accounts SET disabled = ?, rev = ? WHERE id = ?', disabled ? 1 : 0, event.n, account);
  if (disabled) endSessions(tx, account, null);
  return event;
};

/** @throws SkerryError last_owner when no other enabled owner is left */
function keepAnOwner(tx: Tx, besides: AccountId): void {
  if (!tx.db.has("SELECT 1 FROM accounts WHERE role = 'owner' AND disabled = 0 AND id <> ?", besides))
    throw new SkerryError('last_owner');
}

function accountOf(tx: Tx, id: AccountId): { readonly role: Role; readonly disabled: number } {
  const found = tx.db.get<{ role: Role; disabled: number }>('SELECT role, disabled FROM accounts WHERE id = ?', id);
  if (found === undefined) throw new SkerryError('not_found', { field: 'account' });
  return found;
}
