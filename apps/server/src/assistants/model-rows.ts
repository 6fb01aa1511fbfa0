import type { AccountId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';
import { dayOf } from './guild-rows.ts';

/** A person's own endpoint as it is kept; its key is a ciphertext that names its row. */
export type ModelRow = {
  readonly account: AccountId;
  readonly id: string;
  readonly endpoint: string;
  readonly model: string;
  readonly apiKey: Uint8Array | null;
  readonly tokensPerDay: number | null;
};

/** The own endpoint, and the tokens used today by whatever model. */
export function modelOf(
  db: Statements,
  { account, now }: { account: AccountId; now: number },
): { own: ModelRow | null; tokensToday: number } {
  const own = db.get<ModelRow>(
    `SELECT account_id AS account, id, endpoint, model, api_key AS apiKey, tokens_per_day AS tokensPerDay
     FROM assistant_models WHERE account_id = ?`,
    account,
  );
  const spent = db.value<number>(
    'SELECT tokens FROM assistant_spending WHERE account_id = ? AND day = ?',
    account,
    dayOf(now),
  );
  return { own: own ?? null, tokensToday: spent ?? 0 };
}

export function setModel(tx: Tx, row: ModelRow): null {
  tx.db.run('DELETE FROM assistant_models WHERE account_id = ?', row.account);
  tx.db.run(
    'INSERT INTO assistant_models (account_id, id, endpoint, model, api_key, tokens_per_day) VALUES (?, ?, ?, ?, ?, ?)',
    row.account,
    row.id,
    row.endpoint,
    row.model,
    row.apiKey,
    row.tokensPerDay,
  );
  return null;
}

export function removeModel(tx: Tx, { account }: { account: AccountId }): null {
  tx.db.run('DELETE FROM assistant_models WHERE account_id = ?', account);
  return null;
}

/** Counts tokens for the day of `now`. */
export function spendTokens(
  tx: Tx,
  { account, tokens, now }: { account: AccountId; tokens: number; now: number },
): null {
  tx.db.run(
    `INSERT INTO assistant_spending (account_id, day, tokens) VALUES (?, ?, ?)
     ON CONFLICT (account_id, day) DO UPDATE SET tokens = tokens + excluded.tokens`,
    account,
    dayOf(now),
    tokens,
  );
  return null;
}
