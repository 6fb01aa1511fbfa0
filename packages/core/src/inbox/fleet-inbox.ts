import type { EntryInbox, EntryInboxRow } from '../sync/entry.ts';
import type { EntryId, InboxRow, InboxView } from '../views.ts';

export type FleetInboxPart = { readonly entryId: EntryId; readonly label: string; readonly inbox: EntryInbox };

/**
 * One list over several servers: newest first by corrected time. Ties go by entry and then by the order within it, so the
 * list never flickers between two orders. A server that cannot be asked now is named, not left out.
 */
export function fleetInbox(parts: readonly FleetInboxPart[]): InboxView {
  const rows = parts.flatMap(({ entryId, label, inbox }) =>
    inbox.rows.map((row, place) => ({ row: toRow(row, { entryId, label }), place })),
  );
  rows.sort((a, b) => b.row.at - a.row.at || compare(a.row.entryId, b.row.entryId) || a.place - b.place);
  return {
    rows: rows.map(({ row }) => row),
    stale: parts
      .filter(({ inbox }) => !inbox.fresh)
      .map(({ entryId, label, inbox }) => ({ entryId, label, lastAt: inbox.lastAt })),
  };
}

/** Made once per row and label, so that a list of hundreds changes only where something changed. */
const made = new WeakMap<EntryInboxRow, InboxRow>();

function toRow(row: EntryInboxRow, { entryId, label }: { entryId: EntryId; label: string }): InboxRow {
  const old = made.get(row);
  if (old !== undefined && old.serverLabel === label && old.entryId === entryId) return old;
  const { item, channelName, authorName, at, needsYou, pending } = row;
  const next: InboxRow = { entryId, item, serverLabel: label, channelName, authorName, at, needsYou, pending };
  made.set(row, next);
  return next;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
