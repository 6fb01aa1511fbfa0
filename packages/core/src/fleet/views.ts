import { hostOf, labelOf } from '../servers/label.ts';
import type { ServerContext } from '../servers/context.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Entry } from '../sync/entry.ts';
import { derived, followed } from '../value.ts';
import type { FleetSummary, ServerEntry, ServerView } from '../views.ts';

/** One server as the rail and the lists show it. */
export function serverView(
  context: ServerContext,
  entries: Subscribable<readonly ServerEntry[]>,
): Subscribable<ServerView> {
  const { connection, entry, inUse, icon } = context;
  const counts = followed(context.kept, (kept: Entry) => kept.counts);
  return derived(
    [entry, connection.state, connection.latencyMs, connection.attempts, counts, inUse, icon.picture, entries],
    (...[own, state, latencyMs, attempts, sums, origin, picture, all]): ServerView => ({
      entry: own,
      label: labelOf(own),
      host: hostOf(
        own.addresses.find((address) => address.origin === origin)?.origin ?? own.addresses[0]?.origin ?? '',
      ),
      icon: picture,
      state,
      latencyMs,
      attempts,
      ...sums,
      // Signed out is not waited for; what is stored comes back into the count with the sign-in.
      ...(state.kind === 'signedOut' ? { unread: false, mentions: 0 } : {}),
      ambiguousName: all.some(
        (other) => other.id !== own.id && labelOf(other).toLowerCase() === labelOf(own).toLowerCase(),
      ),
    }),
  );
}

export function fleetSummary(views: readonly ServerView[], deviceOnline: boolean): FleetSummary {
  const enabled = views.filter(({ entry }) => entry.enabled);
  return {
    connected: enabled.filter(({ state }) => state.kind === 'live').length,
    total: enabled.length,
    deviceOnline,
    mentions: enabled.filter(({ entry }) => !entry.muted).reduce((sum, { mentions }) => sum + mentions, 0),
  };
}
