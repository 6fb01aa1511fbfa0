import type { EntryId, ServerView } from '@skerry/core';
import { t } from '../i18n/t.ts';

/** A connection that comes back at once is no news. */
const DOWN_FOR_MS = 5_000;
const PAUSE_MS = 60_000;

type Known = { said: 'live' | 'down'; readonly saidAt: number; downSince: number | undefined };

/**
 * Which servers were lost and which came back, as sentences for screen readers: what the marks on the rail show to those
 * who see them. At most one sentence per server and minute, none for what the person did, none at the start.
 */
export class ConnectionNews {
  readonly #known = new Map<EntryId, Known>();

  /** What is worth saying now; call it whenever the servers change. `now` in ms. */
  since(servers: readonly ServerView[], now: number): readonly string[] {
    const news: string[] = [];
    for (const server of servers) {
      const { id } = server.entry;
      const state = reachable(server);
      if (state === undefined) {
        this.#known.delete(id);
        continue;
      }
      const known = this.#known.get(id);
      if (known === undefined) {
        this.#known.set(id, { said: state, saidAt: -Infinity, downSince: state === 'down' ? now : undefined });
        continue;
      }
      known.downSince = state === 'live' ? undefined : (known.downSince ?? now);
      const isSettled = known.downSince === undefined || now - known.downSince >= DOWN_FOR_MS;
      if (state === known.said || !isSettled || now - known.saidAt < PAUSE_MS) continue;
      this.#known.set(id, { said: state, saidAt: now, downSince: known.downSince });
      news.push(state === 'live' ? t.connection.nowLive(server.label) : t.connection.nowDown(server.label));
    }
    return news;
  }
}

/** Undefined where the connection is not expected: paused, signed out, or this device is offline. */
function reachable({ state }: ServerView): 'live' | 'down' | undefined {
  switch (state.kind) {
    case 'live':
    case 'syncing':
      return 'live';
    case 'waiting':
    case 'connecting':
    case 'authenticating':
      return 'down';
    case 'disabled':
    case 'offline':
    case 'signedOut':
    case 'incompatible':
    case 'identityChanged':
      return undefined;
  }
}
