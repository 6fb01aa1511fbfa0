import { SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';

const USED_SQL =
  'SELECT 1 FROM channels WHERE id = ?1 UNION ALL SELECT 1 FROM messages WHERE id = ?1 UNION ALL SELECT 1 FROM sealed WHERE id = ?1';

/** An id names one thing only, whatever kind of thing it is. @throws SkerryError id_conflict */
export function requireFreshId(db: Statements, id: string): void {
  if (db.has(USED_SQL, id)) throw new SkerryError('id_conflict');
}
