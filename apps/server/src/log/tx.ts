import type { AccountId, ChannelId, SessionId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { EventKind, StreamKey } from './stream-key.ts';

export type Appended = { readonly seq: number; readonly n: number };

/** What a write procedure works with: one connection inside a transaction, the log, and the batch's time. */
export interface Tx {
  readonly db: Statements;
  /** Unix milliseconds; the same for everything in one batch. */
  readonly now: number;
  /**
   * Takes the next numbers and writes the event. The body is read from what `ref` names when the event is told. For
   * `member` the ref is `+` or `-` and the account.
   */
  append(stream: StreamKey, kind: EventKind, ref: string): Appended;
  /** Gives the JSON that reading the message of this ref would give now, to spare the reading. It is not stored. */
  presetBody(ref: string, json: string): void;
  /** Counts a new message of a channel and of its author. */
  countMessage(channel: ChannelId, author: AccountId): void;
  /** Brings the account's own count in the table of markers up to date, before it is read. */
  settleCount(channel: ChannelId, author: AccountId): void;
  /** Last number of a stream, and how many messages it has had. */
  headOf(stream: StreamKey): { readonly head: number; readonly messages: number };
  /** Tells the sockets of the account to follow the channel, or not to, before anything appended after this. */
  memberChanged(change: { channel: ChannelId; account: AccountId; joined: boolean }): void;
  /** Closes the session's sockets, after what was appended before this. */
  sessionEnded(session: SessionId): void;
  /** Tells the device that few of its one-time prekeys are left. */
  prekeysLow(low: { account: AccountId; device: number; left: number }): void;
  /** Tells the device up to where its queue reaches. */
  queueGrown(grown: { account: AccountId; device: number; head: number }): void;
}
