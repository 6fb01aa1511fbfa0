import type { Obstacle } from '../state/sealed-standing.ts';

/** Where a view of one server leads to. */
export type ServerPlaces = {
  /** Phone: from the channel to the list. */
  readonly back: () => void;
  /** How the servers are connected, beside what asked for it. */
  readonly status: (anchor: HTMLElement) => void;
  /** Where the person settles what keeps this server from connecting. */
  readonly settle: () => void;
  /** Where the person makes their keys, unlocks them or brings them back. */
  readonly keys: (obstacle: Obstacle) => void;
};
