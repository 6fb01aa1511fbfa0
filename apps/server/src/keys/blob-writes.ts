import { type AccountId, type BlobId, type ChannelId, SkerryError, TIMES } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { openChannel } from '../log/access.ts';
import type { Tx } from '../log/tx.ts';
import { type Caller, listedDevice } from '../log/devices.ts';

/** Attachments of one account that no message names yet. */
const MOST_LOOSE = 50;

/**
 * Whether the caller may keep an attachment for the conversation. SPEC E-11, E-12.
 * @throws SkerryError not_found, forbidden, archived, no_device, limit_reached
 */
export function requireUpload(db: Statements, { caller, channel }: { caller: Caller; channel: ChannelId }): null {
  listedDevice(db, caller);
  openChannel(db, caller, channel);
  if (!db.has('SELECT 1 FROM channels WHERE id = ? AND sealed IS NOT NULL', channel))
    throw new SkerryError('forbidden', { message: 'Attachments belong to encrypted conversations.' });
  const loose = db.value<number>(
    'SELECT count(*) FROM blobs WHERE message_id IS NULL AND account_id = ?',
    caller.account,
  );
  if ((loose ?? 0) >= MOST_LOOSE)
    throw new SkerryError('limit_reached', { message: 'Too many attachments wait for their message.' });
  return null;
}

/** Makes the parts that are there a blob, in one step: whoever may upload when it ends may. */
export function keepBlob(
  tx: Tx,
  { id, caller, channel, bytes, at }: { id: BlobId; caller: Caller; channel: ChannelId; bytes: number; at: number },
): null {
  requireUpload(tx.db, { caller, channel });
  tx.db.run(
    'INSERT INTO blobs (id, channel_id, account_id, bytes, created_at) VALUES (?, ?, ?, ?, ?)',
    id,
    channel,
    caller.account,
    bytes,
    at,
  );
  return null;
}

/** `id` names the parts. Replaces the backup before. @returns whose parts nothing names from now on */
export function keepBackup(
  { db }: Tx,
  { account, id, bytes, at }: { account: AccountId; id: string; bytes: number; at: number },
): string | null {
  const before = db.value<string>('SELECT id FROM backups WHERE account_id = ?', account) ?? null;
  db.run(
    `INSERT INTO backups (account_id, id, at, bytes) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (account_id) DO UPDATE SET id = ?2, at = ?3, bytes = ?4`,
    account,
    id,
    at,
    bytes,
  );
  return before;
}

/** @returns whose parts nothing names from now on; `null` when there is no backup */
export function dropBackup({ db }: Tx, { account }: { account: AccountId }): string | null {
  const before = db.value<string>('SELECT id FROM backups WHERE account_id = ?', account) ?? null;
  if (before !== null) db.run('DELETE FROM backups WHERE account_id = ?', account);
  return before;
}

/** So long an id that was handed out stays known; what a client publishes again is never that old. */
const TOMBSTONE_MS = 90 * 24 * 3_600_000;
const TOMBSTONES_AT_ONCE = 5_000;

/** Throws away attachments no message came to name, and what is remembered of prekeys long gone. E-12. */
export function tidyKeys({ db }: Tx, { now }: { now: number }): null {
  db.run('DELETE FROM blobs WHERE message_id IS NULL AND created_at <= ?', now - TIMES.looseBlobMs);
  db.run(
    `DELETE FROM prekeys WHERE (account_id, device, id) IN
     (SELECT account_id, device, id FROM prekeys WHERE claimed_at <= ? ORDER BY claimed_at LIMIT ${TOMBSTONES_AT_ONCE})`,
    now - TOMBSTONE_MS,
  );
  return null;
}
