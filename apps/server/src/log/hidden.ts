import type { AccountId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { PendingEvent } from './log-writer.ts';

// A message that was made by this very event is seen by all who are told of it.
const LATER_SQL = `SELECT i.account_id FROM messages m JOIN channels c ON c.id = m.channel_id
  JOIN intervals i ON i.channel_id = m.channel_id
  WHERE m.id = ? AND m.n < ? AND c.history = 'joined' AND i.from_n > m.n AND i.from_seq <= ? AND (i.to_seq IS NULL OR i.to_seq > ?)
  AND NOT EXISTS (SELECT 1 FROM inbox b WHERE b.account_id = i.account_id AND b.message_id = m.id)`;
const HIDDEN_SQL = `SELECT 1 FROM messages m WHERE m.id = ? AND m.n < ?
  AND NOT EXISTS (SELECT 1 FROM inbox b WHERE b.account_id = ? AND b.message_id = m.id)`;

/**
 * Members who joined after the message that an event speaks of, in a channel that hides what came before, and to whom nobody
 * has shown it by a mention; `undefined` where there are none, which is nearly always. SPEC L-14.
 */
export function membersFromLater(db: Statements, event: PendingEvent): ReadonlySet<AccountId> | undefined {
  if (event.kind !== 'message') return undefined;
  const accounts = db.values<AccountId>(LATER_SQL, event.ref, event.n, event.seq, event.seq);
  return accounts.length === 0 ? undefined : new Set(accounts);
}

/** Whether a message is from before `visibleFrom`, and nobody has put it into this account's inbox. */
export function isHidden(
  db: Statements,
  {
    account,
    message,
    visibleFrom,
  }: { readonly account: AccountId; readonly message: string; readonly visibleFrom: number },
): boolean {
  return visibleFrom > 0 && db.value<number>(HIDDEN_SQL, message, visibleFrom, account) !== undefined;
}
