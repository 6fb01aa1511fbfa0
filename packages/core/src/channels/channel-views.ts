import type { AccountId, Channel, ChannelId } from '@skerry/protocol';
import type { ChannelRow } from '../sync/tables.ts';
import type { ChannelNotes } from '../unread/channel-notes.ts';
import type { Reading } from '../unread/read-marks.ts';
import type { ChannelView } from '../views.ts';

export type ChannelContext = {
  readonly reading: (row: ChannelRow) => Reading;
  readonly mentions: ReadonlyMap<ChannelId, number>;
  readonly drafts: ReadonlySet<ChannelId>;
  readonly notes: Pick<ChannelNotes, 'of' | 'isMuted'>;
  /** What a channel is called, and whom it is with: of an encrypted one the server knows only a placeholder. */
  readonly titled: (row: ChannelRow) => { readonly channel: Channel; readonly peer?: AccountId };
  /** Everything the server told is here. */
  readonly isLive: boolean;
};

/** Channels by name, as shown. One that did not change is the same object as in `old`. */
export function channelViews(
  rows: Iterable<ChannelRow>,
  context: ChannelContext,
  old: readonly ChannelView[],
): readonly ChannelView[] {
  const before = new Map(old.map((view) => [view.channel.id, view] as const));
  const views = [...rows].map((row): ChannelView => {
    const reading = context.reading(row);
    const markedUnread = row.member && context.notes.of(row.channel.id).unreadFrom !== null;
    const unread = Math.max(reading.unread, markedUnread ? 1 : 0);
    const view: ChannelView = {
      ...context.titled(row),
      member: row.member,
      // Away from the server a count is what is known at least; none is not known to be none. C-7
      unread: context.isLive || unread > 0 ? unread : null,
      mentions: context.mentions.get(row.channel.id) ?? 0,
      lastAt: row.lastAt,
      markedUnread,
      muted: context.notes.isMuted(row.channel.id),
      hasDraft: context.drafts.has(row.channel.id),
    };
    const same = before.get(row.channel.id);
    return same !== undefined && isSame(same, view) ? same : view;
  });
  return views.sort((a, b) => compare(a.channel.name, b.channel.name) || compare(a.channel.id, b.channel.id));
}

function isSame(a: ChannelView, b: ChannelView): boolean {
  return (Object.keys(a) as (keyof ChannelView)[]).every((field) => Object.is(a[field], b[field]));
}

/** By code unit, so that every device has the same order whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
