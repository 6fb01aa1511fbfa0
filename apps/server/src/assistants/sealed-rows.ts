import type { AccountId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';

/** A ciphertext of the database, and what it is bound to. */
export type SealedSecret = {
  readonly use: 'bot' | 'model';
  readonly account: AccountId;
  readonly row: string;
  readonly sealed: Uint8Array;
};

/** Everything that the key beside the database is to open. */
export function sealedSecrets(db: Statements, _args: null): SealedSecret[] {
  return db.all<SealedSecret>(
    `SELECT 'bot' AS use, account_id AS account, id AS row, token AS sealed FROM discord_bots
     UNION ALL SELECT 'model', account_id, id, api_key FROM assistant_models WHERE api_key IS NOT NULL`,
  );
}
