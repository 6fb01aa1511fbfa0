/** What the 12 px mark can say. `live` is drawn in lists only; on the rail a live server has no mark. */
export type Status = 'live' | 'connecting' | 'waiting' | 'attention' | 'down' | 'paused' | 'muted';

const WORST_FIRST: readonly Status[] = ['attention', 'down', 'waiting', 'connecting', 'paused', 'muted', 'live'];

/** The one that a person should know about first. */
export function worstStatus(all: Iterable<Status>): Status {
  let worst: Status = 'live';
  for (const status of all) if (WORST_FIRST.indexOf(status) < WORST_FIRST.indexOf(worst)) worst = status;
  return worst;
}
