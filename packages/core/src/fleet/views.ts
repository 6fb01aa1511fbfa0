import { hostOf, labelOf } from '../servers/label.ts';
import type { ServerContext } from '../servers/context.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Entry, EntryInboxRow } from '../sync/entry.ts';
import { derived, followed } from '../value.ts';
import type { FleetSummary, InboxRow, InboxView, ServerEntry, ServerView } from '../views.ts';

/** One server as the rail and the lists show it. */
export function serverView(
  context: ServerContext,
  entries: Subscribable<readonly ServerEntry[]>,
): Subscribable<ServerView> {
  const { connection, entry, inUse } = context;
  const counts = followed(context.kept, (kept: Entry) => kept.counts);
  return derived(
    [entry, connection.state, connection.latencyMs, connection.attempts, counts, inUse, entries],
    (...[own, state, latencyMs, attempts, sums, origin, all]): ServerView => ({
      entry: own,
      label: labelOf(own),
      host: hostOf(origin ?? own.addresses[0]?.origin ?? ''),
      state,
      latencyMs,
      attempts,
      ...sums,
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

type Part = { readonly entry: ServerEntry; readonly inbox: ReturnType<Entry['inbox']['get']> };

/** The inboxes of all enabled servers as one, newest first. Each row keeps the entry it belongs to: that is where a reply goes. */
export function inboxOfAll(parts: readonly Part[]): InboxView {
  const enabled = parts.filter(({ entry }) => entry.enabled);
  const rows = enabled.flatMap(({ entry, inbox }) => inbox.rows.map((row) => inboxRow(entry, row)));
  const order = new Map(enabled.map(({ entry }, index) => [entry.id, index]));
  rows.sort(
    (a, b) => b.at - a.at || (order.get(a.entryId) ?? 0) - (order.get(b.entryId) ?? 0) || b.item.rev - a.item.rev,
  );
  const stale = enabled
    .filter(({ inbox }) => !inbox.fresh)
    .map(({ entry, inbox }) => ({ entryId: entry.id, label: labelOf(entry), lastAt: inbox.lastAt }));
  return { rows, stale };
}

function inboxRow(entry: ServerEntry, row: EntryInboxRow): InboxRow {
  return { entryId: entry.id, serverLabel: labelOf(entry), ...row };
}
