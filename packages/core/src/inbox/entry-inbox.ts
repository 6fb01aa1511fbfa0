import type { ChannelId, InboxState } from '@skerry/protocol';
import type { EntryInboxRow } from '../sync/entry.ts';
import type { Tables } from '../sync/tables.ts';
import type { Reading } from '../unread/read-marks.ts';
import type { InboxItemView } from '../views.ts';

/** Of the server's making, or of this device's for an encrypted conversation. */
export type InboxRowEntry = { readonly item: InboxItemView; readonly arrivedAt: number };

export type InboxContext = {
  readonly tables: Tables;
  /** Made on this device. */
  readonly own: readonly InboxRowEntry[];
  readonly nameOf: (channel: ChannelId) => string;
  readonly reading: (channel: ChannelId) => Reading | undefined;
  /** What the person set and the server has not confirmed, by message. */
  readonly pending: ReadonlyMap<string, InboxState>;
  /** Milliseconds the server's clock is ahead of this device's; null while it was not heard. */
  readonly skew: number | null;
};

/** A message needs the person while it is open, not read and still there. */
export function needsYou(
  entry: InboxRowEntry,
  { reading, pending }: Pick<InboxContext, 'reading' | 'pending'>,
): boolean {
  const { message, state } = entry.item;
  const effective = pending.get(message.id) ?? state;
  return effective === 'open' && !message.deleted && message.n > (reading(message.channel)?.readN ?? 0);
}

/**
 * The rows of one server, newest first. A row that did not change is the same object as in `old`.
 * Times are the server's, corrected by the skew, and never later than their arrival: no clock pins a row to the top. C-8
 */
export function inboxRows(context: InboxContext, old: readonly EntryInboxRow[]): readonly EntryInboxRow[] {
  const before = new Map(old.map((row) => [row.item.message.id, row] as const));
  const rows = [...context.tables.inbox.values(), ...context.own].map((entry): EntryInboxRow => {
    const { item, arrivedAt } = entry;
    const { message } = item;
    const row: EntryInboxRow = {
      item,
      channelName: context.nameOf(message.channel),
      authorName: context.tables.accounts.get(message.author)?.displayName ?? '',
      at: Math.min(message.at - (context.skew ?? 0), arrivedAt),
      needsYou: needsYou(entry, context),
      pending: context.pending.get(message.id) ?? null,
    };
    const same = before.get(message.id);
    return same !== undefined && isSame(same, row) ? same : row;
  });
  return rows.sort(
    (a, b) => b.at - a.at || b.item.message.n - a.item.message.n || (a.item.message.id < b.item.message.id ? 1 : -1),
  );
}

function isSame(a: EntryInboxRow, b: EntryInboxRow): boolean {
  return (Object.keys(a) as (keyof EntryInboxRow)[]).every((field) => Object.is(a[field], b[field]));
}
