import type { Answer, ChannelId, InboxState, Message, MessageId, Page, Query, Snapshot } from '@skerry/protocol';
import type { ServerHandle } from '../face.ts';
import type { Clock, Random } from '../platform.ts';
import type { SealedParts } from '../sealed/conversations.ts';
import type { Told } from '../sealed/ports.ts';
import type { CacheStore, StateStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import type { EntryId, InboxItemView, StorageProblem } from '../views.ts';
import type { Backlog } from './backlog.ts';
import type { EntrySync } from './entry-sync.ts';

/** The reading calls of one server, already bound to its context. They throw `SkerryError`, or anything when cut off. */
export interface EntryApi {
  snapshot(signal: AbortSignal): Promise<Snapshot>;
  messages(channel: ChannelId, query: Query<'messages'>, signal: AbortSignal): Promise<Page>;
  message(id: MessageId, signal: AbortSignal): Promise<Message>;
  members(channel: ChannelId, signal: AbortSignal): Promise<Answer<'members'>>;
}

export type EntryDeps = {
  readonly entryId: EntryId;
  readonly api: EntryApi;
  /** Called once each, at the start. A store that rejects with `StoreBroken` is done without: see `onProblem`. */
  readonly openState: () => Promise<StateStore>;
  readonly openCache: () => Promise<CacheStore>;
  readonly clock: Clock;
  readonly random: Random;
  /** The person looks at this server: what it shows is loaded before anything else. */
  readonly isFocused: () => boolean;
  readonly onProblem: (problem: StorageProblem) => void;
};

/** Sums over one server; `known` is false until there was stored or live state. */
export type EntryCounts = {
  readonly known: boolean;
  readonly unread: boolean;
  readonly mentions: number;
  readonly waiting: number;
  readonly parked: number;
};

/** An inbox row before it is put beside those of other servers. */
export type EntryInboxRow = {
  readonly item: InboxItemView;
  readonly channelName: string;
  readonly authorName: string;
  /** Server time corrected by the measured skew, not later than its arrival here. Unix milliseconds. */
  readonly at: number;
  readonly needsYou: boolean;
  readonly pending: InboxState | null;
};

export type EntryInbox = {
  /** Newest first. */
  readonly rows: readonly EntryInboxRow[];
  /** False while the server may know more than what is shown. */
  readonly fresh: boolean;
  /** Device time at which it was last known to be up to date; null while it is, and when it never was. */
  readonly lastAt: number | null;
};

/** The part of a `ServerHandle` that lives on what is stored of an entry and on its stream of events. */
export type EntryFace = Pick<
  ServerHandle,
  | 'profile'
  | 'me'
  | 'channels'
  | 'accounts'
  | 'presence'
  | 'timeline'
  | 'members'
  | 'typing'
  | 'typed'
  | 'draft'
  | 'setDraft'
  | 'send'
  | 'edit'
  | 'delete'
  | 'react'
  | 'setInbox'
  | 'takeBack'
  | 'retry'
  | 'markAllRead'
  | 'markRead'
  | 'markUnread'
  | 'muteChannel'
  | 'holdings'
  | 'export'
>;

/**
 * What is kept of one server: tables, cursor, timelines, send queue. Usable at once; it fills when `ready` resolves.
 * Disposing writes what is pending and closes both stores, so that they may be deleted.
 */
export interface Entry extends EntryFace, AsyncDisposable {
  /** The connection's side of it. */
  readonly sync: EntrySync;
  /** What is stored has been loaded. Dial only after it. Never rejects. */
  readonly ready: Promise<void>;
  readonly counts: Subscribable<EntryCounts>;
  readonly inbox: Subscribable<EntryInbox>;
  /** The server's picture as it is kept on this device; not looked at. */
  readonly icon: { get(): Promise<unknown>; set(picture: unknown): Promise<void> };
  /** What keys and encrypted conversations keep lies in here as well. Closed with the entry. */
  readonly state: StateStore;
  /** What the server said of this session's device since the socket opened; null while it said nothing, or there is none. */
  readonly notices: {
    readonly toDevice: Subscribable<number | null>;
    /** A new object with each notice. */
    readonly prekeys: Subscribable<{ readonly left: number } | null>;
  };
  /** What was told of machines: kept back until somebody listens, the newest of it. */
  readonly machines: Backlog;
  /** What encrypted conversations read of the server's word. */
  readonly told: Told;
  /** Encrypted conversations, once they are open here; undefined before they are closed. */
  attach(sealed: SealedParts | undefined): void;
  /** The server is heard, and everything it told is stored and shown. */
  readonly live: Subscribable<boolean>;
  /** Server time minus device time, in milliseconds; null until it was measured. */
  readonly skew: Subscribable<number | null>;
  /** Told by `welcome` already; call it with the `serverTime` of every pong. */
  heardTime(serverTime: number): void;
}
