import { SkerryError, type AccountId } from '@skerry/protocol';
import type { Tx } from '../log/tx.ts';
import { mayModerate } from './permissions.ts';
import { roleOf } from './reads.ts';

/** Mutes an account in all voice of this server, or lets it speak again. @throws SkerryError not_found, forbidden */
export function silence(
  tx: Tx,
  { actor, account, on }: { readonly actor: AccountId; readonly account: AccountId; readonly on: boolean },
): null {
  if (!mayModerate(roleOf(tx.db, actor), roleOf(tx.db, account))) throw new SkerryError('forbidden');
  if (on)
    tx.db.run(
      'INSERT INTO voice_silenced (account_id, silenced_by, silenced_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      account,
      actor,
      tx.now,
    );
  else tx.db.run('DELETE FROM voice_silenced WHERE account_id = ?', account);
  return null;
}
