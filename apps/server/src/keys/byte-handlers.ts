import { type AccountId, type BlobId, SkerryError } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import { type BytesAnswer, type BytesBody, OCTETS, PART_BYTES } from '../http/bytes.ts';
import type { Handlers } from '../http/router.ts';
import { newId } from '../new-id.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';

export type ByteDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly limits: RateLimits;
  readonly clock: Clock;
};

/** Uploads of one account under way: what they have brought so far takes room before anything says how much. */
const MOST_AT_ONCE = 10;
const AGAIN_MS = 2_000;

/** Attachments and backups: encrypted bytes that pass through in parts, so that none of them is in memory whole. */
export function byteHandlers({
  db,
  limits,
  clock,
}: ByteDeps): Pick<Handlers, 'putBlob' | 'blob' | 'putBackup' | 'backupInfo' | 'backup' | 'dropBackup'> {
  const underWay = new Map<AccountId, number>();

  return {
    putBlob: async ({ caller, params, body }) => {
      limits.take('upload', caller.account);
      const channel = params.channelId;
      await db.read('keys.requireUpload', { caller, channel });
      const id = newId<BlobId>(clock);
      await upload({ id, body, account: caller.account }, (bytes) =>
        db.write('keys.keepBlob', { id, caller, channel, bytes, at: clock.now() }),
      );
      return { blob: id };
    },

    blob: async ({ caller, params }) => {
      const size = await db.read('keys.readableBlob', { account: caller.account, id: params.blobId });
      return download(params.blobId, size);
    },

    putBackup: async ({ caller, body }) => {
      limits.take('upload', caller.account);
      const { account } = caller;
      const id = newId(clock);
      const at = clock.now();
      const before = await upload({ id, body, account }, (bytes) =>
        db.write('keys.keepBackup', { account, id, bytes, at }),
      );
      if (before !== null) await forget(before);
      return { at };
    },

    backupInfo: async ({ caller }) => {
      const row = await db.read('keys.backup', { account: caller.account });
      return { backup: row && { at: row.at, bytes: row.bytes } };
    },

    backup: async ({ caller }) => {
      const row = await db.read('keys.backup', { account: caller.account });
      if (row === null) throw new SkerryError('not_found');
      return download(row.id, row.bytes);
    },

    dropBackup: async ({ caller }) => {
      const before = await db.write('keys.dropBackup', { account: caller.account });
      if (before === null) throw new SkerryError('not_found');
      await forget(before);
      return {};
    },
  };

  /** Stores the parts, then calls `keep` with how many bytes they are. What fails on the way leaves nothing. */
  async function upload<Kept>(
    { id, body, account }: { id: string; body: BytesBody; account: AccountId },
    keep: (bytes: number) => Promise<Kept>,
  ): Promise<Kept> {
    const others = underWay.get(account) ?? 0;
    if (others >= MOST_AT_ONCE) throw new SkerryError('rate_limited', { retryAfterMs: AGAIN_MS });
    underWay.set(account, others + 1);
    try {
      return await keep(await store(id, body));
    } catch (error) {
      await forget(id);
      throw error;
    } finally {
      const left = (underWay.get(account) ?? 1) - 1;
      if (left > 0) underWay.set(account, left);
      else underWay.delete(account);
    }
  }

  /** @returns how many bytes there were */
  async function store(owner: string, body: BytesBody): Promise<number> {
    let total = 0;
    let n = 0;
    for await (const bytes of body) {
      await db.write('keys.addPart', { owner, n: n++, bytes, at: clock.now() });
      total += bytes.length;
    }
    if (total === 0) throw new SkerryError('bad_request', { message: 'There are no bytes to keep.' });
    return total;
  }

  /** Erases parts that nothing names. What cannot be erased now, housekeeping finds later. */
  async function forget(owner: string): Promise<void> {
    try {
      while (await db.write('keys.dropParts', { owner }));
    } catch {
      return;
    }
  }

  function download(owner: string, size: number): BytesAnswer {
    async function* parts(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n * PART_BYTES < size; n++) yield await db.read('keys.part', { owner, n });
    }
    return { type: OCTETS, size, parts: parts(), cache: 'never' };
  }
}
