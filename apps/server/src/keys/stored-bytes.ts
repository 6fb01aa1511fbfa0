import { SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';

/** Bytes of blobs and backups, in parts under the id of what owns them. Parts that nothing names are leftovers. */

/** An upload is over before that; what is older and belongs to nothing was cut off or erased. */
const LEFTOVER_MS = 15 * 60_000;
/** Parts erased by one write: 2 MiB that are overwritten on the disk. */
const AT_ONCE = 8;
const OWNERS_AT_ONCE = 100;

const IS_NAMED = `(EXISTS (SELECT 1 FROM blobs WHERE id = ?1) OR EXISTS (SELECT 1 FROM backups WHERE id = ?1))`;

export type NewPart = { readonly owner: string; readonly n: number; readonly bytes: Uint8Array; readonly at: number };

export function addPart(tx: Tx, { owner, n, bytes, at }: NewPart): null {
  tx.db.run('INSERT INTO parts (owner_id, n, bytes, created_at) VALUES (?, ?, ?, ?)', owner, n, bytes, at);
  return null;
}

/** Erases some of the parts that are there, unless something still names their owner. @returns whether there are more */
export function dropParts({ db }: Tx, { owner }: { owner: string }): boolean {
  if (db.has(`SELECT 1 WHERE ${IS_NAMED}`, owner)) return false;
  const last = db.values<number>('SELECT n FROM parts WHERE owner_id = ? ORDER BY n DESC LIMIT ?', owner, AT_ONCE + 1);
  const from = last.at(AT_ONCE - 1) ?? last.at(-1);
  if (from === undefined) return false;
  db.run('DELETE FROM parts WHERE owner_id = ? AND n >= ?', owner, from);
  return last.length > AT_ONCE;
}

/** A part of what is kept. @throws SkerryError not_found when it was dropped meanwhile */
export function readPart(db: Statements, { owner, n }: { owner: string; n: number }): Uint8Array {
  const bytes = db.value<Uint8Array>('SELECT bytes FROM parts WHERE owner_id = ? AND n = ?', owner, n);
  if (bytes === undefined) throw new SkerryError('not_found');
  // Bytes of their own, which can be handed to another thread.
  return new Uint8Array(bytes);
}

/** Owners of parts that nothing names and that no upload under way can still be adding to. `now`: Unix milliseconds. */
export function leftovers(db: Statements, { now }: { now: number }): string[] {
  return db.values<string>(
    `SELECT DISTINCT owner_id FROM parts WHERE owner_id NOT IN (SELECT id FROM blobs) AND owner_id NOT IN (SELECT id FROM backups)
     GROUP BY owner_id HAVING max(created_at) <= ? LIMIT ${OWNERS_AT_ONCE}`,
    now - LEFTOVER_MS,
  );
}
