import type { Tx } from './tx.ts';

export type Prune = {
  /** Unix milliseconds; what is younger stays. */
  readonly before: number;
  /** How many go at once. */
  readonly most: number;
  /** A client that missed this many still goes on without a snapshot, however old they are. None unless given. */
  readonly keep?: number;
};

/**
 * Throws away events older than `before`, never the last one: it carries the tag of the log's end. Messages, channels
 * and accounts stay; a client that was away for longer loads a snapshot.
 * @returns how many were thrown away
 */
export function pruneEvents(tx: Tx, { before, most, keep = 0 }: Prune): number {
  const log = tx.db.get<{ seq: number; first_seq: number }>('SELECT seq, first_seq FROM log WHERE id = 1');
  if (log === undefined) return 0;
  // Times rise with seq but for a clock that was set back, so the first that is young enough ends the run.
  const young = tx.db.value<number>(
    'SELECT seq FROM events WHERE seq >= ? AND seq < ? AND at >= ? ORDER BY seq LIMIT 1',
    log.first_seq,
    log.first_seq + most,
    before,
  );
  const keepFrom = Math.min(young ?? log.first_seq + most, log.seq - keep);
  if (keepFrom <= log.first_seq) return 0;
  tx.db.run('DELETE FROM events WHERE seq < ?', keepFrom);
  tx.db.run('UPDATE log SET first_seq = ? WHERE id = 1', keepFrom);
  return keepFrom - log.first_seq;
}
