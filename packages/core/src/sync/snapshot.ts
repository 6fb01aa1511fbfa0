import type { AccountId, ChannelId, Snapshot } from '@skerry/protocol';
import { CAPS, type ChannelRow, rowOf, sameKind, type Tables } from './tables.ts';

/**
 * Whether the stored messages of a channel may stay when a snapshot takes the place of the tables.
 * `none`: the server's log may be another one than before; `unless`: it is the same, but these channels have holes.
 */
export type KeptPages = { readonly kind: 'none' } | { readonly kind: 'unless'; readonly holes: ReadonlySet<string> };

/**
 * The tables a snapshot makes, in place of the old ones. Of those stays only when an inbox item was first heard of, and
 * the knowledge of which messages are stored, where nothing can have changed since.
 * @param options.now device time in Unix milliseconds
 */
export function tablesOf(snapshot: Snapshot, old: Tables, options: { kept: KeptPages; now: number }): Tables {
  const accounts = new Map(snapshot.accounts.slice(0, CAPS.accounts).map((account) => [account.id, account] as const));
  accounts.set(snapshot.me.id, snapshot.me);
  const channels = new Map<ChannelId, ChannelRow>();
  for (const state of snapshot.channels) {
    if (!state.member && state.channel.visibility === 'private') continue;
    const before = old.channels.get(state.channel.id);
    const row = rowOf({ ...state, channel: sameKind(before?.channel, state.channel) });
    channels.set(
      state.channel.id,
      before !== undefined && mayKeep(before, row, options.kept) ? { ...row, spans: before.spans } : row,
    );
  }
  const inbox = new Map(
    snapshot.inbox
      .filter(({ message }) => channels.get(message.channel)?.member === true)
      .map(
        (item) =>
          [item.message.id, { item, arrivedAt: old.inbox.get(item.message.id)?.arrivedAt ?? options.now }] as const,
      ),
  );
  return { server: snapshot.server, me: snapshot.me.id, accounts, channels, inbox, streams: { ...snapshot.streams } };
}

/** Channels that had stored messages which are worthless after the change from one to the other. */
export function forgotten(old: Tables, next: Tables): readonly ChannelRow[] {
  return [...old.channels.values()].filter(
    ({ channel, spans }) => spans.length > 0 && (next.channels.get(channel.id)?.spans.length ?? 0) === 0,
  );
}

function mayKeep(before: ChannelRow, now: ChannelRow, kept: KeptPages): boolean {
  return (
    kept.kind === 'unless' && before.member && now.member && before.head === now.head && !kept.holes.has(now.channel.id)
  );
}

/** Everything a server tells of its state, in one text: equal texts mean equal states. I4 */
export function digest(tables: Tables): string {
  return canonical({
    server: tables.server,
    me: tables.me,
    streams: tables.streams,
    accounts: [...tables.accounts.values()],
    channels: [...tables.channels.values()].map(({ channel, member, head, lastAt, readN, unread }) => ({
      channel,
      member,
      head,
      lastAt,
      readN,
      unread,
    })),
    inbox: [...tables.inbox.values()].map(({ item }) => item),
  });
}

/** The digest a client must come to after this snapshot. */
export function digestOfSnapshot(snapshot: Snapshot): string {
  const { server, me, streams, accounts, channels, inbox } = snapshot;
  return canonical({ server, me: me.id, streams, accounts, channels, inbox });
}

type Parts = {
  readonly server: unknown;
  readonly me: AccountId | null;
  readonly streams: { readonly server: number; readonly account: number };
  readonly accounts: readonly { readonly id: string }[];
  readonly channels: readonly { readonly channel: { readonly id: string } }[];
  readonly inbox: readonly { readonly message: { readonly id: string } }[];
};

function canonical(parts: Parts): string {
  const byKey = <T>(list: readonly T[], key: (item: T) => string): T[] =>
    [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const sorted = {
    ...parts,
    accounts: byKey(parts.accounts, (account) => account.id),
    channels: byKey(parts.channels, (state) => state.channel.id),
    inbox: byKey(parts.inbox, (item) => item.message.id),
  };
  return JSON.stringify(sorted, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
