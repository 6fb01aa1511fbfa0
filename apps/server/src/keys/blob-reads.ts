import { type AccountId, type BlobId, type ChannelId, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { memberChannel } from '../log/access.ts';

type Row = { channel: ChannelId; account: AccountId; bytes: number; messageId: string | null; n: number | null };

/**
 * How long a blob is, for one who may read it: whoever uploaded it until a message names it, then those who may read the
 * message. Every other one does not exist. SPEC E-12.
 * @throws SkerryError not_found
 */
export function readableBlob(db: Statements, { account, id }: { account: AccountId; id: BlobId }): number {
  const row = db.get<Row>(
    `SELECT b.channel_id AS channel, b.account_id AS account, b.bytes AS bytes, b.message_id AS messageId, x.n AS n
     FROM blobs b LEFT JOIN sealed x ON x.id = b.message_id WHERE b.id = ?`,
    id,
  );
  if (row === undefined) throw new SkerryError('not_found');
  const { visibleFrom } = memberChannel(db, { account }, row.channel);
  const isReadable = row.messageId === null ? row.account === account : (row.n ?? 0) >= visibleFrom;
  if (!isReadable) throw new SkerryError('not_found');
  return row.bytes;
}

export type BackupRow = { readonly id: string; readonly at: number; readonly bytes: number };

export function backupOf(db: Statements, { account }: { account: AccountId }): BackupRow | null {
  return db.get<BackupRow>('SELECT id, at, bytes FROM backups WHERE account_id = ?', account) ?? null;
}
