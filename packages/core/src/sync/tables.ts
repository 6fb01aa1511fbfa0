import {
  type Account,
  type AccountId,
  type Channel,
  type ChannelId,
  type ChannelState,
  type InboxItem,
  LIMITS,
  type Message,
  type MessageId,
  type ServerProfile,
} from '@skerry/protocol';
import type { Spans } from '../messages/spans.ts';
import type { StreamEvent } from './stream-event.ts';

/** A channel as it is kept: what the server says of it, how far its stream was applied, which messages are stored. */
export type ChannelRow = {
  readonly channel: Channel;
  readonly member: boolean;
  /** Number of the last event of its stream that was applied. */
  readonly head: number;
  readonly lastAt: number;
  readonly readN: number;
  /** Messages of others after `readN` and up to `counted`. */
  readonly unread: number;
  readonly counted: number;
  /** Numbers of those that were counted here and not by the server, the latest of them. */
  readonly since: readonly number[];
  readonly spans: Spans;
};

/** `arrivedAt`: device time at which it was first heard of; no item is shown as newer than that. */
export type InboxEntry = { readonly item: InboxItem; readonly arrivedAt: number };

/** The state part of one server, as one account sees it. Messages are not in here: they are stored by page. */
export type Tables = {
  server: ServerProfile | null;
  me: AccountId | null;
  readonly accounts: Map<AccountId, Account>;
  readonly channels: Map<ChannelId, ChannelRow>;
  readonly inbox: Map<MessageId, InboxEntry>;
  readonly streams: { server: number; account: number };
};

/** What applying something does to the tables and to the stored messages. */
export type Change =
  | { readonly kind: 'server'; readonly value: ServerProfile }
  | { readonly kind: 'account'; readonly value: Account }
  | { readonly kind: 'channel'; readonly value: ChannelRow }
  | { readonly kind: 'channelGone'; readonly channel: ChannelId }
  | { readonly kind: 'inbox'; readonly value: InboxEntry }
  | { readonly kind: 'inboxGone'; readonly message: MessageId }
  | { readonly kind: 'stream'; readonly stream: 'server' | 'account'; readonly n: number }
  /** To be stored, unless its place is in no span. */
  | { readonly kind: 'message'; readonly value: Message }
  | {
      readonly kind: 'member';
      readonly channel: ChannelId;
      readonly n: number;
      readonly account: AccountId;
      readonly joined: boolean;
    }
  /** Something of an encrypted channel's stream: what reads it is told, and nothing of it is stored here. */
  | { readonly kind: 'sealed'; readonly channel: ChannelId; readonly event: StreamEvent }
  /** Of machines, runs and asks: told to whoever shows them, and not looked at here. */
  | { readonly kind: 'machines'; readonly item: unknown }
  /** The stored messages of the channel, which lie in `spans`, are worthless. */
  | { readonly kind: 'pagesGone'; readonly channel: ChannelId; readonly spans: Spans };

export function emptyTables(): Tables {
  return {
    server: null,
    me: null,
    accounts: new Map(),
    channels: new Map(),
    inbox: new Map(),
    streams: { server: 0, account: 0 },
  };
}

/** The one place where tables change. */
export function write(tables: Tables, change: Change): void {
  switch (change.kind) {
    case 'server':
      tables.server = change.value;
      return;
    case 'account':
      tables.accounts.set(change.value.id, change.value);
      return;
    case 'channel':
      tables.channels.set(change.value.channel.id, change.value);
      return;
    case 'channelGone':
      tables.channels.delete(change.channel);
      return;
    case 'inbox':
      tables.inbox.set(change.value.item.message.id, change.value);
      return;
    case 'inboxGone':
      tables.inbox.delete(change.message);
      return;
    case 'stream':
      tables.streams[change.stream] = change.n;
      return;
    case 'message':
    case 'member':
    case 'sealed':
    case 'machines':
    case 'pagesGone':
      return;
  }
}

/** What a channel is, encrypted or not and with whom, stays as it was first told, whatever the server says later. */
export function sameKind(known: Channel | undefined, channel: Channel): Channel {
  if (known === undefined) return channel;
  const { sealed, pair } = known;
  if (sealed === channel.sealed && pair?.join() === channel.pair?.join()) return channel;
  const { sealed: _sealed, pair: _pair, ...rest } = channel;
  return { ...rest, ...(sealed === undefined ? {} : { sealed }), ...(pair === undefined ? {} : { pair }) };
}

/** A channel as the server just described it; nothing of it is stored yet. */
export function rowOf(state: ChannelState): ChannelRow {
  const { channel, member, head, lastAt, readN, unread } = state;
  return { channel, member, head, lastAt, readN, unread, counted: head, since: [], spans: [] };
}

/** A public channel one has not joined. */
export function strangeRow(channel: Channel): ChannelRow {
  return rowOf({ channel, member: false, head: 0, lastAt: 0, readN: 0, unread: 0 });
}

/** More than a sound server ever has; what a lying one adds beyond is not kept (T34). */
export const CAPS = {
  channels: LIMITS.channelsPerServer,
  accounts: LIMITS.accountsPerServer,
  inbox: 2 * LIMITS.inboxItems,
  /** Far more than events of one tick, the only ones that may overtake each other. */
  since: 64,
  /** Spans of one channel; with more, all of its stored messages are dropped and loaded again when needed. */
  spans: 64,
} as const;
