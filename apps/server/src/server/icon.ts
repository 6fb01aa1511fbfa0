import { type AccountId, type Role, type SessionId, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { isAtLeast } from '../log/command-handler.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';

export type Icon = { readonly digest: string; readonly type: string; readonly bytes: Uint8Array };
type Caller = { readonly account: AccountId; readonly session: SessionId };

export const iconUrl = (digest: string): string => `/api/server/icon/${digest}`;

/** Admins only; asked before an upload is read, and again in the transaction. @throws SkerryError session_revoked, forbidden */
export function requireIconEditor(db: Statements, { caller }: { caller: Caller }): null {
  const role = db.value<Role>(
    `SELECT a.role FROM sessions s JOIN accounts a ON a.id = s.account_id
     WHERE s.id = ? AND s.account_id = ? AND s.ended_at IS NULL AND a.disabled = 0`,
    caller.session,
    caller.account,
  );
  if (role === undefined) throw new SkerryError('session_revoked');
  if (!isAtLeast({ role }, 'admin')) throw new SkerryError('forbidden');
  return null;
}

/** Sets the server's picture and tells everybody its new address. Setting the same one again changes nothing. */
export function setIcon(tx: Tx, { caller, icon }: { caller: Caller; icon: Icon }): null {
  const { db } = tx;
  requireIconEditor(db, { caller });
  if (db.has('SELECT 1 FROM icon WHERE digest = ?', icon.digest)) return null;
  db.run('DELETE FROM icon');
  db.run('INSERT INTO icon (id, digest, type, bytes) VALUES (1, ?, ?, ?)', icon.digest, icon.type, icon.bytes);
  tellIcon(tx, iconUrl(icon.digest));
  return null;
}

/** Does nothing where there is none. @throws SkerryError session_revoked, forbidden */
export function removeIcon(tx: Tx, { caller }: { caller: Caller }): null {
  requireIconEditor(tx.db, { caller });
  if (!tx.db.has('SELECT 1 FROM icon')) return null;
  tx.db.run('DELETE FROM icon');
  tellIcon(tx, null);
  return null;
}

/** @throws SkerryError not_found for every digest but the current one's */
export function readIcon(db: Statements, { digest }: { digest: string }): Pick<Icon, 'type' | 'bytes'> {
  const row = db.get<{ type: string; bytes: Uint8Array }>('SELECT type, bytes FROM icon WHERE digest = ?', digest);
  if (row === undefined) throw new SkerryError('not_found');
  return { type: row.type, bytes: new Uint8Array(row.bytes) };
}

function tellIcon(tx: Tx, url: string | null): void {
  const { n } = tx.append(SERVER_STREAM, 'server', '1');
  tx.db.run('UPDATE server SET icon_url = ?, rev = ?', url, n);
}
