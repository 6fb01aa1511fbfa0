import type { AccountId, Channel, ChannelId, InboxState } from '@skerry/protocol';
import { channelViews } from '../channels/channel-views.ts';
import { inboxRows, needsYou } from '../inbox/entry-inbox.ts';
import { isText } from '../messages/queue-row.ts';
import type { Queued } from '../messages/send-queue.ts';
import type { SealedParts } from '../sealed/conversations.ts';
import type { SealedInboxEntry } from '../sealed/inbox.ts';
import type { Subscribable } from '../subscribable.ts';
import type { ChannelNotes } from '../unread/channel-notes.ts';
import type { ReadMarks } from '../unread/read-marks.ts';
import { constant, derived, followed } from '../value.ts';
import type { ChannelView } from '../views.ts';
import type { EntryCounts, EntryInbox } from './entry.ts';
import type { Replica } from './replica.ts';
import type { ChannelRow } from './tables.ts';

export type EntryViewsDeps = {
  readonly replica: Replica;
  readonly marks: ReadMarks;
  readonly notes: ChannelNotes;
  /** Counts up with everything that was told. */
  readonly told: Subscribable<number>;
  readonly rows: Subscribable<readonly Queued[]>;
  readonly drafts: Subscribable<ReadonlySet<ChannelId>>;
  readonly live: Subscribable<boolean>;
  readonly skew: Subscribable<number | null>;
  /** What is known of encrypted conversations; undefined while there are no keys here. */
  readonly sealed: Subscribable<SealedParts | undefined>;
};

const NO_ROWS = constant<readonly SealedInboxEntry[]>([]);
const NO_TITLES = constant<ReadonlyMap<ChannelId, string>>(new Map());

/** What is shown of an entry's tables. Where nothing that is shown changed, the value stays the same object. */
export function entryViews(deps: EntryViewsDeps): {
  readonly channels: Subscribable<readonly ChannelView[]>;
  readonly inbox: Subscribable<EntryInbox>;
  readonly counts: Subscribable<EntryCounts>;
} {
  const { replica, marks, notes, told, rows, drafts, live, skew, sealed } = deps;
  const { tables } = replica;

  const pendingInbox = derived([rows], (queued) => {
    const pending = new Map<string, InboxState>();
    for (const { command } of queued) if (command.kind === 'inbox.set') pending.set(command.message, command.state);
    return pending;
  });

  const own = followed(sealed, (parts) => parts?.inbox ?? NO_ROWS);
  const titles = followed(sealed, (parts) => parts?.titles ?? NO_TITLES);
  /** The same object for the same title, since lists are compared by it. */
  const named = new Map<ChannelId, Channel>();
  const titled = ({ channel }: ChannelRow): { channel: Channel; peer?: AccountId } => {
    if (channel.sealed === undefined) return { channel };
    const peer = channel.pair?.find((one) => one !== tables.me);
    const name = peer === undefined ? titles.get().get(channel.id) : tables.accounts.get(peer)?.displayName;
    const before = named.get(channel.id);
    const isSame = before?.rev === channel.rev && before.name === (name ?? channel.name);
    const shown = isSame ? before : { ...channel, name: name ?? channel.name };
    named.set(channel.id, shown);
    return peer === undefined ? { channel: shown } : { channel: shown, peer };
  };

  const inboxContext = (): Parameters<typeof inboxRows>[0] => ({
    tables,
    own: own.get().filter(({ item }) => tables.channels.get(item.message.channel)?.member === true),
    nameOf: (id) => {
      const row = tables.channels.get(id);
      return row === undefined ? '' : titled(row).channel.name;
    },
    reading: (channel) => {
      const row = tables.channels.get(channel);
      return row && marks.of(row);
    },
    pending: pendingInbox.get(),
    skew: skew.get(),
  });

  const mentions = derived([told, marks.changed, pendingInbox, own], () => {
    const context = inboxContext();
    const sums = new Map<ChannelId, number>();
    for (const entry of [...tables.inbox.values(), ...context.own]) {
      const { channel } = entry.item.message;
      if (needsYou(entry, context)) sums.set(channel, (sums.get(channel) ?? 0) + 1);
    }
    return sums;
  });

  let views: readonly ChannelView[] = [];
  const channels = derived([told, marks.changed, notes.changed, mentions, drafts, live, titles], () => {
    const context = {
      reading: marks.of.bind(marks),
      mentions: mentions.get(),
      drafts: drafts.get(),
      notes,
      isLive: live.get(),
      titled,
    };
    return (views = sameList(views, channelViews(tables.channels.values(), context, views)));
  });

  let inboxBefore: EntryInbox = { rows: [], fresh: false, lastAt: null };
  const inbox = derived([told, marks.changed, pendingInbox, skew, live, own, titles], (): EntryInbox => {
    const next = sameList(inboxBefore.rows, inboxRows(inboxContext(), inboxBefore.rows));
    const fresh = live.get();
    return (inboxBefore = sameFields(inboxBefore, { rows: next, fresh, lastAt: fresh ? null : replica.liveAt }));
  });

  let countsBefore: EntryCounts = { known: false, unread: false, mentions: 0, waiting: 0, parked: 0 };
  const counts = derived([channels, mentions, rows, told], (): EntryCounts => {
    const texts = rows.get().filter(({ command }) => isText(command));
    return (countsBefore = sameFields(countsBefore, {
      known: tables.server !== null,
      unread: channels
        .get()
        .some(({ member, muted, unread, channel }) => member && !muted && !channel.archived && (unread ?? 0) > 0),
      mentions: [...mentions.get().values()].reduce((sum, one) => sum + one, 0),
      waiting: texts.filter(({ parked }) => parked === null).length,
      parked: texts.filter(({ parked }) => parked !== null).length,
    }));
  });

  return { channels, inbox, counts };
}

function sameList<T>(old: readonly T[], next: readonly T[]): readonly T[] {
  return old.length === next.length && old.every((item, index) => item === next[index]) ? old : next;
}

function sameFields<T extends object>(old: T, next: T): T {
  return (Object.keys(next) as (keyof T)[]).every((field) => Object.is(old[field], next[field])) ? old : next;
}
