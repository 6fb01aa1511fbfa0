import { LIMITS, SkerryError, type AccountId, type SessionId } from '@skerry/protocol';
import type { Tx } from '../log/tx.ts';

/** What waits for devices: each has a queue with gap-free numbers of its own. SPEC E-8. */

export type QueueItem = {
  readonly from: AccountId;
  readonly fromDevice: number;
  /** The message of a direct conversation whose ciphertext this is. */
  readonly message: string | null;
  readonly body: string;
};

type Ends = { readonly head: number; readonly first: number };

/** Puts an item at the end of a device's queue. When it is full, the oldest one makes room. */
export function enqueue(tx: Tx, to: { readonly account: AccountId; readonly device: number }, item: QueueItem): void {
  const ends = tx.db.get<Ends>(
    'UPDATE devices SET queue_head = queue_head + 1 WHERE account_id = ? AND device = ? RETURNING queue_head AS head, queue_first AS first',
    to.account,
    to.device,
  );
  if (ends === undefined) throw new Error('a list names a device that is not there');
  tx.db.run(
    'INSERT INTO queue (account_id, device, n, from_account, from_device, at, message_id, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    to.account,
    to.device,
    ends.head,
    item.from,
    item.fromDevice,
    tx.now,
    item.message,
    item.body,
  );
  const full = ends.head - LIMITS.queueItems;
  if (full >= ends.first) dropUpTo(tx, to, full);
  tx.queueGrown({ ...to, head: ends.head });
}

/** Drops what the session's device has kept for itself, up to a number that exists. @throws SkerryError no_device, session_revoked */
export function ackQueue(
  tx: Tx,
  { account, session, n }: { readonly account: AccountId; readonly session: SessionId; readonly n: number },
): null {
  const bound = tx.db.get<{ device: number | null }>(
    'SELECT device_number AS device FROM sessions WHERE id = ? AND account_id = ? AND ended_at IS NULL',
    session,
    account,
  );
  if (bound === undefined) throw new SkerryError('session_revoked');
  if (bound.device === null) throw new SkerryError('no_device');
  const to = { account, device: bound.device };
  const ends = tx.db.get<Ends>(
    'SELECT queue_head AS head, queue_first AS first FROM devices WHERE account_id = ? AND device = ?',
    to.account,
    to.device,
  );
  if (ends === undefined) throw new SkerryError('no_device');
  const last = Math.min(n, ends.head);
  if (last >= ends.first) dropUpTo(tx, to, last);
  return null;
}

/**
 * Drops what has waited since before a time; its devices are told by `first`.
 * @returns how many were found, at most `most`
 */
export function dropOldItems(tx: Tx, { before, most }: { readonly before: number; readonly most: number }): number {
  const old = tx.db.all<{ account: AccountId; device: number; last: number; many: number }>(
    `SELECT account_id AS account, device, max(n) AS last, count(*) AS many
     FROM (SELECT account_id, device, n FROM queue WHERE at < ? ORDER BY at LIMIT ?) GROUP BY account_id, device`,
    before,
    most,
  );
  for (const { account, device, last } of old) dropUpTo(tx, { account, device }, last);
  return old.reduce((sum, { many }) => sum + many, 0);
}

function dropUpTo(
  tx: Tx,
  { account, device }: { readonly account: AccountId; readonly device: number },
  last: number,
): void {
  tx.db.run('DELETE FROM queue WHERE account_id = ? AND device = ? AND n <= ?', account, device, last);
  tx.db.run('UPDATE devices SET queue_first = ? WHERE account_id = ? AND device = ?', last + 1, account, device);
}
